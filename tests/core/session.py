"""What the tests of a session's state are made from: the events of one, each with any of its fields changed."""

# ruff: noqa: ANN401 - any field of an event can be changed

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from autotune.core import rules
from autotune.core.config.reading import parse, to_mapping
from autotune.core.facts import quoted
from autotune.core.ledger.events import Result, SegmentOpened
from autotune.core.ledger.fold import after
from autotune.core.ledger.lines import Event
from autotune.core.ledger.state import State
from autotune.core.model import Direction, Outcome, Status, Verdict


def at(seconds: float) -> str:
    """So many seconds after the session began."""
    return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()


def configured(**changed: Any) -> dict[str, Any]:
    """The settings of the session, as the ledger holds them."""
    return to_mapping(parse({"name": "fast", "metric": "t", "direction": "lower", **changed}))


def segment(number: int = 1, direction: str = "lower", **changed: Any) -> SegmentOpened:
    """The event that opens the session, or another segment of it."""
    return SegmentOpened(
        name="fast",
        metric_name="t",
        metric_unit="s",
        direction=Direction(direction),
        segment=number,
        mode="optimize",
        timestamp=at(0),
        session="fast-1",
        version="1.0",
        branch="autotune/fast-1",
        started_on="main",
        base="base",
        tree="/work",
        workdir="",
        pins="pins",
        in_place=False,
        config=configured(direction=direction, **changed),
        machine={"cpu": "a"},
        environment={"PATH": "/bin"},
        reason=quoted("the session opens"),
        rule=rules.NEWEST,
    )


def result(index: int, metric: float | None = 1.0, status: Status = Status.DISCARD, **changed: Any) -> Result:
    """The result of an experiment, a discard where nothing else is said."""
    made = Result(
        index=index,
        commit=f"commit-{index}" if status is Status.KEEP else "base",
        metric=metric,
        status=status,
        description="an idea",
        timestamp=at(index),
        segment=1,
        metrics={},
        asi=None,
        failure=None,
        reason=quoted(f"reason {index}"),
        files=("src/a.py",),
        verdict=Verdict.KEEP if status is Status.KEEP else Verdict.DISCARD,
        outcome=Outcome.OK,
    )
    return replace(made, **changed)


def folded(state: State, *events: Event) -> State:
    """The state after some events."""
    for event in events:
        state = after(state, event)
    return state
