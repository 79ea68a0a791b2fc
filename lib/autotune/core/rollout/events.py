"""What the log of a target's deployments can say, and what it amounts to.

A deployment is written down before anything is done (`intent`) and when it is done (`done`), or when it was not begun for a reason that
was found then (`abandoned`). What else is worth a line is a `note`. A slot is one place of a target: a pack has its active file and its
canary file.

    line(event), event(line)       an event as a line's values, and back
    state(events)                  what is in each slot, all deployments, what is not finished
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from autotune.core.codec import Malformed, decode, encode

Snapshot = str | None
"""The hash of what is in a slot; None: nothing is."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was in a slot, and what is to be."""

    slot: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A deployment that is about to be made: numbered from 1 on, with its reason as a word and the facts behind it."""

    number: int
    at_ms: int
    why: str
    changes: tuple[Change, ...]
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """A deployment is made."""

    number: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A deployment is not made, and nothing of it was done."""

    number: int
    at_ms: int
    because: str


@dataclass(frozen=True, slots=True)
class Note:
    """What was found or said meanwhile: a word, and the facts behind it."""

    at_ms: int
    what: str
    data: Mapping[str, Any] = field(default_factory=dict)


Event = Intent | Done | Abandoned | Note
_KINDS: Mapping[str, type[Event]] = {"intent": Intent, "done": Done, "abandoned": Abandoned, "note": Note}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def line(event: Event) -> dict[str, Any]:
    """An event as the values of its line."""
    return {"type": _NAMES[type(event)], **encode(event)}


def event(said: Mapping[str, Any]) -> Event:
    """The event of a line's values. Raises Malformed for any other."""
    kind = _KINDS.get(str(said.get("type")))
    if kind is None:
        raise Malformed(f"type: expected one of {', '.join(_KINDS)}")
    return decode(kind, said)


@dataclass(frozen=True, slots=True)
class State:
    """What is in each slot, the deployments that were made, the one that is not finished, and notes, each oldest first."""

    placed: Mapping[str, Snapshot] = field(default_factory=dict)
    deployments: tuple[Intent, ...] = ()
    pending: Intent | None = None
    notes: tuple[Note, ...] = ()
    numbered: int = 0


def state(events: Iterable[Event]) -> State:
    """What a log amounts to."""
    now = State()
    for one in events:
        now = after(now, one)
    return now


def after(now: State, one: Event) -> State:
    """The state after one more event."""
    match one:
        case Intent():
            return replace(now, pending=one, numbered=one.number)
        case Done() if now.pending is not None:
            placed = {**now.placed, **{change.slot: change.after for change in now.pending.changes}}
            return replace(now, placed=placed, deployments=(*now.deployments, now.pending), pending=None)
        case Note():
            return replace(now, notes=(*now.notes, one))
        case _:
            return replace(now, pending=None)
