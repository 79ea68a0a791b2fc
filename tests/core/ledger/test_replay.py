"""Replaying: a verdict is what its runs give, and no other, in every mode; so are claims and calibrations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.session import at, configured, segment

from autotune.core import rules
from autotune.core.codec import decode
from autotune.core.decide import guards
from autotune.core.decide.decide import decide
from autotune.core.facts import AnyKind, Fact, Kind, claimed, quoted
from autotune.core.findings import Contradiction
from autotune.core.ledger.events import CandidateTaken, Claimed, Decided, Finished, Ran, Result, SegmentOpened, SettingsChanged
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.lines import Event, from_line, from_sentence
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.ledger.replay import contradiction
from autotune.core.ledger.settle import result_of, verdict_of
from autotune.core.ledger.sight import sight
from autotune.core.ledger.state import Experiment, Spending, State
from autotune.core.model import PROCESSOR_S, Arm, Decision, Effect, Outcome, Policy, Run, Status, Verdict, Witness
from autotune.core.stats import effects
from autotune.core.stats.noise import median


def ran(arm: Arm, value: float, purpose: Purpose, number: int, size: float = 1.0) -> Ran:
    metrics = {"t": value, "size": size}
    return Ran(
        1 if purpose is Purpose.EXPERIMENT else 0, purpose, arm, number, Outcome.OK, quoted(""), metrics, 0.1, at(number), "runs/x.log"
    )


def measured(coin: Random, mode: str, shift: float, noise: float, held: list[str]) -> tuple[State, Decided]:
    """A session's state with an experiment whose runs are made, and the verdict on it."""
    state = begin(segment(decision_mode=mode, guardrails=held))
    for number in range(1 if mode == "once" else 5):
        state = after(state, ran(Arm.INCUMBENT, 10 * (1 + noise * coin.gauss(0, 1)), Purpose.BASELINE, number))
    state = after(state, CandidateTaken(1, "candidate", "base", ("a",), at(1), settles=True))
    assert state.experiment is not None
    read = tuple(map(guards.read_guard, held))
    number = 10
    while (decision := guards.decided(state.experiment.runs, state.calibration, state.policy, read, coin)).verdict is Verdict.MEASURE_AGAIN:
        arm = decision.arms[0]
        value = 10 * (1 + noise * coin.gauss(0, 1)) * (1 - shift * (arm is Arm.CANDIDATE))
        state = after(state, ran(arm, value, Purpose.EXPERIMENT, number, 1 + noise * coin.random()))
        assert state.experiment is not None
        number += 1
    assert state.experiment is not None
    value = median([run.samples["t"] for run in state.experiment.runs if run.arm is Arm.CANDIDATE])
    reason = decision.reason
    assert reason is not None
    said = Decided(
        1, decision.verdict, Outcome.OK, Cause.IDEA, reason, at(99), value=value, effect=decision.effect,
        evidence=decision.evidence, needed=decision.needed, pairs=decision.pairs, confirmed=decision.confirmed,
        min_effect=0.0,
    )  # fmt: skip
    return state, said


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from(["race", "economy", "once"]),
    st.sampled_from([-0.2, 0.0, 0.02, 0.4]),
    st.sampled_from([0.0, 0.02]),
    st.sampled_from([[], ["size <= 1.5x"]]),
)
def test_a_verdict_is_what_its_runs_give(seed: int, mode: str, shift: float, noise: float, held: list[str]) -> None:
    state, said = measured(Random(seed), mode, shift, noise, held)
    assert contradiction(state, said, {}, lambda state, _: state.policy) is None
    assert otherwise(asked(state, replace(said, min_effect=-0.1))) == (Contradiction.VERDICT_OTHERWISE, ["min_effect"])
    other = replace(said, effect=Effect(0.1, 0.05, 0.2, relative=True))
    assert otherwise(asked(state, other)) == (Contradiction.VERDICT_OTHERWISE, ["effect"])
    for verdict in {Verdict.KEEP, Verdict.DISCARD, Verdict.INCONCLUSIVE} - {said.verdict}:
        assert otherwise(asked(state, replace(said, verdict=verdict))) == (Contradiction.VERDICT_OTHERWISE, ["verdict"])
    for other_reason in (quoted("excellent"), Fact(Kind.FORCED), replace(said.reason, figures={**said.reason.figures, "runs": 99})):
        assert otherwise(asked(state, replace(said, reason=other_reason))) == (Contradiction.VERDICT_OTHERWISE, ["reason"])
    assert asked(state, replace(said, reason=replace(said.reason, besides=(Fact(Kind.ONE_NUMBER),)))) is None
    unseen = Decided(1, Verdict.DISCARD, Outcome.OK, Cause.IDEA, Fact(Kind.DOES_NOT_GENERALISE), at(99))
    assert (asked(state, unseen) is None) is (said.verdict is Verdict.KEEP)
    assert asked(state, Decided(1, Verdict.VOID, None, Cause.IDEA, quoted("not to be trusted"), at(99))) is None


