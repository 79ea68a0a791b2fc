"""What became of an experiment: one word for every way to end, each told from every other."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from autotune.core.events import Cause, Result
from autotune.core.lines import Tone
from autotune.core.model import Direction, Effect, Outcome, Status, Verdict
from autotune.core.settle import cause_of, final_verdict, is_forced
from autotune.core.state import Experiment, Row


class Kind(StrEnum):
    """What became of an experiment, in the words that a person reads: every way to end is told from every other."""

    KEPT = "kept"
    UNCONFIRMED = "kept, unconfirmed"
    FORCED = "kept by force"
    REFUTED = "refuted"
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


TONES: Mapping[Kind, Tone] = {
    Kind.KEPT: Tone.GOOD,
    **dict.fromkeys((Kind.UNCONFIRMED, Kind.FORCED, Kind.INCONCLUSIVE), Tone.FAIR),
    **dict.fromkeys((Kind.REFUTED, Kind.NOT_MEASURED, Kind.ON_REQUEST), Tone.QUIET),
    **dict.fromkeys((Kind.CRASHED, Kind.TIMED_OUT, Kind.UNREADABLE, Kind.CHECKS_FAILED, Kind.GUARDRAIL, Kind.HOLDOUT), Tone.BAD),
    **dict.fromkeys((Kind.HOOK, Kind.BENCHMARK, Kind.ENVIRONMENT, Kind.UNTRUSTED), Tone.BAD),
}
_OUTCOMES = {
    Outcome.CRASHED: Kind.CRASHED,
    Outcome.TIMED_OUT: Kind.TIMED_OUT,
    Outcome.UNREADABLE: Kind.UNREADABLE,
    Outcome.CHECKS_FAILED: Kind.CHECKS_FAILED,
}
DOES_NOT_GENERALISE = "does not generalise"
_CAUSES = {
    Cause.HOOK: Kind.HOOK,
    Cause.BENCHMARK: Kind.BENCHMARK,
    Cause.ENVIRONMENT: Kind.ENVIRONMENT,
    Cause.NOT_MEASURED: Kind.NOT_MEASURED,
    Cause.PERSON: Kind.ON_REQUEST,
}
_REASONS = {  # how the reasons begin of ends that verdict, outcome and cause do not tell from others
    "discarded for a guardrail": Kind.GUARDRAIL,
    DOES_NOT_GENERALISE: Kind.HOLDOUT,
    "not to be trusted": Kind.UNTRUSTED,
}
_STATUSES = {Status.CRASH: Kind.CRASHED, Status.CHECKS_FAILED: Kind.CHECKS_FAILED}


def kind_of(found: Row | Result) -> Kind:
    """Tell what became of a settled experiment."""
    if found.status is Status.KEEP:
        return Kind.FORCED if found.forced else Kind.KEPT if found.confirmed else Kind.UNCONFIRMED
    return _dead_end(found.verdict, found.outcome, found.cause, found.reason) or _STATUSES.get(found.status, Kind.REFUTED)


def kind_of_open(experiment: Experiment) -> Kind:
    """Tell what becomes of a measured experiment once it settles. Raises ValueError where it has no verdict."""
    final, verdict = final_verdict(experiment), experiment.verdict
    if verdict is None or final is Verdict.KEEP:
        return Kind.FORCED if is_forced(experiment) else Kind.KEPT if verdict is None or verdict.confirmed else Kind.UNCONFIRMED
    return _dead_end(final, verdict.outcome, cause_of(experiment), verdict.reason) or Kind.REFUTED


def _dead_end(verdict: Verdict, outcome: Outcome | None, cause: Cause, reason: str) -> Kind | None:
    if cause in _CAUSES:
        return _CAUSES[cause]
    if outcome in _OUTCOMES:
        return _OUTCOMES[outcome]
    told = next((kind for words, kind in _REASONS.items() if reason.startswith(words)), None)
    return told or {Verdict.INCONCLUSIVE: Kind.INCONCLUSIVE, Verdict.VOID: Kind.NOT_MEASURED}.get(verdict)


def is_worse(effect: Effect, direction: Direction) -> bool:
    """Whether the whole interval of an effect is on the wrong side."""
    nothing = 1.0 if effect.relative else 0.0
    return effect.low > nothing if direction is Direction.LOWER else effect.high < nothing
