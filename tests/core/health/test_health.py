"""Health: every way from one to another, what counts towards it, and its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.health.transitions import TRANSITIONS, Health, Mode, Signal, Vitals, step

R, IMP, P, C, H, STILL, F = Health
INPUTS = [signal for signal in Signal if signal not in (Signal.NO_PROGRESS, Signal.FAILURES, Signal.WELL)]
"""What can happen; the others are what a streak makes of it."""

BECAUSE = quoted("because")
PLATEAU_AFTER, CRASHING_AFTER = 5, 2  # the defaults of the contract


def after(vitals: Vitals, *signals: Signal, why: Fact = BECAUSE) -> Vitals:
    for signal in signals:
        vitals = step(vitals, signal, PLATEAU_AFTER, CRASHING_AFTER, why)
    return vitals


counts = st.integers(0, 9)
vitals_ = st.builds(
    Vitals,
    health=st.sampled_from(Health),
    mode=st.sampled_from(Mode),
    no_improvement=counts,
    failures=counts,
    total_failures=counts,
    attempts=counts,
    broken=counts,
    why=st.just("as before"),
)


@pytest.mark.parametrize("signal", Signal)
def test_every_signal_leads_from_every_health_to_one(signal: Signal) -> None:
    assert set(TRANSITIONS[signal]) == set(Health)
    assert set(TRANSITIONS[signal].values()) <= set(Health)


@pytest.mark.parametrize(
    ("signal", "to"),
    [
        #                      running, improving, plateaued, crashing, healing, paused, finished
        (Signal.KEPT, (IMP, IMP, IMP, IMP, IMP, STILL, F)),
        (Signal.NOT_BETTER, (R, R, P, R, H, STILL, F)),
        (Signal.NOT_MEASURED, (R, IMP, P, C, H, STILL, F)),
        (Signal.FAILED, (R, R, P, C, H, STILL, F)),
        (Signal.BROKEN, (C, C, C, C, C, STILL, F)),
        (Signal.REPAIR_ASKED, (C, C, C, C, C, C, C)),
        (Signal.HEALING_BEGAN, (H, H, H, H, H, STILL, F)),
        (Signal.FAILS, (R, IMP, P, C, H, STILL, F)),
        (Signal.HEALED_BY, (R, IMP, R, R, R, STILL, F)),
        (Signal.WORKS, (R, IMP, R, R, R, STILL, F)),
        (Signal.RESUMED, (R, IMP, R, R, R, R, R)),
        (Signal.PAUSED, (STILL, STILL, STILL, STILL, STILL, STILL, F)),
        (Signal.FINISHED, (F, F, F, F, F, F, F)),
    ],
)
def test_where_no_streak_is_long_enough_a_signal_leads_where_the_table_says(signal: Signal, to: tuple[Health, ...]) -> None:
    assert tuple(after(Vitals(health=health), signal).health for health in Health) == to


def test_no_signal_of_the_table_was_forgotten_here() -> None:
    assert len(INPUTS) == 13


def test_five_experiments_in_a_row_without_a_keep_are_a_plateau() -> None:
    four = after(Vitals(), *[Signal.NOT_BETTER] * 4)
    assert (four.health, four.no_improvement) == (R, 4)
    five = after(four, Signal.NOT_BETTER)
    assert (five.health, five.no_improvement, five.why) == (P, 5, Fact(Kind.PLATEAU, {"experiments": 5}))


def test_two_failures_in_a_row_are_a_crash_and_a_run_that_works_begins_anew() -> None:
    one = after(Vitals(), Signal.FAILED)
    assert (one.health, one.failures, one.why) == (R, 1, BECAUSE)
    assert after(one, Signal.NOT_BETTER, Signal.FAILED).health is R
    two = after(one, Signal.FAILED)
    assert (two.health, two.failures, two.total_failures, two.why) == (C, 2, 2, Fact(Kind.FAILURES, {"failures": 2}))


def test_what_was_not_measured_neither_lengthens_nor_ends_a_streak() -> None:
    one = after(Vitals(), Signal.FAILED, Signal.NOT_MEASURED, Signal.NOT_MEASURED)
    assert (one.failures, one.no_improvement) == (1, 1)
    assert after(one, Signal.FAILED).health is C


def test_failures_count_towards_a_plateau_and_are_a_crash_first() -> None:
    mixed = after(Vitals(), Signal.FAILED, *[Signal.NOT_BETTER] * 3, Signal.FAILED)
    assert (mixed.health, mixed.no_improvement, mixed.failures) == (P, 5, 1)
    both = after(Vitals(), *[Signal.NOT_BETTER] * 3, Signal.FAILED, Signal.FAILED)
    assert (both.health, both.why) == (C, Fact(Kind.FAILURES, {"failures": 2}))


def test_thresholds_of_one_are_met_at_once_and_said_to_be_one() -> None:
    once = step(Vitals(), Signal.NOT_BETTER, 1, 1, BECAUSE)
    assert (once.health, once.why) == (P, Fact(Kind.PLATEAU, {"experiments": 1}))
    once = step(Vitals(), Signal.FAILED, 1, 1, BECAUSE)
    assert (once.health, once.why) == (C, Fact(Kind.FAILURES, {"failures": 1}))


def test_failures_refuted_ideas_a_broken_benchmark_and_what_was_not_measured_are_told_apart() -> None:
    begun = Vitals()
    assert after(begun, Signal.FAILED) == replace(begun, no_improvement=1, failures=1, total_failures=1, why=BECAUSE)
    assert after(begun, Signal.NOT_BETTER) == replace(begun, no_improvement=1, why=BECAUSE)
    assert after(begun, Signal.BROKEN) == replace(begun, health=C, broken=1, mode=Mode.REPAIR, why=BECAUSE)
    assert after(begun, Signal.NOT_MEASURED) == begun


@given(vitals_)
def test_a_keep_resets_everything_but_the_total_of_failures(vitals: Vitals) -> None:
    kept = after(vitals, Signal.KEPT)
    assert replace(kept, health=R, why=BECAUSE) == Vitals(total_failures=vitals.total_failures, why=BECAUSE)


@given(vitals_)
def test_going_on_begins_streaks_and_budget_anew_forgets_no_count_and_stands_still_no_longer(vitals: Vitals) -> None:
    resumed = after(vitals, Signal.RESUMED)
    assert (resumed.mode, resumed.attempts, resumed.broken) == (Mode.OPTIMIZE, 0, 0)
    assert (resumed.no_improvement, resumed.failures) == (vitals.no_improvement, vitals.failures)
    assert resumed.health in (R, IMP)
    assert after(resumed, Signal.NOT_BETTER).health is R
    assert after(resumed, Signal.FAILED).health is R


@given(vitals_)
def test_a_playbook_takes_one_of_the_attempts_and_gives_the_streaks_a_new_start(vitals: Vitals) -> None:
    begun = after(vitals, Signal.HEALING_BEGAN)
    assert begun.attempts == vitals.attempts + 1
    assert (begun.no_improvement, begun.failures) == (vitals.no_improvement, vitals.failures)
    ended = after(begun, Signal.HEALED_BY)
    assert (ended.attempts, ended.no_improvement, ended.failures) == (vitals.attempts + 1, vitals.no_improvement, vitals.failures)
    for one in (Signal.NOT_BETTER, Signal.FAILED):
        assert after(replace(ended, health=H), one).health is H


@given(vitals_)
def test_a_repair_that_is_asked_for_has_the_whole_budget_again(vitals: Vitals) -> None:
    asked = after(vitals, Signal.REPAIR_ASKED)
    assert (asked.health, asked.mode, asked.attempts) == (C, Mode.REPAIR, 0)


@given(vitals_, st.sampled_from(INPUTS))
def test_only_a_failing_candidate_counts_as_a_failure_and_no_total_ever_shrinks(vitals: Vitals, signal: Signal) -> None:
    assert after(vitals, signal).total_failures == vitals.total_failures + (signal is Signal.FAILED)


def test_repair_is_asked_of_the_proposer_while_things_fail_and_improvement_once_they_work() -> None:
    assert after(Vitals(), *[Signal.NOT_BETTER] * 5, Signal.HEALING_BEGAN).mode is Mode.OPTIMIZE
    failing = after(Vitals(), Signal.FAILED, Signal.FAILED, Signal.HEALING_BEGAN, Signal.HEALED_BY)
    assert (failing.health, failing.mode) == (H, Mode.OPTIMIZE)  # a failure is the candidate's where the unchanged code passes
    broken = after(Vitals(), Signal.BROKEN, Signal.HEALING_BEGAN, Signal.HEALED_BY)
    assert broken.mode is Mode.REPAIR
    assert {after(broken, signal).mode for signal in (Signal.FAILED, Signal.NOT_BETTER)} == {Mode.OPTIMIZE}


def test_a_healing_loop_is_well_again_with_a_keep_and_ill_again_with_a_new_streak() -> None:
    healing = after(Vitals(), *[Signal.NOT_BETTER] * 5, Signal.HEALING_BEGAN, Signal.HEALED_BY)
    assert after(healing, Signal.KEPT).health is IMP
    assert after(healing, *[Signal.NOT_BETTER] * 4).health is H
    assert after(healing, *[Signal.NOT_BETTER] * 5).health is P
    assert after(healing, Signal.FAILED, Signal.FAILED).health is C
    assert after(healing, Signal.BROKEN).health is C


def test_the_incumbents_failures_are_counted_until_something_passes() -> None:
    twice = after(Vitals(), Signal.BROKEN, Signal.NOT_MEASURED, Signal.HEALING_BEGAN, Signal.HEALED_BY, Signal.BROKEN)
    assert twice.broken == 2
    for signal in (Signal.KEPT, Signal.NOT_BETTER, Signal.FAILED, Signal.RESUMED):
        assert after(twice, signal).broken == 0


@given(st.lists(st.sampled_from([one for one in INPUTS if one not in (Signal.RESUMED, Signal.REPAIR_ASKED)]), max_size=8))
def test_finished_stays_finished_until_a_person_goes_on(signals: list[Signal]) -> None:
    finished = after(Vitals(), Signal.FINISHED, why=quoted("the target is reached"))
    late = after(finished, *signals)
    assert (late.health, late.why) == (F, quoted("the target is reached"))
    assert after(late, Signal.RESUMED).health is R


@given(st.lists(st.sampled_from([one for one in INPUTS if one not in (Signal.RESUMED, Signal.REPAIR_ASKED, Signal.FINISHED)]), max_size=8))
def test_paused_stays_paused_until_a_person_goes_on(signals: list[Signal]) -> None:
    paused = after(Vitals(), Signal.PAUSED)
    assert after(paused, *signals).health is STILL


def test_what_settles_while_the_session_stands_still_does_not_become_the_reason_why_it_does() -> None:
    paused = after(Vitals(), Signal.PAUSED, why=quoted("the user said stop"))
    assert after(paused, Signal.NOT_MEASURED, Signal.KEPT, why=quoted("late")).why == quoted("the user said stop")
    assert after(paused, Signal.PAUSED, why=quoted("for another reason")).why == quoted("for another reason")


def test_what_was_not_measured_is_no_reason_for_a_plateau() -> None:
    plateau = after(Vitals(), *[Signal.NOT_BETTER] * 5)
    assert after(plateau, Signal.NOT_MEASURED, why=quoted("it was cancelled")) == plateau


@given(st.lists(st.sampled_from(INPUTS), max_size=30))
def test_healing_means_that_a_playbook_was_begun_since_the_last_keep(signals: list[Signal]) -> None:
    vitals = after(Vitals(), *signals)
    assert vitals.health is not H or vitals.attempts > 0
    assert vitals.failures <= vitals.total_failures


# What a playbook found


def test_a_playbook_that_finds_nothing_wrong_in_a_healthy_session_leaves_it_as_healthy() -> None:
    asked = after(Vitals(), Signal.NOT_BETTER, Signal.REPAIR_ASKED, Signal.HEALING_BEGAN)
    for found in (Signal.WORKS, Signal.HEALED_BY):
        ended = after(asked, found, why=quoted("rebaseline: nothing has changed"))
        assert (ended.health, ended.mode, ended.why) == (R, Mode.OPTIMIZE, quoted("rebaseline: nothing has changed"))


def test_unchanged_code_that_works_needs_no_repair_and_the_streak_is_watched_on() -> None:
    for cause in (Signal.NOT_BETTER, Signal.FAILED):
        ended = after(after(Vitals(), *[cause] * 5, Signal.HEALING_BEGAN), Signal.WORKS, why=quoted("rebaseline: nothing has changed"))
        assert (ended.health, ended.mode, ended.why) == (H, Mode.OPTIMIZE, quoted("rebaseline: nothing has changed"))


def test_a_benchmark_that_works_again_leaves_nothing_to_heal() -> None:
    diagnosed = after(Vitals(), Signal.BROKEN, Signal.HEALING_BEGAN, Signal.WORKS)
    assert (diagnosed.health, diagnosed.mode, diagnosed.broken) == (R, Mode.OPTIMIZE, 0)


def test_unchanged_code_that_is_found_failing_is_what_the_proposer_is_to_repair() -> None:
    found = after(Vitals(), *[Signal.NOT_BETTER] * 5, Signal.HEALING_BEGAN, Signal.FAILS, why=quoted("diagnose: the benchmark fails"))
    assert (found.health, found.mode, found.why) == (H, Mode.REPAIR, quoted("diagnose: the benchmark fails"))
    asked = after(Vitals(), Signal.REPAIR_ASKED, Signal.HEALING_BEGAN, Signal.FAILS)
    assert (asked.health, asked.mode) == (H, Mode.REPAIR)


def test_while_a_loop_heals_its_reason_is_the_playbooks_and_not_the_last_experiments() -> None:
    healing = after(Vitals(), *[Signal.NOT_BETTER] * 5, Signal.HEALING_BEGAN)
    healing = after(healing, Signal.WORKS, why=quoted("rebaseline: nothing has changed"))
    later = after(healing, Signal.NOT_BETTER, Signal.FAILED, Signal.NOT_MEASURED, why=quoted("exit 3"))
    assert (later.health, later.why) == (H, quoted("rebaseline: nothing has changed"))


def test_a_streak_is_told_at_its_whole_length_whatever_was_tried_meanwhile() -> None:
    vitals = Vitals()
    for length in (5, 10, 15):
        vitals = after(vitals, *[Signal.NOT_BETTER] * 5)
        assert (vitals.health, vitals.why) == (P, Fact(Kind.PLATEAU, {"experiments": length}))
        vitals = after(vitals, Signal.HEALING_BEGAN, Signal.HEALED_BY)
    assert after(vitals, Signal.RESUMED, *[Signal.NOT_BETTER] * 5).why == Fact(Kind.PLATEAU, {"experiments": 20})
    failing = after(Vitals(), Signal.FAILED, Signal.FAILED, Signal.HEALING_BEGAN, Signal.HEALED_BY, Signal.FAILED)
    assert failing.health is H
    failing = after(failing, Signal.FAILED)
    assert (failing.health, failing.why) == (C, Fact(Kind.FAILURES, {"failures": 4}))
    assert after(failing, Signal.HEALING_BEGAN, Signal.HEALED_BY, Signal.NOT_BETTER, Signal.FAILED, Signal.FAILED).why == Fact(
        Kind.FAILURES, {"failures": 2}
    )
