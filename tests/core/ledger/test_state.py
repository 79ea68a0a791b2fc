"""What events amount to: each one's effect, and what holds after any of them."""

# ruff: noqa: ANN401 - events are made here with any of their fields changed

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.session import at, configured, folded, result, segment

from autotune.core import rules
from autotune.core.codec import decode, encode
from autotune.core.config.reading import parse
from autotune.core.decide.decide import decide
from autotune.core.facts import Fact, Kind, quoted
from autotune.core.health.transitions import Health, Mode
from autotune.core.ledger.events import (
    Calibrated,
    CandidateTaken,
    Charged,
    Claimed,
    Decided,
    Described,
    Finished,
    Formatted,
    Listed,
    Looked,
    Noted,
    Noticed,
    Opened,
    Paused,
    PlaybookBegun,
    PlaybookEnded,
    Ran,
    RepairAsked,
    Restored,
    Result,
    Resumed,
    SegmentOpened,
    SettingsChanged,
    Spent,
    StopAsked,
    Stopped,
    TargetChecked,
)
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.lines import Event, from_line, to_line
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.ledger.segment import REFERENCE_KEPT, Segment
from autotune.core.ledger.state import NOTES, RECENT, TRAIL, Ended, Ending, Spending, State, Step, seconds_between
from autotune.core.model import Arm, DecisionMode, Direction, Effect, Metric, Outcome, Part, Run, Status, Verdict
from autotune.core.output.outcome import CASES, PASSED
from autotune.core.stats import noise

CANDIDATE, INCUMBENT = Arm.CANDIDATE, Arm.INCUMBENT


def ran(value: float | None, arm: Arm = CANDIDATE, purpose: Purpose = Purpose.EXPERIMENT, **changed: Any) -> Ran:
    """One run; without a value it crashed."""
    metrics = {} if value is None else {"t": value}
    outcome = Outcome.CRASHED if value is None else Outcome.OK
    return replace(Ran(1, purpose, arm, 1, outcome, PASSED, metrics, wall_s=2.0, timestamp=at(0), log="runs/1"), **changed)


def baseline(metric: float | None, index: int = 0) -> Result:
    return result(index, metric, Status.KEEP, baseline=True, commit="base", files=())


def taken(number: int, *, settles: bool = True, **changed: Any) -> CandidateTaken:
    return replace(CandidateTaken(number, f"candidate-{number}", "base", ("src/a.py",), at(number), settles=settles), **changed)


def decided(number: int, verdict: Verdict = Verdict.DISCARD, **changed: Any) -> Decided:
    return replace(Decided(number, verdict, Outcome.OK, Cause.IDEA, reason=quoted("no gain"), timestamp=at(number)), **changed)


def session(*values: float, **changed: Any) -> State:
    """A session that is open, with a baseline of these values."""
    runs = [ran(value, INCUMBENT, Purpose.BASELINE) for value in values]
    return folded(begin(segment(**changed)), *runs, baseline(noise.median(values)), Opened(at(0)))


# Opening


def test_a_session_begins_where_its_first_segment_says() -> None:
    state = begin(segment(unit="s", max_iterations=30))
    assert (state.metric, state.incumbent, state.first) == (Metric("t", "s", Direction.LOWER), "base", "base")
    assert (state.started, state.opened, state.ended, state.experiment) == (at(0), False, None, None)
    assert state.config == parse(segment(unit="s", max_iterations=30).config)
    assert after(state, Opened(at(3))).opened


def test_how_many_experiments_the_error_budget_is_shared_out_to_is_settled_at_the_beginning() -> None:
    assert begin(segment()).planned == 100
    state = begin(segment(max_iterations=30))
    changed = after(state, SettingsChanged(configured(max_iterations=500), ("max_iterations",), at(1)))
    assert changed.config.max_iterations == 500
    assert (state.planned, changed.planned, changed.calibration.planned) == (30, 30, 30)
    assert after(changed, segment(2, max_iterations=7)).planned == 30


# The baseline and the segment


def test_a_baseline_gives_value_noise_and_the_first_number_of_the_segment() -> None:
    state = session(1.0, 2.0, 1.5)
    assert (state.segment.baseline, state.segment.best, state.segment.values, state.recent.trail) == (1.5, 1.5, (1.5,), ())
    assert state.segment.baseline_runs == state.segment.reference == (1.0, 2.0, 1.5)
    assert state.segment.pool == noise.residual_pool((1.0, 2.0, 1.5), logs=True)
    assert (state.count, state.statuses, state.vitals.no_improvement) == (0, None, 0)
    assert state.segment.baseline_observed == tuple(Run(INCUMBENT, Outcome.OK, {"t": value}, 2.0) for value in (1.0, 2.0, 1.5))
    assert folded(state, segment(2)).segment.baseline_observed == ()


@pytest.mark.parametrize(
    ("values", "timed", "exact"),
    [
        ((12.0,) * 3, False, True),
        ((12.0,) * 2, False, False),
        ((12.0, 12.0, 13.0), False, False),
        ((12.34,) * 8, None, True),
        ((12.34,) * 8, True, True),
        ((12.34,) * 7, True, False),
        ((12.3,) * 8, True, False),
        ((1200.0,) * 8, True, False),
        ((0.0,) * 8, True, False),
        ((0.0,) * 3, False, True),
    ],
)
def test_three_equal_values_of_a_count_repeat_exactly_and_eight_of_four_digits_of_a_time(
    values: tuple[float, ...],
    timed: bool | None,  # noqa: FBT001 - a test's parameter
    exact: bool,  # noqa: FBT001 - the same
) -> None:
    state = session(*values, **({} if timed is None else {"timed": timed}))
    assert state.exact is exact
    assert state.timed is (not exact if timed is None else timed)


def test_by_older_rules_all_equal_values_repeat_exactly() -> None:
    older = folded(begin(replace(segment(), rule=2)), *[ran(1.0, INCUMBENT, Purpose.BASELINE)] * 2, baseline(1.0))
    assert older.exact
    assert older.calibration.pool == (0.0,)
    assert not session(1.0, 1.0).exact


