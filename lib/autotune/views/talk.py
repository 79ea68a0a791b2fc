"""What is told on the way, on stderr: news as it comes, and what is going on, live.

In a terminal, what is going on is one line that is rewritten. Elsewhere it is a line after five seconds, then more and more seldom, and as
often as at first once there was news; or, where a program listens, a line of JSON for all that is told.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from autotune.core.facts import GOING_ON, Fact
from autotune.core.tell.lines import wrapped
from autotune.core.tell.report import going_on
from autotune.core.tell.words import told
from autotune.edges.clock import now
from autotune.loop.session.session import Say

FIRST_AFTER_S = 5.0
NEXT_AFTER_S = 10.0  # and twice as long after each further line
SELDOM_S = 600.0  # the longest that nothing is told
_TICK_S = 1.0
_CLEARED = "\r\x1b[K"


@dataclass(slots=True)
class Rewritten:
    """One line of a terminal that is rewritten, above which news goes by. It is narrower than the terminal, or it could not be cleared."""

    doing: Fact | None = None

    def say(self, fact: Fact) -> None:
        """Tell it."""
        if fact.kind in GOING_ON:
            self.doing = fact
        else:
            self._clear()
            _print(told(fact))
        self.tick()

    def tick(self) -> None:
        """Rewrite the line."""
        if self.doing is not None:
            pieces = wrapped(going_on(self.doing, now()), max(_columns() - 3, 1))
            _write(f"{_CLEARED}{pieces[0]}{' …' if len(pieces) > 1 else ''}")

    def end(self) -> None:
        """Clear the line for good."""
        self._clear()
        self.doing = None

    def _clear(self) -> None:
        if self.doing is not None:
            _write(_CLEARED)


@dataclass(slots=True)
class Lines:
    """A line now and then, as long as something goes on."""

    doing: Fact | None = None
    _due: float = 0.0
    _next_s: float = NEXT_AFTER_S

    def say(self, fact: Fact) -> None:
        """Tell it."""
        if fact.kind not in GOING_ON:
            _print(told(fact))
            self._due, self._next_s = time.monotonic() + NEXT_AFTER_S, NEXT_AFTER_S
            return
        if self.doing is None:
            self._due = time.monotonic() + FIRST_AFTER_S
        self.doing = fact
        self.tick()

    def tick(self) -> None:
        """Tell what goes on, where it is time to."""
        moment = time.monotonic()
        if self.doing is not None and moment >= self._due:
            self._due, self._next_s = moment + self._next_s, min(2 * self._next_s, SELDOM_S)
            _print(going_on(self.doing, now()))

    def end(self) -> None:
        """There is nothing to clear."""


@contextmanager
def live(*, records: bool = False, rewritten: bool = True) -> Iterator[Say]:
    """Give what tells on stderr what is going on, as long as the context lasts, and news after that too.

    With `records` as lines of JSON; without `rewritten`, for what answers line by line meanwhile, a line a step in a terminal too.
    """
    talk = Rewritten() if rewritten and not records and _is_terminal() else Lines()
    tell, over = _record if records else talk.say, False

    def say(fact: Fact) -> None:
        if not over or fact.kind not in GOING_ON:
            tell(fact)

    try:
        with _ticking(talk):
            yield say
    finally:
        over = True
        talk.end()


def _record(fact: Fact) -> None:
    """Tell a program: its kind, its figures and its words, as a line of JSON."""
    _print(json.dumps({"kind": fact.kind, **fact.figures, "text": told(fact), "at": now()}, ensure_ascii=False))


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


@contextmanager
def _ticking(talk: Rewritten | Lines) -> Iterator[None]:
    """Have it tick by a timer, which a fork does not inherit, so that it goes on while this process waits for anything at all."""
    taken = signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
    if taken or threading.current_thread() is not threading.main_thread():
        yield
        return

    def tick(_number: int, _frame: FrameType | None) -> None:
        with suppress(OSError):  # what is measured goes on without anybody who listens
            talk.tick()

    signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, _TICK_S, _TICK_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80


def _print(line: str) -> None:
    _write(f"{line}\n")


def _write(text: str) -> None:
    """Write past all buffers: a tick may come in the middle of a write, and theirs let nobody in twice."""
    try:
        descriptor = sys.stderr.fileno()
    except OSError:
        sys.stderr.write(text)
    else:
        os.write(descriptor, text.encode(errors="replace"))
