"""A state made into rows and sentences, for any surface."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autotune.core.escaping import escaped, shortened
from autotune.core.facts import Fact
from autotune.core.ledger.state import Row, State, seconds_between
from autotune.core.ledger.stopping import limits_reached, next_action
from autotune.core.tell import limits, progress
from autotune.core.tell.fate import TONES, Fate, fate_of, fate_of_open
from autotune.core.tell.figures import (
    counted,
    duration,
    effect_in_short,
    interval_in_short,
    listed,
    numbers,
)
from autotune.core.tell.headline import LONGEST_WHY, claim_lines, drift_lines, experiment_counts, goal, health, repeats, value
from autotune.core.tell.lines import Line, Tone
from autotune.core.tell.verdicts import has_interval
from autotune.core.tell.words import told

LONGEST_DESCRIPTION = 200
LIVE_KEYS = "q quit   f the table alone   ↑ ↓ choose   enter its details"
BESIDE_KEYS = "   p packs and skills"
PANEL_KEYS = "q quit   esc back   ↑ ↓ scroll"
DETAIL_KEYS = "q quit   esc back   ↑ ↓ scroll   ← → the one before or after"
NOT_COMPARED = "not compared with what is above"  # where a segment begins


@dataclass(frozen=True, slots=True)
class TableRow:
    """An experiment in a table; every field is safe to show, and on one line.

    `effect` and `interval` are against what was the incumbent then. `value` is empty unless values of different times can be compared.
    """

    number: int
    fate: Fate
    value: str
    effect: str
    interval: str
    description: str
    segment: int

    @property
    def tone(self) -> Tone:
        """The tone of what became of it."""
        return TONES[self.fate]


def table(state: State, rows: Iterable[Row]) -> tuple[TableRow, ...]:
    """Give experiments as rows of a table; their values only where the benchmark repeats exactly, whatever the time."""
    held = tuple(rows)
    measured = [row.value for row in held if row.value is not None]
    texts = iter(numbers(measured) if repeats(state) else [""] * len(measured))
    return tuple(
        TableRow(
            number=row.index,
            fate=fate_of(row),
            value="" if row.value is None else next(texts),
            effect="" if row.effect is None else effect_in_short(row.effect),
            interval="" if row.effect is None or not has_interval(row.reason) else interval_in_short(row.effect),
            description=shortened(description_of(row), LONGEST_DESCRIPTION),
            segment=row.segment,
        )
        for row in held
    )


def place_in_list(first: int, last: int, count: int) -> str:
    """Say which experiments of how many are shown."""
    return f"{first} to {last} of {counted(count, 'experiment')}"


# The headline


def under_way(state: State, now: str, worker: str | None = None, since: str | None = None) -> Line | None:
    """Say what is open or running, and for how long; `worker` is what a worker does, `since` an ISO time."""
    experiment = state.experiment
    if experiment is not None and experiment.verdict is None:
        what = f"experiment {experiment.number}, {counted(len(experiment.runs), 'run')} so far"
        what += f": {shortened(experiment.description, LONGEST_DESCRIPTION)}" if experiment.description else ""
        if worker is None:
            return Line("interrupted", f"{what}; the next command settles it", Tone.FAIR)
        return Line("measuring", f"{what} ({duration(seconds_between(experiment.started, now))})")
    if worker is not None:
        elapsed = f" ({duration(seconds_between(since, now))})" if since else ""
        return Line("running", f"{escaped(worker)}{elapsed}")
    if experiment is None:
        return None
    waits = "is about to settle" if experiment.may_settle else "waits for its description"
    return Line("open", f"experiment {experiment.number} is measured, will count as {fate_of_open(experiment)} and {waits}", Tone.FAIR)


def going_on(fact: Fact, now: str) -> str:
    """Say what goes on at an ISO time, for how long it has, and about how long it still will."""
    return progress.lasting(told(progress.as_of(fact, now)), seconds_between(fact.figures["since"], now))


def now_line(doing: Fact | None, now: str) -> list[Line]:
    """Give the line of what goes on, if anything does."""
    return [] if doing is None else [Line("now", going_on(doing, now))]


def following(state: State, now: str, *, measuring: bool = False) -> str:
    """Say what the proposer, or the person, does next."""
    if measuring:
        return f"wait for the measurement: `autotune wait`{_then_stops(state)}"
    if state.ended is not None:
        moves = [f"`autotune config set {limit} {rule.takes}`" for limit, rule in limits_reached(state, now).items()]
        first = f"moves the limit ({', '.join(moves)}) and " if moves else ""
        why = shortened(told(state.ended.reason), LONGEST_WHY)
        return f"nothing until the user {first}goes on: `autotune resume` ({state.ended.ending}: {why})"
    experiment = state.experiment
    if experiment is not None and experiment.verdict is not None and not experiment.may_settle:
        return f"settle what is measured: `autotune log --description TEXT`{_then_stops(state)}"
    if experiment is not None or not state.opened or next_action(state, now) is not None:
        return "let the loop finish what it does by itself: `autotune wait`"
    if state.stop_asked is not None:
        return f"measure what is edited: `autotune try --description TEXT`{_then_stops(state)}"
    return _to_try(state)


def _then_stops(state: State) -> str:
    return "" if state.stop_asked is None else "; then the session stops, as the user asked: begin nothing else"


def _to_try(state: State) -> str:
    """Say what the proposer is to edit for the next experiment."""
    if state.vitals.broken:
        report = state.last_playbook.report if state.last_playbook is not None else None
        seen = f" ({report})" if report else ""
        return f"mend what the unchanged code fails of{seen}: in scope, then `autotune try --description TEXT`; elsewhere ask the user"
    if state.segment.narrowed:
        files = shortened(", ".join(state.segment.narrowed), LONGEST_WHY)
        return f"edit only {files} ({counted(state.segment.narrowed_left, 'more experiment')}), then `autotune try --description TEXT`"
    others = f"; {waiting}, best at a quieter time: `autotune again`" if (waiting := second_looks(state)) else ""
    return f"edit files in scope, then `autotune try --description TEXT`{others}"


def second_looks(state: State) -> str:
    """Say which experiments wait for a second look; empty where none does."""
    waiting = [str(row.index) for row in state.recent.second_looks]
    some = f"experiment {waiting[0]} waits" if len(waiting) == 1 else f"experiments {listed(waiting)} wait"
    return f"{some} for a second look" if waiting else ""


def description_of(row: Row) -> str:
    """What an experiment was, and what it was a second look at."""
    return row.description if row.again is None else f"second look at {row.again}: {row.description}"


def in_short(state: State, now: str, worker: str | None = None, since: str | None = None, doing: Fact | None = None) -> tuple[Line, ...]:
    """Give the session in a few lines."""
    running = under_way(state, now, worker, since)
    return (
        Line("goal", goal(state)),
        health(state),
        Line(shortened(state.metric.name, 30), value(state)),
        *claim_lines(state),
        *drift_lines(state),
        Line("experiments", experiment_counts(state)),
        Line("limits", limits.left(state, now)),
        *([] if running is None else [running]),
        *now_line(doing, now),
        Line("next", following(state, now, measuring=worker is not None)),
    )


def marks(state: State) -> str:
    """What the marks of the chart mean."""
    return f"effects, {state.metric.direction} is better: ● kept · not x failed ┄ before"
