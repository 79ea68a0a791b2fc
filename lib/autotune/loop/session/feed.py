"""What comes to a session, for whoever watches it: how far its log was seen, how it stands then, and what came since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from autotune.core.codec import decode
from autotune.core.facts import GOING_ON, Fact, Kind, quoted
from autotune.core.ledger.history import History
from autotune.core.ledger.lines import Event, from_line
from autotune.core.ledger.state import Row, State
from autotune.edges import ledger, locks
from autotune.edges.atomic import lines_since
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    from autotune.loop.session.session import Session

WORKER_LOG = "worker.log"  # in the session's folder: what its latest worker said, a fact a line
PROPOSING_LOCK = "proposing"  # there too: held while a proposer is at work
_END = 8192  # bytes of it, in which its last words are sought


def events(path: Path, *marks: bytes, since: Position | None = None, until: Position | None = None) -> Iterator[Event]:
    """Give a ledger's events between two positions; with `marks`, of lines that hold one of them: the others are not even parsed."""
    for line, _ in ledger.read(path, since or Position(), *marks, until=until):
        if (event := from_line(line)) is not None:
            yield event


def of_experiment(session: Session, number: int) -> Iterator[Event]:
    """Give the events of an experiment, among others, and those of all segments."""
    marks = (b'"type":"config"', f'"experiment":{number},'.encode(), f'"index":{number},'.encode())  # lines that may be the experiment's
    return events(session.folder.ledger, *marks)


def going_on(session: Session) -> Fact | None:
    """Tell what goes on in a session now: what was said of it last by whoever has it, or that a proposer is at work."""
    proposing = locks.holder(session.folder.path / PROPOSING_LOCK)
    by_itself = None if proposing is None else Fact(Kind.PROPOSING, {"experiment": session.state.count + 1, "since": proposing.since})
    said_last = next((fact for fact in map(_said, reversed(_lines(session, _END))) if fact.kind in GOING_ON), None)
    return said_last or by_itself


def said(session: Session) -> tuple[Fact, ...]:
    """Give all that whoever has a session has said of what goes on, the first first; nothing where nobody has it."""
    return tuple(fact for fact in map(_said, _lines(session)) if fact.kind in GOING_ON)


def _lines(session: Session, end: int | None = None) -> list[str]:
    """The worker's log, or so many bytes of its end; nothing of what an earlier worker said."""
    holder, log = locks.holder(session.folder.lock), session.folder.path / WORKER_LOG
    try:
        if holder is None or log.stat().st_mtime < datetime.fromisoformat(holder.since).timestamp():
            return []
        with log.open("rb") as file:
            file.seek(0 if end is None else max(0, log.stat().st_size - end))
            return [line.decode(errors="replace") for line in file.read().splitlines()]
    except (OSError, ValueError):
        return []


def rows(session: Session) -> tuple[Row, ...]:
    """Give every settled experiment as it was when it settled, from the whole ledger; the state holds the latest alone."""
    return rows_of(session.folder.ledger)


def rows_of(path: Path) -> tuple[Row, ...]:
    """Give every settled experiment of a ledger, as `rows` does."""
    found = History()
    for event in events(path):
        found.take(event)
    return found.in_order()


@dataclass(slots=True)
class Feed:
    """A session that is watched. `position` is behind the last event that was given: at first, behind what the session has read."""

    session: Session
    position: Position = field(init=False)
    heard: int = 0  # bytes of the worker's log

    def __post_init__(self) -> None:
        self.position = self.session.position

    @property
    def state(self) -> State:
        """The session as it stands at `position`."""
        return self.session.state

    def news(self, *marks: bytes) -> tuple[Event, ...]:
        """Give the events that came since, whoever wrote them, as `events` does; none where lines were set aside meanwhile.

        Raises `AutotuneError` where the log was deleted.
        """
        path, before = self.session.folder.ledger, self.position
        try:
            self.session.refresh()
            self.position = self.session.position
            return (
                tuple(events(path, *marks, since=before, until=self.position)) if self.position != before and _is_in(path, before) else ()
            )
        except FileNotFoundError:
            raise AutotuneError(f"Session {self.session.name} is gone: its log was deleted.", "`autotune init` opens another") from None

    def words(self) -> tuple[Fact, ...]:
        """Give what the worker has said since, of which only what it noticed is on the ledger."""
        try:
            lines, self.heard = lines_since(self.session.folder.path / WORKER_LOG, self.heard)
        except FileNotFoundError:
            return ()
        return tuple(map(_said, lines))


def _is_in(path: Path, position: Position) -> bool:
    try:
        ledger.require(path, position)
    except AutotuneError:
        return False
    return True


def _said(line: str) -> Fact:
    """Give what a line of the worker's log says; what is none of its own, a traceback say, as it is."""
    try:
        return decode(Fact, json.loads(line))
    except ValueError:
        return quoted(line)