def test_a_keep_by_processor_time_is_made_again_from_the_processor_time_of_its_runs() -> None:
    known = Witness((0.01,) * 8, low=0.6, high=0.95)
    state = begin(segment())
    state = replace(state, segment=replace(state.segment, baseline_runs=(10.0, 10.1, 10.2), pool=(0.15,) * 8, witness=known))
    state, coin, number = after(state, CandidateTaken(1, "candidate", "base", ("a",), at(1), settles=True)), Random(2), 10
    while (decision := decide(state.experiment.runs if state.experiment else (), state.calibration, state.policy, coin)).arms:
        changed, waited, own = decision.arms[0] is Arm.CANDIDATE, coin.expovariate(10.0), coin.gauss(0, 0.008)
        made = ran(decision.arms[0], 10 * (1 + waited + own - 0.035 * changed), Purpose.EXPERIMENT, number)
        metrics = {**made.metrics, PROCESSOR_S: 9 * (1 + own - 0.035 * changed)}
        state, number = after(state, replace(made, metrics=metrics, wall_s=10 * (1 + waited))), number + 1
    assert decision.reason is not None
    assert state.experiment is not None
    value = median([run.samples["t"] for run in state.experiment.runs if run.arm is Arm.CANDIDATE])
    said = Decided(
        1, decision.verdict, Outcome.OK, Cause.IDEA, decision.reason, at(99), value=value, effect=decision.effect,
        evidence=decision.evidence, needed=decision.needed, pairs=decision.pairs, confirmed=decision.confirmed, min_effect=0.0,
    )  # fmt: skip
    assert said.reason.kind is Kind.BETTER_BY_WITNESS
    assert asked(state, said) is None
    assert otherwise(asked(state, replace(said, confirmed=True))) == (Contradiction.VERDICT_OTHERWISE, ["confirmed"])
    runs = [
        replace(run, samples={**run.samples, PROCESSOR_S: run.samples[PROCESSOR_S] * (1.001 if run.arm is Arm.CANDIDATE else 1)})
        for run in state.experiment.runs
    ]
    forged = replace(state, experiment=replace(state.experiment, runs=tuple(runs)))
    assert otherwise(asked(forged, said))[0] is Contradiction.VERDICT_OTHERWISE
    taught = after(state, said).segment.witness
    assert taught is not None
    assert len(taught.pool) > len(known.pool)


