"""What becomes of an open experiment: its verdict by its runs, then a plan of steps by what is written and what is found, and its result.

The same steps finish an experiment on the normal path and after a crash. Each is safe to repeat; after each the facts are looked at anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from autotune.core.decide import guards
from autotune.core.facts import Fact, Kind
from autotune.core.ledger import scored
from autotune.core.ledger.events import Decided, Result
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.state import Experiment, State
from autotune.core.model import Arm, Decision, Outcome, Policy, Run, Status, Verdict
from autotune.core.stats.noise import median

if TYPE_CHECKING:
    import random


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


def decided(state: State, runs: Sequence[Run], policy: Policy, coin: random.Random) -> Decision:
    """Say what becomes of the open experiment's candidate by its good runs in time order, or which come next.

    A keep has to hold its guardrails too, which may take more pairs than the metric did.
    """
    if state.scores is not None:
        return scored.decided(state, runs, policy, coin)
    return guards.decided(runs, state.calibration, policy, tuple(map(guards.read_guard, state.config.guardrails)), coin)


def value_of(state: State, runs: Sequence[Run]) -> float | None:
    """Give the middle of the candidate's values in good runs, or the mean of its scores; None where there is none."""
    if state.scores is not None:
        return scored.value_of(state, runs)
    values = [run.samples[state.metric.name] for run in runs if run.arm is Arm.CANDIDATE]
    return median(values) if values else None


def verdict_of(state: State, number: int, runs: Sequence[Run], policy: Policy, decision: Decision, timestamp: str) -> Decided:
    """Give the line that says what was decided of an experiment by its good runs. Raises ValueError where nothing is yet."""
    if decision.reason is None:
        raise ValueError("nothing is decided yet")
    return Decided(
        experiment=number,
        verdict=decision.verdict,
        outcome=Outcome.OK,
        cause=Cause.IDEA,
        reason=decision.reason,
        timestamp=timestamp,
        value=value_of(state, runs),
        effect=decision.effect,
        evidence=decision.evidence,
        needed=decision.needed,
        pairs=decision.pairs,
        confirmed=decision.confirmed,
        min_effect=policy.min_effect,
    )


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
    verdict = experiment.decided.verdict
    if experiment.discard and verdict is Verdict.KEEP:
        return Verdict.DISCARD
    return Verdict.KEEP if is_forced(experiment) else verdict


def cause_of(experiment: Experiment) -> Cause:
    """Give what the final verdict goes back to."""
    turned = final_verdict(experiment) is not experiment.decided.verdict
    return Cause.PERSON if turned else experiment.decided.cause


def reason_of(experiment: Experiment) -> Fact:
    """Give the reason of the final verdict: what the runs showed, or who decided otherwise."""
    reason = experiment.decided.reason
    if is_forced(experiment):
        return Fact(Kind.FORCED, because=reason)
    return Fact(Kind.ON_REQUEST, because=reason) if cause_of(experiment) is Cause.PERSON else reason


def result_of(state: State, commit: str, timestamp: str) -> Result:
    """Give the line that settles the open experiment; `commit` is what a keep became, else the incumbent.

    Raises ValueError where no experiment is open and decided.
    """
    experiment = state.experiment
    if experiment is None:
        raise ValueError("no experiment is open")
    verdict, final = experiment.decided, final_verdict(experiment)
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