def test_equal_values_of_a_time_are_held_to_hide_one_in_their_last_digit() -> None:
    assert session(*[12.3] * 8).calibration.pool == (*[0.0] * 7, math.log1p(0.1 / 12.3))
    assert session(*[1200.0] * 8).calibration.pool[-1] == math.log1p(1 / 1200)
    assert session(*[0.0] * 8).calibration.pool[-1] == 1.0
    assert session(1.0).calibration.pool == ()
    assert session(*[12.3] * 3, timed=False).calibration.pool == (0.0, 0.0)


def test_eight_equal_whole_numbers_of_what_is_no_time_repeat_exactly() -> None:
    def of(*values: float, rule: int = rules.NEWEST, unit: str = "", **changed: Any) -> State:
        opening = replace(segment(unit=unit, **changed), metric_unit=unit, rule=rule)
        return folded(begin(opening), *(ran(value, INCUMBENT, Purpose.BASELINE) for value in values), baseline(values[0]))

    whole = of(*[100.0] * 8)
    assert (whole.exact, whole.timed, whole.calibration.pool) == (True, False, (0.0,) * 7)
    assert not of(*[100.0] * 7).exact
    assert not of(*[100.0] * 8, timed=True).exact
    assert not of(*[100.0] * 8, rule=rules.WHOLE_IS_EXACT - 1).exact
    assert not of(*[100.0] * 8, unit="ms").exact


def test_cases_that_are_coarse_make_no_fine_metric() -> None:
    def case_run(case: float) -> Ran:
        return replace(ran(1.0, INCUMBENT, Purpose.BASELINE), metrics={"t": case**0.5, "t[a]": case, "t[b]": 1.234, CASES: 2.0})

    for case, exact in ((2.0, False), (2.345, True)):
        state = folded(begin(segment()), *[case_run(case)] * 8, baseline(case**0.5))
        assert state.exact is exact


def test_a_benchmark_that_shows_noise_later_repeats_exactly_no_more() -> None:
    state = folded(
        session(*[12.34] * 8), taken(1), ran(12.0), ran(12.1, INCUMBENT), ran(12.3), ran(12.34, INCUMBENT), decided(1), result(1)
    )
    assert not state.exact
    assert state.timed


def test_values_that_are_not_all_positive_are_compared_as_differences() -> None:
    assert session(1.0, 2.0).segment.logs
    state = session(-1.0, 2.0)
    assert not state.segment.logs
    assert (state.segment.pool, state.calibration.logs) == ((3.0,), False)
    assert not begin(segment()).segment.logs


def test_from_an_incumbent_of_zero_or_less_on_values_themselves_are_compared() -> None:
    state = session(10.0, 11.0, 10.0)
    for number, value in ((1, 2.0), (2, 0.0)):
        kept = decided(number, Verdict.KEEP)
        state = folded(state, taken(number), ran(value), kept, result(number, value, Status.KEEP))
        assert state.segment.logs == (value > 0)
    assert (state.segment.crossed, state.calibration.logs) == (True, False)
    assert state.segment.pool == pytest.approx((1.0, 1.0))  # 10 against 11, either way round
    state = folded(state, segment(2), ran(3.0, INCUMBENT, Purpose.BASELINE), baseline(3.0))
    assert state.segment.logs


def test_what_the_unchanged_code_prints_with_several_values_is_remembered_for_the_segment() -> None:
    one = {"count": 2, "first": 1.0, "lowest": 1.0, "highest": 1.0}
    twice = {"t": one | {"highest": 2.0}, "other": one}
    state = folded(session(1.0), taken(1), ran(1.0, earlier=twice))
    assert state.segment.several == ()
    state = after(state, ran(1.0, INCUMBENT, earlier=twice))
    assert state.segment.several == ("t",)
    assert after(state, segment(2)).segment.several == ()


def test_a_baseline_run_that_failed_or_lacks_the_metric_gives_no_value() -> None:
    state = begin(segment())
    for event in (ran(None, INCUMBENT, Purpose.BASELINE), ran(1.0, INCUMBENT, Purpose.BASELINE, metrics={"other": 1.0})):
        assert replace(after(state, event), spending=Spending()) == state
    without = after(state, baseline(None))
    assert (without.segment.values, without.segment.baseline, without.segment.pool) == ((), None, ())


def test_a_drift_is_not_forgotten_because_something_was_kept() -> None:
    drifting = session(*[100.0 + step for step in range(30)])
    kept = folded(drifting, result(1, 90.0, Status.KEEP))
    assert kept.segment.reference == ()
    assert kept.segment.drifts
    assert not folded(kept, segment(2)).segment.drifts


def test_in_economy_no_single_run_is_held_against_values_that_drift() -> None:
    drifting, steady = [100.0 + step for step in range(30)], [100.0, 101.0, 100.0] * 10
    state = session(*drifting, decision_mode="economy")
    assert state.segment.drifts
    assert state.calibration.reference == ()
    assert not replace(state, count=10).look_is_due
    state = session(*steady, decision_mode="economy")
    assert state.calibration.reference == state.segment.reference
    assert replace(state, count=10).look_is_due
    assert session(*drifting).calibration.reference


def test_the_cases_of_a_combined_metric_are_those_of_the_baseline() -> None:
    combined = ran(2.0, INCUMBENT, Purpose.BASELINE, metrics={"t": 2.0, "t[a]": 1.0, "t[b]": 4.0, "autotune.cases": 2.0})
    assert after(begin(segment()), combined).segment.cases == ("a", "b")
    assert after(begin(segment()), replace(combined, metrics={"t": 2.0, "t[a]": 1.0})).segment.cases == ()


def test_the_first_run_of_the_baseline_settles_whether_cases_are_compared_as_ratios() -> None:
    positive, zero = ({"t": 2.0, "t[a]": case, "t[b]": 4.0, "autotune.cases": 2.0} for case in (1.0, 0.0))
    baseline = [ran(2.0, INCUMBENT, Purpose.BASELINE, metrics=metrics) for metrics in (zero, positive)]
    assert after(begin(segment()), baseline[1]).segment.case_ratios
    opened = after(after(begin(segment()), baseline[0]), baseline[1])
    assert not opened.segment.case_ratios
    assert after(opened, segment()).segment.case_ratios


