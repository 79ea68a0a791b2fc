"""A metric that is printed by cases alone, as `t[a]` and `t[b]`, made into one value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from autotune.core.facts import UnreadError
from autotune.core.findings import Unread

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


def cases_of(samples: Mapping[str, float], metric: str) -> tuple[str, ...]:
    """The names of a metric's cases among a run's samples: `a` and `b` for `t[a]` and `t[b]` of metric `t`, in order."""
    opening = f"{metric}["
    return tuple(name[len(opening) : -1] for name in samples if name.startswith(opening) and name.endswith("]"))


def are_ratios(samples: Mapping[str, float], metric: str, cases: Sequence[str]) -> bool:
    """Whether a metric's cases can be compared as ratios: all of a run's are positive."""
    return all(samples[f"{metric}[{case}]"] > 0 for case in cases)


def combined(samples: Mapping[str, float], metric: str, cases: Sequence[str], *, logs: bool) -> float:
    """One value for all cases of a run: the geometric mean where `logs`, else the mean.

    The ratio of two runs is then the geometric mean of the ratios case by case, so a case counts the same whatever its size. `cases`
    are the incumbent's: raises UnreadError where one is missing, since dropping a hard case is no improvement, and where `logs` meets
    a case that is not positive, which would outweigh all others.
    """
    missing = [case for case in cases if f"{metric}[{case}]" not in samples]
    if missing:
        raise UnreadError(Unread.CASE_MISSING, metric=metric, case=missing[0])
    if not cases:
        raise UnreadError(Unread.CASES_MISSING, metric=metric)
    values = [samples[f"{metric}[{case}]"] for case in cases]
    if not logs:
        return math.fsum(values) / len(values)
    if min(values) <= 0:
        raise UnreadError(Unread.CASE_NOT_POSITIVE, metric=metric)
    return math.exp(math.fsum(math.log(value) for value in values) / len(values))
