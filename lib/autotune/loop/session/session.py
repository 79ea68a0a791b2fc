"""A session that commands work with: written to one event at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Noticed, Ran
from autotune.core.ledger.lines import Event, from_line, to_line
from autotune.core.ledger.order import WORDS
from autotune.core.ledger.state import Experiment, State
from autotune.core.trust.patterns import from_top
from autotune.edges import door, git, ledger
from autotune.edges.atomic import free_name, replace_file
from autotune.edges.clock import now
from autotune.edges.folders import data_folder
from autotune.edges.git import Repository
from autotune.edges.ledger import Position
from autotune.edges.tree import View, apart
from autotune.errors import AutotuneError
from autotune.loop.session import feed
from autotune.loop.session.folding import fold, write_seen
from autotune.loop.session.layout import (
    CHECKPOINT,
    Folder,
    known,
    session_cache,
)

if TYPE_CHECKING:
    from socket import socket


_HEARD_WITHIN_S = 10.0  # words at the door of a closed ledger, which is looked at many times a second


_KNOCKS_AGAIN_AFTER_S = 0.02


Say = Callable[[Fact], None]  # how progress and news are told, as they come


@dataclass(slots=True)
class Session:
    """A session that commands work with. `state` is as of `position` in the ledger; `append` and `refresh` move both on.

    `beside` is the session that this one is a rehearsal for, or a verification of. `content` holds the ledger's bytes while this process
    has runs made.
    """

    repository: Repository
    folder: Folder
    state: State
    position: Position
    say: Say = lambda _: None
    interrupted: Callable[[], Fact | None] = lambda: None  # by whom a worker was told to end, asked while it measures
    beside: Session | None = None
    content: bytearray = field(default_factory=bytearray)

    @property
    def name(self) -> str:
        """The session's name, which is its branch's after `autotune/`."""
        return self.folder.name

    @property
    def branch(self) -> str:
        """The session's branch."""
        return self.state.segment.opened.branch

    @property
    def experiment(self) -> Experiment:
        """The experiment that is open, where one is for certain."""
        if self.state.experiment is None:
            raise AssertionError("no experiment is open")
        return self.state.experiment

    @property
    def tip(self) -> str | None:
        """The commit that the session's branch is at; None where there is no such branch."""
        return git.resolve(self.top, f"refs/heads/{self.branch}")

    @property
    def top(self) -> Path:
        """The top of the working tree that the session lives in."""
        return self.repository.top

    @property
    def workdir(self) -> Path:
        """The session's working directory: where its files are and its benchmark runs."""
        return self.top / self.state.segment.opened.workdir

    @property
    def view(self) -> View:
        """The session's working tree, looked at through the session's own index."""
        return View(self.top, self.folder.path / "index", self.folder.path / "exclude", apart(self.top, self.state.incumbent))

    @property
    def cache(self) -> Path:
        """This session's folder for its measuring worktree, while it is being opened too."""
        return session_cache(self.repository, self.state.segment.opened.session)

    @property
    def hidden(self) -> Path:
        """This session's folder outside the repository, for what no proposer is shown."""
        return data_folder() / known(self.repository) / self.state.segment.opened.session

    def inside(self, path: str) -> str:
        """Make a path relative to the working directory into one relative to the top."""
        return from_top(path, self.state.segment.opened.workdir)

    def append(self, *events: Event) -> None:
        """Write events to the ledger, in one go, and take them in; at its door while somebody else keeps it closed."""
        until = time.monotonic() + _HEARD_WITHIN_S
        while not self._written(events, until):
            time.sleep(_KNOCKS_AGAIN_AFTER_S)

    def _written(self, events: Sequence[Event], until: float) -> bool:
        """Write events, or hand them in; false where neither can be done just now."""
        durable = not all(isinstance(one, Ran) for one in events)  # those alone may be lost with the power, and what was seen must not be
        try:
            with ExitStack() as stack:
                callers: list[socket] = []

                def lines(prev: str) -> bytes:
                    callers.extend(filter(None, [stack.enter_context(door.knocked(self.folder.door))]))
                    return b"" if callers else lines_of(events, prev)

                torn = ledger.append(self.folder.ledger, lines, durable=durable)
                if callers:
                    return self._handed_in(callers[0], events, until)
        except TimeoutError:
            return _again(until)
        self.refresh()
        if durable:
            write_seen(self.folder, self.position)
        if torn is not None:
            self._tell_torn(torn)
        return True

    def _handed_in(self, caller: socket, events: Sequence[Event], until: float) -> bool:
        before = self.position
        taken = door.hand_in(caller, lines_of(events, ledger.FIRST), max(_KNOCKS_AGAIN_AFTER_S, until - time.monotonic()))
        if taken is None:
            return _again(until)
        came = tuple(feed.events(self.folder.ledger, since=before)) if taken else ()
        if any(event not in came for event in events):
            raise _not_heard()
        self.refresh()
        return True

    def mend(self) -> None:
        """Make good what a process that was killed left: a torn last line of the ledger, a door. The session is held.

        Where something ran when it was killed, the state is read anew from the ledger's lines: that may have written a checkpoint.
        """
        if self.folder.door.exists():
            (self.folder.path / CHECKPOINT).unlink(missing_ok=True)
            self.folder.door.unlink()
            with suppress(AutotuneError, OSError):  # a session that is cleared may have no ledger that can be read
                self.state, self.position = fold(self.folder.ledger, None, Position())
        if size(self.folder.ledger) > self.position.offset and (torn := ledger.mend(self.folder.ledger)) is not None:
            self._tell_torn(torn)

    def take_back(self, line: int, why: Fact) -> None:
        """Set the ledger's lines aside from one on, but for words, and say what that one has wrong. The session is held."""
        path = self.folder.ledger
        with ledger.locked(path):
            lines = path.read_bytes().splitlines(keepends=True)
            aside = free_name(path, "forged")
            aside.write_bytes(b"".join(lines[line - 1 :]))
            replace_file(path, b"".join(lines[: line - 1]))
        self.state, self.position = fold(path, None, Position())
        self.append(*(event for event in map(from_line, lines[line - 1 :]) if isinstance(event, WORDS)))
        self.notice(Fact(Kind.LINES_SET_ASIDE, {"line": line, "aside": str(aside)}, why))

    def _tell_torn(self, torn: bytes) -> None:
        self.notice(Fact(Kind.LINE_TORN, {"bytes": len(torn)}))

    def going_on(self, kind: Kind, **figures: object) -> None:
        """Say what begins now, and lasts until something else is said to go on."""
        self.say(Fact(kind, {**figures, "since": now()}))

    def notice(self, found: Fact) -> None:
        """Put on the ledger, and say, that something was found changed and what was done."""
        self.say(found)
        self.append(Noticed(found=found, timestamp=now()))

    def refresh(self) -> None:
        """Take in what has come to the ledger since, whoever wrote it."""
        length = size(self.folder.ledger)
        if length < self.position.offset:
            ledger.require(self.folder.ledger, self.position)
        if length > self.position.offset:
            self.state, self.position = fold(self.folder.ledger, self.state, self.position)


def size(path: Path) -> int:
    """Give a file's size in bytes; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def _again(until: float) -> bool:
    """Say that it is to be tried again; raises `AutotuneError` once that was tried for long enough."""
    if time.monotonic() > until:
        raise _not_heard()
    return False


def _not_heard() -> AutotuneError:
    return AutotuneError(
        "The log is closed while a run goes on, and this could not be written to it.",
        "`autotune wait` waits for the result, `autotune cancel` ends it; then run the command again",
    )


def lines_of(events: Iterable[Event], prev: str) -> bytes:
    """Give the ledger's lines of events that follow the line of which `prev` is the hash."""
    lines = []
    for event in events:
        lines.append(to_line(event, prev))
        prev = ledger.digest(lines[-1])
    return b"".join(lines)
