"""Order: every kind of line has before it what makes it, or is named; words are never named, and count for nothing."""

# ruff: noqa: ANN401 - any field of an event can be changed

from __future__ import annotations

from dataclasses import replace
from types import UnionType
from typing import Any, get_args

import pytest
from tests.core.session import at, folded, result, segment

from autotune.core import rules
from autotune.core.cases.drawing import Taken
from autotune.core.facts import Fact, quoted
from autotune.core.findings import Contradiction
from autotune.core.ledger.events import (
    Calibrated,
    CandidateTaken,
    Charged,
    Claimed,
    Decided,
    Described,
    Drawn,
    Finished,
    Formatted,
    Imported,
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
    Resumed,
    SettingsChanged,
    Spent,
    StopAsked,
    Stopped,
    TargetChecked,
)
from autotune.core.ledger.fold import begin
from autotune.core.ledger.given import given
from autotune.core.ledger.lines import TYPES, Event
from autotune.core.ledger.order import LOOK_RUNS, TARGET_RUNS, USES, WORDS, misplaced
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.ledger.state import RECENT, State
from autotune.core.model import Arm, DecisionMode, Outcome, Part, Status, Verdict

NOW = at(1)


def ran(purpose: Purpose, value: float = 1.0, experiment: int = 0) -> Ran:
    arm = Arm.CANDIDATE if experiment else Arm.INCUMBENT
    return Ran(experiment, purpose, arm, 1, Outcome.OK, quoted(""), {"t": value}, 0.1, NOW, "runs/x.log")


def baseline(number: int = 1, **changed: Any) -> Event:
    said = result(0, 10.0, Status.KEEP, baseline=True, commit="base", segment=number)
    return replace(said, **changed)


def session(*events: Event, values: tuple[float, ...] = (10.0, 10.1, 9.9), **changed: Any) -> State:
    measured = (ran(Purpose.BASELINE, value) for value in values)
    return folded(begin(segment(**changed)), Opened(NOW), *measured, baseline(), *events)


def taken(number: int, incumbent: str = "base", **changed: Any) -> CandidateTaken:
    return replace(CandidateTaken(number, f"candidate-{number}", incumbent, ("a",), NOW, settles=False), **changed)


def decided(number: int, verdict: Verdict = Verdict.DISCARD) -> Decided:
    return Decided(number, verdict, Outcome.OK, Cause.IDEA, quoted(""), NOW)


def settled(number: int, status: Status = Status.DISCARD, incumbent: str = "base") -> tuple[Event, ...]:
    verdict = Verdict.KEEP if status is Status.KEEP else Verdict.DISCARD
    return taken(number, incumbent), decided(number, verdict), result(number, 10.0, status)


def asked(state: State, event: Event, *runs: Ran) -> Fact | None:
    return misplaced(state, event, {run.purpose: [one for one in runs if one.purpose is run.purpose] for run in runs})


def stuck(**changed: Any) -> State:
    return session(*(event for number in (1, 2) for event in settled(number)), health={"max_no_improvement_runs": 2}, **changed)


def once(count: int = 10) -> State:
    return session(*(event for number in range(1, count + 1) for event in settled(number)), decision_mode="economy")


LOOKS = [ran(Purpose.LOOK, 20.0)] * LOOK_RUNS
TARGETS = [ran(Purpose.TARGET, 7.0)] * TARGET_RUNS
KEPT = session(*settled(1, Status.KEEP))
AIMED = session(*settled(1, Status.KEEP), target=10.0)
HIGHER = session(*settled(1, Status.KEEP), target=9.0, direction="higher")
CLAIM = Claimed("base", "commit-1", improved=True, pairs=8, reason=quoted(""), keeps=1, timestamp=NOW)
NEXT = segment(2)

