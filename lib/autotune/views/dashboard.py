"""The session on one screen: the lines and rows of core/tell/report.py, a chart, and colour."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from autotune.core.codec import encode
from autotune.core.escaping import shortened
from autotune.core.facts import Fact
from autotune.core.ledger.state import Row, State, Step
from autotune.core.model import Effect, Status
from autotune.core.tell.figures import counted, effect_in_short
from autotune.core.tell.headline import headline
from autotune.core.tell.lines import WIDEST, Line, Tone, laid_out
from autotune.core.tell.panels import as_lines
from autotune.core.tell.plots import height
from autotune.core.tell.report import NOT_COMPARED, TableRow, marks, now_line, place_in_list, table, under_way
from autotune.core.tell.snapshot import snapshot
from autotune.edges.clock import now
from autotune.loop.experiment.looking import worker_of
from autotune.loop.session import feed
from autotune.loop.session.session import Session

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod, RenderableType
    from rich.table import Table
    from rich.text import Text

ROWS = 12  # experiments in the table, where nothing else limits it
LEAST_ROWS = 3
TABLE_FRAME = 4  # lines of a table that are no rows
CHART_ROWS = 6
WIDEST_STEP = 3  # columns of an experiment
NARROW = 72  # columns from which there is room for intervals
WIDE = 130  # columns from which the chart stands beside the lines
_STYLES = {Tone.PLAIN: "", Tone.GOOD: "green", Tone.FAIR: "yellow", Tone.BAD: "red", Tone.QUIET: "bright_black"}
_COLUMNS: Mapping[str, JustifyMethod] = {"#": "right", "verdict": "left", "value": "right", "effect": "right", "interval": "left"}
_MARKS = {
    Status.KEEP: ("●", Tone.GOOD),
    Status.DISCARD: ("·", Tone.QUIET),
    Status.CHECKS_FAILED: ("x", Tone.BAD),
    Status.CRASH: ("x", Tone.BAD),
}


def console_of(width: int | None) -> Console:
    """A console of a width, the terminal's where none is named; of COLUMNS=0 rich would make a screen without columns."""
    from rich.console import Console

    made = Console(width=width, highlight=False)
    return made if made.width > 0 else Console(width=get_terminal_size().columns, highlight=False)


def draw(session: Session, *, full: bool = False, width: int | None = None) -> None:
    """Write the screen to stdout once: plain text where that is no terminal."""
    console = console_of(width)
    rows = feed.rows(session) if full else session.state.recent.rows[-ROWS:]
    drawn = screen(session.state, now(), rows, console.width, *work_of(session))
    if console.is_terminal:
        console.print(drawn)
        return
    with console.capture() as captured:
        console.print(drawn)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def draw_beside(panels: Sequence[Mapping[str, Any]], width: int | None = None) -> None:
    """Write panels to stdout: what stands beside sessions."""
    console = console_of(width)
    for panel in panels:
        lines = list(as_lines(panel))
        if console.is_terminal:
            console.print(_grid(lines))
        else:
            sys.stdout.write(laid_out(lines, min(console.width, WIDEST)))


def as_json(session: Session, *, full: bool = False) -> dict[str, object]:
    """The same as JSON values: a snapshot, and the session's experiments."""
    rows = feed.rows(session) if full else session.state.recent.rows[-ROWS:]
    found = snapshot(session.state, now(), measuring=worker_of(session) is not None, doing=feed.going_on(session))
    return {**found, "rows": [encode(row) for row in rows]}


def work_of(session: Session) -> tuple[str | None, str | None, Fact | None]:
    """Tell what a worker does, since when, and what goes on."""
    busy, doing = worker_of(session), feed.going_on(session)
    return (None, None, doing) if busy is None else (busy.what, busy.since, doing)


def fitting(  # noqa: PLR0913 - what all is on it
    state: State,
    console: Console,
    moment: str,
    work: tuple[str | None, str | None, Fact | None],
    among: Sequence[Row] | None = None,
    *,
    chosen: int | None = None,
    full: bool = False,
    keys: str = "",
    beside: Sequence[Line] = (),
) -> RenderableType:
    """The screen with as many experiments as the terminal has room for; `work` is what a worker does, since when, and what goes on.

    They are `among` some, by default those that the state holds: the latest, or those around the `chosen` one. With `full`, the table has
    the screen to itself. `keys` is the line at the bottom, above which stands what is `beside` the session.
    """
    from rich.console import Group

    rows = state.recent.rows if among is None else among
    foot: list[RenderableType] = [*([_grid(beside)] if beside else []), *_foot(keys)]

    def drawn(count: int, *, charted: bool) -> RenderableType:
        some = _around(rows, chosen, count)
        where = place_in_list(some[0].index, some[-1].index, state.count) if some and among is not None and count < len(rows) else None
        if full:
            return Group(_title(state, console.width), *_below_the_lines(state, some, console.width, where, chosen), *foot)
        shown = screen(state, moment, some, console.width, *work, charted=charted, where=where, chosen=chosen)
        return Group(shown, *foot)

    def room(*, charted: bool) -> int:
        return console.height - len(console.render_lines(drawn(0, charted=charted))) - TABLE_FRAME

    charted = room(charted=True) >= LEAST_ROWS
    full = full or (chosen is not None and room(charted=False) < LEAST_ROWS)  # or the chosen one could not be seen
    count = max(0, min(room(charted=charted), len(rows)))
    while True:
        found = drawn(count, charted=charted)
        if not count or len(console.render_lines(found)) <= console.height:
            return found
        count -= 1  # a segment's own line takes room too


