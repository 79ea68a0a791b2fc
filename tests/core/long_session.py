"""A long session, made of events: what experiments leave on the ledger, their runs included."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.core.session import at, result, segment

from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import CandidateTaken, Claimed, Decided, Opened, Ran
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.lines import Event
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.ledger.state import Row, State
from autotune.core.model import Arm, Effect, Outcome, Status, Verdict
from autotune.core.output.outcome import PASSED
from autotune.core.tell.full_report import Gathered
from autotune.core.tell.story import stories

DIFF = "".join(
    f"diff --git a/src/part_{one}.py b/src/part_{one}.py\n--- a/src/part_{one}.py\n+++ b/src/part_{one}.py\n@@ -1,4 +1,5 @@\n"
    + "".join(f"-    total = total + slow(value[{line}])\n+    total += quick(value[{line}])\n" for line in range(8))
    for one in range(3)
)
IDEAS = (
    "Look up receipts in a set",
    "Do without the second pass over all lines",
    "Read dates with the one format that there is",
    "Cache it",
)


def runs(number: int, values: list[tuple[float, float]]) -> list[Event]:
    """Pairs of runs of an experiment."""
    return [
        Ran(number, Purpose.EXPERIMENT, arm, place, Outcome.OK, PASSED, {"t": value}, value, at(number), "log")
        for place, pair in enumerate(values, 1)
        for arm, value in zip((Arm.CANDIDATE, Arm.INCUMBENT), pair, strict=True)
    ]


def experiment(number: int, chance: random.Random, *, keeps: float, words: str) -> list[Event]:
    """One experiment: kept with this chance, else not shown, crashed or of failing checks."""
    taken = CandidateTaken(number, f"{number:040x}", "b" * 40, ("src/a.py",), at(60 * number), settles=True, description=words)
    drawn = chance.random()
    if drawn >= keeps and drawn > 0.85:
        why = Fact(Kind.EXIT, {"code": 1, "signal": None})
        failed = Decided(number, Verdict.DISCARD, Outcome.CRASHED, Cause.CANDIDATE, why, at(60 * number + 30))
        crashed = result(number, None, Status.CRASH, description=words, outcome=Outcome.CRASHED, reason=why, failure="KeyError: 'x'")
        return [taken, failed, crashed]
    is_kept = drawn < keeps
    size = chance.uniform(0.95, 0.995) if is_kept else chance.uniform(0.995, 1.06)
    pairs = [(10 * size * chance.gauss(1, 0.01), 10 * chance.gauss(1, 0.01)) for _ in range(9 if is_kept else 3)]
    effect = Effect(size, size * 0.98, size * 1.02)
    why = Fact(Kind.BETTER if is_kept else Kind.NOT_SHOWN, {})
    verdict = Verdict.KEEP if is_kept else Verdict.DISCARD
    odds = 3000.0 if is_kept else 0.2
    made = Decided(number, verdict, Outcome.OK, Cause.IDEA, why, at(60 * number + 30), 10 * size, effect, odds, 2083.0, len(pairs))
    settled = result(
        number,
        10 * size,
        Status.KEEP if is_kept else Status.DISCARD,
        description=words,
        commit=f"{number:040x}",
        effect=effect,
        reason=why,
        timestamp=at(60 * number + 31),
    )
    return [taken, *runs(number, pairs), made, settled]


def told(count: int) -> str:
    """What the experiment of a number tries."""
    return f"{IDEAS[count % len(IDEAS)]}, {count}"


def events_of(count: int, keeps: float = 0.1, words: Callable[[int], str] = told, **settings: Any) -> list[Event]:  # noqa: ANN401
    """The events of a session with so many experiments, the first opens it."""
    chance = random.Random(1)
    baseline = [
        Ran(0, Purpose.BASELINE, Arm.INCUMBENT, one, Outcome.OK, PASSED, {"t": 10.0 + one / 50}, 10.0, at(0), "log") for one in range(3)
    ]
    made: list[Event] = [segment(**settings), *baseline, result(0, 10.0, Status.KEEP, baseline=True), Opened(at(0))]
    for number in range(1, count + 1):
        made += experiment(number, chance, keeps=keeps, words=words(number))
    return made


def session(
    count: int,
    keeps: float = 0.1,
    words: Callable[[int], str] = told,
    diff: str = DIFF,
    **settings: Any,  # noqa: ANN401 - any setting can be given
) -> tuple[State, Gathered]:
    """A session with so many experiments, and what its report is gathered from."""
    opening = segment(**settings)
    events = events_of(count, keeps, words, **settings)
    state, rows = begin(opening), list[Row]()
    for event in events[1:]:
        state = after(state, event)
        if state.recent.rows and (not rows or rows[-1].index != state.recent.rows[-1].index):
            rows.append(state.recent.rows[-1])
    kept = [row.index for row in rows if row.status is Status.KEEP]
    return state, Gathered(tuple(rows), (opening,), stories(events, kept), dict.fromkeys(kept, diff), files=3)


def claimed(state: State, **changed: Any) -> State:  # noqa: ANN401 - any field can be changed
    """The state after a claim."""
    made = Claimed("base", "last", improved=True, pairs=20, reason=Fact(Kind.IMPROVED, {}), keeps=state.all_keeps, timestamp=at(10**6))
    return after(state, replace(made, **{"effect": Effect(0.6, 0.58, 0.63), **changed}))