def test_a_new_segment_begins_with_nothing_measured_and_the_session_goes_on() -> None:
    used = folded(
        session(1.0, 1.1, 1.0, target=0.5),
        *(taken(1), ran(0.4), decided(1, Verdict.KEEP), result(1, 0.4, Status.KEEP)),
        TargetChecked(value=0.4, reached=True, reason=quoted(""), timestamp=at(2)),
        PlaybookEnded("shrink_scope", quoted(""), at(3), scope=("src/a.py",), experiments=3),
    )
    opened = after(used, segment(2, direction="higher"))
    assert opened.segment == Segment(segment(2, direction="higher"), best_index=1, looked=1)
    assert (opened.metric.direction, opened.config.direction) == (Direction.HIGHER, Direction.HIGHER)
    assert (opened.count, opened.keeps, opened.incumbent, opened.recent) == (used.count, used.keeps, used.incumbent, used.recent)
    assert opened.spending == used.spending
    measured = folded(opened, ran(3.0, INCUMBENT, Purpose.BASELINE), baseline(3.0, index=1))
    assert (measured.segment.baseline, measured.segment.best_index, measured.segment.values) == (3.0, 1, (3.0,))


def test_a_new_segments_baseline_shows_that_the_unchanged_code_works_again() -> None:
    broken = result(1, None, Status.DISCARD, verdict=Verdict.VOID, outcome=None, cause=Cause.BENCHMARK)
    repairing = folded(session(1.0), taken(1), decided(1), broken, RepairAsked(at(2), "rebaseline"))
    assert (repairing.vitals.mode, repairing.vitals.broken) == (Mode.REPAIR, 1)
    again = folded(repairing, segment(2), ran(1.0, INCUMBENT, Purpose.BASELINE), baseline(1.0, index=1))
    begins = Fact(Kind.SEGMENT_BEGINS, {"segment": 2, "metric": "t", "value": 1.0})
    assert again.vitals == replace(repairing.vitals, health=Health.RUNNING, mode=Mode.OPTIMIZE, broken=0, why=begins)


# An experiment


def test_an_experiment_is_open_from_its_candidate_to_its_result() -> None:
    state = after(session(1.0), taken(1, description="faster", asi={"a": [1]}, force=True))
    experiment = state.experiment
    assert experiment is not None
    assert (experiment.number, experiment.candidate, experiment.incumbent) == (1, "candidate-1", "base")
    assert (experiment.description, experiment.asi, experiment.discard, experiment.force) == ("faster", {"a": [1]}, False, True)
    assert (experiment.runs, experiment.verdict, experiment.started) == ((), None, at(1))
    measured = folded(state, ran(2.0), ran(None), decided(1))
    assert measured.experiment is not None
    assert [(run.arm, run.outcome, dict(run.samples)) for run in measured.experiment.runs] == [
        (CANDIDATE, Outcome.OK, {"t": 2.0}),
        (CANDIDATE, Outcome.CRASHED, {}),
    ]
    assert measured.experiment.verdict == decided(1)
    assert after(measured, result(1)).experiment is None


def test_words_may_come_after_the_measurement() -> None:
    state = folded(session(1.0), taken(1, settles=False), decided(1))
    assert state.experiment is not None
    assert not state.experiment.may_settle
    described = after(state, Described(1, "späte Worte", at(2), {"next": 1}, discard=True, force=True)).experiment
    assert described is not None
    assert described.may_settle
    assert (described.description, described.asi, described.discard, described.force) == ("späte Worte", {"next": 1}, True, True)


def test_what_belongs_to_no_open_experiment_changes_nothing_but_the_time_spent() -> None:
    state = session(1.0)
    assert after(state, decided(1)) == state
    assert after(state, Described(1, "words", at(2))) == state
    assert after(state, ran(0.1)) == replace(state, spending=replace(state.spending, run_s=state.spending.run_s + 2.0))


@pytest.mark.parametrize("purpose", [one for one in Purpose if one not in (Purpose.BASELINE, Purpose.EXPERIMENT)])
def test_runs_for_other_purposes_are_no_evidence(purpose: Purpose) -> None:
    state = folded(session(1.0), taken(1))
    assert after(state, ran(0.1, INCUMBENT, purpose)) == replace(state, spending=replace(state.spending, run_s=state.spending.run_s + 2.0))


def test_all_time_spent_in_runs_is_counted() -> None:
    assert folded(session(1.0, 1.0), taken(1), ran(1.0), ran(None), ran(1.0, purpose=Purpose.PROOF)).spending.run_s == 10.0


def test_a_later_verdict_replaces_the_first_and_the_noise_is_learnt_once() -> None:
    runs = [ran(value, arm) for value in (1.0, 1.1, 0.9, 1.05) for arm in (CANDIDATE, INCUMBENT)]
    state = folded(session(1.0, 1.1, 1.0, 1.2), taken(1), *runs, decided(1, Verdict.KEEP))
    assert len(state.segment.pool) == 3 + 4
    rejected = decided(1, outcome=Outcome.CHECKS_FAILED, cause=Cause.HOOK)
    again = after(state, rejected)
    assert again.segment.pool == state.segment.pool
    assert again.experiment is not None
    assert again.experiment.verdict == rejected


def test_what_a_hook_rewrote_is_the_candidate_and_what_was_proposed_is_remembered() -> None:
    rewritten = Formatted(1, "formatted", "pre-commit", ("b", "a"), at(2))
    opened = folded(session(1.0), taken(1, files=("a",)), rewritten).experiment
    assert opened is not None
    assert (opened.candidate, opened.proposed, opened.files) == ("formatted", "candidate-1", ("a", "b"))
    assert after(session(1.0), rewritten) == session(1.0)


def test_an_experiment_that_is_void_teaches_nothing_of_the_noise() -> None:
    runs = [ran(value, arm) for value in (1.0, 1.1, 0.9) for arm in (CANDIDATE, INCUMBENT)]
    state = folded(session(1.0, 1.1, 1.0), taken(1), *runs)
    assert after(state, decided(1, Verdict.VOID)).segment.pool == state.segment.pool
    assert after(state, decided(1)).segment.pool != state.segment.pool


def test_the_first_run_that_crashes_teaches_nothing_of_the_noise() -> None:
    state = folded(session(1.0, 1.1, 1.0), taken(1), ran(None))
    assert after(state, decided(1, outcome=Outcome.CRASHED)).segment.pool == state.segment.pool


def test_pool_and_reference_stay_as_they_are_while_an_experiment_is_measured() -> None:
    begun = after(session(1.0, 1.1, 1.0), taken(1))
    measured = folded(begun, ran(0.9), ran(1.05, INCUMBENT), ran(0.9), ran(1.02, INCUMBENT))
    assert measured.calibration == begun.calibration
    assert folded(measured, decided(1), result(1)).segment.reference == (1.0, 1.1, 1.0, 1.05, 1.02)