PLACED: list[tuple[State, Event, list[Ran]]] = [
    (session(), NEXT, []),
    (begin(segment()), ran(Purpose.BASELINE), []),
    (session(taken(1)), ran(Purpose.EXPERIMENT, experiment=1), []),
    (session(), ran(Purpose.CLAIM), []),
    (KEPT, replace(CLAIM, first="elsewhere", branch="x/1-faster"), [ran(Purpose.CLAIM)]),
    (session(taken(1), decided(1)), ran(Purpose.CLAIM, experiment=1), []),
    (begin(segment()), Opened(NOW), []),
    (session(), taken(1), []),
    (KEPT, taken(2, "commit-1"), []),
    (session(taken(1), decided(1)), Described(1, "words", NOW), []),
    (session(taken(1)), Formatted(1, "formatted", "pre-commit", ("a",), NOW), []),
    (folded(begin(segment()), ran(Purpose.BASELINE)), baseline(), []),
    (stuck(), PlaybookBegun("rebaseline", 1, quoted(""), NOW), []),
    (session(RepairAsked(NOW, "diagnose")), PlaybookBegun("diagnose", 1, quoted(""), NOW), []),
    (session(PlaybookBegun("rebaseline", 1, quoted(""), NOW)), PlaybookEnded("rebaseline", quoted(""), NOW, works=True), []),
    (
        session(PlaybookBegun("diagnose", 1, quoted(""), NOW)),
        PlaybookEnded("diagnose", quoted(""), NOW, works=True),
        [ran(Purpose.DIAGNOSIS)],
    ),
    (session(PlaybookBegun("shrink_scope", 1, quoted(""), NOW)), PlaybookEnded("shrink_scope", quoted(""), NOW, ("a/**",), 3), []),
    (AIMED, TargetChecked(7.0, reached=True, reason=quoted(""), timestamp=NOW), TARGETS),
    (AIMED, TargetChecked(None, reached=False, reason=quoted(""), timestamp=NOW), []),
    (HIGHER, TargetChecked(7.0, reached=False, reason=quoted(""), timestamp=NOW), TARGETS),
    (KEPT, CLAIM, []),
    (KEPT, replace(CLAIM, experiment=1), []),
    (once(), Looked((20.0, 20.0), moved=True, reason=quoted(""), timestamp=NOW), LOOKS),
    (once(), Looked((), moved=False, reason=quoted(""), timestamp=NOW), []),
    (session(Stopped(quoted(""), NOW)), Resumed(NOW), []),
    (session(), RepairAsked(NOW, "diagnose"), []),
    (session(), RepairAsked(NOW), []),
    (session(Paused(quoted(""), NOW)), RepairAsked(NOW, "rebaseline"), []),
    (session(*settled(1)), Restored(1, NOW), []),
    (session(Spent(1.0, 10, "c", NOW)), Spent(1.0, 20, "c", NOW), []),
    (session(cost_metric="cost_usd"), Charged(1.0, "x.log", NOW), []),
    (begin(segment(cases=["a"])), Listed(("a",), NOW), []),
    (session(taken(1), cases=["a"], score_range=[0, 1]), Drawn(1, Part.SEARCH, "a", 8, Taken.CASE, NOW), []),
    (session(Charged(3.0, "x.log", NOW), Spent(1.0, 10, "c", NOW), cost_metric="cost_usd"), Spent(1.0, 20, "c", NOW), []),
    (session(), SettingsChanged({}, (), NOW), []),
    (session(), Finished(quoted(""), NOW), []),
    (session(), decided(1), []),
    (session(), result(1), []),
    (session(), Calibrated(1, 1.0, 0.0, 0.0, 0.0, logs=True, mode=DecisionMode.RACE, timestamp=NOW), []),
    *((session(), word, []) for word in (Noted("", NOW), Noticed(quoted(""), NOW), Paused(quoted(""), NOW), Stopped(quoted(""), NOW))),
    (session(), StopAsked(1, quoted(""), NOW), []),
]
MISPLACED: list[tuple[State, Event, list[Ran], Contradiction]] = [
    (session(), segment(3), [], Contradiction.SEGMENT_ASTRAY),
    (KEPT, NEXT, [], Contradiction.SEGMENT_ASTRAY),
    (session(), replace(NEXT, branch="other"), [], Contradiction.SEGMENT_ASTRAY),
    (session(taken(1)), NEXT, [], Contradiction.SEGMENT_ASTRAY),
    (session(), ran(Purpose.EXPERIMENT, experiment=1), [], Contradiction.RUN_ASTRAY),
    (session(taken(1)), ran(Purpose.CROSS_CHECK, experiment=2), [], Contradiction.RUN_ASTRAY),
    (session(taken(1), decided(1)), ran(Purpose.EXPERIMENT, experiment=1), [], Contradiction.RUN_ASTRAY),
    (session(taken(1)), ran(Purpose.LOOK), [], Contradiction.RUN_MEANWHILE),
    (session(taken(1)), ran(Purpose.CHECKS, experiment=2), [], Contradiction.RUN_ASTRAY),
    (session(), ran(Purpose.BASELINE), [], Contradiction.RUN_AFTER_BASELINE),
    (session(), ran(Purpose.PROOF), [], Contradiction.RUN_AFTER_BASELINE),
    (session(), Opened(NOW), [], Contradiction.OPENED_TWICE),
    (session(), taken(2), [], Contradiction.CANDIDATE_ASTRAY),
    (KEPT, taken(2), [], Contradiction.CANDIDATE_ASTRAY),
    (session(taken(1)), taken(2), [], Contradiction.CANDIDATE_ASTRAY),
    (begin(segment()), taken(1), [], Contradiction.CANDIDATE_TOO_SOON),
    (session(), Formatted(1, "formatted", "format", (), NOW), [], Contradiction.FORMATTED_ASTRAY),
    (session(taken(1)), Formatted(2, "formatted", "format", (), NOW), [], Contradiction.FORMATTED_ASTRAY),
    (session(taken(1), decided(1)), Formatted(1, "formatted", "format", (), NOW), [], Contradiction.FORMATTED_ASTRAY),
    (session(), Described(1, "words", NOW), [], Contradiction.DESCRIBED_UNASKED),
    (session(taken(1)), Described(1, "words", NOW), [], Contradiction.DESCRIBED_UNASKED),
    (session(taken(1), decided(1)), Described(2, "words", NOW), [], Contradiction.DESCRIBED_UNASKED),
    (session(taken(1, settles=True), decided(1)), Described(1, "words", NOW, force=True), [], Contradiction.DESCRIBED_UNASKED),
    (session(), baseline(), [], Contradiction.BASELINE_ASTRAY),
    (begin(segment()), baseline(commit="other"), [], Contradiction.BASELINE_ASTRAY),
    (folded(begin(segment()), taken(1)), baseline(), [], Contradiction.BASELINE_ASTRAY),
    (begin(segment()), baseline(), [], Contradiction.BASELINE_OF_NO_RUNS),
    (session(), PlaybookBegun("rebaseline", 1, quoted(""), NOW), [], Contradiction.PLAYBOOK_WITHOUT_CAUSE),
    (stuck(), PlaybookBegun("diagnose", 1, quoted(""), NOW), [], Contradiction.PLAYBOOK_WITHOUT_CAUSE),
    (stuck(), PlaybookBegun("rebaseline", 2, quoted(""), NOW), [], Contradiction.PLAYBOOK_WITHOUT_CAUSE),
    (
        session(RepairAsked(NOW, "diagnose"), PlaybookBegun("diagnose", 1, quoted(""), NOW)),
        PlaybookBegun("diagnose", 2, quoted(""), NOW),
        [],
        Contradiction.PLAYBOOK_WITHOUT_CAUSE,
    ),
    (session(), PlaybookEnded("rebaseline", quoted(""), NOW), [], Contradiction.PLAYBOOK_NOT_BEGUN),
    (
        session(PlaybookBegun("rebaseline", 1, quoted(""), NOW)),
        PlaybookEnded("diagnose", quoted(""), NOW),
        [],
        Contradiction.PLAYBOOK_NOT_BEGUN,
    ),
    (
        session(PlaybookBegun("rebaseline", 1, quoted(""), NOW)),
        PlaybookEnded("rebaseline", quoted(""), NOW, ("a",), 3),
        [],
        Contradiction.SCOPE_FROM_PLAYBOOK,
    ),
    (
        session(PlaybookBegun("diagnose", 1, quoted(""), NOW)),
        PlaybookEnded("diagnose", quoted(""), NOW, works=True),
        [],
        Contradiction.WORKS_UNSEEN,
    ),
    (session(), TargetChecked(7.0, reached=True, reason=quoted(""), timestamp=NOW), TARGETS, Contradiction.TARGET_OUT_OF_REACH),
    (AIMED, TargetChecked(None, reached=True, reason=quoted(""), timestamp=NOW), [], Contradiction.TARGET_WITHOUT_VALUE),
    (AIMED, TargetChecked(7.0, reached=True, reason=quoted(""), timestamp=NOW), TARGETS[1:], Contradiction.TARGET_OTHERWISE),
    (AIMED, TargetChecked(6.0, reached=True, reason=quoted(""), timestamp=NOW), TARGETS, Contradiction.TARGET_OTHERWISE),
    (HIGHER, TargetChecked(7.0, reached=True, reason=quoted(""), timestamp=NOW), TARGETS, Contradiction.TARGET_OTHERWISE),
    (KEPT, replace(CLAIM, keeps=2), [], Contradiction.KEEPS_OTHERWISE),
    (KEPT, replace(CLAIM, last="other"), [], Contradiction.STATES_OTHERWISE),
    (KEPT, replace(CLAIM, experiment=2), [], Contradiction.CLAIM_OF_NO_KEEP),
    (session(), Looked((20.0, 20.0), moved=True, reason=quoted(""), timestamp=NOW), LOOKS, Contradiction.LOOK_NOT_DUE),
    (once(), Looked((), moved=True, reason=quoted(""), timestamp=NOW), [], Contradiction.LOOK_WITHOUT_RUNS),
    (once(), Looked((20.0, 20.0), moved=True, reason=quoted(""), timestamp=NOW), LOOKS[1:], Contradiction.LOOK_OTHERWISE),
    (once(), Looked((20.0, 20.0), moved=False, reason=quoted(""), timestamp=NOW), LOOKS, Contradiction.LOOK_OTHERWISE),
    (session(), Resumed(NOW), [], Contradiction.WENT_ON_UNSTOPPED),
    (session(Finished(quoted(""), NOW)), RepairAsked(NOW), [], Contradiction.REPAIRED_AT_END),
    (session(), RepairAsked(NOW, "pause"), [], Contradiction.PLAYBOOK_UNKNOWN),
    (session(*settled(1)), Restored(2, NOW), [], Contradiction.RESTORED_NOTHING),
    (session(*settled(1), taken(2)), Restored(1, NOW), [], Contradiction.RESTORED_NOTHING),
    (session(Spent(1.0, 10, "c", NOW)), Spent(0.0, 20, "c", NOW), [], Contradiction.COST_FELL),
    (session(cost_metric="cost_usd"), Charged(-1.0, "x.log", NOW), [], Contradiction.COST_FELL),
    (session(), Charged(1.0, "x.log", NOW), [], Contradiction.COST_FELL),
    (session(), Listed(("a",), NOW), [], Contradiction.CASES_ASTRAY),
    (session(), Drawn(1, Part.SEARCH, "a", 8, Taken.CASE, NOW), [], Contradiction.DRAW_ASTRAY),
    (session(Spent(1.0, 10, "c", NOW)), Spent(1.0, 9, "c", NOW), [], Contradiction.COST_FELL),
]


