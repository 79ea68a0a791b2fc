"""A unit of a comparison on cases: what one difference is made of, and how bounded scores become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autotune.core.model import Direction


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """The range of a bounded score, in its own unit, and which way it gets better."""

    low: float
    high: float
    direction: Direction = Direction.HIGHER

    def holds(self, value: float) -> bool:
        """Whether a value lies in the range, ends included."""
        return self.low <= value <= self.high

    def place(self, value: float) -> float:
        """Where a value of the range lies in it: 0 is worst, 1 is best."""
        place = (value - self.low) / (self.high - self.low)
        return place if self.direction is Direction.HIGHER else 1 - place

    def effect(self, difference: float) -> float:
        """A difference, a share of the range, as the score's own change in its unit: below 0 where lower is better and it is a gain."""
        return difference * (self.high - self.low) * (1 if self.direction is Direction.HIGHER else -1)

    def share(self, effect: float) -> float:
        """An effect in the score's unit (`min_effect`) as a share of the range, as differences are; more is better."""
        return effect / (self.high - self.low)


class Tried(NamedTuple):
    """One case run in both arms of a batch: each arm's `ScoreRange.place`, None where it was left unscored."""

    candidate: float | None
    incumbent: float | None

    @property
    def scored(self) -> bool:
        """Whether both arms have a score."""
        return self.candidate is not None and self.incumbent is not None


class Unit(NamedTuple):
    """What one difference is made of: a case, the cases of a group, or those of a batch.

    `difference` is the mean over the cases that both arms scored, None without any. `unscored` is the share of cases that the candidate
    left unscored less the incumbent's, `worst` the mean over all cases where the candidate's unscored count as 0 and the incumbent's as 1.
    All three lie between -1 and 1.
    """

    difference: float | None
    unscored: float
    worst: float


def unit_of(tried: Sequence[Tried]) -> Unit:
    """One unit of the last try of each of its cases. Raises ZeroDivisionError without any."""
    if len(tried) == 1:  # as most are
        candidate, incumbent = tried[0]
        if candidate is not None and incumbent is not None:
            return Unit(candidate - incumbent, 0.0, candidate - incumbent)
    scored = [one.candidate - one.incumbent for one in tried if one.candidate is not None and one.incumbent is not None]
    missing = sum([(one.candidate is None) - (one.incumbent is None) for one in tried])
    worst = sum([_or(one.candidate, 0.0) - _or(one.incumbent, 1.0) for one in tried])
    return Unit(sum(scored) / len(scored) if scored else None, missing / len(tried), worst / len(tried))


def _or(place: float | None, other: float) -> float:
    return other if place is None else place
