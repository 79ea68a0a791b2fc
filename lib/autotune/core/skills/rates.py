"""How well a skill fires: recall, precision and coverage over turns, each with its interval, and the triggers that were missed.

A turn *fits* a skill where the model fired it and nobody has said that this was wrong, or where a trigger was missed. A turn that nobody
has judged counts as neither: an unfired prompt is no negative. Intervals are Wilson's (Wilson 1927), at 95 %.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from autotune.core.skills.namesakes import spoken
from autotune.core.skills.seen import How, Shown
from autotune.core.skills.turns import Fired, Turn
from autotune.core.stats.shares import wilson

LEAST = 5  # turns from which a share is told
SAME_WORDS = 0.5  # of two prompts' words (Jaccard), from which one speaks for the other

_NEGLECTED = (
    r"(?:why (?:(?:did|have|do)(?:n['\u2019]?t| not) you|(?:did|do) you not) use"
    r"|you (?:should have|could have|were supposed to) used?|you forgot(?: to use)?)"
)
_WORD = re.compile(r"[^\W_]+")


class Sign(StrEnum):
    """By what a trigger is known to have been missed, or wrong; the cheapest first."""

    CORRECTION = "correction"  # you said so in the next prompt
    TYPED = "typed"  # you typed it after a turn in which it was silent
    LABEL = "label"  # somebody has looked at it
    JUDGED = "judged"  # a model has looked at it
    ALIKE = "alike"  # the prompt is like others that fired; only a candidate for a look


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a number of turns, with its 95 % interval; None throughout where there are fewer than `LEAST`."""

    of: int
    hits: int

    @property
    def value(self) -> float | None:
        """The share, None where too little was seen to tell."""
        return self.hits / self.of if self.of >= LEAST else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval at 95 %."""
        return wilson(self.hits / self.of, self.of) if self.of >= LEAST else None


@dataclass(frozen=True, slots=True)
class Missed:
    """A turn in which a skill was offered and stayed silent. `turn` is its position; a sign `ALIKE` is only a candidate."""

    turn: int
    sign: Sign


@dataclass(frozen=True, slots=True)
class Standing:
    """What was seen of one skill: turns by humans in which it was offered, how it fired, and how its line was shown."""

    name: str
    offered: int
    fired: int
    typed: int
    denied: int
    read: int
    recall: Share
    precision: Share
    coverage: Share
    shown: Mapping[Shown, int]
    missed: tuple[Missed, ...]

    @property
    def surely_missed(self) -> int:
        """In how many turns it was missed, without mere candidates."""
        return sum(found.sign is not Sign.ALIKE for found in self.missed)


def by_need(standings: Iterable[Standing]) -> list[Standing]:
    """The most missed first, then those that fired most, then by name."""
    return sorted(standings, key=lambda one: (-one.surely_missed, -one.fired, one.name))


def standing(name: str, turns: Sequence[Turn], labels: Mapping[int, bool] | None = None, *, alike: bool = True) -> Standing:
    """Tell how a skill stands. `turns` are of one or more sessions, in order; `labels` say of a turn whether the skill fits it.

    Without `alike`, prompts that are only candidates for a look are not searched for.
    """
    labels = labels or {}
    offers = [turn.offered[name] for turn in turns if turn.human and name in turn.offered]
    acts = _acts(name, turns)
    fired = {place for place, one in acts if one.how is How.MODEL}
    rightly = sum(labels.get(place, True) for place in fired)
    found = tuple(missed(name, turns, labels, alike=alike))
    sure = sum(one.sign is not Sign.ALIKE for one in found)
    shown = Counter(one.shown for one in offers)
    return Standing(
        name,
        len(offers),
        len(fired),
        len({place for place, one in acts if one.how is How.TYPED}),
        sum(one.how is How.MODEL and not one.ran for _, one in acts),
        sum(one.how is How.READ for _, one in acts),
        Share(rightly + sure, rightly),
        Share(len(fired), rightly),
        Share(len(offers), len(offers) - shown[Shown.NAME]),
        shown,
        found,
    )


def current(name: str, turns: Sequence[Turn]) -> Sequence[Turn]:
    """The turns with those that were offered another description than the newest taken for not offered; its changes begin afresh."""
    digests = [turn.offered[name].digest for turn in turns if name in turn.offered]
    newest = digests[-1] if digests else None
    if newest is None or set(digests) <= {newest, None}:
        return turns
    return [turn.without(name) if name in turn.offered and turn.offered[name].digest not in (newest, None) else turn for turn in turns]


def missed(name: str, turns: Sequence[Turn], labels: Mapping[int, bool] | None = None, *, alike: bool = True) -> Iterator[Missed]:
    """Find the turns that a skill should have fired in and did not, each by its cheapest sign; without `alike`, no mere candidates."""
    labels = labels or {}
    acts = _acts(name, turns)
    fired = {place for place, one in acts if one.how is How.MODEL}
    typed = {place for place, one in acts if one.how is How.TYPED}
    fitting = {_words(turns[place].text) for place in fired if labels.get(place, True)} if alike else set[frozenset[str]]()
    said = _said_next(name, turns, typed)
    for place, turn in enumerate(turns):
        if not turn.human or name not in turn.offered or place in fired or place in typed or labels.get(place) is False:
            continue
        if place in said:
            yield Missed(place, said[place])
        elif labels.get(place) is True:
            yield Missed(place, Sign.LABEL)
        elif fitting and any(_alike(_words(turn.text), other) for other in fitting):
            yield Missed(place, Sign.ALIKE)


def _acts(name: str, turns: Sequence[Turn]) -> list[tuple[int, Fired]]:
    """Each time that a skill fired in a turn of a human, with that turn's position."""
    return [(place, one) for place, turn in enumerate(turns) if turn.human for one in turn.fired if one.name == name]


def _said_next(name: str, turns: Sequence[Turn], typed: Collection[int]) -> Mapping[int, Sign]:
    """By position, what the next prompt by a human in the same conversation says of a skill that was silent."""
    found, last = dict[int, Sign](), dict[tuple[str, str], int]()
    for place, turn in enumerate(turns):
        if not turn.human:
            continue
        before = last.get(key := (turn.session, turn.agent))
        last[key] = place
        if before is None or corrects(turns[before].text, name):
            continue  # a complaint is of the turn before it
        if corrects(turn.text, name):
            found[before] = Sign.CORRECTION
        elif place in typed:
            found[before] = Sign.TYPED
    return found


def corrects(said: str, name: str) -> bool:
    """Whether a prompt complains that a skill was not used."""
    if not _complains(said):
        return False
    short = re.escape(spoken(name))
    said_so = short.replace("\\-", "[- ]")
    return re.search(rf"\b{_NEGLECTED}\s+(?:the\s+|my\s+)?[\"'`/$]?(?:{said_so})\b", said, re.IGNORECASE) is not None


@lru_cache(20_000)
def _complains(said: str) -> bool:
    return re.search(_NEGLECTED, said, re.IGNORECASE) is not None


@lru_cache(20_000)
def _words(said: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(said))


def likeness(some: str, other: str) -> float:
    """The share of a text's words that another one has too."""
    mine = _words(some)
    return len(mine & _words(other)) / len(mine) if mine else 0.0


def _alike(some: frozenset[str], others: frozenset[str]) -> bool:
    return bool(some) and len(some & others) >= SAME_WORDS * len(some | others)
