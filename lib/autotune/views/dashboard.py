"""The session on one screen, drawn once or live: core/report's lines and rows, a chart, and colour."""

from __future__ import annotations

import math
import os
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from autotune.core.codec import encode
from autotune.core.facts import Fact
from autotune.core.ledger.state import Row, State, Step
from autotune.core.model import Effect, Status
from autotune.core.tell.figures import counted, effect_in_short
from autotune.core.tell.headline import headline
from autotune.core.tell.lines import Line, Tone, shortened
from autotune.core.tell.report import NOT_COMPARED, TableRow, marks, now_line, table, under_way
from autotune.core.tell.snapshot import snapshot
from autotune.edges.clock import now
from autotune.loop.experiment.work import worker_of
from autotune.loop.session import feed
from autotune.loop.session.session import Session

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

ROWS = 12  # experiments in the table, where nothing else limits it
LEAST_ROWS = 3
TABLE_FRAME = 4  # lines of a table that are no rows
CHART_ROWS = 6
WIDEST_STEP = 3  # columns of an experiment
NARROW = 72  # columns from which there is room for intervals
WIDE = 130  # columns from which the chart stands beside the lines
LOOK_EVERY_S = 0.2
REDRAW_EVERY_S = 1.0
_STYLES = {Tone.PLAIN: "", Tone.GOOD: "green", Tone.FAIR: "yellow", Tone.BAD: "red", Tone.QUIET: "bright_black"}
_MARKS = {
    Status.KEEP: ("●", Tone.GOOD),
    Status.DISCARD: ("·", Tone.QUIET),
    Status.CHECKS_FAILED: ("x", Tone.BAD),
    Status.CRASH: ("x", Tone.BAD),
}


def _console(width: int | None) -> Console:
    """A console of a width, the terminal's where none is named; of COLUMNS=0 rich would make a screen without columns."""
    from rich.console import Console

    made = Console(width=width, highlight=False)
    return made if made.width > 0 else Console(width=get_terminal_size().columns, highlight=False)


def draw(session: Session, *, full: bool = False, width: int | None = None) -> None:
    """Write the screen to stdout once: plain text where that is no terminal."""
    console = _console(width)
    rows = feed.rows(session) if full else session.state.recent.rows[-ROWS:]
    drawn = screen(session.state, now(), rows, console.width, *_worker(session))
    if console.is_terminal:
        console.print(drawn)
        return
    with console.capture() as captured:
        console.print(drawn)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def as_json(session: Session, *, full: bool = False) -> dict[str, object]:
    """The same as JSON values: a snapshot, and the session's experiments."""
    rows = feed.rows(session) if full else session.state.recent.rows[-ROWS:]
    found = snapshot(session.state, now(), measuring=worker_of(session) is not None, doing=feed.going_on(session))
    return {**found, "rows": [encode(row) for row in rows]}


def show_live(session: Session, width: int | None = None) -> None:
    """Show the screen and keep it up to date until q or Ctrl-C; raises `AutotuneError` where the session is deleted meanwhile."""
    from rich.live import Live

    console = _console(width)
    with suppress(KeyboardInterrupt), _keys() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
        for _ in _changes(session, pressed):
            live.update(fitting(session.state, console, now(), _worker(session)), refresh=True)