@pytest.mark.parametrize(("state", "event", "runs"), PLACED)
def test_a_line_that_has_what_it_needs_before_it_is_not_named(state: State, event: Event, runs: list[Ran]) -> None:
    assert asked(state, event, *runs) is None


@pytest.mark.parametrize(("state", "event", "runs", "kind"), MISPLACED)
def test_a_line_that_lacks_what_it_needs_is_named(state: State, event: Event, runs: list[Ran], kind: Contradiction) -> None:
    found = asked(state, event, *runs)
    assert found is not None
    assert found.kind is kind


def test_every_kind_of_line_is_named_somewhere_or_is_a_word_or_made_again_by_replay() -> None:
    named = {type(event) for _, event, _, _ in MISPLACED}
    made_again = {Decided, Calibrated, SettingsChanged, Finished}
    history = {Imported}  # another loop's, of which nothing is made
    assert named.isdisjoint({*WORDS, *made_again, *history})
    assert {*named, *WORDS, *made_again, *history} == {*TYPES.values()}
    assert isinstance(Event, UnionType)
    assert {*get_args(Event)} == {*TYPES.values()}


def test_a_claim_of_a_keep_whose_words_are_not_held_any_more_is_left_alone() -> None:
    state = replace(KEPT, keeps=RECENT + 1)
    assert asked(state, replace(CLAIM, keeps=RECENT + 1, experiment=7)) is None


