"""The session on one screen, kept up to date: what keys show of it, and when it is drawn again."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from autotune.core.ledger.state import Row, State
from autotune.core.tell import panels
from autotune.core.tell.report import BESIDE_KEYS, DETAIL_KEYS, LIVE_KEYS, PANEL_KEYS
from autotune.core.tell.story import LABELS, lines, story_of
from autotune.edges.clock import now
from autotune.loop.session import feed
from autotune.loop.session.session import Session
from autotune.views import dashboard
from autotune.views.keys import one_by_one
from autotune.views.panels import Beside

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

LOOK_EVERY_S = 0.2
REDRAW_EVERY_S = 1.0
TALL = 30  # lines from which there is room for what stands beside the session
_SEQUENCE = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Za-z]|.", re.DOTALL)
_KEYS = {  # what a terminal sends for each
    "up": ("\x1b[A", "\x1bOA", "k"),
    "down": ("\x1b[B", "\x1bOB", "j"),
    "right": ("\x1b[C", "\x1bOC", "l"),
    "left": ("\x1b[D", "\x1bOD", "h"),
    "first": ("\x1b[H", "\x1bOH", "\x1b[1~", "g"),
    "last": ("\x1b[F", "\x1bOF", "\x1b[4~", "G"),
    "page up": ("\x1b[5~", "b"),
    "page down": ("\x1b[6~", " "),
    "open": ("\r", "\n"),
    "back": ("\x1b", "\x7f"),
    "full": ("f",),
    "beside": ("p",),
    "quit": ("q", "Q"),
}
_NAMES = {sent: name for name, every in _KEYS.items() for sent in every}


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown: the chosen experiment (None follows the latest), and whether the table fills the screen.

    `down` is how many lines down one experiment is shown alone, `beside` how many what stands beside the session; None where it is not.
    """

    chosen: int | None = None
    full: bool = False
    down: int | None = None
    beside: int | None = None

    def after(self, key: str, latest: int, page: int) -> Shown:
        """What is shown after a key, of so many experiments, with so many lines to a page."""
        if self.beside is not None:
            return replace(self, beside=None if key in {"back", "beside"} else _scrolled(self.beside, key, page))
        return self._listed(key, latest, page) if self.down is None else self._detail(key, self.down, latest, page)

    def _listed(self, key: str, latest: int, page: int) -> Shown:
        match key:
            case "full":
                return replace(self, full=not self.full)
            case "beside":
                return replace(self, beside=0)
            case "open" if latest:
                return replace(self, chosen=self.chosen or latest, down=0)
            case "back":
                return Shown()
            case _:
                step = {"up": -1, "down": 1, "page up": -page, "page down": page, "first": -latest, "last": latest}.get(key, 0)
                return replace(self, chosen=_within(latest, (self.chosen or latest) + step)) if step and latest else self

    def _detail(self, key: str, down: int, latest: int, page: int) -> Shown:
        match key:
            case "back" | "open":
                return replace(self, down=None)
            case "left" | "right":
                return replace(self, chosen=_within(latest, (self.chosen or latest) + (1 if key == "right" else -1)) or latest, down=0)
            case _:
                return replace(self, down=_scrolled(down, key, page))


def _scrolled(down: int, key: str, page: int) -> int:
    step = {"up": -1, "down": 1, "page up": -page, "page down": page, "first": -down}.get(key, 0)
    return max(0, down + step)


def _within(latest: int, number: int) -> int | None:
    """A number of an experiment; None, which follows the latest, from the latest on."""
    return max(1, number) if number < latest else None


def keys_of(text: str) -> list[str]:
    """The names of the keys that a terminal has sent, as far as they mean something."""
    return [_NAMES[one] for one in _SEQUENCE.findall(text) if one in _NAMES]


def show_live(session: Session, width: int | None = None) -> None:
    """Show the screen and keep it up to date until q or Ctrl-C; raises `AutotuneError` where the session is deleted meanwhile."""
    from rich.live import Live

    console, screen = dashboard.console_of(width), _Screen(session, Beside(session.repository.top))
    with suppress(KeyboardInterrupt), _keyboard() as heard, Live(console=console, screen=True, auto_refresh=False) as live:
        for resized in _moments(screen, heard, console):
            if resized:
                console.clear()
            live.update(screen.drawn(console), refresh=True)