def test_after_a_keep_only_a_commit_that_was_refused_is_another_verdict() -> None:
    state, said = measured(Random(1), "race", 0.4, 0.02, [])
    refused = Decided(1, Verdict.DISCARD, Outcome.CHECKS_FAILED, Cause.HOOK, quoted("the commit was refused"), at(100))
    assert otherwise(asked(state, refused))[0] is Contradiction.OUTCOME_OTHERWISE
    assert asked(after(state, said), refused) is None
    assert otherwise(asked(after(state, said), replace(said, verdict=Verdict.DISCARD)))[0] is Contradiction.VERDICT_TWICE
    assert otherwise(asked(after(state, replace(said, verdict=Verdict.DISCARD)), refused))[0] is Contradiction.VERDICT_TWICE


def test_a_hook_refuses_a_candidate_before_its_first_run() -> None:
    state, said = measured(Random(1), "race", 0.4, 0.02, [])
    assert state.experiment is not None
    unmeasured = replace(state, experiment=replace(state.experiment, runs=()))
    refused = Decided(1, Verdict.DISCARD, Outcome.CHECKS_FAILED, Cause.HOOK, Fact(Kind.FORMAT_FAILED), at(100))
    assert asked(unmeasured, refused) is None
    assert otherwise(asked(state, refused))[0] is Contradiction.OUTCOME_OTHERWISE
    assert otherwise(asked(unmeasured, replace(refused, verdict=Verdict.KEEP)))[0] is Contradiction.OUTCOME_OTHERWISE
    assert said.verdict is Verdict.KEEP


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.CHECKS_FAILED])
def test_what_failed_has_runs_that_did(outcome: Outcome) -> None:
    state, said = measured(Random(1), "race", 0.4, 0.02, [])
    failed = replace(said, verdict=Verdict.DISCARD, outcome=outcome, effect=None, evidence=None, needed=None, pairs=0)
    assert asked(state, failed) == Fact(Contradiction.OUTCOME_OTHERWISE, {"experiment": 1})
    assert state.experiment is not None
    run = replace(state.experiment.runs[0], arm=Arm.CANDIDATE, outcome=outcome if outcome is Outcome.CRASHED else Outcome.OK)
    runs = (run, run) if outcome is Outcome.CRASHED else (run, replace(run, arm=Arm.INCUMBENT))
    state = replace(state, experiment=replace(state.experiment, runs=runs))
    assert asked(state, failed) is None
    settled = result_of(after(state, failed), "base", at(101))
    assert (settled.commit, settled.status) == ("base", Status.CRASH if outcome is Outcome.CRASHED else Status.CHECKS_FAILED)
    assert asked(after(state, failed), settled) is None


def with_failures(state: State, rule: int, *failed: Run) -> State:
    assert state.experiment is not None
    segment_ = replace(state.segment, opened=replace(state.segment.opened, rule=rule))
    return replace(state, segment=segment_, experiment=replace(state.experiment, runs=(*failed, *state.experiment.runs)))


CRASHED = Run(Arm.CANDIDATE, Outcome.CRASHED, wall_s=1.0)
TIMED_OUT = Run(Arm.CANDIDATE, Outcome.TIMED_OUT, wall_s=61.0)


@pytest.mark.parametrize(
    ("failed", "outcome", "blamed"),
    [
        ([CRASHED], Outcome.CRASHED, False),
        ([CRASHED, CRASHED], Outcome.CRASHED, True),
        ([TIMED_OUT], Outcome.TIMED_OUT, True),
        ([replace(TIMED_OUT, wall_s=59.0)], Outcome.TIMED_OUT, False),
        ([CRASHED, replace(TIMED_OUT, wall_s=59.0)], Outcome.TIMED_OUT, True),
        ([CRASHED, replace(TIMED_OUT, wall_s=59.0)], Outcome.CRASHED, False),
        ([replace(CRASHED, arm=Arm.INCUMBENT)] * 2, Outcome.CRASHED, False),
    ],
)
def test_a_candidate_is_blamed_for_its_second_failure_or_for_one_that_took_too_long(
    failed: list[Run], outcome: Outcome, *, blamed: bool
) -> None:
    state, said = measured(Random(1), "race", 0.4, 0.02, [])
    unmeasured = replace(said, verdict=Verdict.DISCARD, outcome=outcome, effect=None, evidence=None, needed=None, pairs=0)
    assert (asked(with_failures(state, rules.NEWEST, *failed), unmeasured) is None) is blamed


