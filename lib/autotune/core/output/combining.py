"""A metric that is printed by cases alone, as `t[a]` and `t[b]`, made into one value."""

from __future__ import annotations

from collections.abc import Mapping

from autotune.core.stats.samples import are_ratios, cases_of, combined

CASES = "autotune.cases"  # sampled beside a metric that was combined from cases: how many


def with_one_value(metric: str, printed: Mapping[str, float], cases: tuple[str, ...], *, ratios: bool) -> Mapping[str, float]:
    """Give what a run printed, with one value of a metric that it printed by cases.

    How is settled by the baseline's first run, for a case that falls to 0 later must not change the scale of all others: `cases` are its
    cases, if any, and `ratios` tells whether they are compared as ratios. Raises UnreadError where what was printed says nothing.
    """
    known = cases or (() if metric in printed else cases_of(printed, metric))
    if not known:
        return printed
    logs = ratios if cases else are_ratios(printed, metric, known)
    return {**printed, metric: combined(printed, metric, known, logs=logs), CASES: float(len(known))}
