"""Settling: from whatever is found in the repository, a few steps lead to the result, and none is taken in vain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import pytest

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.events import Decided
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.settle import Facts, Step, Tip, cause_of, final_verdict, is_forced, plan, reason_of
from autotune.core.ledger.state import Experiment
from autotune.core.model import Outcome, Verdict

FACTS = [Facts(tip, scope, index) for tip, scope, index in product(Tip, (True, False), (True, False))]
TAKEN_BACK = (Verdict.DISCARD, Verdict.INCONCLUSIVE, Verdict.VOID)
SETTLED = Facts(Tip.INCUMBENT, scope_is_incumbent=True, index_agrees=True)

SEEN = quoted("12 % lower")


def experiment(decided: Decided | None = None, *, settles: bool = True, discard: bool = False, force: bool = False) -> Experiment:
    return Experiment(
        number=7,
        candidate="candidate",
        incumbent="incumbent",
        files=("a.py",),
        settles=settles,
        started="2026-01-01T00:00:00Z",
        discard=discard,
        force=force,
        verdict=decided,
    )


def decided(verdict: Verdict, outcome: Outcome | None = Outcome.OK, cause: Cause = Cause.IDEA) -> Decided:
    return Decided(7, verdict, outcome, cause, reason=SEEN, timestamp="2026-01-01T00:00:00Z")


# The plan


@pytest.mark.parametrize("may_settle", [True, False])
def test_an_experiment_without_a_verdict_that_nobody_measures_is_void(*, may_settle: bool) -> None:
    assert {plan(None, may_settle=may_settle, facts=facts) for facts in FACTS} == {(Step.VOID,)}


@pytest.mark.parametrize("verdict", [Verdict.KEEP, *TAKEN_BACK])
def test_an_experiment_that_waits_for_its_words_is_left_as_it_is(verdict: Verdict) -> None:
    assert {plan(verdict, may_settle=False, facts=facts) for facts in FACTS} == {()}


@pytest.mark.parametrize("scope", [True, False])
@pytest.mark.parametrize(
    ("tip", "index", "steps"),
    [
        (Tip.INCUMBENT, True, (Step.COMMIT,)),
        (Tip.INCUMBENT, False, (Step.COMMIT,)),
        (Tip.KEPT, True, (Step.WRITE_RESULT,)),
        (Tip.KEPT, False, (Step.ALIGN_INDEX, Step.WRITE_RESULT)),
        (Tip.KEPT_CHANGED, True, (Step.REJECT_COMMIT,)),
        (Tip.KEPT_CHANGED, False, (Step.REJECT_COMMIT,)),
        (Tip.OTHER, True, (Step.MOVE_BRANCH, Step.COMMIT)),
        (Tip.OTHER, False, (Step.MOVE_BRANCH, Step.COMMIT)),
    ],
)
def test_a_keep_is_committed_upon_the_incumbent_and_the_working_tree_is_not_touched(
    tip: Tip, steps: tuple[Step, ...], *, index: bool, scope: bool
) -> None:
    assert plan(Verdict.KEEP, may_settle=True, facts=Facts(tip, scope, index)) == steps


@pytest.mark.parametrize("verdict", TAKEN_BACK)
@pytest.mark.parametrize(
    ("facts", "steps"),
    [
        (SETTLED, ()),
        (replace(SETTLED, index_agrees=False), (Step.ALIGN_INDEX,)),
        (replace(SETTLED, scope_is_incumbent=False), (Step.RESTORE_SCOPE,)),
        (Facts(Tip.INCUMBENT, scope_is_incumbent=False, index_agrees=False), (Step.RESTORE_SCOPE, Step.ALIGN_INDEX)),
        *[
            (Facts(tip, scope_is_incumbent=scope, index_agrees=index), (Step.MOVE_BRANCH, *steps))
            for tip in (Tip.KEPT, Tip.KEPT_CHANGED, Tip.OTHER)
            for scope, index, steps in (
                (True, True, ()),
                (True, False, (Step.ALIGN_INDEX,)),
                (False, True, (Step.RESTORE_SCOPE,)),
                (False, False, (Step.RESTORE_SCOPE, Step.ALIGN_INDEX)),
            )
        ],
    ],
)
def test_whatever_else_came_of_it_is_taken_back_branch_first_then_files_then_index(
    verdict: Verdict, facts: Facts, steps: tuple[Step, ...]
) -> None:
    assert plan(verdict, may_settle=True, facts=facts) == (*steps, Step.WRITE_RESULT)


# Following the plan

HOOKS = ("none", "refuses", "changes what is committed", "moves the branch")


@dataclass
class Repository:
    """What the steps do to a branch, a working tree, an index and a ledger, as far as the facts tell; `hook` is what a commit meets."""

    verdict: Verdict | None
    facts: Facts
    hook: str
    settled: Verdict | None = None

    def take(self, step: Step) -> None:
        match step:
            case Step.VOID:
                self.verdict = Verdict.VOID
            case Step.MOVE_BRANCH:
                self.facts = replace(self.facts, tip=Tip.INCUMBENT)
            case Step.COMMIT:
                self._commit()
            case Step.REJECT_COMMIT:
                self.verdict = Verdict.DISCARD
            case Step.RESTORE_SCOPE:
                self.facts = replace(self.facts, scope_is_incumbent=True)
            case Step.ALIGN_INDEX:
                self.facts = replace(self.facts, index_agrees=True)
            case Step.WRITE_RESULT:
                self.settled = self.verdict

    def _commit(self) -> None:
        if self.hook == "none":
            self.facts = replace(self.facts, tip=Tip.KEPT, index_agrees=False)  # the index is as it was, the branch is not
        elif self.hook == "changes what is committed":
            self.facts = replace(self.facts, tip=Tip.KEPT_CHANGED, index_agrees=False)
        else:
            moved = self.hook == "moves the branch"
            self.verdict, self.facts = Verdict.DISCARD, replace(self.facts, tip=Tip.OTHER) if moved else self.facts


def follow(repository: Repository) -> list[tuple[Step, ...]]:
    """Take the first step of each plan until there is a result; gives the plans."""
    plans = []
    while repository.settled is None:
        plans.append(plan(repository.verdict, may_settle=True, facts=repository.facts))
        assert len(plans) <= len(Step) + 1, plans
        repository.take(plans[-1][0])
    return plans


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("verdict", [None, Verdict.KEEP, *TAKEN_BACK])
def test_from_whatever_is_found_the_steps_lead_to_the_result_and_no_plan_comes_up_twice(verdict: Verdict | None, hook: str) -> None:
    for facts in FACTS:
        repository = Repository(verdict, facts, hook)
        plans = follow(repository)
        assert len(set(plans)) == len(plans)
        committed = repository.settled is Verdict.KEEP
        assert committed == (verdict is Verdict.KEEP and facts.tip is not Tip.KEPT_CHANGED and (hook == "none" or facts.tip is Tip.KEPT))
        assert repository.facts.index_agrees
        assert repository.facts.tip is (Tip.KEPT if committed else Tip.INCUMBENT)
        assert committed or repository.facts.scope_is_incumbent


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("verdict", [Verdict.KEEP, *TAKEN_BACK])
def test_whichever_step_was_the_last_before_a_crash_the_next_command_comes_to_the_same_end(verdict: Verdict, hook: str) -> None:
    for facts in FACTS:
        whole, cut_short = Repository(verdict, facts, hook), Repository(verdict, facts, hook)
        follow(whole)
        while cut_short.settled is None:
            resumed = replace(cut_short)
            follow(resumed)
            assert (resumed.settled, resumed.facts) == (whole.settled, whole.facts)
            cut_short.take(plan(cut_short.verdict, may_settle=True, facts=cut_short.facts)[0])


# What finally becomes of an experiment


@pytest.mark.parametrize(
    ("found", "discard", "force", "final", "cause"),
    [
        (decided(Verdict.KEEP), False, False, Verdict.KEEP, Cause.IDEA),
        (decided(Verdict.DISCARD), False, False, Verdict.DISCARD, Cause.IDEA),
        (decided(Verdict.INCONCLUSIVE), False, False, Verdict.INCONCLUSIVE, Cause.IDEA),
        (decided(Verdict.DISCARD, Outcome.CRASHED, Cause.CANDIDATE), False, False, Verdict.DISCARD, Cause.CANDIDATE),
        (decided(Verdict.VOID, None, Cause.BENCHMARK), False, False, Verdict.VOID, Cause.BENCHMARK),
        # its proposer wants it taken back
        (decided(Verdict.KEEP), True, False, Verdict.DISCARD, Cause.PERSON),
        (decided(Verdict.DISCARD), True, False, Verdict.DISCARD, Cause.IDEA),
        (decided(Verdict.INCONCLUSIVE), True, False, Verdict.INCONCLUSIVE, Cause.IDEA),
        (decided(Verdict.VOID, None, Cause.NOT_MEASURED), True, False, Verdict.VOID, Cause.NOT_MEASURED),
        # a person forces it
        (decided(Verdict.KEEP), False, True, Verdict.KEEP, Cause.IDEA),
        (decided(Verdict.DISCARD), False, True, Verdict.KEEP, Cause.PERSON),
        (decided(Verdict.INCONCLUSIVE), False, True, Verdict.KEEP, Cause.PERSON),
        (decided(Verdict.DISCARD, Outcome.CRASHED, Cause.CANDIDATE), False, True, Verdict.DISCARD, Cause.CANDIDATE),
        (decided(Verdict.DISCARD, Outcome.CHECKS_FAILED, Cause.CANDIDATE), False, True, Verdict.DISCARD, Cause.CANDIDATE),
        (decided(Verdict.VOID, None, Cause.ENVIRONMENT), False, True, Verdict.VOID, Cause.ENVIRONMENT),
        (decided(Verdict.DISCARD, Outcome.CHECKS_FAILED, Cause.HOOK), False, True, Verdict.DISCARD, Cause.HOOK),
        (decided(Verdict.DISCARD, Outcome.OK, Cause.HOOK), False, True, Verdict.DISCARD, Cause.HOOK),
        # both at once: taking back is never wrong
        (decided(Verdict.KEEP), True, True, Verdict.DISCARD, Cause.PERSON),
        (decided(Verdict.DISCARD), True, True, Verdict.DISCARD, Cause.IDEA),
    ],
)
def test_what_becomes_of_it_is_what_was_decided_unless_its_words_discard_it_or_a_person_forces_what_passed(
    found: Decided, final: Verdict, cause: Cause, *, discard: bool, force: bool
) -> None:
    one = experiment(found, discard=discard, force=force)
    assert (final_verdict(one), cause_of(one)) == (final, cause)
    forced = final is Verdict.KEEP and found.verdict is not Verdict.KEEP
    assert is_forced(one) == forced


def test_the_reason_says_when_it_was_not_the_evidence_that_decided() -> None:
    assert reason_of(experiment(decided(Verdict.KEEP))) == SEEN
    assert reason_of(experiment(decided(Verdict.KEEP), force=True)) == SEEN
    assert reason_of(experiment(decided(Verdict.DISCARD), discard=True)) == SEEN
    assert reason_of(experiment(decided(Verdict.DISCARD), force=True)) == Fact(Kind.FORCED, because=SEEN)
    assert reason_of(experiment(decided(Verdict.KEEP), discard=True)) == Fact(Kind.ON_REQUEST, because=SEEN)


def test_what_has_no_verdict_is_not_forced_and_has_neither_final_verdict_nor_cause_nor_reason() -> None:
    one = experiment(force=True)
    assert not is_forced(one)
    for asked in (final_verdict, cause_of, reason_of):
        with pytest.raises(ValueError, match="no verdict yet"):
            asked(one)


def test_an_experiment_may_settle_once_it_has_its_words_or_never_wanted_any() -> None:
    assert experiment(settles=True).may_settle
    assert not experiment(settles=False).may_settle
    assert replace(experiment(settles=False), description="what was changed").may_settle
