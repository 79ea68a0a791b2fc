"""A session as it is looked at for the page: what of it has changed since an earlier look."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from autotune.core.ledger.events import CandidateTaken, Charged, Decided, Described, Formatted, Noted, Ran, Spent
from autotune.core.ledger.history import History
from autotune.core.tell import live
from autotune.core.tell.live import Seen
from autotune.edges.clock import now
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.experiment.looking import worker_of
from autotune.loop.session import feed, sessions
from autotune.loop.session.feed import Feed
from autotune.loop.session.layout import IDEAS_FILE, Folder, root
from autotune.loop.session.session import Session

LOOK_EVERY_S = 0.25
TELL_EVERY_S = 1.0  # how often is told what time alone changes
TRY_AGAIN_S = 3.0  # from when a session that cannot be read is read again, though nothing was written
OF_THE_MOMENT = (Ran, CandidateTaken, Decided, Described, Formatted, Noted, Spent, Charged)  # what rows and their background do not tell of
_OF_TIME = ("as_of", "active_s")  # keys of a snapshot that time alone changes


@dataclass(slots=True)
class Watched:
    """A session that pages watch, whoever looks first looks for all. `version` counts what has changed."""

    repository: Repository
    name: str
    version: int = 0
    history: History = field(default_factory=History)
    feed: Feed | None = None
    _changed: dict[str | int, tuple[int, Any]] = field(default_factory=dict)  # parts and rows, and in which version each came
    _begun: int = 0  # the version from which on all is of one log
    _looked: float = -TRY_AGAIN_S
    _told: float = 0.0
    _tried: tuple[float, float] = (0.0, 0.0)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def since(self, version: int) -> dict[str, Any] | None:
        """Look, and give what has changed since a version, all where that is below 0; None where nothing has.

        `whole` says that what was known before is void.
        """
        with self._lock:
            if time.monotonic() - self._looked >= LOOK_EVERY_S:
                self._look()
                self._looked = time.monotonic()
            return self._news(version)

    def session(self) -> Session:
        """Give the session; raises `AutotuneError` where it cannot be read."""
        with self._lock:
            if self.feed is None:
                self._open()
            assert self.feed is not None  # noqa: S101 - it was opened just now
            return self.feed.session

    def _news(self, version: int) -> dict[str, Any] | None:
        if version == self.version:
            return None
        is_whole = not self._begun <= version <= self.version
        since = -1 if is_whole else version
        changed = [(name, value) for name, (when, value) in self._changed.items() if when > since]
        parts = {name: value for name, value in changed if isinstance(name, str)}
        rows = [value for name, value in changed if isinstance(name, int)]
        return {"version": self.version, "whole": is_whole, "rows": rows, **parts}

    def _look(self) -> None:
        try:
            if self.feed is None:
                self._read()
            else:
                self._read_on(self.feed)
        except (AutotuneError, OSError, ValueError) as problem:
            self._fail(problem)

    def _read(self) -> None:
        """Read the session from the front, unless it could not be read a moment ago and nothing has come since."""
        stamp = _stamp(Folder(root(self.repository) / self.name))
        if self._tried[0] == stamp and time.monotonic() - self._tried[1] < TRY_AGAIN_S:
            return
        self._tried = (stamp, time.monotonic())
        self._open()

    def _open(self) -> None:
        """Read all of the session, and tell all of it."""
        opened = Feed(sessions.load(self.repository, self.name))
        self.history = History()
        for event in feed.events(opened.session.folder.ledger, until=opened.position):
            self.history.take(event)
        self.feed, self._begun = opened, self.version + 1
        self._changed = {}
        self._tell(opened, rows=True)

    def _read_on(self, watched: Feed) -> None:
        before = watched.position
        news = watched.news()
        if watched.position != before and not news:  # lines were set aside
            self._open()
            return
        for event in news:
            self.history.take(event)
        if watched.position != before or time.monotonic() - self._told >= TELL_EVERY_S:
            self._tell(watched, rows=any(not isinstance(event, OF_THE_MOMENT) for event in news))

    def _tell(self, watched: Feed, *, rows: bool) -> None:
        """Make what is told, and count up where it has changed."""
        self._told = time.monotonic()
        session = watched.session
        busy = worker_of(session)
        ideas = session.workdir / IDEAS_FILE
        seen = Seen(
            worker=busy.what if busy else None,
            since=busy.since if busy else None,
            doing=feed.going_on(session),
            said=feed.said(session),
            ideas=ideas.read_text("utf-8", "replace") if ideas.is_file() else "",
        )
        self._put("head", live.head(session.state, now(), seen))
        self._put("problem", None)
        if rows:
            self._put("background", live.background(session.state, self.history))
            self._put("chart", live.chart(session.state, self.history))
            for row in live.rows(session.state, self.history):
                self._put(row["number"], row)

    def _put(self, name: str | int, value: Any) -> None:  # noqa: ANN401 - any JSON
        if name not in self._changed or _lasting(self._changed[name][1]) != _lasting(value):
            self.version += 1
            self._changed[name] = (self.version, value)

    def _fail(self, problem: Exception) -> None:
        known = problem if isinstance(problem, AutotuneError) else AutotuneError(str(problem), "`autotune check` says what is wrong")
        self.feed = None
        self._put("problem", {"message": known.message, "hint": known.hint})


def _lasting(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A part without what time alone changes."""
    if not isinstance(value, dict) or "snapshot" not in value:
        return value
    return value | {"snapshot": {name: one for name, one in value["snapshot"].items() if name not in _OF_TIME}}


def _stamp(folder: Folder) -> float:
    return folder.ledger.stat().st_mtime if folder.ledger.exists() else 0.0