def test_no_two_kinds_of_line_are_made_of_the_same_runs() -> None:
    assert len({*USES.values()}) == len(USES)


def seeded(purpose: Purpose, seed: int | None, arm: Arm = Arm.INCUMBENT, experiment: int = 0, outcome: Outcome = Outcome.OK) -> Ran:
    return replace(ran(purpose, experiment=experiment), seed=seed, arm=arm, outcome=outcome)


def test_a_run_has_the_seed_of_its_place() -> None:
    baseline_runs = [seeded(Purpose.BASELINE, number) for number in (1, 2, 3)]
    state = folded(begin(segment(seeds=True)), Opened(NOW), *baseline_runs, baseline())
    open_one = folded(state, taken(1), seeded(Purpose.EXPERIMENT, 4, Arm.CANDIDATE, 1))
    failed = folded(open_one, seeded(Purpose.EXPERIMENT, 4, Arm.INCUMBENT, 1, Outcome.CRASHED))
    for before, fits, arm, experiment in (
        (folded(state, taken(1)), 4, Arm.CANDIDATE, 1),
        (open_one, 4, Arm.INCUMBENT, 1),
        (open_one, 5, Arm.CANDIDATE, 1),
        (failed, 4, Arm.INCUMBENT, 1),
    ):
        for seed in (None, *range(1, 8)):
            found = asked(before, seeded(Purpose.EXPERIMENT, seed, arm, experiment))
            assert found == (None if seed == fits else Fact(Contradiction.SEED_OTHERWISE, {"said": seed, "found": fits}))


