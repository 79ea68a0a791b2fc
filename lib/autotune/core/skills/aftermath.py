"""How a skill does after a deployment: turns from its cut on alone, under the description that was deployed.

A session that was running before keeps its old listing until the host has taken the change up, so a turn counts where its listing shows the
new description; where a host records none, the cut decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from autotune.core.rollout.events import Intent
from autotune.core.skills.rates import Sign, Standing, standing
from autotune.core.skills.turns import Turn

TAKEN_UP_MS = 3000  # after which Claude Code has taken up a change of a user's or a project's skill


class Fate(StrEnum):
    """How a deployed version stands. Without evidence it is unmeasured, and never regressed."""

    NEVER = "never deployed"
    NOT_SEEN = "not seen yet"  # no session has shown it
    UNMEASURED = "unmeasured"
    WATCHED = "watched"  # measured, and nothing speaks against it
    REGRESSED = "regressed"
    OVER = "watch over"


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is known of the newest deployment: when it was, when it counts from, which turn showed it first, how the skill stands since."""

    skill: str
    fate: Fate
    deployment: Intent | None = None
    cut: str = ""
    shown: Turn | None = None
    standing: Standing | None = None
    about: str | None = None
    odds: Mapping[str, float] = field(default_factory=dict)
    days: float = 0.0


@dataclass(frozen=True, slots=True)
class Fitting:
    """Turns that fit a skill, each with whether it fired, and turns in which it fired, each with whether that was wrong; in order."""

    fired: tuple[bool, ...]
    wrong: tuple[bool, ...]


def after(name: str, turns: Sequence[Turn], cut: str, shown: str) -> list[Turn]:
    """The turns with those that are no evidence for a version made silent on it: earlier ones, and ones under another description.

    `cut` is a time as hosts write it; positions stay, so that labels hold.
    """
    return [turn if _counts(turn, name, cut, shown) else turn.without(name) for turn in turns]


def taken_up(name: str, turns: Sequence[Turn], cut: str, shown: str) -> Turn | None:
    """The first turn that shows the new description."""
    return next(
        (turn for turn in turns if turn.at >= cut and (offer := turn.offered.get(name)) is not None and offer.digest == shown), None
    )


def fitting(one: Standing, turns: Sequence[Turn], labels: dict[int, bool]) -> Fitting:
    """What a standing is made of, turn by turn."""
    missed = {found.turn for found in one.missed if found.sign is not Sign.ALIKE}
    fired = [place for place, turn in enumerate(turns) if turn.human and turn.called(one.name)]
    right = {place for place in fired if labels.get(place, True)}
    places = sorted(missed | right)
    return Fitting(tuple(place in right for place in places), tuple(place not in right for place in fired))


def stood(name: str, turns: Sequence[Turn], labels: dict[int, bool]) -> tuple[Standing, Fitting]:
    """How a skill stands on turns, and what that is made of."""
    one = standing(name, turns, labels, alike=False)
    return one, fitting(one, turns, labels)


def _counts(turn: Turn, name: str, cut: str, shown: str) -> bool:
    offer = turn.offered.get(name)
    return turn.at >= cut and (offer is None or offer.digest is None or not shown or offer.digest == shown)