def test_what_failed_once_on_each_side_may_be_kept_and_what_failed_twice_may_not() -> None:
    state, said = measured(Random(1), "race", 0.4, 0.02, [])
    once = [CRASHED, replace(CRASHED, arm=Arm.INCUMBENT)]
    assert asked(with_failures(state, rules.NEWEST, *once), said) is None
    for arm in Arm:
        twice = with_failures(state, rules.NEWEST, *[replace(CRASHED, arm=arm)] * 2)
        assert otherwise(asked(twice, said)) == (Contradiction.VERDICT_OTHERWISE, ["outcome"])
    assert otherwise(asked(with_failures(state, rules.FAILS_TWICE - 1, CRASHED), said)) == (Contradiction.VERDICT_OTHERWISE, ["outcome"])


@pytest.mark.parametrize("rule", [rules.FIRST, rules.NEWEST])
def test_checks_fail_where_they_came_by_the_segments_rule_and_nowhere_else(rule: int) -> None:
    state, said = measured(Random(1), "race", 0.4, 0.02, [])
    state = replace(state, segment=replace(state.segment, opened=replace(state.segment.opened, rule=rule)))
    failed = replace(said, verdict=Verdict.DISCARD, outcome=Outcome.CHECKS_FAILED, effect=None, evidence=None, needed=None, pairs=0)
    good = {arm: Run(arm, Outcome.OK, {"t": 10.0}) for arm in Arm}
    crashed = Run(Arm.CANDIDATE, Outcome.CRASHED)

    def may_have_failed(*runs: Run) -> bool:
        assert state.experiment is not None
        return asked(replace(state, experiment=replace(state.experiment, runs=runs)), failed) is None

    candidate, incumbent = good[Arm.CANDIDATE], good[Arm.INCUMBENT]
    assert may_have_failed(candidate) is (rule == rules.FIRST)
    assert may_have_failed(candidate, incumbent) is (rule == rules.NEWEST)
    assert may_have_failed(incumbent, candidate)
    assert not may_have_failed()
    assert not may_have_failed(incumbent)
    assert not may_have_failed(incumbent, candidate, candidate, incumbent)
    assert not may_have_failed(incumbent, crashed)


def test_a_result_is_what_was_decided_and_said() -> None:
    state, said = measured(Random(1), "race", 0.4, 0.02, [])
    settled = result_of(after(state, said), "commit", at(101))
    assert asked(after(state, said), settled) is None
    worded, other = replace(settled, reason=quoted("excellent")), replace(settled, files=("b",), metric=1.0)
    assert otherwise(asked(after(state, said), worded)) == (Contradiction.RESULT_OTHERWISE, ["reason"])
    assert otherwise(asked(after(state, said), other)) == (Contradiction.RESULT_OTHERWISE, ["files", "metric"])
    assert otherwise(asked(state, settled))[0] is Contradiction.RESULT_NOT_DECIDED
    assert asked(begin(segment()), replace(settled, baseline=True)) is None
    with pytest.raises(ValueError, match="no verdict yet"):
        result_of(state, "commit", at(101))
    with pytest.raises(ValueError, match="no experiment is open"):
        result_of(begin(segment()), "commit", at(101))


def test_a_result_of_version_0_1_has_its_reason_as_the_failure_where_nothing_was_printed() -> None:
    state, _ = measured(Random(1), "race", 0.4, 0.02, [])
    sentence = "not measured: its measurement was ended from outside"
    reason = decode(Fact, from_sentence(sentence))
    void = Decided(1, Verdict.VOID, None, Cause.NOT_MEASURED, reason, at(100), pairs=0)
    decided_so = after(state, void)
    settled = replace(result_of(decided_so, "base", at(101)), failure=sentence)
    assert asked(decided_so, settled, same_version=False) is None
    assert otherwise(asked(decided_so, settled)) == (Contradiction.RESULT_OTHERWISE, ["failure"])