def _changes(session: Session, pressed: Callable[[float], str]) -> Iterator[None]:
    """Yield at once, whenever the ledger has grown, and every second, for times go on; ends with q."""
    watched, drawn = feed.Feed(session), -REDRAW_EVERY_S
    while True:
        if watched.news() or time.monotonic() - drawn >= REDRAW_EVERY_S:
            drawn = time.monotonic()
            yield
        if pressed(LOOK_EVERY_S) in ("q", "Q"):
            return


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Give a function that waits some seconds for a key and gives it, empty where none came; the terminal is as it was afterwards."""
    if not sys.stdin.isatty():
        yield _no_key
        return
    import termios
    import tty

    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)

    def pressed(seconds: float) -> str:
        ready, _, _ = select.select([keyboard], [], [], seconds)
        return os.read(keyboard, 1).decode(errors="replace") if ready else ""

    try:
        tty.setcbreak(keyboard)
        yield pressed
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def _no_key(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _worker(session: Session) -> tuple[str | None, str | None, Fact | None]:
    """Tell what a worker does, since when, and what goes on."""
    busy, doing = worker_of(session), feed.going_on(session)
    return (None, None, doing) if busy is None else (busy.what, busy.since, doing)


def fitting(state: State, console: Console, moment: str, work: tuple[str | None, str | None, Fact | None]) -> RenderableType:
    """The screen with as many experiments as the terminal has room for; `work` is what a worker does, since when, and what goes on."""

    def room(*, charted: bool) -> int:
        above = screen(state, moment, (), console.width, *work, charted=charted)
        return console.height - len(console.render_lines(above)) - TABLE_FRAME

    charted = room(charted=True) >= LEAST_ROWS
    rows = max(0, min(room(charted=charted), len(state.recent.rows)))
    while True:
        drawn = screen(state, moment, state.recent.rows[-rows:] if rows else (), console.width, *work, charted=charted)
        if not rows or len(console.render_lines(drawn)) <= console.height:
            return drawn
        rows -= 1  # a segment's own line takes room too


# What is drawn


def screen(
    state: State,
    moment: str,
    rows: Sequence[Row],
    width: int,
    worker: str | None = None,
    since: str | None = None,
    doing: Fact | None = None,
    *,
    charted: bool = True,
) -> RenderableType:
    """The whole screen for a width, as of `moment`: lines, chart, and a table of `rows`."""
    from rich.console import Group
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    running = under_way(state, moment, worker, since)
    lines = _grid((*headline(state, moment), *([] if running is None else [running]), *now_line(doing, moment)))
    title = Rule(Text(f"autotune {shortened(state.segment.opened.session, width // 2)}"), style=_STYLES[Tone.QUIET])
    if width < WIDE or not charted:
        top: RenderableType = Group(lines, *(chart(state, width) if charted else ()))
    else:
        beside = Table.grid(padding=(0, 2), expand=True)
        beside.add_column(ratio=3)
        beside.add_column(ratio=2)
        beside.add_row(lines, Group(*chart(state, 2 * width // 5 - 4)))
        top = beside
    return Group(title, top, *_below_the_lines(state, rows, width))


def _below_the_lines(state: State, rows: Sequence[Row], width: int) -> list[RenderableType]:
    """The table, or, where there is no room for a row, how many experiments there are."""
    from rich.text import Text

    if rows:
        return [_table(table(state, rows), state.count, width)]
    more = f"{counted(state.count, 'more experiment')}: `autotune dashboard --full`"
    return [Text(more, style=_STYLES[Tone.QUIET])] if state.count else []


def _grid(lines: Sequence[Line]) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row(Text(line.label, style=_STYLES[Tone.QUIET]), Text(line.text, style=_STYLES[line.tone]))
    return grid


def _table(rows: Sequence[TableRow], count: int, width: int) -> RenderableType:
    """Experiments, the latest at the bottom; figures are never cut off, only descriptions are."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    left_out = count - len(rows)
    caption = f"{counted(left_out, 'earlier experiment')}: `autotune dashboard --full`" if left_out > 0 else None
    drawn = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, expand=True, caption=caption, caption_justify="left", caption_style=_STYLES[Tone.QUIET]
    )
    drawn.add_column("#", justify="right", overflow="fold")
    drawn.add_column("verdict", overflow="fold")
    if valued := any(row.value for row in rows):
        drawn.add_column("value", justify="right", overflow="fold")
    drawn.add_column("effect", justify="right", overflow="fold")
    if bounded := width >= NARROW and any(row.interval for row in rows):
        drawn.add_column("interval", overflow="fold")
    drawn.add_column("description", no_wrap=True, overflow="ellipsis", ratio=1, min_width=min(16, width // 4))
    segment = rows[0].segment
    for row in rows:
        if row.segment != segment:
            segment = row.segment
            quiet = (f"segment {segment}", *([""] if valued else []), "", *([""] if bounded else []), NOT_COMPARED)
            drawn.add_row("", *(Text(cell, style=_STYLES[Tone.QUIET]) for cell in quiet))
        cells = (str(row.number), row.fate, *([row.value] if valued else []), row.effect, *([row.interval] if bounded else []))
        drawn.add_row(*(Text(cell, style=_STYLES[row.tone]) for cell in cells), Text(row.description))
    return drawn


# The chart


@dataclass(frozen=True, slots=True)
class _Scale:
    """Which row of the chart a height stands in, 0 at the top."""

    low: float
    high: float

    def row(self, height: float) -> int:
        """The row of a height between the ends; halves, so that no difference is too large for a float."""
        span = self.high / 2 - self.low / 2
        return round((self.high / 2 - height / 2) / span * (CHART_ROWS - 1)) if span else CHART_ROWS // 2


def chart(state: State, width: int) -> list[Text]:
    """The effects of the segment's experiments, each against the incumbent of then, as lines of at most `width` columns; none before one.

    Equal ratios are equally high.
    """
    from rich.text import Text

    steps = [step for step in state.recent.trail if step.segment == state.segment.opened.segment]
    effects = [step.effect for step in steps if step.effect is not None and step.effect.relative == state.segment.logs]
    if not effects:
        return []
    lowest, highest = (choose((*effects, _NO_CHANGE[state.segment.logs]), key=_height) for choose in (min, max))
    scale = _Scale(_height(lowest), _height(highest))
    top, bottom = effect_in_short(highest), effect_in_short(lowest)
    margin = max(len(top), len(bottom)) + 2
    room = max(width - margin, 1)
    steps = steps[-room:]
    columns = max(1, min(WIDEST_STEP, room // len(steps)))
    labels = (top, *[""] * (CHART_ROWS - 2), bottom if scale.low < scale.high else "")
    lines = [Text(f"{label:>{margin - 2}} ┤", style=_STYLES[Tone.QUIET]) for label in labels]
    for row, line in enumerate(lines):
        ground = "┄" if scale.row(0.0) == row else " "
        for step in steps:
            is_here = step.effect in effects and scale.row(_height(step.effect)) == row
            mark, tone = _MARKS[step.status] if is_here else (ground, Tone.QUIET)
            line.append(mark + ground * (columns - 1), style=_STYLES[tone])
    lines += _below(state, steps, columns, margin)
    for line in lines:
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
    return lines


_NO_CHANGE = {True: Effect(1.0, 1.0, 1.0), False: Effect(0.0, 0.0, 0.0, relative=False)}


def _height(effect: Effect) -> float:
    """Where an effect stands: a ratio by its logarithm."""
    return math.log(effect.estimate) if effect.relative else effect.estimate


def _below(state: State, steps: Sequence[Step], columns: int, margin: int) -> list[Text]:
    """What stands under the axis: experiments without an effect, and what the marks mean."""
    from rich.text import Text

    failed = "".join((" " if step.effect is not None else "x").ljust(columns) for step in steps)
    crosses = [Text(" " * margin + failed, style=_STYLES[Tone.BAD])] if failed.strip() else []
    return [*crosses, Text(" " * margin + marks(state), style=_STYLES[Tone.QUIET])]
