"""After a promotion nothing runs beside the new version: it is held against the frozen record of the one before, and taken back if worse.

The record is what the controls of the canary came to: their mean score and, for each guardrail, their share of failures, each with the end
of its interval that is kinder to the new version. A mean bet on what units show since says whether they are worse than that. Weather that
changes is taken for the version's fault, which costs a good one at times: the incumbent comes back, and it can be tried again.

    frozen(scores, failures, units)     the record
    watched(record, units, days, ...)   keep on, take back, or the watch is over
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from autotune.core.cases.mean_bet import evidence, interval

TAKEN_BACK = 20.0  # the odds from which a promoted version is taken back
DAYS = 7.0  # how long it is watched, where nothing else is said
RATE_ROOM = 0.01  # above the frozen share of failures, for an interval that few failures make too narrow


@dataclass(frozen=True, slots=True)
class Record:
    """What the version before came to: the least mean score, and the largest share of failures by guardrail, that it may well have."""

    least_score: float | None
    most_failures: Mapping[str, float] = field(default_factory=dict)


class Watch(StrEnum):
    """How a promoted version does."""

    ON = "on"
    TAKE_BACK = "take back"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look at a promoted version says; `about` is what speaks against it: a guardrail, or "score"; None: nothing does."""

    watch: Watch
    about: str | None
    odds: Mapping[str, float]


def frozen(scores: Sequence[float], failures: Mapping[str, int], units: int) -> Record:
    """The record of controls: their scores, how many of so many units failed by guardrail."""
    least = interval(scores)[0] if scores else None
    rates = {name: _most(count, units) for name, count in failures.items() if units}
    return Record(None if least is None else max(least, 0.0), rates)


def _most(count: int, units: int) -> float:
    """The largest share that so many failures speak for."""
    return min(interval([1.0] * count + [0.0] * (units - count))[1] + RATE_ROOM, 1.0)


def watched(
    record: Record, scores: Sequence[float], failures: Mapping[str, Sequence[bool]], days: float, for_days: float = DAYS
) -> Watched:
    """How units do that closed since the promotion: their scores, and whether each failed by guardrail, in the order of closing."""
    odds = {}
    if record.least_score is not None and scores:
        odds["score"] = evidence([record.least_score - score for score in scores])
    for name, most in record.most_failures.items():
        if (failed := failures.get(name)) and most < 1:
            odds[name] = evidence([float(one) for one in failed], most)
    worst = max(odds, key=odds.__getitem__, default=None)
    if worst is not None and odds[worst] >= TAKEN_BACK:
        return Watched(Watch.TAKE_BACK, worst, odds)
    return Watched(Watch.OVER if days >= for_days else Watch.ON, None, odds)
