"""How each case to search with stands: its latest score by what is kept, and what the last candidates did to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autotune.core.cases.split import Case
from autotune.core.model import Arm, Outcome, Part, Run

LATEST = 3  # candidates


@dataclass(frozen=True, slots=True)
class Change:
    """By how much an experiment's candidate changed scores, in the metric's unit, by the cases' places; of those that it changed."""

    experiment: int
    by: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Searched:
    """The latest score of each case to search with, by its place in the segment's list, and what the last candidates changed."""

    scores: Mapping[str, float] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()

    def with_baseline(self, run: Run, metric: str, listed: Sequence[Case]) -> Searched:
        """Take in a run of the unchanged code."""
        return Searched({**self.scores, **_scores([run], Arm.INCUMBENT, metric, listed)}, self.changes)

    def with_experiment(self, number: int, runs: Sequence[Run], metric: str, listed: Sequence[Case], *, kept: bool) -> Searched:
        """Take in an experiment that has settled; one that was run on none of these cases changes nothing."""
        before, now = (_scores(runs, arm, metric, listed) for arm in (Arm.INCUMBENT, Arm.CANDIDATE))
        if not before or not now:
            return self
        changed = {place: value - before[place] for place, value in now.items() if place in before and value != before[place]}
        changes = (*self.changes, Change(number, changed))[-LATEST:]
        return Searched({**self.scores, **before, **(now if kept else {})}, changes)


def _scores(runs: Iterable[Run], arm: Arm, metric: str, listed: Sequence[Case]) -> dict[str, float]:
    good = [run for run in runs if run.arm is arm and run.part is Part.SEARCH and run.outcome is Outcome.OK]
    named = ((run, place, f"{metric}[{listed[place].name}]") for run in good for place in run.cases)
    return {str(place): run.samples[name] for run, place, name in named if name in run.samples}
