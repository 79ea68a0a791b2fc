"""Which kept changes make which branch, and on what each branch stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.handover.hunks import Touched, touching

_LONGEST_SLUG = 40  # characters
_ALIKE = 0.5  # of all words of two descriptions, more than which both have where they are about one thing

Touches = Sequence[Mapping[int, tuple[str, ...]]]  # what `touching` gives


class Standing(StrEnum):
    """How a branch stands."""

    PLANNED = "planned"
    MADE = "made"
    THERE = "already there"
    EMPTY = "empty"  # nothing is left of its changes, so there is none


@dataclass(frozen=True, slots=True)
class Change:
    """One commit of a session's branch. `number` is that of the experiment that it was kept for, None where somebody made it by hand.

    `topic` is what its proposer noted that it belongs to.
    """

    commit: str
    number: int | None
    title: str
    touched: Touched
    topic: str | None = None

    @property
    def key(self) -> int | str:
        """What a plan's file calls it: its experiment's number, or the beginning of its commit's id."""
        return self.commit[:12] if self.number is None else self.number


@dataclass(frozen=True, slots=True)
class Group:
    """Changes that make one branch together: their places in the session's order."""

    name: str
    title: str
    changes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch to be. `on` is the place of the one that it stands on, None for the base; `shared` are paths where they touch each other."""

    name: str
    title: str
    changes: tuple[Change, ...]
    on: int | None
    shared: tuple[str, ...] = ()


def proposed(changes: Sequence[Change]) -> tuple[Group, ...]:
    """Group changes by what their proposers noted and by their files, where nothing between them is in the way; else each is alone.

    Two belong together that have one topic; or that touch each other, change the same files, and have most words of their descriptions in
    common.
    """
    touches = touching([one.touched for one in changes])
    groups: list[list[int]] = []
    for place in range(len(changes)):
        fitting = (at for at in reversed(range(len(groups))) if _belong_together(changes, groups[at][-1], place, touches))
        found = next(fitting, None)
        if found is None or any(other in touches[place] for between in groups[found + 1 :] for other in between):
            groups.append([place])
        else:
            groups[found].append(place)
    titles = [changes[group[0]].topic if len(group) > 1 else None for group in groups]
    named = [title or changes[group[0]].title for title, group in zip(titles, groups, strict=True)]
    return tuple(
        Group(f"{number}-{slug(title)}", title, tuple(group)) for number, (title, group) in enumerate(zip(named, groups, strict=True), 1)
    )


def _belong_together(changes: Sequence[Change], earlier: int, later: int, touches: Touches) -> bool:
    one, other = changes[earlier], changes[later]
    if one.number is None or other.number is None:
        return False
    if one.topic is not None and one.topic == other.topic:
        return True
    first, second = ({*re.findall(r"\w+", title.lower())} for title in (one.title, other.title))
    alike = len(first & second) > _ALIKE * len(first | second)
    return alike and earlier in touches[later] and one.touched.keys() == other.touched.keys()


def slug(title: str) -> str:
    """A title as the end of a branch's name: small letters, figures and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    kept: list[str] = []
    for word in words:
        if kept and len("-".join([*kept, word])) > _LONGEST_SLUG:
            break
        kept.append(word)
    return "-".join(kept)[:_LONGEST_SLUG] or "change"


def laid_out(changes: Sequence[Change], groups: Sequence[Group], *, independent: bool) -> tuple[Branch, ...]:
    """Say on what each group's branch stands: the one before or, where they are `independent`, the last before that has to do with it.

    Groups have to do with each other that touch each other, or that another one touches both of: they make one stack.
    """
    touches = touching([one.touched for one in changes])
    found = []
    for place, group in enumerate(groups):
        earlier = {at: _shared(touches, groups[at].changes, group.changes) for at in range(place)}
        on = _last_of_stack(groups, touches, place) if independent else place - 1 if place else None
        shared = tuple(sorted({path for paths in earlier.values() for path in paths}))
        found.append(Branch(group.name, group.title, tuple(changes[one] for one in group.changes), on, shared))
    return tuple(found)


def _shared(touches: Touches, one: Iterable[int], other: Iterable[int]) -> tuple[str, ...]:
    """The paths where two groups touch each other, whichever comes first."""
    pairs = [(max(a, b), min(a, b)) for a in one for b in other]
    return tuple(path for later, earlier in pairs for path in touches[later].get(earlier, ()))


def _last_of_stack(groups: Sequence[Group], touches: Touches, place: int) -> int | None:
    """The last group before one that is in the same stack, whatever joins them."""
    stack, more = {place}, True
    while more:
        joined = {
            at
            for at in range(len(groups))
            if at not in stack and any(_shared(touches, groups[at].changes, groups[one].changes) for one in stack)
        }
        stack |= joined
        more = bool(joined)
    return max((at for at in stack if at < place), default=None)


def below(branches: Sequence[Branch], place: int) -> tuple[int, ...]:
    """The places of the branches that one stands on, the lowest first."""
    found: list[int] = []
    on = branches[place].on
    while on is not None:
        found.append(on)
        on = branches[on].on
    return tuple(reversed(found))