def test_nothing_is_written_of_a_decision_that_is_to_measure_again() -> None:
    state = begin(segment())
    with pytest.raises(ValueError, match="nothing is decided yet"):
        verdict_of(state, 1, [], state.policy, Decision(Verdict.MEASURE_AGAIN, None, tuple(Arm)), at(1))


def test_a_session_ends_by_itself_where_a_stop_rule_holds() -> None:
    ended = Finished(quoted(""), at(1))
    assert asked(begin(segment()), ended) == Fact(Contradiction.FINISHED_WITHOUT_RULE)
    worked = replace(begin(segment(max_wall_time="1s")), spending=Spending(active_since=at(0)))
    assert asked(worked, replace(ended, timestamp=at(60))) is None
    assert asked(begin(segment(max_cost_usd=1.0)), ended) is None  # the client may have ended it


def test_settings_say_what_they_change() -> None:
    said = SettingsChanged(configured(target=2.0), ("target",), at(1))
    assert asked(begin(segment()), said) is None
    wrong = Fact(Contradiction.SETTINGS_OTHERWISE, {"said": ["max_tokens"], "found": ["target"]})
    assert asked(begin(segment()), replace(said, changed=("max_tokens",))) == wrong


@pytest.mark.parametrize(
    ("settings", "said", "agrees"),
    [
        ({"stop_patience": 9}, ("stop_patience",), True),
        ({"hook_timeout_s": 400}, ("hook_timeout_s",), True),
        ({"hook_timeout_s": 20}, ("hook_timeout_s",), True),
        ({"hook_timeout_s": 400, "target": 2.0}, ("hook_timeout_s",), False),
        ({"hook_timeout_s": 400}, ("hook_timeout_s", "target"), False),
    ],
)
def test_what_an_older_version_said_of_keys_that_are_others_now_is_understood(
    settings: dict[str, object],
    said: tuple[str, ...],
    agrees: bool,  # noqa: FBT001 - a case
) -> None:
    changed = SettingsChanged({**configured(), **settings}, said, at(1))
    assert (asked(begin(segment()), changed) is None) is agrees


def asked(state: State, event: Event, *, same_version: bool = True, **runs: list[Ran]) -> Fact | None:
    made_of = {Purpose(name): made for name, made in runs.items()}
    return contradiction(state, event, made_of, lambda state, _: state.policy, same_version=same_version)


def otherwise(found: Fact | None) -> tuple[AnyKind, list[str]]:
    """The kind of a contradiction, and what it names as said otherwise."""
    assert found is not None
    return found.kind, found.figures.get("names", [])


def test_a_claim_is_what_its_pairs_give() -> None:
    state = begin(segment())
    arms = (Arm.INCUMBENT, Arm.CANDIDATE)
    runs = [ran(arm, 10.0 if arm is Arm.INCUMBENT else 5.0, Purpose.CLAIM, n) for n in range(8) for arm in arms]
    found = effects.claim_of([(10.0, 5.0)] * 8, state.metric.direction, logs=True)
    said = Claimed("a", "b", found.improved, 8, Fact(Kind.IMPROVED), 1, at(1), effect=found.effect)
    assert asked(state, said, claim=runs) is None
    assert otherwise(asked(state, replace(said, improved=False), claim=runs))[0] is Contradiction.CLAIM_OTHERWISE
    assert asked(state, said, claim=runs[:4]) == Fact(Contradiction.CLAIM_OF_MISSING_PAIRS, {"pairs": 8})
    assert asked(state, replace(said, pairs=0)) == Fact(Contradiction.CLAIM_OF_NO_RUNS)
    assert asked(state, replace(said, pairs=0, improved=False, effect=None, reason=quoted("no claim: the machine is gone"))) is None