def test_an_exact_benchmark_that_turns_out_noisy_does_not_count_the_runs_that_showed_it() -> None:
    """The decision has to see the reference as it was before the comparison: it compares the first incumbent's run with it."""
    state = after(session(1.0, 1.0, 1.0, timed=False), taken(1))
    coin, runs = random.Random(1), (ran(0.9), ran(0.9), ran(1.02, INCUMBENT))
    for event in runs:
        state = after(state, event)
    assert state.experiment is not None
    decision = decide(state.experiment.runs, state.calibration, state.policy, coin)
    assert (decision.verdict, decision.pairs) == (Verdict.MEASURE_AGAIN, 0)


def test_a_keep_makes_the_candidates_values_the_incumbents() -> None:
    state = folded(session(1.0), taken(1), ran(0.5), ran(1.0, INCUMBENT), ran(None), ran(0.6), decided(1, Verdict.KEEP))
    assert after(state, result(1, 0.55, Status.KEEP)).segment.reference == (0.5, 0.6)
    assert after(state, result(1, 0.55)).segment.reference == (1.0, 1.0)


def test_runs_that_were_made_for_another_policy_than_the_sessions_teach_nothing_and_break_nothing() -> None:
    """A change that only removes lines may be a little worse, so that its runs lie in blocks where the session's own policy sees pairs."""
    coin = random.Random(3)
    state = after(session(1.0, 1.01, 1.0, 1.02, 0.99, 1.0), taken(1))
    lenient = replace(state.policy, min_effect=-0.2)
    while state.experiment is not None:
        decision = decide(state.experiment.runs, state.calibration, lenient, coin)
        if decision.verdict is not Verdict.MEASURE_AGAIN:
            break
        state = after(state, ran(1.0 + coin.gauss(0, 0.01), decision.arms[0]))
    assert after(state, decided(1, Verdict.KEEP)).segment.pool == state.segment.pool


# A result


def test_a_result_is_counted_and_remembered() -> None:
    effect = Effect(0.9, 0.8, 1.1)
    state = after(session(1.0), result(1, 1.5, effect=effect, asi={"x": 1}, failure="boom", files=tuple(f"{n}.py" for n in range(30))))
    row = state.recent.rows[-1]
    assert (state.count, state.statuses, state.keeps, state.recent.kept) == (1, {"discard": 1}, 0, ())
    assert (row.index, row.value, row.effect, row.asi, row.failure, row.reason.words) == (1, 1.5, effect, {"x": 1}, "boom", "reason 1")
    assert row.files == tuple(f"{n}.py" for n in range(20))
    assert (state.segment.best, state.segment.best_index, state.incumbent) == (1.0, 0, "base")


def test_a_keep_is_the_incumbent_from_then_on() -> None:
    state = after(session(2.0), result(1, 1.5, Status.KEEP))
    assert (state.incumbent, state.segment.best, state.segment.best_index, state.keeps, state.forced) == ("commit-1", 1.5, 1, 1, 0)
    assert [row.index for row in state.recent.kept] == [1]
    assert after(state, result(2, None, Status.KEEP)).segment.best == 1.5


def test_keeps_by_evidence_keeps_that_are_unconfirmed_and_keeps_by_force_are_told_apart() -> None:
    state = folded(
        session(2.0),
        result(1, 1.5, Status.KEEP),
        result(2, 1.4, Status.KEEP, confirmed=False),
        result(3, 1.9, Status.KEEP, forced=True, cause=Cause.PERSON),
    )
    assert (state.keeps, state.confirmed, state.forced, state.all_keeps) == (2, 1, 1, 3)
    assert state.calibration.keeps == 1  # no other keep may refill the error budget
    assert [(row.confirmed, row.forced) for row in state.recent.kept] == [(True, False), (False, False), (True, True)]


@pytest.mark.parametrize(
    ("rule", "margin", "asked", "keeps"),
    [
        (rules.NEWEST, 0.05, -0.05, 0),
        (rules.NEWEST, 0.05, 0.0, 1),
        (rules.NEWEST, 0.0, 0.02, 1),
        (rules.NEWEST, 0.05, None, 0),  # what an older version asked is not known: it may have been less
        (rules.NEWEST, 0.0, None, 1),
        (rules.FIRST, 0.05, -0.05, 1),
    ],
)
def test_a_keep_that_may_be_worse_does_not_refill_the_error_budget(rule: int, margin: float, asked: float | None, keeps: int) -> None:
    verdict = Decided(1, Verdict.KEEP, Outcome.OK, Cause.IDEA, quoted(""), at(2), min_effect=asked)
    state = begin(replace(segment(simplify_margin=margin), rule=rule))
    state = folded(state, taken(1), verdict, result(1, 1.5, Status.KEEP))
    assert (state.keeps, state.confirmed, state.calibration.keeps) == (1, 1, keeps)
    opened = after(state, replace(segment(2), rule=rules.NEWEST))
    assert opened.calibration.keeps == keeps * (rule == rules.NEWEST)  # a new segment decides by the newest rule


def test_there_is_one_value_for_each_measured_experiment_the_baseline_first_and_none_for_a_crash() -> None:
    crash = result(2, None, Status.CRASH, outcome=Outcome.CRASHED, cause=Cause.CANDIDATE)
    lower = Effect(0.5, 0.4, 0.6)
    state = folded(session(2.0, 4.0), result(1, 2.5), crash, replace(result(3, 1.5, Status.KEEP), effect=lower))
    assert state.segment.values == (3.0, 2.5, 1.5)
    steps = [(1, None, Status.DISCARD), (2, None, Status.CRASH), (3, lower, Status.KEEP)]
    assert state.recent.trail == tuple(Step(index, effect, status, segment=1) for index, effect, status in steps)
    assert state.statuses == {"discard": 1, "crash": 1, "keep": 1}


