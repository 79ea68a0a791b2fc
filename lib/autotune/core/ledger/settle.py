"""What brings git and ledger back together once an experiment has its verdict: a plan of steps from what is written and what is found.

The same steps finish an experiment on the normal path and after a crash. Each is safe to repeat; after each the facts are looked at anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Decided, Result
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.state import Experiment, State
from autotune.core.model import Arm, Outcome, Run, Status, Verdict


class Step(StrEnum):
    """One effect that settles an experiment."""

    VOID = "void"  # its measurement is gone
    MOVE_BRANCH = "move branch"
    COMMIT = "commit"
    REJECT_COMMIT = "reject commit"  # a commit hook changed what was measured
    RESTORE_SCOPE = "restore scope"
    ALIGN_INDEX = "align index"
    WRITE_RESULT = "write result"


class Tip(StrEnum):
    """What the session's branch points at."""

    INCUMBENT = "incumbent"
    KEPT = "kept"  # the candidate's commit
    KEPT_CHANGED = "kept changed"  # the same with other content than was measured
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is found in the repository."""

    tip: Tip
    scope_is_incumbent: bool
    index_agrees: bool


def goes_on(state: State) -> bool:
    """Whether the open experiment's measurement was cut off and goes on where it was: a comparison on cases, whose runs stay paid for.

    In the checkout none does, for that was given back.
    """
    experiment = state.experiment
    begun = experiment is not None and experiment.verdict is None and bool(experiment.drawn)
    return begun and state.ended is None and not state.config.in_place


def plan(verdict: Verdict | None, *, may_settle: bool, facts: Facts) -> tuple[Step, ...]:
    """Say which steps are left for an experiment whose candidate was taken and that nobody is measuring, nor goes on measuring."""
    if verdict is None:
        return (Step.VOID,)
    if not may_settle:
        return ()
    return _keeping(facts) if verdict is Verdict.KEEP else _taking_back(facts)


def _keeping(facts: Facts) -> tuple[Step, ...]:
    match facts.tip:
        case Tip.KEPT:
            return (*(() if facts.index_agrees else (Step.ALIGN_INDEX,)), Step.WRITE_RESULT)
        case Tip.KEPT_CHANGED:
            return (Step.REJECT_COMMIT,)
        case Tip.INCUMBENT:
            return (Step.COMMIT,)
        case Tip.OTHER:
            return (Step.MOVE_BRANCH, Step.COMMIT)
        case never:
            assert_never(never)


def _taking_back(facts: Facts) -> tuple[Step, ...]:
    steps = []
    if facts.tip is not Tip.INCUMBENT:
        steps.append(Step.MOVE_BRANCH)
    if not facts.scope_is_incumbent:
        steps.append(Step.RESTORE_SCOPE)
    if not facts.index_agrees:
        steps.append(Step.ALIGN_INDEX)
    return (*steps, Step.WRITE_RESULT)


def is_forced(experiment: Experiment) -> bool:
    """Whether a person's force, and not the evidence, makes this a keep."""
    verdict = experiment.verdict
    if verdict is None or not experiment.force or experiment.discard or verdict.cause is Cause.HOOK:
        return False
    return verdict.verdict is not Verdict.KEEP and verdict.outcome is Outcome.OK


def final_verdict(experiment: Experiment) -> Verdict:
    """Give what becomes of a measured experiment: what was decided, unless its words ask to discard it or a person forces it."""
    if experiment.verdict is None:
        raise ValueError("the experiment has no verdict yet")
    if experiment.discard and experiment.verdict.verdict is Verdict.KEEP:
        return Verdict.DISCARD
    return Verdict.KEEP if is_forced(experiment) else experiment.verdict.verdict


def cause_of(experiment: Experiment) -> Cause:
    """Give what the final verdict goes back to."""
    if experiment.verdict is None:
        raise ValueError("the experiment has no verdict yet")
    turned = final_verdict(experiment) is not experiment.verdict.verdict
    return Cause.PERSON if turned else experiment.verdict.cause


def reason_of(experiment: Experiment) -> Fact:
    """Give the reason of the final verdict: what the runs showed, or who decided otherwise."""
    if experiment.verdict is None:
        raise ValueError("the experiment has no verdict yet")
    reason = experiment.verdict.reason
    if is_forced(experiment):
        return Fact(Kind.FORCED, because=reason)
    return Fact(Kind.ON_REQUEST, because=reason) if cause_of(experiment) is Cause.PERSON else reason


def result_of(state: State, commit: str, timestamp: str) -> Result:
    """Give the line that settles the open experiment; `commit` is what a keep became, else the incumbent.

    Raises ValueError where no experiment is open and decided.
    """
    experiment = state.experiment
    if experiment is None or experiment.verdict is None:
        raise ValueError("no experiment is open that has a verdict")
    verdict, final = experiment.verdict, final_verdict(experiment)
    passed = [_shown(run) for run in experiment.runs if run.outcome is Outcome.OK and run.arm is Arm.CANDIDATE]
    return Result(
        index=experiment.number,
        commit=commit,
        metric=verdict.value,
        status=_status_of(final, verdict),
        description=experiment.called,
        timestamp=timestamp,
        segment=state.segment.opened.segment,
        metrics=dict(passed[-1]) if passed else {},
        asi=experiment.asi,
        failure=verdict.output or None,
        reason=reason_of(experiment),
        files=experiment.files,
        verdict=final,
        outcome=verdict.outcome,
        cause=cause_of(experiment),
        effect=verdict.effect,
        forced=is_forced(experiment),
        confirmed=verdict.confirmed,
        snapshot=experiment.proposed or experiment.candidate,
    )


def _shown(run: Run) -> Mapping[str, float]:
    """Give a run's samples; of one on scored cases not those of single cases, which nobody has to see, and which are in the run's line."""
    return run.samples if run.part is None else {name: value for name, value in run.samples.items() if not name.endswith("]")}


def _status_of(final: Verdict, verdict: Decided) -> Status:
    """Give the log's word for a verdict in the end and what was decided by measuring."""
    if final is Verdict.KEEP:
        return Status.KEEP
    if verdict.outcome is Outcome.CHECKS_FAILED:
        return Status.CHECKS_FAILED
    return Status.DISCARD if verdict.outcome in (None, Outcome.OK) else Status.CRASH
