"""Comparisons on cases with scores: what comes next, what is decided, and what `check` makes of it, from events alone."""

# ruff: noqa: ANN401 - any setting can be changed

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.core.session import at, folded, result, segment

from autotune.core.cases.confirming import planned_for
from autotune.core.cases.drawing import Taken
from autotune.core.cases.listed import listed
from autotune.core.cases.outlook import UnitOutlook
from autotune.core.cases.split import digest, letters, split
from autotune.core.codec import decode, encode
from autotune.core.facts import Fact, Kind, claimed, quoted
from autotune.core.findings import Contradiction
from autotune.core.ledger import replay, scored
from autotune.core.ledger.events import Calibrated, CandidateTaken, Claimed, Decided, Drawn, Listed, Opened, Ran, TargetChecked
from autotune.core.ledger.fold import begin
from autotune.core.ledger.given import given
from autotune.core.ledger.lines import Event
from autotune.core.ledger.order import misplaced, target_runs, target_value
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.ledger.settle import goes_on
from autotune.core.ledger.sight import sight
from autotune.core.ledger.state import Ended, Ending, State
from autotune.core.ledger.stopping import Action, Next, next_action
from autotune.core.model import Arm, Decision, DecisionMode, Outcome, Part, Status, Verdict
from autotune.core.tell.brief import brief
from autotune.core.tell.explain import sentence
from autotune.core.tell.fate import Fate
from autotune.core.tell.headline import headline
from autotune.core.tell.snapshot import snapshot
from autotune.core.tell.words import told

NOW = at(1)
Score = Callable[[Arm, int], float | None]
BETTER: Score = lambda arm, number: float(number % 4 != 0 or arm is Arm.CANDIDATE)  # noqa: E731 - a table of what scores are
ALIKE: Score = lambda _, number: float(number % 2)  # noqa: E731
WORSE: Score = lambda arm, number: float(number % 4 == 0 and arm is Arm.INCUMBENT)  # noqa: E731


def opened(count: int = 200, *, groups: int = 0, side: str = "", **changed: Any) -> State:
    """A session whose cases are named and whose baseline is measured."""
    lines = tuple(f"c{number}\tg{number // groups}" if groups else f"c{number}" for number in range(count))
    if side:
        lines = tuple(f"{line}\t\t{side.split()[number % 2]}" for number, line in enumerate(lines))
    config = {"cases": list(lines), "score_range": [0, 1], **changed}
    state = folded(begin(segment(direction="higher", **config)), Opened(NOW))
    cases = listed(lines)
    named = Listed(lines, NOW, letters(cases, split(cases, state.config.holdout_share, state.config.search_share)), digest(cases))
    assert misplaced(state, named, {}) is None
    state = folded(state, named)
    state = folded(state, made(state, Purpose.BASELINE, Arm.INCUMBENT, ALIKE))
    return folded(state, result(0, 0.5, Status.KEEP, baseline=True, commit="base", segment=1))


def made(state: State, purpose: Purpose, arm: Arm, score: Score, more: Mapping[str, Score] | None = None) -> Ran:
    """A run of what comes next."""
    number = state.experiment.number if state.experiment is not None else 0
    told = given(state, purpose, number, arm)
    values = {place: score(arm, place) for place in told.cases}
    names = {place: state.segment.listed[place].name for place in told.cases}
    metrics = {f"t[{names[place]}]": value for place, value in values.items() if value is not None}
    mean = {"t": sum(metrics.values()) / len(metrics)} if metrics else {}
    others = {f"{name}[{names[place]}]": one(arm, place) or 0.0 for name, one in (more or {}).items() for place in told.cases}
    unscored = {str(place): "timed out" for place, value in values.items() if value is None}
    return Ran(
        experiment=number,
        purpose=purpose,
        arm=arm,
        number=1,
        outcome=Outcome.OK,
        why=quoted(""),
        metrics={**mean, **metrics, **others, "autotune.cases": float(len(metrics))},
        wall_s=0.1,
        timestamp=NOW,
        log="x.log",
        drawn=told.drawn,
        cases=told.cases,
        part=told.part,
        unscored=unscored,
    )