@pytest.mark.parametrize(
    ("event", "failures", "no_improvement", "broken"),
    [
        (result(1, status=Status.KEEP), 0, 0, 0),
        (result(1), 0, 1, 0),
        (result(1, verdict=Verdict.INCONCLUSIVE), 0, 1, 0),
        (result(1, None, Status.CRASH, cause=Cause.CANDIDATE), 1, 1, 0),
        (result(1, None, Status.CHECKS_FAILED, cause=Cause.HOOK), 1, 1, 0),
        (result(1, None, verdict=Verdict.VOID, cause=Cause.BENCHMARK), 0, 0, 1),
        (result(1, None, verdict=Verdict.VOID, cause=Cause.ENVIRONMENT), 0, 0, 1),
        (result(1, None, verdict=Verdict.VOID, cause=Cause.NOT_MEASURED), 0, 0, 0),
        (result(1, None, verdict=Verdict.VOID), 0, 0, 0),
        (result(1, cause=Cause.PERSON), 0, 0, 0),
    ],
)
def test_each_way_to_end_counts_towards_health_in_its_own_way(event: Result, failures: int, no_improvement: int, broken: int) -> None:
    vitals = after(session(2.0), event).vitals
    assert (vitals.failures, vitals.no_improvement, vitals.broken) == (failures, no_improvement, broken)


def test_ways_to_end_that_count_alike_are_told_apart_in_what_is_remembered() -> None:
    events = (
        result(1),
        result(2, verdict=Verdict.INCONCLUSIVE),
        result(3, None, Status.CRASH, cause=Cause.CANDIDATE, outcome=Outcome.TIMED_OUT),
        result(4, None, verdict=Verdict.VOID, cause=Cause.NOT_MEASURED, outcome=None),
        result(5, None, verdict=Verdict.VOID, cause=Cause.BENCHMARK, outcome=None),
    )
    rows = folded(session(2.0), *events).recent.rows
    assert len({(row.status, row.verdict, row.outcome, row.cause) for row in rows}) == 5


# A narrowed scope

NARROW = PlaybookEnded("shrink_scope", quoted("only src/a.py may change"), at(1), scope=("src/a.py",), experiments=3)


def test_a_narrowed_scope_lasts_three_experiments() -> None:
    state = after(session(1.0), NARROW)
    left = []
    for index in range(1, 5):
        left.append((state.segment.narrowed, state.segment.narrowed_left))
        state = after(state, result(index))
    assert left == [(("src/a.py",), 3), (("src/a.py",), 2), (("src/a.py",), 1), ((), 0)]


def test_a_narrowed_scope_ends_with_a_keep() -> None:
    state = folded(session(1.0), NARROW, result(1), result(2, status=Status.KEEP))
    assert (state.segment.narrowed, state.segment.narrowed_left) == ((), 0)


def test_a_playbook_that_narrows_nothing_leaves_the_scope_as_it_is() -> None:
    state = folded(session(1.0), NARROW, result(1), PlaybookEnded("rebaseline", quoted("nothing has changed"), at(2)))
    assert (state.segment.narrowed, state.segment.narrowed_left) == (("src/a.py",), 2)


# Playbooks


def test_a_playbook_is_under_way_from_its_beginning_to_its_end() -> None:
    begun = PlaybookBegun("diagnose", 1, quoted("2 failures in a row"), at(1))
    state = folded(session(1.0), RepairAsked(at(1), "diagnose"), begun)
    assert (state.playbook, state.asked_playbook, state.vitals.health) == (begun, None, Health.HEALING)
    ended = PlaybookEnded("diagnose", quoted("the benchmark works"), at(2))
    healed = after(state, ended)
    assert (healed.playbook, healed.last_playbook, healed.vitals.health) == (None, ended, Health.RUNNING)
    assert healed.vitals.why == Fact(Kind.PLAYBOOK, {"playbook": "diagnose"}, ended.result)


def test_a_repair_goes_on_from_a_pause_with_the_playbook_that_was_asked_for() -> None:
    paused = folded(session(1.0), PlaybookBegun("rebaseline", 1, quoted(""), at(1)), Paused(quoted("blocked"), at(2)))
    state = after(paused, RepairAsked(at(3), "diagnose"))
    assert (state.ended, state.playbook, state.asked_playbook, state.spending.active_since) == (None, None, "diagnose", at(3))
    assert (state.vitals.health, state.vitals.mode) == (Health.CRASHING, Mode.REPAIR)
    assert after(session(1.0), RepairAsked(at(3))).spending.active_since == at(0)


# The target


def test_the_target_is_in_reach_when_the_incumbents_value_reaches_it_and_nobody_has_checked() -> None:
    state = session(1.0, target=0.5)
    assert not state.target_in_reach
    reached = after(state, result(1, 0.5, Status.KEEP))
    assert reached.target_in_reach
    checked = after(reached, TargetChecked(value=0.6, reached=False, reason=quoted(""), timestamp=at(2)))
    assert (checked.target_in_reach, checked.segment.target_checked, checked.segment.target_reached) == (False, "commit-1", False)
    assert after(checked, result(2, 0.4, Status.KEEP)).target_in_reach


def test_a_metric_that_is_to_rise_reaches_its_target_from_below() -> None:
    state = session(1.0, direction="higher", target=2)
    assert not state.target_in_reach
    assert after(state, result(1, 2.0, Status.KEEP)).target_in_reach


def test_without_a_target_or_a_value_nothing_is_in_reach() -> None:
    assert not session(1.0).target_in_reach
    assert not begin(segment(target=1e9)).target_in_reach


def test_another_target_is_not_reached_because_the_last_one_was() -> None:
    reached = folded(session(1.0, target=2.0), TargetChecked(value=1.0, reached=True, reason=quoted(""), timestamp=at(1)))
    assert reached.segment.target_reached
    same = after(reached, SettingsChanged(configured(target=2.0, max_failures=3), ("max_failures",), at(2)))
    assert (same.segment.target_reached, same.segment.target_checked, same.config.max_failures) == (True, "base", 3)
    lower = after(reached, SettingsChanged(configured(target=0.5), ("target",), at(2)))
    assert (lower.segment.target_reached, lower.segment.target_checked, lower.target_in_reach) == (False, None, False)
    higher = after(reached, SettingsChanged(configured(target=1.5), ("target",), at(2)))
    assert higher.target_in_reach
    assert not after(reached, SettingsChanged(configured(), ("target",), at(2))).segment.target_reached


# Claims