def test_a_claim_with_seeds_is_made_of_pairs_of_one_seed() -> None:
    state = begin(segment(seeds=True))
    runs = [
        replace(ran(arm, 10.0 if arm is Arm.INCUMBENT else 5.0, Purpose.CLAIM, n), seed=n + 1)
        for n in range(8)
        for arm in (Arm.INCUMBENT, Arm.CANDIDATE)
    ]
    found = effects.claim_of([(10.0, 5.0)] * 8, state.metric.direction, logs=True)
    said = Claimed("a", "b", found.improved, 8, claimed(found), 1, at(1), effect=found.effect)
    assert asked(state, said, claim=runs) is None
    for other in ([*runs[:-1], replace(runs[-1], seed=9)], [replace(run, seed=1) for run in runs]):
        assert asked(state, said, claim=other) == Fact(Contradiction.CLAIM_OF_MISSING_PAIRS, {"pairs": 8})


def test_a_claim_that_is_made_again_has_a_wider_interval_but_not_by_the_first_rule() -> None:
    state = begin(segment())
    coin = Random(4)
    pairs = [(10 + coin.gauss(0, 0.1), 9.95 + coin.gauss(0, 0.1)) for _ in range(20)]
    runs = [
        ran(arm, pair[arm is Arm.CANDIDATE], Purpose.CLAIM, n) for n, pair in enumerate(pairs) for arm in (Arm.INCUMBENT, Arm.CANDIDATE)
    ]
    once, again = (effects.claim_of(pairs, state.metric.direction, look=look) for look in (1, 2))
    said = [Claimed("a", "b", one.improved, 20, claimed(one), 1, at(1), effect=one.effect) for one in (once, again)]
    assert (once.improved, again.improved) == (True, False)
    assert asked(state, said[0], claim=runs) is None
    asked_before = after(state, said[0])
    assert asked(asked_before, said[1], claim=runs) is None
    assert otherwise(asked(asked_before, said[0], claim=runs))[0] is Contradiction.CLAIM_OTHERWISE
    assert asked(asked_before, replace(said[0], last="c"), claim=runs) is None  # of two other states
    assert (
        asked(
            replace(asked_before, segment=replace(state.segment, opened=replace(state.segment.opened, rule=rules.FIRST))),
            said[0],
            claim=runs,
        )
        is None
    )


def test_a_verdict_on_what_is_not_open_and_settings_of_a_segment_are_named() -> None:
    _, said = measured(Random(1), "race", 0.4, 0.0, [])
    assert asked(begin(segment()), said) == Fact(Contradiction.VERDICT_NOT_OPEN, {"experiment": 1})
    moved = SettingsChanged(configured(scope=["x/**"]), ("scope",), at(1))
    assert otherwise(asked(begin(segment()), moved)) == (Contradiction.SETTINGS_FIXED, ["scope"])


def test_a_calibration_is_what_its_runs_give() -> None:
    state = begin(segment())
    runs = [ran(arm, 10.0 + n % 3, Purpose.CALIBRATION, n) for n in range(8) for arm in (Arm.INCUMBENT, Arm.CANDIDATE)]
    series = [[10.0 + n % 3 for n in range(8)]] * 2
    said = sight(series, 0.1, state.metric.direction, list(zip(*series, strict=True))[1:], timestamp=at(1))
    assert asked(state, said, calibration=runs) is None
    assert otherwise(asked(state, replace(said, noise=9.0), calibration=runs)) == (Contradiction.CALIBRATION_OTHERWISE, ["noise"])


