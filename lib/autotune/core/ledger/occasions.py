"""At which events of a session somebody is told: a person's own hooks, and a notification."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from autotune.core.ledger import events
from autotune.core.ledger.lines import Event
from autotune.core.model import Status


class Occasion(StrEnum):
    """When a hook of yours runs."""

    BEFORE_EXPERIMENT = "before-experiment"
    AFTER_EXPERIMENT = "after-experiment"
    KEEP = "keep"
    PAUSE = "pause"
    FINISH = "finish"


ENDS = frozenset({Occasion.PAUSE, Occasion.FINISH})
MARKS = tuple(f'"type":"{kind}"'.encode() for kind in ("result", "pause", "finish", "stop", "stop_asked", "resume", "repair", "settings"))
"""What the ledger's lines hold that matter here."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a session as of an event: whether a stop waits for an experiment, and whether a notification is set."""

    stop_asked: bool = False
    notifies: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """An occasion: what it is, when it was, and of which experiment."""

    occasion: Occasion
    timestamp: str
    experiment: int | None = None


def heard(before: Heard, event: Event) -> tuple[Heard, tuple[Told, ...]]:  # noqa: PLR0911 - one case an event
    """Give what is known after an event, and the occasions that it is.

    A stop at a person's word is none, for they know; one that waited for an experiment is a finish.
    """
    match event:
        case events.Result() if not event.baseline:
            kinds = (Occasion.AFTER_EXPERIMENT, *([Occasion.KEEP] if event.status is Status.KEEP else []))
            return before, _told(kinds, event.timestamp, event.index)
        case events.Paused():
            return replace(before, stop_asked=False), _told([Occasion.PAUSE], event.timestamp)
        case events.Finished():
            return replace(before, stop_asked=False), _told([Occasion.FINISH], event.timestamp)
        case events.Stopped():
            return replace(before, stop_asked=False), _told([Occasion.FINISH] if before.stop_asked else [], event.timestamp)
        case events.StopAsked():
            return replace(before, stop_asked=True), ()
        case events.Resumed() | events.RepairAsked():
            return replace(before, stop_asked=False), ()
        case events.SettingsChanged():
            return replace(before, notifies=bool(event.config.get("notify"))), ()
        case _:
            return before, ()


def _told(kinds: Iterable[Occasion], timestamp: str, experiment: int | None = None) -> tuple[Told, ...]:
    return tuple(Told(kind, timestamp, experiment) for kind in kinds)