def test_what_ran_out_of_runs_waits_for_a_second_look_until_it_is_opened_again() -> None:
    promising = [replace(result(number), verdict=Verdict.INCONCLUSIVE) for number in (1, 2)]
    state = folded(session(1.0, 1.1), *promising, result(3))
    assert [row.index for row in state.recent.second_looks] == [1, 2]
    assert [row.index for row in folded(state, Restored(1, at(0))).recent.second_looks] == [2]
    overtaken = Noticed(Fact(Kind.OVERTAKEN, {"experiment": 2}), at(0))
    assert [row.index for row in folded(state, overtaken).recent.second_looks] == [1]


@pytest.mark.parametrize(("verdict", "left"), [(Verdict.VOID, [1]), (Verdict.INCONCLUSIVE, []), (Verdict.DISCARD, [])])
def test_a_second_look_that_measured_is_the_last_one(verdict: Verdict, left: list[int]) -> None:
    state = folded(session(1.0, 1.1), replace(result(1), verdict=Verdict.INCONCLUSIVE))
    looked = folded(state, replace(taken(2), again=1), replace(result(2), verdict=verdict))
    assert looked.recent.rows[-1].again == 1
    assert [row.index for row in looked.recent.second_looks] == left


def test_a_keep_is_unconfirmed_until_fresh_runs_against_its_parent_confirm_it() -> None:
    state = folded(session(1.0, 1.1), result(1, 0.9, Status.KEEP, confirmed=False), result(2, 0.8, Status.KEEP, confirmed=False))
    lost = folded(state, replace(claimed(2, experiment=1), improved=False))
    assert [row.confirmed for row in lost.recent.kept] == [False, False]
    found = folded(lost, claimed(2, experiment=1))
    assert [row.confirmed for row in found.recent.kept] == [row.confirmed for row in found.recent.rows] == [True, False]
    assert found.confirmed == found.calibration.keeps == 0


def test_a_claim_of_the_session_confirms_a_keep_that_is_its_only_one() -> None:
    def confirmed(state: State) -> list[bool]:
        return [row.confirmed for row in (*state.recent.rows, *state.recent.kept) if row.status is Status.KEEP]

    one = folded(session(1.0, 1.1), result(1, 0.9, Status.KEEP, confirmed=False), result(2, commit="commit-1"))
    assert confirmed(after(one, claimed(1))) == [True, True]
    assert confirmed(after(one, replace(claimed(1), improved=False))) == [False, False]
    assert confirmed(after(one, replace(claimed(1), last="base"))) == [False, False]
    assert confirmed(after(after(one, segment(2)), claimed(1))) == [False, False]  # perhaps by another metric
    assert confirmed(after(after(one, result(3, 0.8, Status.KEEP, confirmed=False)), replace(claimed(2), last="commit-3"))) == [False] * 4


def claimed(keeps: int, experiment: int | None = None) -> Claimed:
    return Claimed("base", "commit-1", improved=True, pairs=20, reason=quoted(""), keeps=keeps, timestamp=at(9), experiment=experiment)


def test_a_claim_of_a_branch_counts_as_asked_and_says_nothing_of_the_session() -> None:
    kept = after(session(1.0), result(1, 0.5, Status.KEEP))
    made = after(kept, replace(claimed(1), branch="x/1-faster"))
    assert made.claim is None
    assert made.claim_is_due
    assert made.claimed == {"base..commit-1": 1}


def test_a_claim_is_due_once_something_was_kept_that_the_last_does_not_know_of() -> None:
    assert not session(1.0).claim_is_due
    kept = after(session(1.0), result(1, 0.5, Status.KEEP))
    assert kept.claim_is_due
    made = after(kept, claimed(1))
    assert (made.claim_is_due, made.claim) == (False, claimed(1))
    assert after(made, result(2, 0.4, Status.KEEP, forced=True)).claim_is_due


def test_claims_of_the_same_two_states_are_counted_whoever_asks_and_whatever_came_of_them() -> None:
    state = folded(session(1.0), claimed(1), claimed(1, experiment=1), replace(claimed(1), pairs=0), replace(claimed(1), last="commit-2"))
    assert [state.looks_at("base", last) for last in ("commit-1", "commit-2", "commit-3")] == [4, 2, 1]
    assert replace(state, segment=Segment(replace(state.segment.opened, rule=rules.FIRST))).looks_at("base", "commit-1") == 1
    assert after(state, segment(2)).looks_at("base", "commit-1") == 4


def test_a_look_at_one_keep_is_no_claim_about_the_session() -> None:
    kept = after(session(1.0), result(1, 0.5, Status.KEEP))
    assert replace(after(kept, claimed(1, experiment=1)), claimed=None) == kept


@pytest.mark.parametrize("mode", DecisionMode)
def test_a_claim_is_due_where_measurements_can_be_repeated(mode: DecisionMode) -> None:
    assert after(session(1.0, decision_mode=mode), result(1, 0.5, Status.KEEP)).claim_is_due is (mode is not DecisionMode.ONCE)


# Standing still, and time


@pytest.mark.parametrize(
    ("event", "ending", "health"),
    [
        (Paused(quoted("why"), at(10)), Ending.PAUSED, Health.PAUSED),
        (Finished(quoted("why"), at(10)), Ending.FINISHED, Health.FINISHED),
        (Stopped(quoted("why"), at(10)), Ending.STOPPED, Health.PAUSED),
    ],
)
def test_a_session_stands_still_with_a_reason_until_it_is_resumed(event: Event, ending: Ending, health: Health) -> None:
    state = after(session(1.0), event)
    assert (state.ended, state.vitals.health, state.vitals.why) == (Ended(ending, quoted("why")), health, quoted("why"))
    assert (state.spending.active_s, state.spending.active_since, state.spending.active(at(500))) == (10.0, None, 10.0)
    resumed = after(state, Resumed(at(100)))
    assert (resumed.ended, resumed.vitals.health, resumed.spending.active_since) == (None, Health.RUNNING, at(100))


def test_active_time_adds_up_over_stops_and_does_not_count_what_lies_between() -> None:
    state = folded(session(1.0), Stopped(quoted(""), at(10)), Resumed(at(100)), Paused(quoted(""), at(130)), Stopped(quoted(""), at(150)))
    assert state.spending.active(at(999)) == 40.0
    assert state.ended == Ended(Ending.STOPPED, quoted(""))
    assert folded(state, Resumed(at(200)), Resumed(at(204))).spending.active(at(205)) == 45.0