def taken(state: State) -> CandidateTaken:
    return CandidateTaken(state.count + 1, "candidate", state.incumbent, ("a",), NOW, settles=True, description="d")


def drawn(state: State, part: Part, size: int = 8, pool_number: int = 1, **changed: Any) -> Drawn:
    number = state.experiment.number if state.experiment is not None else 1
    counts = {"number": state.confirmations + 1, "keeps": state.gains, "pool_number": pool_number} if part is Part.CONFIRM else {}
    counts |= {"planned": planned_for(state.segment.listed)} if counts else {}
    return replace(Drawn(number, part, "seed", size, state.taken, NOW, **counts), **changed)


def asked(state: State) -> Decision:
    assert state.experiment is not None
    return scored.decided(state, state.experiment.runs, state.policy, random.Random(1))


def compared(state: State, score: Score, more: Mapping[str, Score] | None = None, *, pool_number: int = 1) -> tuple[State, Decision]:
    """Measure a candidate to its end; every line has its place."""
    state = folded(state, taken(state))
    while (decision := asked(state)).verdict is Verdict.MEASURE_AGAIN:
        event: Event
        if decision.draws is not None:
            event = drawn(state, decision.draws, pool_number=pool_number)
        else:
            event = made(state, Purpose.EXPERIMENT, decision.arms[0], score, more)
            assert event.cases == decision.cases
        assert misplaced(state, event, {}) is None
        state = folded(state, event)
    return state, decision


def verdict_of(state: State, decision: Decision) -> Decided:
    assert decision.reason is not None
    assert state.experiment is not None
    return Decided(
        experiment=state.experiment.number,
        verdict=decision.verdict,
        outcome=Outcome.OK,
        cause=Cause.IDEA,
        reason=decision.reason,
        timestamp=NOW,
        value=scored.value_of(state, state.experiment.runs),
        effect=decision.effect,
        evidence=decision.evidence,
        needed=decision.needed,
        min_effect=0.0,
    )


def contradiction(state: State, event: Event) -> Fact | None:
    return replay.contradiction(state, event, {}, lambda state, _: state.policy)


def parts(state: State) -> dict[Part, set[int]]:
    names = {case.name: place for place, case in enumerate(state.segment.listed)}
    return {part: {names[case.name] for case in state.segment.split.of(part)} for part in Part}


def cases_run(state: State, part: Part) -> set[int]:
    assert state.experiment is not None
    return {place for run in state.experiment.runs if run.part is part for place in run.cases}


def test_a_gain_is_searched_whole_and_confirmed_as_far_as_it_takes() -> None:
    state, decision = compared(opened(), BETTER)
    assert (decision.verdict, decision.reason and decision.reason.kind) == (Verdict.KEEP, Kind.SCORES_BETTER)
    assert cases_run(state, Part.SEARCH) == parts(state)[Part.SEARCH]
    assert cases_run(state, Part.CONFIRM) < parts(state)[Part.CONFIRM]
    assert decision.needed == pytest.approx(1 / (0.05 * 0.96 / 20))
    assert decision.evidence is not None
    assert decision.evidence >= (decision.needed or 0)
    assert decision.effect is not None
    assert not decision.effect.relative
    assert 0 < decision.effect.low < decision.effect.estimate < decision.effect.high
    assert state.confirmations == 1
    said = verdict_of(state, decision)
    assert said.value == 1.0
    assert contradiction(state, said) is None
    for wrong in (replace(said, value=0.9), replace(said, evidence=1e9), replace(said, verdict=Verdict.DISCARD)):
        found = contradiction(state, wrong)
        assert found is not None
        assert found.kind is Contradiction.VERDICT_OTHERWISE
    assert folded(state, said).segment.pool == state.segment.pool