def found_in(ledger: Path, change: Callable[[Event], Event] = lambda event: event, *, margins: tuple[int, ...] = (1, 6)) -> list[Fact]:
    """What a whole ledger says otherwise than its lines give; `margins` are its experiments that only remove lines."""

    def policy(state: State, experiment: Experiment) -> Policy:
        only_removes = experiment.number in margins
        return replace(state.policy, min_effect=-state.config.simplify_margin) if only_removes else state.policy

    opening, *events = [change(event) for line in ledger.read_bytes().splitlines() if (event := from_line(line)) is not None]
    assert isinstance(opening, SegmentOpened)
    state = begin(opening)
    found: list[Fact] = []
    runs: dict[Purpose, list[Ran]] = {}
    for event in events:
        if isinstance(event, Ran) and event.outcome is Outcome.OK:
            runs.setdefault(event.purpose, []).append(event)
        found += filter(None, [contradiction(state, event, runs, policy, same_version=state.segment.opened.version == "0.2.0")])
        state = after(state, event)
    return found


OLDER = (
    Path(__file__).parents[2] / "golden" / "rule-1.jsonl"
)  # what was written before rules had numbers: keeps by a margin, guardrails, claims


SECOND = OLDER.with_name("rule-2.jsonl")  # by the second rule: keeps after blocks, a guardrail broken, discards, a claim


def test_an_older_ledger_is_decided_by_its_own_rule() -> None:
    assert not found_in(OLDER)
    assert not found_in(SECOND, margins=())


def test_what_the_second_rule_decided_is_held_to_its_figures() -> None:
    def bettered(event: Event) -> Event:
        return replace(event, evidence=2 * event.evidence) if isinstance(event, Decided) and event.evidence else event

    assert len(found_in(SECOND, bettered, margins=())) == 7  # all seven verdicts


def test_figures_agree_within_another_machines_logarithms_and_no_further() -> None:
    def shifted(by: float) -> Callable[[Event], Event]:
        def change(event: Event) -> Event:
            if not isinstance(event, Decided | Claimed) or event.effect is None:
                return event
            nudged = replace(event, effect=replace(event.effect, estimate=event.effect.estimate * (1 + by)))
            if isinstance(nudged, Decided) and nudged.evidence is not None:
                nudged = replace(nudged, evidence=nudged.evidence * (1 - by))
            return nudged

        return change

    assert not found_in(OLDER, shifted(1e-12))
    assert len(found_in(OLDER, shifted(1e-8))) == 14  # six verdicts, their results, and two claims


def test_words_are_held_against_each_other_only_where_this_version_wrote_them() -> None:
    def told(version: str) -> Callable[[Event], Event]:
        def change(event: Event) -> Event:
            if isinstance(event, SegmentOpened):
                return replace(event, version=version)
            if not isinstance(event, Claimed | Decided | Result) or event.effect is None:
                return event
            return replace(event, reason=quoted(f"in other words, {event.reason.words}"))

        return change

    assert not found_in(OLDER, told("0.0.9"))
    assert len(found_in(OLDER, told("0.2.0"))) == 9


@pytest.mark.parametrize("rule", [0, rules.NEWEST + 1])
def test_what_was_decided_by_a_rule_that_is_not_here_is_not_made_again(rule: int) -> None:
    def change(event: Event) -> Event:
        if isinstance(event, SegmentOpened):
            return replace(event, rule=rule)
        return replace(event, evidence=1e6) if isinstance(event, Decided) and event.evidence else event

    assert not found_in(OLDER, change)
    assert len(found_in(OLDER, lambda event: event if isinstance(event, SegmentOpened) else change(event))) == 6
    assert rules.gone(rule)
    assert not rules.gone(rules.NEWEST)


def test_a_segment_that_names_no_rule_is_decided_by_the_first() -> None:
    opening = from_line(OLDER.read_bytes().splitlines()[0])
    assert isinstance(opening, SegmentOpened)
    assert (opening.rule, begin(opening).policy.rule) == (1, 1)
    assert begin(replace(opening, rule=rules.NEWEST)).policy.rule == rules.NEWEST