def test_a_stop_does_not_make_a_finished_session_one_that_was_stopped() -> None:
    finished = after(session(1.0), Finished(quoted("the target is reached"), at(10)))
    for late in (Stopped(quoted("the user said stop"), at(20)), Paused(quoted("blocked"), at(20)), result(1)):
        state = after(finished, late)
        assert state.ended == Ended(Ending.FINISHED, quoted("the target is reached"))
        assert (state.vitals.health, state.vitals.why, state.spending.active_s) == (Health.FINISHED, quoted("the target is reached"), 10.0)


def test_a_playbook_that_a_stop_cut_short_is_not_taken_up_again() -> None:
    state = folded(session(1.0), PlaybookBegun("rebaseline", 1, quoted(""), at(1)), Stopped(quoted(""), at(2)))
    assert state.playbook is not None
    assert after(state, Resumed(at(3))).playbook is None


def test_time_between_two_moments_is_never_negative() -> None:
    assert seconds_between(at(1), at(3.5)) == 2.5
    assert seconds_between(at(3), at(1)) == 0.0
    assert seconds_between("2026-01-01T00:00:00.500Z", "2026-01-01T01:00:01+01:00") == 0.5


# How decisions are made


def test_runs_that_take_minutes_are_decided_economically_unless_it_is_configured_otherwise() -> None:
    assert session(1.0).decision_mode is DecisionMode.RACE
    assert begin(segment()).decision_mode is DecisionMode.RACE
    slow = [ran(1.0, INCUMBENT, Purpose.BASELINE, wall_s=seconds) for seconds in (120.0, 120.5)]
    assert after(begin(segment()), slow[0]).decision_mode is DecisionMode.RACE
    assert after(begin(segment()), slow[1]).decision_mode is DecisionMode.ECONOMY
    assert after(begin(segment(decision_mode="race")), slow[1]).decision_mode is DecisionMode.RACE


def test_what_a_run_costs_is_told_with_what_prepares_it() -> None:
    built = replace(ran(1.0, INCUMBENT, Purpose.BASELINE, wall_s=30.0), prepare_s=100.0)
    state = after(begin(segment(prepare="make")), built)
    assert (state.segment.run_s, state.decision_mode) == (130.0, DecisionMode.ECONOMY)
    once = after(begin(segment(prepare="make", build_once=True)), built)
    assert once.decision_mode is DecisionMode.RACE
    assert after(begin(replace(segment(prepare="make"), rule=2)), built).decision_mode is DecisionMode.RACE
    assert begin(segment()).segment.run_s == 0.0


def test_policy_and_calibration_are_the_configurations_and_the_sessions() -> None:
    state = folded(session(1.0, 1.1, min_effect=0.02, max_pairs=7, error_budget=0.1), result(1), result(2, 0.9, Status.KEEP))
    policy, calibration = state.policy, state.calibration
    assert (policy.metric, policy.min_effect, policy.max_pairs, policy.error_budget) == (state.metric, 0.02, 7, 0.1)
    assert (calibration.experiment, calibration.keeps, calibration.planned, calibration.logs) == (3, 1, 100, True)
    assert (calibration.pool, calibration.reference) == (state.segment.pool, ())


CALIBRATED = Calibrated(runs=8, run_s=1.0, noise=0.01, few=0.03, many=0.01, logs=True, mode=DecisionMode.RACE, timestamp=at(1))


def test_what_the_unchanged_code_was_found_to_show_holds_for_its_segment() -> None:
    state = folded(session(1.0), CALIBRATED, result(1))
    assert state.segment.calibrated == CALIBRATED
    assert after(state, segment(2)).segment.calibrated is None


# Notes, and what the agent has cost


def test_what_the_agent_has_cost_is_what_the_latest_word_says() -> None:
    state = folded(session(1.0), Spent(1.5, 1000, "a", at(1), estimated=True), Spent(2.5, 3000, "b", at(2)))
    assert (state.spending.cost_usd, state.spending.tokens, state.spending.cost_estimated) == (2.5, 3000, False)


def test_the_latest_notes_and_notices_are_held() -> None:
    state = session(1.0)
    for number in range(NOTES + 3):
        state = folded(state, Noted(f"note {number}", at(number)), Noticed(quoted(f"notice {number}"), at(number)))
    assert [note.text for note in state.recent.notes] == [f"note {number}" for number in range(3, NOTES + 3)]
    assert [notice.found.words for notice in state.recent.notices] == [f"notice {number}" for number in range(3, NOTES + 3)]


# Whatever happens

texts = st.text(st.characters(), max_size=6)
values = st.integers(-2, 12).map(lambda number: number / 4)
moments = st.integers(0, 10_000).map(at)
files = st.lists(texts, max_size=2).map(tuple)
flags = st.booleans()
asi = st.none() | st.dictionaries(texts, st.lists(st.integers() | st.none(), max_size=2), max_size=2)
effects = st.none() | st.builds(Effect, values, values, values, flags)
causes = st.sampled_from(Cause)
configs = st.builds(
    configured,
    target=st.just(0.5) | st.just(2.0),
    max_iterations=st.integers(1, 40),
    decision_mode=st.sampled_from(["auto", *DecisionMode]),
    env=st.dictionaries(st.sampled_from("AB"), st.just("x")),
    recovery=st.fixed_dictionaries({}, optional={"max_healing_attempts": st.integers(0, 3)}),
)
segments = st.builds(lambda number, config: replace(segment(number), config=config), st.integers(1, 9), configs)
runs = st.builds(
    ran,
    value=st.none() | values,
    arm=st.sampled_from(Arm),
    purpose=st.sampled_from([Purpose.EXPERIMENT] * 4 + list(Purpose)),
    wall_s=st.sampled_from([0.5, 200.0]),
)
results = st.builds(
    result,
    index=st.integers(1, 300),
    metric=st.none() | values,
    status=st.sampled_from(Status),
    verdict=st.sampled_from(Verdict),
    outcome=st.none() | st.sampled_from(Outcome),
    cause=causes,
    effect=effects,
    asi=asi,
    files=files,
    forced=flags,
    confirmed=flags,
    description=texts,
)
decisions = st.builds(
    decided, st.integers(1, 9), st.sampled_from(Verdict), cause=causes, effect=effects, outcome=st.none() | st.sampled_from(Outcome)
)
scopes = st.just(((), 0)) | st.tuples(st.lists(texts, min_size=1, max_size=2).map(tuple), st.integers(1, 4))
events: st.SearchStrategy[Event] = st.one_of(
    st.one_of(runs, results, decisions),
    st.builds(taken, st.integers(1, 9), settles=flags, description=st.none() | texts, asi=asi, discard=flags, force=flags),
    st.one_of(
        segments, st.builds(baseline, values), st.builds(Opened, moments), st.builds(Described, st.integers(1, 9), texts, moments, asi)
    ),
    st.builds(SettingsChanged, configs, st.just(()), moments),
    st.builds(PlaybookBegun, st.just("rebaseline"), st.integers(1, 3), texts, moments),
    st.builds(lambda text, when, scope: PlaybookEnded("shrink_scope", text, when, scope[0], scope[1]), texts, moments, scopes),
    st.builds(TargetChecked, st.none() | values, flags, texts, moments),
    st.builds(claimed, st.integers(0, 9), st.none() | st.integers(1, 3)) | st.just(CALIBRATED),
    st.one_of(st.builds(Paused, texts, moments), st.builds(Finished, texts, moments), st.builds(Stopped, texts, moments)),
    st.builds(StopAsked, st.integers(0, 9), texts.map(quoted), moments),
    st.one_of(st.builds(Noted, texts, moments), st.builds(Noticed, texts.map(quoted), moments)),
    st.builds(Charged, values, texts, moments) | st.builds(Listed, st.just(("a\tone", "b")), moments),
    st.builds(Spent, cost_usd=values, tokens=st.integers(0, 9), client=texts, timestamp=moments, estimated=flags),
    st.one_of(st.builds(Resumed, moments), st.builds(RepairAsked, moments, st.sampled_from([None, "diagnose"]))),
)
ledgers = st.lists(events, max_size=25)


