"""A session as JSON, in the one shape that every surface has; docs/watching.md says what each key means."""

from __future__ import annotations

from typing import Any

from autotune.core.cases.confirming import planned_for
from autotune.core.escaping import shortened
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.state import State
from autotune.core.tell import headline, report
from autotune.core.tell.figures import counted
from autotune.core.tell.words import told

SCHEMA = 1  # counted up when a key goes, or means something else; not when one comes


def snapshot(state: State, at: str, *, measuring: bool | None = None, doing: Fact | None = None) -> dict[str, Any]:
    """Give a session in short, as of an ISO time; `measuring` is None where nobody looked for a worker, `doing` what goes on."""
    metric, claim = state.metric, state.claim
    return {
        "schema": SCHEMA,
        "as_of": at,
        "session": state.segment.opened.session,
        "branch": state.segment.opened.branch,
        "segment": state.segment.opened.segment,
        "metric": {"name": metric.name, "unit": metric.unit, "direction": metric.direction},
        "health": state.vitals.health,
        "mode": state.vitals.mode,
        "why": told(state.vitals.why),
        "stops_after": None if state.stop_asked is None else state.stop_asked.after,
        "ended": None if state.ended is None else {"how": state.ended.ending, "reason": told(state.ended.reason)},
        "baseline": state.segment.baseline,
        "best": state.segment.best,
        "best_experiment": state.segment.best_index if state.all_keeps else None,
        "claim": None if claim is None else {"improved": claim.improved, "reason": told(claim.told(metric.unit)), "keeps": claim.keeps},
        "confidence": headline.confidence_of(state).as_json(),
        "noise": {"sigma": headline.noise_of_a_run(state).sigma, "relative": state.segment.logs} if state.segment.pool else None,
        "drift": headline.drift(state),
        "witness": None
        if (witness := headline.second_witness(state)) is None
        else {"heard": witness.kind is Kind.WITNESS, "words": told(witness)},
        "experiments": state.count,
        "statuses": dict(state.statuses or {}),
        "void": state.voided,
        "history": {"experiments": state.imports.count, "statuses": dict(state.imports.statuses)} if state.imports.count else None,
        "second_looks": [row.index for row in state.recent.second_looks],
        "keeps": state.keeps,
        "unconfirmed": headline.unconfirmed(state),
        "forced": state.forced,
        "cases": _cases(state),
        "streaks": {"no_improvement": state.vitals.no_improvement, "failures": state.vitals.failures},
        "playbook": _playbook(state),
        "budget": headline.budget(state, at),
        "cost": {"usd": state.spending.cost_usd, "tokens": state.spending.tokens, "estimated": state.spending.cost_estimated},
        "active_s": round(state.spending.active(at), 3),
        "experiment": None if state.experiment is None else state.experiment.number,
        "measuring": measuring,
        "doing": None if doing is None else {"kind": doing.kind, **doing.figures, "text": told(doing)},
        "next": report.following(state, at, measuring=bool(measuring)),
    }


def _cases(state: State) -> dict[str, int] | None:
    """Count the cases by what they are for, where they have scores, and the confirmations that the session has made."""
    if state.scores is None:
        return None
    split = state.segment.split
    parts = {"search": len(split.search), "confirm": len(split.confirm), "held_out": len(split.held_out)}
    return {**parts, "confirmations": state.confirmations, "planned": planned_for(state.segment.listed)}


def of_the_log(state: State) -> dict[str, Any]:
    """Give the snapshot that the log alone decides, for what is written to files: made anew later, it is the same."""
    return snapshot(state, latest(state))


def latest(state: State) -> str:
    """Say when the latest experiment began or ended, or the session began or went on, as ISO text in UTC."""
    experiment = state.experiment.started if state.experiment is not None else state.recent.rows[-1].timestamp if state.recent.rows else ""
    return max(state.started, state.spending.active_since or "", experiment)


def _playbook(state: State) -> dict[str, str | None] | None:
    """Name the playbook that is to be or is under way, without a result, or the one that ended last with its result.

    None where an experiment began since.
    """
    begun = state.playbook.playbook if state.playbook is not None else state.asked_playbook
    if begun is not None:
        return {"name": begun, "result": None}
    last = state.last_playbook if state.last_playbook_is_news else None
    return None if last is None else {"name": last.playbook, "result": shortened(told(last.result), headline.LONGEST_WHY)}


def notification(state: State, occasion: str) -> dict[str, Any]:
    """What is sent when a session pauses or finishes: counts, and nothing of what it works on; `text` says the rest in a sentence."""
    session, how = state.segment.opened.session, "running" if state.ended is None else str(state.ended.ending)
    text = f"{session} is {how}: {counted(state.count, 'experiment')}, {state.all_keeps} kept"
    return {"session": session, "event": occasion, "how": how, "experiments": state.count, "kept": state.all_keeps, "text": text}