@pytest.mark.parametrize(("score", "kind"), [(ALIKE, Kind.SCORES_NOT_WORTH_IT), (WORSE, Kind.SCORES_NOT_WORTH_IT)])
def test_what_is_no_gain_never_comes_to_the_cases_that_confirm(score: Score, kind: Kind) -> None:
    state, decision = compared(opened(), score)
    assert (decision.verdict, decision.reason and decision.reason.kind) == (Verdict.DISCARD, kind)
    assert not cases_run(state, Part.CONFIRM)
    assert state.confirmations == 0
    assert contradiction(state, verdict_of(state, decision)) is None


def test_a_gain_that_is_less_than_is_worth_having_is_given_up() -> None:
    _, kept = compared(opened(), BETTER)
    state, given_up = compared(opened(worth=0.6), BETTER)
    assert kept.verdict is Verdict.KEEP
    assert (given_up.verdict, given_up.reason and given_up.reason.kind) == (Verdict.DISCARD, Kind.SCORES_NOT_WORTH_IT)
    assert contradiction(state, verdict_of(state, given_up)) is None


def test_a_little_luck_on_the_search_cases_is_not_promising() -> None:
    _, decision = compared(opened(100), lambda arm, number: float((number % 3 == 0) if arm is Arm.CANDIDATE else (number % 3 == 1)))
    assert decision.reason is not None
    assert decision.reason.kind is Kind.SCORES_NOT_PROMISING
    assert decision.reason.figures["left"] == 0
    assert decision.verdict is Verdict.DISCARD


def test_where_something_acts_on_a_whole_batch_that_is_one_unit() -> None:
    unit = UnitOutlook(10, 8.0, Taken.BATCH, 0.2, 0.3, 417.0, 0.05, 100.0)
    found = Calibrated(1, 1.0, 0.0, 0.0, 0.0, logs=False, mode=DecisionMode.RACE, timestamp=NOW, by_unit=unit)
    state = folded(opened(400), found)
    state, decision = compared(state, BETTER)
    assert decision.reason is not None
    assert decision.reason.figures["in_batches"]
    assert decision.reason.figures["units"] < 30
    begun = folded(opened(400), found, taken(state))
    other = misplaced(begun, replace(drawn(begun, Part.SEARCH), taken=Taken.CASE, experiment=1), {})
    assert other is not None
    assert other.kind is Contradiction.DRAW_ASTRAY


def test_it_is_known_how_search_cases_stand_and_what_the_last_candidates_did_to_them() -> None:
    state, decision = compared(opened(), BETTER)
    state = folded(state, verdict_of(state, decision), result(1, 1.0, Status.KEEP))
    searched = state.segment.searched
    assert {int(place) for place in searched.scores} == parts(state)[Part.SEARCH]
    assert set(searched.scores.values()) == {1.0}
    assert {(one.experiment, *set(one.by.values())) for one in searched.changes} == {(1, 1.0)}
    worse: Score = lambda arm, number: 0.0 if arm is Arm.CANDIDATE else float(number % 2)  # noqa: E731
    state, decision = compared(state, worse, pool_number=2)
    state = folded(state, verdict_of(state, decision), result(2, 0.0))
    assert [one.experiment for one in state.segment.searched.changes] == [1, 2]
    page = brief(state, at(9))
    section = page.partition("## Worst search cases")[2].partition("##")[0]
    shown = [line for line in section.splitlines() if line.startswith("c")]
    assert shown
    names = {state.segment.listed[place].name for place in parts(state)[Part.SEARCH]}
    assert {line.partition(":")[0] for line in shown} <= names
    assert snapshot(state, at(9))["cases"] == {
        **{part: len(parts(state)[Part(part.replace("_", " "))]) for part in ("search", "confirm", "held_out")},
        "confirmations": 1,
        "planned": 20,
    }
    lines_shown = {line.label: line.text for line in headline(state, at(9))}
    assert "1 of 20" in lines_shown["cases"]
    assert "`autotune calibrate` says" in lines_shown["noise"]
    unit = UnitOutlook(10, 8.0, Taken.CASE, 0.0, 0.023, 417.0, 0.05, 100.0)
    known = Calibrated(1, 1.0, 0.0, 0.0, 0.0, logs=False, mode=DecisionMode.RACE, timestamp=NOW, by_unit=unit)
    assert "by 2.3 % of the range" in {line.label: line.text for line in headline(folded(state, known), at(9))}["noise"]
    again = state.segment.searched.with_experiment(3, [], "t", state.segment.listed, kept=True)
    assert again == state.segment.searched