def test_what_is_measured_with_is_the_first_runs_word_until_the_unchanged_code_says_otherwise() -> None:
    said = [ran(value, Arm.INCUMBENT, Purpose.BASELINE, context={"judge": judge}) for value, judge in ((1.0, "a"), (2.0, "b"))]
    state = folded(begin(segment()), *said)
    assert state.segment.context == {"judge": "a"}
    changed = Fact(Kind.CONTEXT_CHANGED, {"changes": [["judge", "a", "b"]]})
    void = decided(1, Verdict.VOID, reason=changed)
    assert folded(state, taken(1), void).segment.left_behind == changed
    assert folded(state, taken(1), replace(void, reason=quoted("no"))).segment.left_behind is None
    renewed = folded(state, taken(1), void, replace(segment(2), reason=changed, timestamp=at(9)))
    assert (renewed.segment.left_behind, renewed.renewed) == (None, at(9))


def test_a_first_run_that_gives_no_case_a_score_says_what_is_measured_with_too() -> None:
    said = [
        ran(None, Arm.INCUMBENT, Purpose.BASELINE, outcome=Outcome.OK, part=Part.SEARCH, context={"judge": judge}) for judge in ("a", "b")
    ]
    assert folded(begin(segment()), *said).segment.context == {"judge": "a"}


def checkpointed(state: State) -> State:
    """A state as it comes back from a checkpoint on disk."""
    return decode(State, json.loads(json.dumps(encode(state))))


def from_ledger(event: Event) -> Event:
    read = from_line(to_line(event, "0" * 64))
    assert read is not None
    return read


@settings(max_examples=80)
@given(segments, ledgers, st.data())
def test_a_state_survives_its_checkpoint_and_goes_on_from_there_as_if_there_had_been_none(
    first: SegmentOpened, ledger: list[Event], data: st.DataObject
) -> None:
    read = [from_ledger(event) for event in ledger]
    cut = data.draw(st.integers(0, len(read)))
    state = folded(begin(first), *read[:cut])
    again = checkpointed(state)
    assert again == state
    whole, resumed = folded(state, *read[cut:]), folded(again, *read[cut:])
    assert resumed == whole
    assert encode(resumed) == encode(whole)


@settings(max_examples=80)
@given(segments, ledgers)
def test_whatever_happens_a_session_stands_still_exactly_while_its_health_says_so_and_its_counts_agree(
    first: SegmentOpened, ledger: list[Event]
) -> None:
    state = begin(first)
    for event in ledger:
        state = after(state, event)
        finished = state.ended is not None and state.ended.ending is Ending.FINISHED
        assert (state.ended is not None) == (state.vitals.health in (Health.PAUSED, Health.FINISHED))
        assert finished == (state.vitals.health is Health.FINISHED)
    settled = [event for event in ledger if isinstance(event, Result) and not event.baseline]
    assert sum((state.statuses or {}).values()) == len(settled)
    assert (state.statuses or {}).get(Status.KEEP, 0) == state.all_keeps
    assert state.gains <= state.confirmed <= state.keeps
    assert state.planned == begin(first).planned
    assert bool(state.segment.narrowed) == (state.segment.narrowed_left > 0)
    assert state.spending.active_s >= 0
    assert state.spending.run_s == sum(event.wall_s for event in ledger if isinstance(event, Ran))


def test_of_a_long_session_only_the_latest_words_and_values_are_held() -> None:
    state = session(*[1.0] * 60)
    assert len(state.segment.reference) == REFERENCE_KEPT
    for index in range(1, TRAIL + 20):
        state = after(state, result(index, 1.0, Status.KEEP if index % 2 else Status.DISCARD))
    assert (len(state.recent.rows), len(state.recent.kept), len(state.recent.trail), len(state.segment.values)) == (
        RECENT,
        RECENT,
        TRAIL,
        TRAIL + 20,
    )
    assert (state.recent.rows[-1].index, state.recent.kept[-1].index, state.recent.trail[-1].index) == (TRAIL + 19, TRAIL + 19, TRAIL + 19)


def test_fresh_looks_join_the_reference_or_take_its_place_where_the_incumbent_has_moved() -> None:
    before = session(1.0, 1.0, 1.0)
    joined = after(before, Looked(values=(1.1, 1.2), moved=False, reason=quoted(""), timestamp=at(9)))
    moved = after(before, Looked(values=(2.0, 2.1), moved=True, reason=quoted(""), timestamp=at(9)))
    assert joined.segment.reference == (*before.segment.reference, 1.1, 1.2)
    assert moved.segment.reference == (2.0, 2.1)
