"""What an experiment did to each case: how many got better and worse, by group, and which did most; of cases that decide, counts alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from autotune.core.cases.batch_pairs import gains_by_case, largest_losses
from autotune.core.cases.split import Case
from autotune.core.cases.written import case_of
from autotune.core.escaping import escaped
from autotune.core.ledger.events import Ran
from autotune.core.ledger.state import Ending, State
from autotune.core.model import Arm, Metric, Outcome, Part
from autotune.core.output.outcome import cases_of
from autotune.core.tell.figures import number
from autotune.core.tell.lines import Line

_LABELS = {None: "cases", Part.SEARCH: "search cases", Part.CONFIRM: "decided on"}
LABELS = tuple(_LABELS.values())
MOST_ROWS = 400  # of a table of single cases
_NAMED = (None, Part.SEARCH)  # parts of which single cases may be named


def of_cases(runs: Sequence[Ran], metric: Metric, state: State) -> Iterator[Line]:
    """Tell how many cases got better and how many worse, where runs were given some, and name those that did most."""
    for part, _, gains, left in _parts(runs, metric, state):
        if not gains and part is None:
            continue
        named = zip(("most better", "most worse"), _changed_most(gains) if part in _NAMED else ([], []), strict=True)
        said = [f"{which}: {', '.join(escaped(case) for case, _ in found)}" for which, found in named if found]
        yield Line(_LABELS[part], "; ".join([_in_words(_counted(gains), left), *said]))
        if part is Part.SEARCH and (groups := _groups(gains, state.segment.listed)):
            yield Line("groups", groups)


def _parts(runs: Sequence[Ran], metric: Metric, state: State) -> Iterator[tuple[Part | None, list[Ran], dict[str, float], int]]:
    """Of each part of the cases that tells anything: its runs, the gain of each case, and how many cases were without a score."""
    for part in _LABELS:
        made = [run for run in runs if run.part is part]
        gains, left = _gains(made, metric, state), _unscored(made)
        if gains or left:
            yield part, made, gains, left


def tables(runs: Sequence[Ran], metric: Metric, state: State) -> Iterator[dict[str, Any]]:
    """Give, of each part of the cases, how many got better, worse and neither, and single cases, what changed most first.

    Those of the cases that decide are left out until the session has finished.
    """
    finished = state.ended is not None and state.ended.ending is Ending.FINISHED
    for part, made, gains, left in _parts(runs, metric, state):
        counts = _counted(gains)
        shown = sorted(gains, key=lambda case: -abs(gains[case]))[:MOST_ROWS] if finished or part in _NAMED else []
        yield {
            "label": _LABELS[part],
            "counts": dict(zip(("better", "worse", "same"), counts, strict=True)),
            "text": _in_words(counts, left),
            "cases": [_row(case, gains[case], made, metric) for case in shown],
            "more": f"and {len(gains) - MOST_ROWS} that changed less" if shown and len(gains) > MOST_ROWS else "",
        }


def _row(case: str, gain: float, runs: Sequence[Ran], metric: Metric) -> dict[str, str]:
    """A case with its mean score of the code before and with the change, and which way it went."""
    name = f"{metric.name}[{case}]"
    found = {arm: [run.metrics[name] for run in runs if run.arm is arm and name in run.metrics] for arm in Arm}
    means = {arm: number(math.fsum(values) / len(values)) for arm, values in found.items()}
    went = "same" if gain == 0 else "better" if gain > 0 else "worse"
    return {"case": escaped(case), "before": means[Arm.INCUMBENT], "after": means[Arm.CANDIDATE], "went": went}


def _counted(gains: Mapping[str, float]) -> tuple[int, int, int]:
    """How many got better, how many worse, and how many neither."""
    won, lost = (sum(gain * sign > 0 for gain in gains.values()) for sign in (1, -1))
    return won, lost, len(gains) - won - lost


def _in_words(counts: tuple[int, int, int], unscored: int) -> str:
    won, lost, same = counts
    return f"{won} better, {lost} worse, {same} the same" + (f", {unscored} without a score" if unscored else "")


def written(runs: Sequence[Ran], metric: Metric, state: State, kept: Mapping[str, tuple[str, Sequence[str]]]) -> Iterator[Line]:
    """Tell where that is which cases wrote, and the latest files of those that changed most.

    `kept` has, of each run that left any, its folder and the paths of its files in that, by the run's log.
    """
    if not kept:
        return
    top, texts = next(iter(kept.values()))[0].rpartition("/")[0], list[str]()
    for case, _ in chain(*_changed_most(_gains(open_to_all(runs), metric, state))):
        files = {
            run.arm: f"{folder.removeprefix(top)[1:]}/{name}"
            for run in runs
            if run.log in kept
            for folder, names in (kept[run.log],)
            for name in names
            if case_of(name, (case,)) is not None
        }
        if files:
            texts.append(f"{escaped(case)}: {', '.join(escaped(files[arm]) for arm in Arm if arm in files)}")
    yield Line("case output", "\n".join([escaped(top), *texts]))


def decided_on(runs: Sequence[Ran], metric: Metric) -> dict[str, dict[Arm, float]]:
    """Give the last score of each arm on each case that decided, by the case's id: for you alone, for who sees them may fit them."""
    found = dict[str, dict[Arm, float]]()
    for run in runs:
        if run.part is Part.CONFIRM and run.outcome is Outcome.OK:
            for case in cases_of(run.metrics, metric.name):
                found.setdefault(case, {})[run.arm] = run.metrics[f"{metric.name}[{case}]"]
    return found


