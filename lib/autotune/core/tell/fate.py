"""What became of an experiment: one word for every way to end, each told from every other."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from autotune.core.facts import NOT_TRUSTED, REFUTING, AnyKind, Fact, Kind
from autotune.core.ledger.events import Result
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.settle import cause_of, final_verdict, is_forced
from autotune.core.ledger.state import Experiment, Row
from autotune.core.model import Outcome, Status, Verdict
from autotune.core.tell.lines import Tone


class Fate(StrEnum):
    """What became of an experiment, in the words that a person reads: every way to end is told from every other."""

    KEPT = "kept"
    UNCONFIRMED = "kept, unconfirmed"
    BY_PROCESSOR_TIME = "kept by processor time"
    FORCED = "kept by force"
    REFUTED = "refuted"
    NOT_SHOWN = "not shown"
    INCONCLUSIVE = "inconclusive"
    GUARDRAIL = "guardrail broken"
    HOLDOUT = "does not generalise"
    UNTRUSTED = "not trusted"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    UNREADABLE = "unreadable"
    CHECKS_FAILED = "checks failed"
    HOOK = "commit refused"
    BENCHMARK = "benchmark broken"
    ENVIRONMENT = "environment broken"
    NOT_MEASURED = "not measured"
    ON_REQUEST = "discarded on request"


TONES: Mapping[Fate, Tone] = {
    Fate.KEPT: Tone.GOOD,
    **dict.fromkeys((Fate.UNCONFIRMED, Fate.BY_PROCESSOR_TIME, Fate.FORCED, Fate.INCONCLUSIVE), Tone.FAIR),
    **dict.fromkeys((Fate.REFUTED, Fate.NOT_SHOWN, Fate.NOT_MEASURED, Fate.ON_REQUEST), Tone.QUIET),
    **dict.fromkeys((Fate.CRASHED, Fate.TIMED_OUT, Fate.UNREADABLE, Fate.CHECKS_FAILED, Fate.GUARDRAIL, Fate.HOLDOUT), Tone.BAD),
    **dict.fromkeys((Fate.HOOK, Fate.BENCHMARK, Fate.ENVIRONMENT, Fate.UNTRUSTED), Tone.BAD),
}
_OUTCOMES = {
    Outcome.CRASHED: Fate.CRASHED,
    Outcome.TIMED_OUT: Fate.TIMED_OUT,
    Outcome.UNREADABLE: Fate.UNREADABLE,
    Outcome.CHECKS_FAILED: Fate.CHECKS_FAILED,
}
_CAUSES = {
    Cause.HOOK: Fate.HOOK,
    Cause.BENCHMARK: Fate.BENCHMARK,
    Cause.ENVIRONMENT: Fate.ENVIRONMENT,
    Cause.NOT_MEASURED: Fate.NOT_MEASURED,
    Cause.PERSON: Fate.ON_REQUEST,
}
_REASONS: Mapping[AnyKind, Fate] = {  # of ends that verdict, outcome and cause do not tell from others
    Kind.GUARDRAIL_BROKEN: Fate.GUARDRAIL,
    Kind.DOES_NOT_GENERALISE: Fate.HOLDOUT,
    **dict.fromkeys(NOT_TRUSTED, Fate.UNTRUSTED),
}
_STATUSES = {Status.CRASH: Fate.CRASHED, Status.CHECKS_FAILED: Fate.CHECKS_FAILED}


def fate_of(found: Row | Result) -> Fate:
    """Tell what became of a settled experiment."""
    if found.status is Status.KEEP:
        return Fate.FORCED if found.forced else _kept(found.reason, confirmed=found.confirmed)
    return _dead_end(found.verdict, found.outcome, found.cause, found.reason) or _STATUSES.get(found.status) or _discarded(found.reason)


def fate_of_open(experiment: Experiment) -> Fate:
    """Tell what becomes of a measured experiment once it settles. Raises ValueError where it has no verdict."""
    final, verdict = final_verdict(experiment), experiment.verdict
    if verdict is None or final is Verdict.KEEP:
        return Fate.FORCED if verdict is None or is_forced(experiment) else _kept(verdict.reason, confirmed=verdict.confirmed)
    return _dead_end(final, verdict.outcome, cause_of(experiment), verdict.reason) or _discarded(verdict.reason)


def _kept(reason: Fact, *, confirmed: bool) -> Fate:
    if confirmed:
        return Fate.KEPT
    return Fate.BY_PROCESSOR_TIME if reason.kind is Kind.BETTER_BY_WITNESS else Fate.UNCONFIRMED


def _discarded(reason: Fact) -> Fate:
    return Fate.REFUTED if reason.kind in REFUTING else Fate.NOT_SHOWN


def _dead_end(verdict: Verdict, outcome: Outcome | None, cause: Cause, reason: Fact) -> Fate | None:
    if cause in _CAUSES:
        return _CAUSES[cause]
    if outcome in _OUTCOMES:
        return _OUTCOMES[outcome]
    return _REASONS.get(reason.kind) or {Verdict.INCONCLUSIVE: Fate.INCONCLUSIVE, Verdict.VOID: Fate.NOT_MEASURED}.get(verdict)