def test_a_claim_that_was_killed_is_begun_anew_with_fresh_seeds() -> None:
    state = folded(begin(segment(seeds=True)), Opened(NOW), seeded(Purpose.BASELINE, 1), baseline(), seeded(Purpose.CLAIM, 2))
    assert [seed for seed in range(1, 6) if asked(state, seeded(Purpose.CLAIM, seed, Arm.CANDIDATE)) is None] == [2, 3]
    again = folded(state, seeded(Purpose.CLAIM, 3, Arm.CANDIDATE))
    assert [seed for seed in range(1, 6) if asked(again, seeded(Purpose.CLAIM, seed, Arm.INCUMBENT)) is None] == [3, 4]


def test_checks_have_no_seed_nor_has_any_run_without_seeds() -> None:
    state = folded(begin(segment(seeds=True)), Opened(NOW))
    assert asked(state, seeded(Purpose.CHECKS, None)) is None
    assert asked(state, seeded(Purpose.CHECKS, 1)) == Fact(Contradiction.SEED_OTHERWISE, {"said": 1, "found": None})
    assert asked(session(), seeded(Purpose.CLAIM, 1)) == Fact(Contradiction.SEED_OTHERWISE, {"said": 1, "found": None})


def with_cases(*events: Event, count: int = 30, **changed: Any) -> State:
    ids = tuple(f"c{number}" for number in range(count))
    return folded(begin(segment(cases=list(ids), **changed)), Opened(NOW), Listed(ids, NOW), *events)


def of_cases(state: State, purpose: Purpose, arm: Arm = Arm.INCUMBENT, experiment: int = 0, *, anew: bool = False) -> Ran:
    told = given(state, purpose, experiment, arm, anew=anew)
    return replace(ran(purpose, experiment=experiment), arm=arm, drawn=told.drawn, cases=told.cases)


