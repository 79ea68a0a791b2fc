"""What `try`, `run`, `log` and `wait` answer: small enough to be read by an agent after every experiment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import typer

from autotune.core.escaping import escaped
from autotune.core.ledger.events import Calibrated
from autotune.core.ledger.settle import final_verdict, reason_of
from autotune.core.ledger.state import Row, State
from autotune.core.model import Effect, Outcome
from autotune.core.tell import advice, answers, headline
from autotune.core.tell.snapshot import snapshot
from autotune.core.tell.words import told
from autotune.edges.clock import now
from autotune.loop.experiment.looking import worker_of
from autotune.loop.measure.calibrating import asks_for_more
from autotune.loop.session import feed
from autotune.loop.session.session import Session

_OUTPUT_SHOWN = 1500
_LABELS = {"budget": "left", "healing": "playbooks"}  # words for keys that programs know by other names


def tell_answer(session: Session, *, as_json: bool, settled: int | None = None) -> None:
    """Say how the experiment stands, its result if `settled` is its number, and what comes next."""
    found = answer(session, settled)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for key, value in _lines(found, session.state):
        if value not in (None, "", {}, []):
            typer.echo(f"{key}: {_shown(value)}")


def _lines(found: Mapping[str, Any], state: State) -> Iterator[tuple[str, Any]]:
    """What an agent has to read after every experiment, by name: of the session only what it goes by.

    The value is left out where it would be held against those of other times.
    """
    about = found["about"] or {}
    if about.get("effect"):
        estimate, low, high = about["effect"]
        about = {**about, "effect": f"{estimate:.6g} [{low:.6g}, {high:.6g}]"}
    yield from ((key, value) for key, value in about.items() if key != "value" or headline.repeats(state))
    playbook = found["playbook"]
    shown = {
        "measuring": found["measuring"] or None,
        "budget": {_LABELS.get(key, key): left for key, left in found["budget"].items()},
        "playbook": None if playbook is None else f"{playbook['name']}: {playbook['result'] or 'is under way'}",
    }
    for key in ("measuring", "since", "health", "mode", "playbook", "budget", "notes", "next"):
        yield _LABELS.get(key, key), {**found, **shown}[key]


def _shown(value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, float):
        return f"{value:.12g}"
    return "; ".join(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else str(value)


def answer(session: Session, settled: int | None) -> dict[str, Any]:
    """Give the answer as JSON values: a snapshot, the experiment that it is about, since when a worker measures, a person's notes."""
    state, busy = session.state, worker_of(session)
    return {
        **snapshot(state, now(), measuring=busy is not None, doing=feed.going_on(session)),
        "about": _experiment(state, settled),
        "since": None if busy is None else busy.since,
        "notes": [escaped(note.text)[:200] for note in [one for one in state.recent.notes if not one.own][-2:]],
    }


def _experiment(state: State, settled: int | None) -> dict[str, Any] | None:
    row = next((one for one in reversed(state.recent.rows) if one.index == settled), None)
    if row is not None:
        return _settled(row)
    experiment = state.experiment
    if experiment is None:
        return None
    if experiment.verdict is None:
        return {"experiment": experiment.number, "runs": len(experiment.runs)}
    verdict = experiment.verdict
    found = {
        "experiment": experiment.number,
        "outcome": verdict.outcome,
        "verdict": final_verdict(experiment),
        "reason": told(replace(verdict, reason=reason_of(experiment)).told(state.metric.unit)),
        "value": verdict.value,
        "effect": _effect(verdict.effect),
    }
    return found | _failure(verdict.output, verdict.outcome)


def _settled(row: Row) -> dict[str, Any]:
    found = {
        "experiment": row.index,
        "status": row.status,
        "outcome": row.outcome,
        "verdict": row.verdict,
        "reason": told(row.reason),
        "value": row.value,
        "effect": _effect(row.effect),
        "commit": row.commit[:12] if row.status == "keep" else None,
    }
    return found | _failure(row.failure or "", row.outcome)


def _effect(effect: Effect | None) -> list[float] | None:
    """Estimate and interval, to as many figures as no difference hides behind, whatever the metric's size."""
    return None if effect is None else [float(f"{one:.9g}") for one in (effect.estimate, effect.low, effect.high)]


def _failure(output: str, outcome: Outcome | None) -> dict[str, Any]:
    """The end of a failing command's output, if it printed any."""
    if outcome is Outcome.OK or not output:
        return {}
    return {"output_is_data": output[-_OUTPUT_SHOWN:]}


def findings(state: State, found: Calibrated) -> tuple[str, ...]:
    """What a calibration found, in words."""
    return advice.findings(found, state.metric, pairs_alone=state.pairs_alone, most=state.config.max_pairs)


def calibration(session: Session) -> list[str]:
    """What was found of the unchanged code, the decision mode, what would help, and how to have it."""
    found = session.state.segment.calibrated
    if found is None or (session.state.scores is not None and found.runs < 2):  # noqa: PLR2004 - a pass over cases says nothing of noise
        return []
    wanting = [] if session.state.pairs_alone else advice.advice(found, session.state.config)
    helping = ["what would help:", *(f"- {one}" for one in wanting)] if wanting else []
    more = [answers.MORE_BY_CALIBRATE] if asks_for_more(session, found) else []
    mode = f"decision mode: {headline.decision_mode(session.state)}"
    witness = [told(one)] if (one := headline.second_witness(session.state)) is not None else []
    return [
        *findings(session.state, found),
        *witness,
        mode,
        *helping,
        *more,
    ]