def each(scores: Mapping[str, Mapping[Arm, float]]) -> Iterator[Line]:
    """Tell the scores of single cases: of the code before, and of the change."""
    texts = list[str]()
    for case, of in scores.items():
        before, after = (number(of[arm]) if arm in of else "none" for arm in (Arm.INCUMBENT, Arm.CANDIDATE))
        texts.append(f"{escaped(case)}: {before} before, {after} with the change")
    if texts:
        yield Line("each case", "\n".join(texts))


def open_to_all(runs: Sequence[Ran]) -> list[Ran]:
    """Give the runs whose cases, or seed, may be seen one by one."""
    return [run for run in runs if run.part in _NAMED and (run.cases or run.seed is not None)]


def shown(run: Ran) -> Ran:
    """Give a run without what it says of single cases that nobody has to see: of the ones that decide, and those held out."""
    if run.part in _NAMED:
        return run
    metrics = {name: value for name, value in run.metrics.items() if not name.endswith("]") and len(run.cases) > 1}
    return replace(run, metrics=metrics, unscored={}, malformed=(), earlier=None, repeated=None)


def _gains(runs: Sequence[Ran], metric: Metric, state: State) -> dict[str, float]:
    good = [run for run in runs if run.cases and run.outcome is Outcome.OK]
    candidate, incumbent = ([run.metrics for run in good if run.arm is arm] for arm in Arm)
    batches = list(zip(candidate, incumbent, strict=False))
    logs = state.segment.case_ratios and all(run.part is None for run in good)
    return gains_by_case(batches, metric.name, metric.direction, logs=logs)


def _unscored(runs: Sequence[Ran]) -> int:
    """How many cases were without a score in the last run of an arm that they were in."""
    last = {(run.arm, place): str(place) in run.unscored for run in runs if run.outcome is Outcome.OK for place in run.cases}
    return len({place for (_, place), left in last.items() if left})


def _changed_most(gains: Mapping[str, float]) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Give the cases, or groups, that got better most, and those that got worse most, with their gains."""
    best = [(case, -loss) for case, loss in largest_losses({case: -gain for case, gain in gains.items()})]
    return best, [*largest_losses(gains)]


def _groups(gains: Mapping[str, float], listed: Sequence[Case]) -> str:
    """Name the groups whose mean score changed most, with their gain, a better one above 0; nothing where there are none."""
    of = {case.name: case.group for case in listed if case.group is not None}
    by_group = dict[str, list[float]]()
    for case, gain in gains.items():
        if case in of:
            by_group.setdefault(str(of[case]), []).append(gain)
    means = {group: math.fsum(found) / len(found) for group, found in by_group.items()}
    changed = chain(*_changed_most(means))
    return ", ".join(f"{escaped(group)} {'+' if mean > 0 else ''}{number(mean, figures=2)}" for group, mean in changed)
