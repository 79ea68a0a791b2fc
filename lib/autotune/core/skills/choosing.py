"""Which skills a pass improves, the most pressing first, and why the others have to wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from autotune.core.skills.rates import Sign, Standing

_OF_SIGNAL, _MOST_OF_SIGNALS, _MOST_OF_MISSED, _OF_RECALL = 150, 450, 50, 100
"""What corrections, missed triggers and a low recall weigh against each other: what somebody complained about comes first."""
GOOD = 0.9  # of recall and precision, from which there is nothing to improve


class Skip(StrEnum):
    """Why a skill is not improved in this pass."""

    CACHE = "cache"  # an installed plugin's
    HIDDEN = "hidden"  # by a user's skill of the same name
    WATCHED = "watched"  # a version of it was deployed, and is watched
    WAITING = "waiting"  # a version of it was kept, and waits for somebody
    RECENT = "recent"  # it was tried a short time ago
    NOTHING_MISSED = "nothing missed"
    UNWANTED = "unwanted"  # the settings name others
    BEYOND = "beyond"  # others are more pressing


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of a skill when a pass chooses. `signals` are complaints that nobody has handled yet."""

    name: str
    standing: Standing | None
    signals: int = 0
    cache: bool = False
    hidden: bool = False
    watched: bool = False
    waiting: bool = False
    wanted: bool = True
    tried_days_ago: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A skill, how pressing it is, and why it is skipped, where it is."""

    name: str
    priority: float
    skip: Skip | None = None


def choose(conditions: Iterable[Condition], most: int, cooldown_days: float) -> tuple[Choice, ...]:
    """Choose at most so many skills; what is chosen comes first, the most pressing at the head."""
    found = [Choice(one.name, _priority(one), _skip(one, cooldown_days)) for one in conditions]
    found.sort(key=lambda one: (one.skip is not None, -one.priority, one.name))
    return tuple(replace(one, skip=Skip.BEYOND) if one.skip is None and place >= most else one for place, one in enumerate(found))


def chosen(choices: Sequence[Choice]) -> tuple[str, ...]:
    """The names of those that are not skipped."""
    return tuple(one.name for one in choices if one.skip is None)


def signals(standing: Standing) -> tuple[int, ...]:
    """The turns in which somebody complained that the skill was not used, by position."""
    return tuple(one.turn for one in standing.missed if one.sign is Sign.CORRECTION)


def _priority(one: Condition) -> float:
    standing = one.standing
    signals = min(_OF_SIGNAL * one.signals, _MOST_OF_SIGNALS)
    if standing is None:
        return signals
    weak = 0.0 if standing.recall.value is None else round(_OF_RECALL * (1 - standing.recall.value), 1)
    return signals + min(standing.surely_missed, _MOST_OF_MISSED) + weak


def _skip(one: Condition, cooldown_days: float) -> Skip | None:
    standing = one.standing
    recent = one.tried_days_ago is not None and one.tried_days_ago < cooldown_days and not one.signals
    shares = () if standing is None else (standing.recall.value, standing.precision.value)
    weak = any(share is not None and share < GOOD for share in shares)
    missed = standing is not None and standing.surely_missed > 0
    reasons = (
        (Skip.UNWANTED, not one.wanted),
        (Skip.CACHE, one.cache),
        (Skip.HIDDEN, one.hidden),
        (Skip.WAITING, one.waiting),
        (Skip.WATCHED, one.watched),
        (Skip.RECENT, recent),
        (Skip.NOTHING_MISSED, not (one.signals or missed or weak)),
    )
    return next((reason for reason, holds in reasons if holds), None)