def test_a_run_has_the_cases_of_its_place_and_both_runs_of_a_pair_have_the_same() -> None:
    state = with_cases()
    first = of_cases(state, Purpose.BASELINE)
    second = of_cases(folded(state, first), Purpose.BASELINE)
    assert (first.drawn, second.drawn, len(first.cases), set(first.cases) & set(second.cases)) == (1, 1, 8, set())
    measured = folded(state, first, second, baseline(), taken(1))
    candidate = of_cases(measured, Purpose.EXPERIMENT, Arm.CANDIDATE, 1)
    incumbent = of_cases(folded(measured, candidate), Purpose.EXPERIMENT, Arm.INCUMBENT, 1)
    assert (candidate.drawn, candidate.cases) == (incumbent.drawn, incumbent.cases) != (second.drawn, second.cases)
    assert asked(measured, candidate) is None
    for other in (replace(candidate, cases=first.cases), replace(candidate, drawn=1), replace(candidate, drawn=None, cases=())):
        assert asked(measured, other) == Fact(Contradiction.CASES_OTHERWISE)
    assert asked(measured, of_cases(measured, Purpose.EXPERIMENT, Arm.CANDIDATE, 1, anew=True)) is None
    begun = folded(measured, candidate)
    assert asked(begun, of_cases(begun, Purpose.EXPERIMENT, Arm.INCUMBENT, 1, anew=True)) == Fact(Contradiction.CASES_OTHERWISE)


def test_a_claim_with_cases_may_be_begun_anew() -> None:
    first = of_cases(with_cases(), Purpose.BASELINE)
    state = folded(with_cases(), first, baseline())
    killed = folded(state, of_cases(state, Purpose.CLAIM, Arm.CANDIDATE))
    again = of_cases(killed, Purpose.CLAIM, Arm.INCUMBENT, anew=True)
    assert asked(killed, again) is None
    assert again.drawn == 3
    other = of_cases(folded(killed, again), Purpose.CLAIM, Arm.CANDIDATE)
    assert (other.drawn, other.cases) == (again.drawn, again.cases)


def test_cases_are_named_once_before_the_baseline_and_are_those_of_the_settings() -> None:
    opened = folded(begin(segment(cases=["a", "b"])), Opened(NOW))
    assert asked(opened, Listed(("a", "b"), NOW)) is None
    assert asked(folded(begin(segment(cases="make cases")), Opened(NOW)), Listed(("a\tone", "b"), NOW)) is None
    for state, lines in (
        (opened, ("a",)),
        (folded(begin(segment(cases="make cases")), Opened(NOW)), ("a", "a")),
        (folded(begin(segment(cases="make cases")), Opened(NOW)), ("a", "")),
        (folded(begin(segment()), Opened(NOW)), ("a",)),
        (folded(opened, Listed(("a", "b"), NOW)), ("a", "b")),
        (folded(opened, ran(Purpose.BASELINE)), ("a", "b")),
    ):
        assert asked(state, Listed(lines, NOW)) == Fact(Contradiction.CASES_ASTRAY)


def test_where_a_run_gets_all_cases_it_may_repeat_exactly_and_where_it_gets_a_part_it_never_does() -> None:
    for count, exact in ((8, True), (9, False)):
        state = with_cases(count=count, timed=False)
        for _ in range(3):
            state = folded(state, replace(of_cases(state, Purpose.BASELINE), metrics={"t": 3.0, "t[c1]": 3.0, "autotune.cases": 8.0}))
        state = folded(state, baseline(metric=3.0))
        assert (state.exact, state.policy.paired, bool(state.calibration.reference)) == (exact, True, exact)
        assert (state.segment.cases, state.segment.case_ratios) == ((), True)


def test_an_older_segment_has_groups_where_a_newer_one_has_sides() -> None:
    lines = ("a\tg\tpositive", "b\th")
    before = replace(segment(cases=list(lines)), rule=rules.SIDES_ARE_READ - 1)
    old = folded(begin(before), Opened(NOW))
    assert asked(old, Listed(lines, NOW)) is None
    assert [case.group for case in folded(old, Listed(lines, NOW)).segment.listed] == ["g\tpositive", "h"]
    assert asked(folded(begin(segment(cases=list(lines))), Opened(NOW)), Listed(lines, NOW)) == Fact(Contradiction.CASES_ASTRAY)
    both = ("a\tg\tpositive", "b\th\tnegative")
    new = folded(begin(segment(cases=list(both))), Opened(NOW), Listed(both, NOW))
    assert [case.side for case in new.segment.listed] == ["positive", "negative"]
