"""A result as a row of the log, and as a signal to the loop's health."""

from __future__ import annotations

from typing import assert_never

from autotune.core.facts import Fact
from autotune.core.health.transitions import Health, Signal
from autotune.core.ledger.events import Result
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.state import (
    Row,
)
from autotune.core.model import Status, Verdict


def signal_of(event: Result) -> Signal:
    """Tell what a result says of how the loop is doing."""
    if event.status is Status.KEEP:
        return Signal.NOT_MEASURED if event.forced else Signal.KEPT  # a person's word says nothing of the loop
    match event.cause:
        case Cause.BENCHMARK | Cause.ENVIRONMENT:
            return Signal.BROKEN
        case Cause.NOT_MEASURED | Cause.PERSON:
            return Signal.NOT_MEASURED
        case Cause.CANDIDATE | Cause.HOOK:
            return Signal.FAILED
        case Cause.IDEA:
            return Signal.NOT_MEASURED if event.verdict is Verdict.VOID else Signal.NOT_BETTER
        case never:
            assert_never(never)


def row(event: Result, reason: Fact, health: Health, again: int | None) -> Row:
    """Make a result into a row of the log."""
    return Row(
        index=event.index,
        status=event.status,
        verdict=event.verdict,
        outcome=event.outcome,
        cause=event.cause,
        value=event.metric,
        effect=event.effect,
        description=event.description,
        reason=reason,
        files=event.files[:20],
        commit=event.commit,
        segment=event.segment,
        timestamp=event.timestamp,
        forced=event.forced,
        confirmed=event.confirmed,
        asi=event.asi,
        health=health,
        failure=event.failure,
        again=again,
    )