@dataclass(slots=True)
class _Screen:
    """What is shown of a session; `rows` are all its experiments, read again when some have come."""

    session: Session
    beside: Beside
    shown: Shown = field(default_factory=Shown)
    rows: Sequence[Row] = ()

    def drawn(self, console: Console) -> RenderableType:
        """The screen as it is now."""
        state, beside = self.session.state, self.beside.latest()
        if self.shown.beside is not None:
            said = [line for panel in beside for line in panels.as_lines(panel)]
            drawn, down = dashboard.scrolled(said or [panels.NOTHING], console, self.shown.beside, PANEL_KEYS)
            self.shown = replace(self.shown, beside=down)
            return drawn
        if len(self.rows) != state.count:
            self.rows = feed.rows(self.session)
        if self.shown.down is not None:
            return self._one(state, console, self.shown.chosen or state.count, self.shown.down)
        return dashboard.fitting(
            state,
            console,
            now(),
            dashboard.work_of(self.session),
            self.rows,
            chosen=self.shown.chosen,
            full=self.shown.full,
            keys=LIVE_KEYS + BESIDE_KEYS * bool(beside),
            beside=tuple(panels.in_short(beside)) if console.height >= TALL and not self.shown.full else (),
        )

    def _one(self, state: State, console: Console, number: int, down: int) -> RenderableType:
        story = story_of(feed.of_experiment(self.session, number), number)
        said = [] if story is None else lines(story, state, console.width - LABELS)
        drawn, down = dashboard.scrolled(said, console, down, DETAIL_KEYS)
        self.shown = replace(self.shown, down=down)
        return drawn


def _moments(screen: _Screen, heard: Callable[[float], tuple[str, bool]], console: Console) -> Iterator[bool]:
    """Yield at once, at a key, when the ledger or the window has changed, and every second, for times go on; ends with q.

    Gives whether the window has another size.
    """
    watched, drawn, again, resized = feed.Feed(screen.session), -REDRAW_EVERY_S, False, False
    while True:
        if watched.news() or again or resized or time.monotonic() - drawn >= REDRAW_EVERY_S:
            drawn = time.monotonic()
            yield resized
        text, resized = heard(LOOK_EVERY_S)
        before = screen.shown
        for key in keys_of(text):
            if key == "quit":
                return
            screen.shown = screen.shown.after(key, screen.session.state.count, max(1, console.height - dashboard.TABLE_FRAME))
        again = screen.shown != before


@contextmanager
def _keyboard() -> Iterator[Callable[[float], tuple[str, bool]]]:
    """Give a function that waits some seconds for keys, or another size of the window; the terminal is as it was afterwards."""
    if not sys.stdin.isatty():
        yield _nothing
        return
    keyboard = sys.stdin.fileno()
    listening, telling = os.pipe()
    os.set_blocking(telling, False)

    def told(*_: object) -> None:
        with suppress(BlockingIOError):
            os.write(telling, b"w")

    def heard(seconds: float) -> tuple[str, bool]:
        ready, _, _ = select.select([keyboard, listening], [], [], seconds)
        resized = listening in ready and bool(os.read(listening, 4096))
        return (_typed(keyboard) if keyboard in ready else "", resized)

    handler = signal.signal(signal.SIGWINCH, told)
    try:
        with one_by_one(keyboard, drops=True):
            yield heard
    finally:
        signal.signal(signal.SIGWINCH, handler)
        os.close(listening)
        os.close(telling)


def _typed(keyboard: int) -> str:
    """What was typed; a terminal that has gone says q."""
    try:
        return os.read(keyboard, 4096).decode(errors="replace") or "q"
    except OSError:
        return "q"


def _nothing(seconds: float) -> tuple[str, bool]:
    time.sleep(seconds)
    return "", False