def _around(rows: Sequence[Row], chosen: int | None, count: int) -> Sequence[Row]:
    """So many rows, the latest or those around the chosen one."""
    if not count:
        return ()
    at = next((place for place, row in enumerate(rows) if row.index == chosen), len(rows))
    last = min(len(rows), max(count, at + count // 2 + 1))
    return rows[last - count : last]


def scrolled(lines: Sequence[Line], console: Console, down: int, keys: str) -> tuple[RenderableType, int]:
    """Lines in a window, from so many lines down on, with the keys at the bottom; gives how far down that is, where there are fewer."""
    from rich.console import Group
    from rich.segment import Segment, Segments

    laid = console.render_lines(_grid(lines), console.options.update(height=None))
    foot = _foot(keys)
    room = max(1, console.height - len(foot))
    first = max(0, min(down, len(laid) - room))
    shown = [part for line in laid[first : first + room] for part in (*line, Segment.line())]
    return Group(Segments(shown), *foot), first


def _foot(keys: str) -> list[Text]:
    from rich.text import Text

    return [Text(keys, style=_STYLES[Tone.QUIET], no_wrap=True, overflow="ellipsis")] if keys else []


# What is drawn


def screen(  # noqa: PLR0913 - what all is on it
    state: State,
    moment: str,
    rows: Sequence[Row],
    width: int,
    worker: str | None = None,
    since: str | None = None,
    doing: Fact | None = None,
    *,
    charted: bool = True,
    where: str | None = None,
    chosen: int | None = None,
) -> RenderableType:
    """The whole screen for a width, as of `moment`: lines, chart, and a table of `rows`, with the `chosen` one marked.

    `where` says which of all they are, where that is not plain.
    """
    from rich.console import Group
    from rich.table import Table

    running = under_way(state, moment, worker, since)
    lines = _grid((*headline(state, moment), *([] if running is None else [running]), *now_line(doing, moment)))
    if width < WIDE or not charted:
        top: RenderableType = Group(lines, *(chart(state, width) if charted else ()))
    else:
        beside = Table.grid(padding=(0, 2), expand=True)
        beside.add_column(ratio=3)
        beside.add_column(ratio=2)
        beside.add_row(lines, Group(*chart(state, 2 * width // 5 - 4)))
        top = beside
    return Group(_title(state, width), top, *_below_the_lines(state, rows, width, where, chosen))


def _title(state: State, width: int) -> RenderableType:
    from rich.rule import Rule
    from rich.text import Text

    return Rule(Text(f"autotune {shortened(state.segment.opened.session, width // 2)}"), style=_STYLES[Tone.QUIET])


def _below_the_lines(state: State, rows: Sequence[Row], width: int, where: str | None, chosen: int | None) -> list[RenderableType]:
    """The table, or, where there is no room for a row, how many experiments there are."""
    from rich.text import Text

    if rows:
        return [_table(table(state, rows), state.count, width, where, chosen)]
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


def _table(rows: Sequence[TableRow], count: int, width: int, where: str | None, chosen: int | None) -> RenderableType:
    """Experiments, the latest at the bottom; figures are never cut off, only descriptions are."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    left_out = count - len(rows)
    caption = where or (f"{counted(left_out, 'earlier experiment')}: `autotune dashboard --full`" if left_out > 0 else None)
    drawn = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, expand=True, caption=caption, caption_justify="left", caption_style=_STYLES[Tone.QUIET]
    )
    shown = (True, True, any(row.value for row in rows), True, width >= NARROW and any(row.interval for row in rows))
    for name, justify in compress(_COLUMNS.items(), shown):
        drawn.add_column(name, justify=justify, overflow="fold")
    drawn.add_column("description", no_wrap=True, overflow="ellipsis", ratio=1, min_width=min(16, width // 4))
    segment = rows[0].segment
    for row in rows:
        if row.segment != segment:
            segment = row.segment
            apart = (*compress(("", f"segment {segment}", "", "", ""), shown), NOT_COMPARED)
            drawn.add_row(*(Text(cell, style=_STYLES[Tone.QUIET]) for cell in apart))
        cells = compress((str(row.number), row.fate, row.value, row.effect, row.interval), shown)
        marked = "reverse" if row.number == chosen else None
        drawn.add_row(*(Text(cell, style=_STYLES[row.tone]) for cell in cells), Text(row.description), style=marked)
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
    effects = [step.effect for step in steps if step.effect is not None and step.effect.relative == state.relative]
    if not effects:
        return []
    lowest, highest = (choose((*effects, _NO_CHANGE[state.relative]), key=_height) for choose in (min, max))
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
    return height(effect.estimate, relative=effect.relative)


def _below(state: State, steps: Sequence[Step], columns: int, margin: int) -> list[Text]:
    """What stands under the axis: experiments without an effect, and what the marks mean."""
    from rich.text import Text

    failed = "".join((" " if step.effect is not None else "x").ljust(columns) for step in steps)
    crosses = [Text(" " * margin + failed, style=_STYLES[Tone.BAD])] if failed.strip() else []
    return [*crosses, Text(" " * margin + marks(state), style=_STYLES[Tone.QUIET])]