def test_where_there_are_too_few_to_split_all_decide() -> None:
    state, decision = compared(opened(40), BETTER)
    assert not parts(state)[Part.SEARCH]
    assert state.experiment is not None
    assert [one.part for one in state.experiment.drawn] == [Part.CONFIRM]
    assert decision.reason is not None
    assert decision.reason.kind in (Kind.SCORES_BETTER, Kind.SCORES_OUT_OF_REACH, Kind.SCORES_USED_UP)
    assert scored.value_of(state, state.experiment.runs) == 1.0
    _, decision = compared(opened(4), BETTER)
    assert decision.reason is not None
    assert decision.reason.kind is Kind.SCORES_TOO_FEW


def test_cases_of_a_group_count_as_one_and_stay_together() -> None:
    state, decision = compared(opened(240, groups=3), BETTER)
    assert state.experiment is not None
    for run in state.experiment.runs:
        assert {place // 3 * 3 for place in run.cases} <= set(run.cases)
    assert decision.reason is not None
    assert decision.reason.figures["grouped"]


def test_unscored_cases_are_asked_for_once_more_in_both_arms_and_then_dropped() -> None:
    state, decision = compared(opened(), lambda arm, number: None if number % 10 == 0 else BETTER(arm, number))
    assert state.experiment is not None
    runs = [run for run in state.experiment.runs if run.part is Part.SEARCH]
    asked_for = [place for run in runs for place in run.cases]
    assert {asked_for.count(place) for place in asked_for if place % 10 == 0} == {4}
    assert {asked_for.count(place) for place in asked_for if place % 10} == {2}
    assert decision.reason is not None
    assert decision.reason.figures["dropped"] > 0
    assert not decision.reason.figures.get("unequal")
    assert contradiction(state, verdict_of(state, decision)) is None


def test_a_candidate_that_leaves_its_bad_answers_without_a_score_wins_nothing() -> None:
    hides: Score = lambda arm, number: 1.0 if number % 2 else None if arm is Arm.CANDIDATE else 0.0  # noqa: E731
    _, decision = compared(opened(), hides)
    assert decision.verdict is not Verdict.KEEP
    assert decision.reason is not None
    assert decision.reason.figures["unequal"]


def test_a_comparison_goes_on_where_it_was_cut_off_but_not_once_the_session_stands_still_or_in_the_checkout() -> None:
    state = opened()
    state = folded(state, taken(state))
    assert not goes_on(state)
    state = folded(state, drawn(state, Part.SEARCH))
    assert goes_on(state)
    assert not goes_on(replace(state, ended=Ended(Ending.STOPPED, quoted(""))))
    assert not goes_on(replace(state, config=replace(state.config, in_place=True)))
    begun = folded(state, made(state, Purpose.EXPERIMENT, Arm.INCUMBENT, ALIKE))
    decision = asked(begun)
    assert (decision.arms, decision.fresh) == ((Arm.CANDIDATE,), False)
    assert begun.experiment is not None
    assert decision.cases == begun.experiment.runs[0].cases


@pytest.mark.parametrize(
    ("text", "guarded", "kind"),
    [
        ("cost <= 0.5", lambda _, __: 0.1, Kind.SCORES_BETTER),
        ("cost <= 1.1x", lambda arm, _: 0.9 if arm is Arm.CANDIDATE else 0.1, Kind.GUARDRAIL_BROKEN),
        ("cost <= 0.5", lambda _, number: float(number % 2), Kind.GUARDRAIL_UNDECIDED),
    ],
)
def test_a_keep_has_to_hold_guardrails_on_metrics_of_each_case(text: str, guarded: Score, kind: Kind) -> None:
    state, decision = compared(opened(guardrails=[text]), BETTER, {"cost": guarded})
    assert decision.reason is not None
    assert decision.reason.kind is kind
    assert contradiction(state, verdict_of(state, decision)) is None


def test_a_guardrail_on_a_metric_of_each_run_is_judged_by_batches() -> None:
    state = opened(guardrails=["cost <= 0.5"])
    state = folded(state, taken(state))
    while (decision := asked(state)).verdict is Verdict.MEASURE_AGAIN:
        if decision.draws is not None:
            state = folded(state, drawn(state, decision.draws))
            continue
        run = made(state, Purpose.EXPERIMENT, decision.arms[0], BETTER)
        state = folded(state, replace(run, metrics={**run.metrics, "cost": 0.01}))
    assert decision.reason is not None
    assert decision.reason.figures["guardrails"][0]["estimate"] == pytest.approx(0.01)


def test_a_comparison_begins_once_on_each_part_in_their_order_with_the_number_that_is_next() -> None:
    state = opened()
    begun = folded(state, taken(state))
    searching = folded(begun, drawn(begun, Part.SEARCH))
    for before, event in (
        (state, drawn(state, Part.SEARCH)),
        (begun, drawn(begun, Part.CONFIRM)),
        (begun, drawn(begun, Part.HELD_OUT)),
        (begun, drawn(begun, Part.SEARCH, number=1)),
        (searching, drawn(searching, Part.SEARCH)),
        (searching, drawn(searching, Part.CONFIRM, number=2)),
        (searching, drawn(searching, Part.CONFIRM, keeps=1)),
        (searching, drawn(searching, Part.CONFIRM, planned=1)),
        (searching, drawn(searching, Part.CONFIRM, pool_number=0)),
        (searching, drawn(searching, Part.CONFIRM, experiment=2)),
        (folded(begin(segment()), Opened(NOW)), drawn(begun, Part.SEARCH)),
    ):
        found = misplaced(before, event, {})
        assert found is not None
        assert found.kind is Contradiction.DRAW_ASTRAY
    with pytest.raises(ValueError, match="no comparison"):
        given(begun, Purpose.EXPERIMENT, 1, Arm.CANDIDATE)
    with pytest.raises(ValueError, match="no scores"):
        scored.asked_of(folded(begin(segment()), Opened(NOW)), begun.policy, None)


def test_a_pool_that_is_spent_leaves_it_open_and_the_session_pauses() -> None:
    state = opened()
    state = folded(state, taken(state), drawn(state, Part.SEARCH, experiment=1))
    while (decision := asked(state)).draws is None:
        state = folded(state, made(state, Purpose.EXPERIMENT, decision.arms[0], BETTER))
    said = verdict_of(state, replace(decision, reason=Fact(Kind.POOL_SPENT, {"used": 20, "planned": 20}), verdict=Verdict.INCONCLUSIVE))
    assert contradiction(state, said) is None
    assert contradiction(state, replace(said, value=0.0)) is not None
    assert folded(state, said).segment.spent == said.reason


def test_a_claim_is_made_of_the_cases_that_are_held_out() -> None:
    state = opened()
    runs = list[Ran]()
    held_out = parts(state)[Part.HELD_OUT]
    while {place for run in runs for place in run.cases} < held_out:
        for arm in Arm:
            runs.append(made(state, Purpose.CLAIM, arm, BETTER))
            state = folded(state, runs[-1])
    pairs = [(one.run, other.run) for other, one in zip(runs[::2], runs[1::2], strict=True)]
    found = scored.claim_of(state, pairs, 1)
    assert found.effect.estimate == pytest.approx(sum(place % 4 == 0 for place in held_out) / len(held_out))
    said = Claimed("base", "base", found.improved, found.pairs, claimed(found), 0, NOW, effect=found.effect)
    made_of = {Purpose.CLAIM: runs}
    assert replay.contradiction(state, said, made_of, lambda state, _: state.policy) is None
    for wrong in (replace(said, improved=not said.improved), replace(said, pairs=len(pairs) - 1)):
        assert replay.contradiction(state, wrong, made_of, lambda state, _: state.policy) is not None
    found_missing = replay.contradiction(state, said, {Purpose.CLAIM: runs[1:]}, lambda state, _: state.policy)
    assert found_missing is not None
    assert found_missing.kind is Contradiction.CLAIM_OF_MISSING_PAIRS
    bare = [(replace(one, samples={}), replace(other, samples={})) for one, other in pairs]
    with pytest.raises(ValueError, match="no case"):
        scored.claim_of(state, bare, 1)
    same = [(one, replace(one, arm=Arm.CANDIDATE)) for one, _ in pairs]
    assert scored.claim_of(state, same, 1).improved is False


def test_a_target_is_reached_by_the_mean_of_a_pass_over_cases_that_may_be_seen() -> None:
    state = opened(target=0.4)
    count = target_runs(state)
    runs = list[Ran]()
    for _ in range(count):
        runs.append(made(state, Purpose.TARGET, Arm.INCUMBENT, ALIKE))
        state = folded(state, runs[-1])
    assert {place for run in runs for place in run.cases} == parts(state)[Part.SEARCH]
    value = target_value(state, [run.metrics for run in runs])
    assert value == scored.mean_of([run.metrics for run in runs], "t")
    said = TargetChecked(value, reached=bool(value and value >= 0.4), reason=quoted(""), timestamp=NOW)
    assert misplaced(state, said, {Purpose.TARGET: runs}) is None
    assert misplaced(state, replace(said, value=0.9), {Purpose.TARGET: runs}) is not None


def test_there_are_no_cases_for_a_claim_where_none_are_held_out() -> None:
    with pytest.raises(ValueError, match="held out"):
        given(opened(20), Purpose.CLAIM, 0, Arm.CANDIDATE)


def test_a_mean_needs_scores() -> None:
    assert scored.mean_of([{"t": 1.0}, {"autotune.cases": 0.0}], "t") is None
    assert scored.mean_of([{"t": 1.0, "autotune.cases": 3.0}, {"t": 0.0, "autotune.cases": 1.0}], "t") == 0.75


def test_a_case_that_was_tried_twice_counts_once_in_the_mean_by_its_last_score() -> None:
    def flaky(arm: Arm, number: int) -> float | None:
        return None if arm is Arm.INCUMBENT and number % 8 == 1 else float(number % 4 != 0)

    state, _ = compared(opened(), flaky)
    assert state.experiment is not None
    runs = [run for run in state.experiment.runs if run.arm is Arm.CANDIDATE and run.part is Part.SEARCH]
    places = [place for run in runs for place in run.cases]
    assert len(set(places)) < len(places)
    scores = [float(place % 4 != 0) for place in set(places)]
    assert scored.value_of(state, state.experiment.runs) == pytest.approx(sum(scores) / len(scores))
    assert scored.value_of(state, []) is None


def test_checks_may_fail_between_two_batches_of_a_comparison_on_cases() -> None:
    state = opened(checks="true")
    state = folded(state, taken(state), drawn(state, Part.SEARCH, experiment=1))
    for _ in range(4):
        state = folded(state, made(state, Purpose.EXPERIMENT, asked(state).arms[0], ALIKE))
    failed = Decided(1, Verdict.DISCARD, Outcome.CHECKS_FAILED, Cause.CANDIDATE, quoted(""), NOW)
    assert contradiction(state, failed) is None
    half = folded(state, made(state, Purpose.EXPERIMENT, asked(state).arms[0], ALIKE))
    assert contradiction(half, failed) is not None


def test_a_baseline_knows_batches_of_which_no_case_has_a_score_and_says_nothing_of_noise() -> None:
    lines = tuple(f"c{number}" for number in range(200))
    state = folded(begin(segment(direction="higher", cases=list(lines), score_range=[0, 1])), Opened(NOW))
    cases = listed(lines)
    state = folded(state, Listed(lines, NOW, letters(cases, split(cases)), digest(cases)))
    state = folded(state, made(state, Purpose.BASELINE, Arm.INCUMBENT, lambda *_: None))
    assert (len(state.segment.baseline_observed), state.segment.baseline_runs) == (1, ())
    state = folded(state, made(state, Purpose.BASELINE, Arm.INCUMBENT, lambda *_: 0.5))
    found = sight([[0.5]], 0.1, state.metric.direction, [], timestamp=NOW)
    assert contradiction(state, found) is None
    assert contradiction(state, replace(found, runs=7)) is not None
    assert not state.exact
    assert not state.timed


def test_the_session_pauses_where_the_cases_that_decide_are_spent() -> None:
    state = opened()
    spent = Fact(Kind.POOL_SPENT, {"used": 20, "planned": 20})
    state = replace(state, segment=replace(state.segment, spent=spent))
    assert next_action(state, NOW) == Next(Action.PAUSE, spent)
    assert ("20 were planned" in told(spent), "looked at" in told(spent)) == (True, False)


def by_chance(seed: int, gain: float, unscored: float) -> Score:
    """Scores by chance; another try of a case brings another."""
    coin = random.Random(seed)

    def score(arm: Arm, _: int) -> float | None:
        value = coin.random() * (1 - gain) + (gain if arm is Arm.CANDIDATE else 0.0)
        return None if coin.random() < unscored else round(value, 3)

    return score


def decided_from_the_start(state: State) -> Decision:
    """What is decided where nothing of the comparison was counted before."""
    scored._course.cache_clear()
    return asked(state)


def read_again(state: State) -> State:
    """The state as another command reads it: alike, of other objects."""
    return decode(State, json.loads(json.dumps(encode(state))))


@pytest.mark.parametrize("seed", range(24))
def test_a_look_that_counts_on_decides_as_one_from_the_start(seed: int) -> None:
    coin = random.Random(seed)
    groups, unscored, gain = coin.choice([0, 0, 3]), coin.choice([0.0, 0.05, 0.4]), coin.choice([0.0, 0.3, 0.6])
    guardrails: dict[str, Any] = {"guardrails": ["cost <= 0.1"]} if seed % 3 == 0 else {}
    score, more = by_chance(seed, gain, unscored), {"cost": by_chance(seed + 1, 0.0, 0.0)}
    state = opened(coin.choice([30, 150]), groups=groups, **guardrails)
    state = folded(state, taken(state))
    looks = [(state, asked(state))]
    while (decision := looks[-1][1]).verdict is Verdict.MEASURE_AGAIN:
        begun = drawn(state, decision.draws) if decision.draws else None
        state = folded(state, begun or made(state, Purpose.EXPERIMENT, decision.arms[0], score, more))
        if coin.random() < 0.2:
            state = read_again(state)
        looks.append((state, asked(state)))
    assert [asked(state) for state, _ in reversed(looks)] == [decision for _, decision in reversed(looks)]
    assert [decided_from_the_start(state) for state, _ in looks] == [decision for _, decision in looks]
    assert contradiction(state, verdict_of(state, decision)) is None


# Cases with sides

FIRES_ALWAYS: Score = lambda arm, number: float((number % 2 == 0) is (arm is Arm.CANDIDATE))  # noqa: E731


def sided(count: int, **changed: Any) -> State:
    """A session of routing: even places should fire, odd ones should not."""
    return opened(count, side="positive negative", **changed)


def test_of_routing_a_keep_takes_104_to_1_and_says_how_negatives_did() -> None:
    state, decision = compared(sided(300), lambda arm, number: 1.0 if arm is Arm.CANDIDATE or number % 2 else 0.0)
    assert (decision.verdict, decision.reason and decision.reason.kind) == (Verdict.KEEP, Kind.SCORES_BETTER)
    assert decision.needed == pytest.approx(1 / (0.05 * 0.96 / 5))
    assert decision.reason is not None
    assert decision.reason.figures["specificity"] == 0.0
    assert len(cases_run(state, Part.CONFIRM)) % 2 == 0
    said = verdict_of(state, decision)
    assert contradiction(state, said) is None
    assert contradiction(state, replace(said, verdict=Verdict.DISCARD)) is not None
    assert "negative queries +0.00" in told(said.told(""))
    assert misplaced(folded(state, said), drawn(state, Part.CONFIRM, planned=20), {}) is not None
    assert "0 of 5 confirmations" in str(headline(sided(300), NOW))


def test_what_fires_everywhere_is_discarded_on_the_search_cases() -> None:
    state, decision = compared(sided(300), FIRES_ALWAYS)
    assert (decision.verdict, decision.reason and decision.reason.kind) == (Verdict.DISCARD, Kind.SCORES_LESS_SPECIFIC)
    assert decision.reason is not None
    assert "where it should not" in sentence(1, Fate.REFUTED, None, state.metric, state.decision_mode, decision.reason)
    assert not cases_run(state, Part.CONFIRM)
    assert "where it should not" in told(verdict_of(state, decision).told(""))


def test_with_fewer_than_20_couples_nothing_is_decided_however_good_a_change_is() -> None:
    state, decision = compared(sided(70), lambda arm, number: 1.0 if arm is Arm.CANDIDATE or number % 2 else 0.0)
    assert (decision.verdict, decision.reason and decision.reason.kind) == (Verdict.INCONCLUSIVE, Kind.SCORES_TOO_FEW)
    assert cases_run(state, Part.SEARCH)
    assert not cases_run(state, Part.CONFIRM)


def test_of_routing_a_batch_is_never_one_unit() -> None:
    state = sided(300)
    calibrated = sight([[0.5, 0.6]], 1.0, state.metric.direction, timestamp=NOW)
    by_unit = UnitOutlook(1, 8, Taken.BATCH, 0.1, 0.2, 100, 0.05, 9)
    assert folded(state, replace(calibrated, by_unit=by_unit)).taken is Taken.ONE_BY_ONE


@pytest.mark.parametrize(
    ("verdict", "kind", "units", "dropped", "undecided"),
    [
        (Verdict.INCONCLUSIVE, Kind.SCORES_USED_UP, 15, 44, True),
        (Verdict.INCONCLUSIVE, Kind.SCORES_USED_UP, 44, 15, False),
        (Verdict.INCONCLUSIVE, Kind.SCORES_TOO_FEW, 44, 15, True),
        (Verdict.INCONCLUSIVE, Kind.SCORES_TOO_FEW, 44, 0, False),
        (Verdict.DISCARD, Kind.SCORES_NOT_WORTH_IT, 15, 44, False),
        (None, Kind.SCORES_TOO_FEW, 0, 1, False),
    ],
)
def test_what_too_many_cases_say_nothing_of_is_undecided(
    *, verdict: Verdict | None, kind: Kind, units: int, dropped: int, undecided: bool
) -> None:
    assert scored.is_undecided(verdict, Fact(kind, {"units": units, "dropped": dropped})) is undecided
