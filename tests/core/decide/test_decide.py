"""The decision, held to the figures it is specified by, to the fairness of its bets, and to what people read."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autotune.core import rules
from autotune.core.decide.budget import needed_evidence, share_of_budget
from autotune.core.decide.comparison import least_effect
from autotune.core.decide.decide import checks_come_now, decide, learn, most_pairs, reference_moved, score
from autotune.core.decide.stages import FOLLOWED, block_factor
from autotune.core.facts import AnyKind, Fact, Kind, whole
from autotune.core.model import Arm, Calibration, Decision, DecisionMode, Direction, Effect, Metric, Outcome, Policy, Run, Verdict
from autotune.core.stats.bounds import pair_factor
from autotune.core.stats.noise import noise_of_now
from autotune.core.tell.words import told

CANDIDATE, INCUMBENT = Arm.CANDIDATE, Arm.INCUMBENT
TIME = Metric("t", "s", Direction.LOWER)
RATE = Metric("t", "op/s", Direction.HIGHER)
RACE, ECONOMY, ONCE = Policy(TIME), Policy(TIME, DecisionMode.ECONOMY), Policy(TIME, DecisionMode.ONCE)
BEFORE = replace(RACE, rule=rules.REFUTES_BY_INTERVAL - 1)
POOL = (0.01,) * 8  # a noise floor of 1.4826 %
NOISY = Calibration(POOL, keeps=0, planned=100, reference=(100.0, 101.0, 99.0))
STILL = Calibration((0.0,) * 7, keeps=0, planned=100, reference=(100.0, 100.0))


def words(decision: Decision, unit: str = "") -> str:
    """What is said of a decision."""
    assert decision.reason is not None
    return told(whole(decision.reason, decision.effect, decision.evidence, decision.needed, decision.pairs, unit))


def kind(decision: Decision) -> AnyKind | None:
    return decision.reason.kind if decision.reason is not None else None


def run(arm: Arm, value: float) -> Run:
    return Run(arm, Outcome.OK, {"t": value})


def pairs_of(*values: tuple[float, float]) -> list[Run]:
    """Runs in pairs of (incumbent, candidate) values."""
    return [made for incumbent, candidate in values for made in (run(INCUMBENT, incumbent), run(CANDIDATE, candidate))]


def played(
    candidate: float,
    incumbent: float = 100.0,
    *,
    calibration: Calibration = NOISY,
    policy: Policy = RACE,
    spread: float = 0.0,
    seed: int = 1,
) -> tuple[Decision, list[Run]]:
    """A whole comparison: the runs that `decide` asks for, until it has decided."""
    coin = random.Random(seed)
    runs: list[Run] = []
    while (decision := decide(runs, calibration, policy, coin)).verdict is Verdict.MEASURE_AGAIN:
        arm = decision.arms[0]
        middle = candidate if arm is CANDIDATE else incumbent
        runs.append(run(arm, middle * math.exp(coin.gauss(0, spread)) if spread else middle))
        assert len(runs) <= 2 * policy.max_pairs + 5
    return decision, runs


# The bets


def test_evidence_and_score_are_those_of_the_worked_example() -> None:
    gains = [1.0, -1.0, 0.5]
    assert [round(pair_factor(gain), 4) for gain in gains] == [1.6854, 0.3146, 1.4159]
    assert math.prod(pair_factor(gain) for gain in gains) == pytest.approx(0.7507, abs=5e-5)
    assert score(gains, kappa=1.0) == -1.0


@given(st.floats(0, allow_infinity=True))
def test_a_pair_whose_sign_is_fair_leaves_the_stake_as_it_is_on_average(size: float) -> None:
    assert (pair_factor(size) + pair_factor(-size)) / 2 == pytest.approx(1.0)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([2, 6, 8, 10]).flatmap(lambda count: st.lists(st.floats(-9, 9), min_size=count, max_size=count)), st.floats(0, 3))
def test_a_block_leaves_the_stake_as_it_is_on_average_over_all_arrangements(places: list[float], sigma: float) -> None:
    factors = []
    for chosen in itertools.combinations(range(len(places)), len(places) // 2):
        arms = tuple(CANDIDATE if place in chosen else INCUMBENT for place in range(len(places)))
        factors.append(block_factor(arms, tuple(places), sigma))
    assert math.fsum(factors) / len(factors) == pytest.approx(1.0)
    assert min(factors) > 0


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([2, 6, 8]).flatmap(lambda count: st.lists(st.floats(-9, 9), min_size=count, max_size=count)), st.floats(0, 20))
def test_a_block_gains_nothing_on_average_for_a_change_that_falls_short_of_the_least_effect(places: list[float], short: float) -> None:
    factors = []
    for chosen in itertools.combinations(range(len(places)), len(places) // 2):
        arms = tuple(CANDIDATE if place in chosen else INCUMBENT for place in range(len(places)))
        heights = tuple(place - short * (arm is CANDIDATE) for place, arm in zip(places, arms, strict=True))
        factors.append(block_factor(arms, heights, 1.0))
    assert math.fsum(factors) / len(factors) <= 1.0 + 1e-9


def test_a_block_that_separates_the_arms_comes_near_its_best_factor() -> None:
    arms = (CANDIDATE,) * 7 + (INCUMBENT,) * 7
    best = block_factor(arms, (10.0,) * 7 + (0.0,) * 7, 1.0)
    assert 0.9 * math.comb(14, 7) < best < math.comb(14, 7)


def test_a_value_that_has_no_logarithm_is_the_best_a_lower_metric_can_be() -> None:
    decision, _ = played(0.0)
    assert decision.verdict is Verdict.KEEP
    assert decision.effect == Effect(-100.0, -100.0, -100.0, relative=False)
    both, _ = played(0.0, 0.0)
    assert both.verdict is Verdict.DISCARD


# The error budget


@pytest.mark.parametrize("planned", [0, 1, 7, 100])
def test_the_shares_of_any_number_of_experiments_add_up_to_no_more_than_one_and_come_near_it(planned: int) -> None:
    total = math.fsum(share_of_budget(experiment, planned) for experiment in range(1, 100_001))
    assert 0.99 < total <= 1.0


@pytest.mark.parametrize(("planned", "keeps", "fewest"), [(50, 0, 11), (100, 0, 12), (200, 0, 13), (100, 5, 10)])
def test_a_keep_by_pairs_alone_takes_as_many_of_them_as_the_budget_asks_for(planned: int, keeps: int, fewest: int) -> None:
    needed = needed_evidence(Calibration(POOL, keeps, planned), 0.05)
    assert math.ceil(math.log(needed) / math.log(1.9)) == fewest
    assert needed == pytest.approx(planned / (0.05 * (1 + keeps)), rel=0.05)


def test_an_experiment_beyond_the_plan_needs_more_and_none_needs_less_than_a_session_of_one() -> None:
    assert needed_evidence(replace(NOISY, experiment=101), 0.05) == pytest.approx(101 * 100 / (0.04 * 100 * 0.05))
    assert needed_evidence(replace(NOISY, keeps=10_000), 0.05) == 20.0


def test_a_least_effect_asks_for_a_ratio_or_for_a_difference() -> None:
    assert least_effect(0.02, logs=True) == -least_effect(-0.02, logs=True) == pytest.approx(math.log(1.02))
    assert least_effect(-3.0, logs=False) == -3.0


# Race


def test_the_first_runs_are_one_of_each_in_an_order_that_the_coin_decides() -> None:
    orders = {decide([], NOISY, RACE, random.Random(seed)).arms for seed in range(20)}
    assert orders == {(CANDIDATE, INCUMBENT), (INCUMBENT, CANDIDATE)}


def test_a_begun_pair_is_completed() -> None:
    decision = decide([run(CANDIDATE, 99.0)], NOISY, RACE, random.Random(1))
    assert (decision.verdict, decision.arms, decision.pairs) == (Verdict.MEASURE_AGAIN, (INCUMBENT,), 0)


def test_a_clear_gain_is_kept_after_a_pair_and_a_block() -> None:
    decision, runs = played(80.0, spread=0.01)
    assert decision.verdict is Verdict.KEEP
    assert decision.confirmed
    assert (decision.pairs, len(runs)) == (8, 16)
    assert decision.evidence is not None
    assert decision.needed is not None
    assert decision.evidence >= decision.needed == pytest.approx(100 / 0.96 / 0.05)
    assert decision.effect is not None
    assert decision.effect.low < decision.effect.estimate < decision.effect.high
    assert decision.effect.estimate == pytest.approx(0.8, abs=0.01)


def test_within_a_block_the_rest_is_drawn_anew_after_every_run() -> None:
    opened = pairs_of((100.0, 80.0))
    first = decide(opened, NOISY, RACE, random.Random(1))
    assert sorted(first.arms) == [CANDIDATE] * 7 + [INCUMBENT] * 7
    second = decide([*opened, run(first.arms[0], 80.0)], NOISY, RACE, random.Random(2))
    assert len(second.arms) == 13


def test_every_arrangement_of_a_block_is_equally_likely() -> None:
    calibration = replace(NOISY, keeps=99)  # needs 21 : 1, for which a block of 3 + 3 is enough
    seen: Counter[tuple[Arm, ...]] = Counter()
    for seed in range(600):
        coin = random.Random(seed)
        order: list[Arm] = []
        for _ in range(6):
            order.append(decide([*pairs_of((100.0, 80.0)), *(run(arm, 90.0) for arm in order)], calibration, RACE, coin).arms[0])
        seen[tuple(order)] += 1
    assert len(seen) == 20
    assert sum((count - 30) ** 2 / 30 for count in seen.values()) < 44  # the 0.1 % point of chi-square with 19 degrees of freedom


def test_a_block_that_fails_is_followed_by_pairs_and_there_are_at_most_two() -> None:
    climbing = [(100.0 * 2.0**step, 90.0 * 2.0**step) for step in range(8)]  # clear in pairs, lost in a block that drifts
    runs: list[Run] = []
    asked: list[int] = []
    for _ in range(13):
        asked.append(len(decide(runs, NOISY, RACE, random.Random(1)).arms))
        runs += pairs_of(*climbing[: asked[-1] // 2])
    assert asked == [2, 14, 2, 2, 2, 14, 2, 2, 2, 2, 2, 2, 2]


LOUD = [(100.0, value) for value in (103.0, 90.0, 97.0, 91.0, 90.0, 90.0)]  # several times the pool's noise


def test_where_a_comparison_is_noisier_than_the_pool_its_own_pairs_set_the_scale_of_what_follows() -> None:
    def asked(rule: int) -> tuple[int, float | None]:
        decision = decide(pairs_of(*LOUD), NOISY, replace(RACE, rule=rule), random.Random(1))
        return len(decision.arms), decision.evidence

    (block, fixed), (pair, followed) = asked(rules.SCALE_FOLLOWS - 1), asked(rules.SCALE_FOLLOWS)
    assert (block, pair) == (12, 2)  # by a scale that is too small, what is only loud looks clear
    assert followed != fixed


def test_where_pairs_alone_can_be_compared_there_is_no_block_and_their_own_noise_is_the_scale() -> None:
    paired = replace(RACE, paired=True)
    assert len(played(90.0)[1]) < len(played(90.0, policy=paired)[1]) == 2 * 12
    small = [(100.0, value) for value in (99.9, 99.8, 99.9, 100.0, 99.8, 99.9, 99.8)]  # a fraction of the pool's noise
    later = [decide(pairs_of(*small[:count]), NOISY, paired, random.Random(1)) for count in (6, 7)]
    assert [decision.arms and len(decision.arms) for decision in later] == [2, 2]
    scale = noise_of_now(tuple(math.log(first / second) for first, second in small[:6]))
    assert later[1].evidence == pytest.approx((later[0].evidence or 0) * pair_factor(math.log(100 / 99.8) / scale))


def test_where_pairs_alone_can_be_compared_a_few_large_losses_keep_from_a_keep() -> None:
    def decided(loss: float) -> Verdict:
        gains = [(100.0, value) for value in (97.0, 96.5, 97.5) * 9]
        return decide(pairs_of(*gains[:4], (100.0, loss), *gains[4:]), NOISY, replace(RACE, paired=True), random.Random(1)).verdict

    assert (decided(110.0), decided(1e6)) == (Verdict.KEEP, Verdict.MEASURE_AGAIN)  # whose mean is no gain any more


def test_a_scale_is_fixed_from_what_lay_before_a_pair() -> None:
    def evidence(*pairs: tuple[float, float]) -> float:
        found = decide(pairs_of(*pairs), NOISY, RACE, random.Random(1)).evidence
        assert found is not None
        return found

    factors = [evidence(*LOUD, later) / evidence(*LOUD) for later in ((100.0, 96.0), (96.0, 100.0))]
    assert sum(factors) / 2 == pytest.approx(1.0)  # whichever way the next pair falls, however large it is
    scale = FOLLOWED * noise_of_now(tuple(math.log(first / second) for first, second in LOUD))
    assert factors[0] == pytest.approx(pair_factor(math.log(100 / 96) / scale))


def test_a_worse_candidate_is_discarded_at_once_and_said_to_be_worse() -> None:
    decision, runs = played(120.0)
    assert decision.verdict is Verdict.DISCARD
    assert len(runs) == 2
    assert words(decision) == "discarded: worse in the one pair that was run, 20.0 % higher, evidence 0.10 : 1 (needed 2083 : 1), 1 pair"


def test_one_bad_pair_refutes_nothing_that_five_times_the_noise_could_bring() -> None:
    decision, runs = played(110.0)
    assert (decision.verdict, kind(decision), len(runs)) == (Verdict.DISCARD, Kind.NOT_SHOWN, 2)
    assert kind(played(110.0, policy=BEFORE)[0]) is Kind.WORSE


@pytest.mark.parametrize(("policy", "found"), [(RACE, Kind.NOT_SHOWN), (BEFORE, Kind.LOOKS_WORSE)])
def test_where_one_pair_of_two_says_otherwise_it_only_looks_worse(policy: Policy, found: Kind) -> None:
    decision = decide(pairs_of((100.0, 99.9), (100.0, 106.0)), NOISY, policy, random.Random(1))
    assert kind(decision) is found


def test_a_comparison_several_times_as_noisy_as_the_baseline_is_inconclusive() -> None:
    wild = pairs_of((100.0, 85.0), (100.0, 112.0), (100.0, 84.0), (100.0, 118.0), (100.0, 119.0))
    decision = decide(wild, NOISY, RACE, random.Random(1))
    assert (decision.verdict, kind(decision)) == (Verdict.INCONCLUSIVE, Kind.TOO_NOISY)
    assert decision.reason is not None
    assert decision.reason.figures["times"] >= 3
    assert decide(wild, NOISY, BEFORE, random.Random(1)).verdict is Verdict.DISCARD


def test_two_pairs_several_times_as_noisy_as_the_baseline_are_inconclusive() -> None:
    wild = pairs_of((100.0, 101.0), (100.0, 130.0))
    decision = decide(wild, NOISY, RACE, random.Random(1))
    assert (decision.verdict, kind(decision), decision.pairs) == (Verdict.INCONCLUSIVE, Kind.TOO_NOISY, 2)
    assert kind(decide(wild, NOISY, replace(RACE, rule=rules.FEW_TELL_NOISE - 1), random.Random(1))) is Kind.WORSE


def test_a_candidate_that_looks_better_when_it_is_given_up_is_inconclusive() -> None:
    slow = [(100.0, 98.8), (100.0, 99.0)] * 6 + [(100.0, 101.5)] * 5
    decision = first_answer(pairs_of(*slow), NOISY, RACE)
    assert (decision.verdict, kind(decision)) == (Verdict.INCONCLUSIVE, Kind.LOOKS_BETTER)


def first_answer(runs: list[Run], calibration: Calibration, policy: Policy) -> Decision:
    """The first decision on runs that is not to measure again."""
    so_far = (decide(runs[:count], calibration, policy, random.Random(1)) for count in range(len(runs) + 1))
    return next(one for one in so_far if one.verdict is not Verdict.MEASURE_AGAIN)


@pytest.mark.parametrize(("policy", "found"), [(RACE, Kind.NOT_SHOWN), (BEFORE, Kind.NO_GAIN_IN_SIGHT)])
def test_a_candidate_that_does_nothing_is_discarded_as_futile(policy: Policy, found: Kind) -> None:
    decision, runs = played(100.0, policy=policy)
    assert (kind(decision), decision.evidence, decision.pairs) == (found, 1.0, 4)
    assert len(runs) == 8


def test_a_small_gain_that_uses_up_its_runs_is_inconclusive() -> None:
    gains = itertools.cycle([2.4, -0.6])
    hopeless = decide(pairs_of(*((100.0, 100.0 - next(gains)) for _ in range(36))), NOISY, RACE, random.Random(1))
    assert hopeless.verdict is Verdict.INCONCLUSIVE
    assert hopeless.reason == Fact(Kind.OUT_OF_REACH, {"left": 4})
    assert words(hopeless).endswith("36 pairs; 4 pairs more cannot bring enough evidence")


@pytest.mark.parametrize("policy", [RACE, BEFORE])
def test_what_looks_better_when_its_runs_are_used_up_is_inconclusive_by_every_rule(policy: Policy) -> None:
    decision = decide(pairs_of((100.0, 95.0), (100.0, 95.0)), NOISY, replace(policy, max_pairs=2), random.Random(1))
    assert (decision.verdict, kind(decision)) == (Verdict.INCONCLUSIVE, Kind.RAN_OUT)


def test_a_gain_that_shows_but_not_enough_is_not_said_to_be_absent() -> None:
    runs = pairs_of(*[(100.0, 99.4)] * 7, (100.0, 100.8))
    assert kind(decide(runs, NOISY, BEFORE, random.Random(1))) is Kind.SMALL_GAIN
    decision = decide(runs, NOISY, RACE, random.Random(1))
    assert kind(decision) is Kind.NOT_WORTH_HAVING
    assert words(decision).startswith("discarded: no gain worth having, 0.60 % lower [0.10 higher, 0.60 lower], evidence ")
    assert words(decision).endswith("; any gain is below 1 %")


def test_nothing_is_futile_while_the_evidence_is_promising() -> None:
    decision, runs = played(99.4)
    assert decision.verdict is Verdict.KEEP
    assert len(runs) > 40


def test_the_last_pair_ends_the_comparison() -> None:
    policy = replace(RACE, max_pairs=2)
    decision = decide(pairs_of((100.0, 95.0), (100.0, 95.0)), NOISY, policy, random.Random(1))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert words(decision).endswith("2 pairs; 2 pairs were not enough")


def test_a_rate_that_rises_is_kept_and_said_to_be_higher() -> None:
    decision, _ = played(120.0, policy=replace(RACE, metric=RATE), spread=0.01)
    assert decision.verdict is Verdict.KEEP
    assert " % higher [" in words(decision)


def test_what_a_keep_says_can_be_checked() -> None:
    decision, _ = played(90.0, spread=0.01)
    assert decision.effect is not None
    assert decision.evidence is not None
    assert words(decision).endswith(f"evidence {math.floor(decision.evidence)} : 1 (needed 2083 : 1), 8 pairs (7 in a block)")
    assert words(decision).startswith(f"kept: {100 * (1 - decision.effect.estimate):.1f} % lower [")


def test_more_than_a_least_effect_is_asked_for() -> None:
    asked = replace(RACE, min_effect=0.05)
    assert played(90.0, policy=asked)[0].verdict is Verdict.KEEP
    refused, _ = played(97.0, policy=asked)
    assert words(refused).startswith("discarded: no gain is shown, 3.0 % lower, where more than 5 % is asked for")
    assert kind(played(97.0, policy=replace(asked, rule=BEFORE.rule))[0]) is Kind.LITTLE_GAIN


def test_a_change_that_only_has_to_be_no_worse_is_kept_when_it_does_nothing_and_not_when_it_costs_more_than_the_margin() -> None:
    margin = replace(RACE, min_effect=-0.05)
    kept, _ = played(100.0, policy=margin)
    assert kept.verdict is Verdict.KEEP
    assert "no different, where up to 5 % worse is allowed" in words(kept)
    assert kind(played(125.0, policy=margin)[0]) is Kind.WORSE
    before = replace(margin, rule=BEFORE.rule)
    assert kind(played(107.0, policy=before)[0]) is Kind.WORSE
    assert [kind(played(105.0, policy=one)[0]) for one in (margin, before)] == [Kind.NOT_WITHIN_MARGIN] * 2


def test_where_values_are_not_positive_differences_decide_and_the_least_effect_is_absolute() -> None:
    calibration = Calibration((0.5,) * 8, 0, 100, logs=False)
    policy = Policy(Metric("t", "points", Direction.HIGHER), min_effect=1.0)
    decision, _ = played(9.0, -3.0, calibration=calibration, policy=policy)
    assert decision.verdict is Verdict.KEEP
    assert decision.effect == Effect(12.0, 12.0, 12.0, relative=False)
    assert "12.0 points higher, where more than 1 points is asked for" in words(decision, "points")
    assert played(-2.5, -3.0, calibration=calibration, policy=policy)[0].verdict is Verdict.DISCARD


def test_without_any_calibration_only_the_signs_of_the_pairs_count() -> None:
    decision, runs = played(99.0, calibration=Calibration((), 0, 100))
    assert decision.verdict is Verdict.KEEP
    assert len(runs) == 16


def test_a_run_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(ValueError, match="a run of the candidate where none was asked for"):
        decide([run(CANDIDATE, 1.0)] * 2, NOISY, RACE, random.Random(1))


# Benchmarks without noise


def test_a_benchmark_that_repeats_exactly_takes_one_run_to_discard_and_three_to_keep() -> None:
    discarded, runs = played(100.0, calibration=STILL)
    assert (words(discarded), len(runs)) == ("discarded: no gain, the value was no different in a single run", 1)
    assert words(played(101.0, calibration=STILL)[0]) == "discarded: worse, 1.0 % higher in a single run"
    kept, runs = played(95.0, calibration=STILL)
    assert len(runs) == 3
    assert kept.confirmed
    assert kept.reason == Fact(Kind.BETTER_EXACTLY, {"runs": 2})
    assert kept.effect == Effect(0.95, 0.95, 0.95)


def test_by_older_rules_a_benchmark_that_repeats_exactly_takes_five_runs_to_keep() -> None:
    kept, runs = played(95.0, calibration=STILL, policy=replace(RACE, rule=2))
    assert len(runs) == 5
    assert kept.reason == Fact(Kind.BETTER_EXACTLY, {"runs": 3})


@pytest.mark.parametrize(
    ("policy", "calibration", "candidate"), [(RACE, NOISY, 90.0), (RACE, STILL, 95.0), (ECONOMY, NOISY, 80.0), (ONCE, NOISY, 80.0)]
)
def test_a_keep_of_one_build_a_side_is_unconfirmed_unless_the_segment_is_older_than_that_rule(
    policy: Policy, calibration: Calibration, candidate: float
) -> None:
    older, made = played(candidate, calibration=calibration, policy=replace(policy, rule=1))
    assert decide(made, calibration, replace(policy, built_once=True, rule=1), random.Random(1)) == older
    counted, runs = played(candidate, calibration=calibration, policy=policy)
    of_one_build = decide(runs, calibration, replace(policy, built_once=True), random.Random(1))
    assert of_one_build.verdict is counted.verdict is Verdict.KEEP
    assert not of_one_build.confirmed
    assert kind(of_one_build) is Kind.BETTER_BUILT_ONCE
    assert words(of_one_build).startswith("kept, unconfirmed: ")
    assert played(120.0, policy=replace(RACE, built_once=True))[0] == played(120.0)[0]


def test_a_benchmark_that_repeats_exactly_respects_the_least_effect() -> None:
    asked = replace(RACE, min_effect=0.01)
    too_small = "discarded: no gain worth having, 0.50 % lower in a single run, where more than 1 % is asked for"
    assert words(played(99.5, calibration=STILL, policy=asked)[0]) == too_small
    assert kind(played(99.5, calibration=STILL, policy=replace(asked, rule=BEFORE.rule))[0]) is Kind.SMALL_GAIN
    assert played(98.5, calibration=STILL, policy=asked)[0].verdict is Verdict.KEEP
    allowed = replace(RACE, min_effect=-0.01)
    kept, _ = played(100.5, calibration=STILL, policy=allowed)
    assert kept.verdict is Verdict.KEEP
    assert words(kept).endswith("of a benchmark that repeats exactly, where up to 1 % worse is allowed")
    assert played(102.0, calibration=STILL, policy=allowed)[0].verdict is Verdict.DISCARD


def test_without_reference_values_a_benchmark_that_repeats_exactly_takes_two_pairs() -> None:
    decision, runs = played(95.0, calibration=replace(STILL, reference=()))
    assert (decision.verdict, len(runs)) == (Verdict.KEEP, 4)
    assert played(105.0, calibration=replace(STILL, reference=()))[0].verdict is Verdict.DISCARD


def test_the_first_value_that_is_not_repeated_starts_a_race_in_which_the_earlier_runs_are_no_evidence() -> None:
    noisy = [run(CANDIDATE, 95.0), run(INCUMBENT, 100.0), run(CANDIDATE, 96.0)]
    decision = decide(noisy, STILL, RACE, random.Random(1))
    assert sorted(decision.arms) == [CANDIDATE, INCUMBENT]
    assert decision.pairs == 0
    assert len(learn(noisy, STILL, RACE).pool) == 7 + 3
    assert max(learn(noisy, STILL, RACE).pool) == pytest.approx(math.log(96 / 95))


def test_reference_values_that_differ_are_noise_enough() -> None:
    decision = decide([], replace(STILL, reference=(100.0, 101.0)), RACE, random.Random(1))
    assert len(decision.arms) == 2


def test_a_comparison_feeds_the_pool_with_the_residuals_of_its_pairs() -> None:
    assert learn(pairs_of((100.0, 99.0), (100.0, 98.0), (100.0, 97.0)), NOISY, RACE).pool[:8] == POOL
    assert len(learn(pairs_of((100.0, 99.0), (100.0, 98.0), (100.0, 97.0)), NOISY, RACE).pool) == 11
    assert learn([run(CANDIDATE, 101.0)], STILL, RACE).pool == STILL.pool


def test_neither_a_block_nor_the_first_run_of_economy_is_taken_for_a_pair_when_noise_is_learnt() -> None:
    block = pairs_of(*[(100.0, 80.0)] * 8)
    assert learn(block, NOISY, RACE).pool == POOL
    shifted = [run(CANDIDATE, 90.0), *pairs_of((100.0, 95.0), (200.0, 190.0), (300.0, 285.0))]
    assert max(learn(shifted, NOISY, ECONOMY).pool[8:]) == pytest.approx(0.0)


# Economy and a single run


def test_economy_begins_with_one_run_of_the_candidate_and_drops_what_is_not_better() -> None:
    assert decide([], NOISY, ECONOMY, random.Random(1)).arms == (CANDIDATE,)
    decision, runs = played(100.0, policy=ECONOMY)
    assert (decision.verdict, len(runs)) == (Verdict.DISCARD, 1)
    assert words(decision) == "discarded: no gain is shown, the value was no different (from 1.0 lower to 1.1 higher) in a single run"


def test_economy_keeps_after_three_clear_pairs_and_says_that_it_is_not_exact() -> None:
    decision, runs = played(90.0, policy=ECONOMY)
    assert (decision.verdict, decision.confirmed, len(runs), decision.evidence) == (Verdict.KEEP, False, 7, None)
    assert words(decision) == "kept, unconfirmed: 10.0 % lower, 3 pairs, calibrated and not exact"


def test_economy_discards_a_lucky_first_run() -> None:
    runs = [run(CANDIDATE, 97.0), *pairs_of((100.0, 101.0))]
    before = replace(ECONOMY, rule=BEFORE.rule)
    assert [kind(decide(runs, NOISY, one, random.Random(1))) for one in (ECONOMY, before)] == [Kind.NOT_SHOWN, Kind.NO_GAIN_IN_SIGHT]
    worse = [*runs[:1], *pairs_of((100.0, 104.0))]
    assert [kind(decide(worse, NOISY, one, random.Random(1))) for one in (ECONOMY, before)] == [Kind.NOT_SHOWN, Kind.WORSE]


def test_economy_stops_after_twelve_pairs() -> None:
    runs = [run(CANDIDATE, 97.0), *pairs_of(*[(100.0, 98.7)] * 12)]
    decision = decide(runs, NOISY, ECONOMY, random.Random(1))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert words(decision) == "inconclusive: 1.3 % lower, 12 pairs; 12 pairs were not enough"


@pytest.mark.parametrize(("mode", "most"), [(DecisionMode.RACE, 40), (DecisionMode.ECONOMY, 12), (DecisionMode.ONCE, 6)])
def test_a_guardrail_takes_no_more_pairs_than_the_mode_allows(mode: DecisionMode, most: int) -> None:
    assert most_pairs(Policy(TIME, mode)) == most
    assert most_pairs(Policy(TIME, mode, max_pairs=5)) == 5


def test_the_reference_has_moved_when_fresh_values_are_far_from_it() -> None:
    assert reference_moved(NOISY, (104.0, 105.0))
    assert not reference_moved(NOISY, (100.5, 101.5))
    assert not reference_moved(STILL, (100.0,))
    assert reference_moved(STILL, (100.1,))


def test_economy_without_reference_values_begins_with_a_pair() -> None:
    assert len(decide([], replace(NOISY, reference=()), ECONOMY, random.Random(1)).arms) == 2


def test_a_single_run_keeps_only_what_is_far_beyond_noise_and_never_confirms_it() -> None:
    kept, runs = played(90.0, policy=ONCE)
    assert (kept.verdict, kept.confirmed, len(runs)) == (Verdict.KEEP, False, 1)
    assert words(kept) == "kept, unconfirmed: 10.0 % lower (from 9.0 to 10.9) in a single run"
    assert words(played(98.0, policy=ONCE)[0]) == "discarded: no gain is shown, 2.0 % lower (from 1.0 to 3.0) in a single run"
    assert kind(played(98.0, policy=replace(ONCE, min_effect=-0.01))[0]) is Kind.NOT_WITHIN_MARGIN
    assert kind(played(98.0, policy=replace(ONCE, rule=BEFORE.rule))[0]) is Kind.SMALL_GAIN
    assert kind(played(98.0, policy=replace(ONCE, rule=BEFORE.rule, min_effect=-0.01))[0]) is Kind.NOT_WITHIN_MARGIN
    assert kind(played(150.0, policy=ONCE)[0]) is Kind.WORSE


def test_a_single_run_without_reference_values_takes_one_of_the_incumbent_too() -> None:
    decision, runs = played(80.0, calibration=replace(NOISY, reference=()), policy=ONCE)
    assert (decision.verdict, len(runs)) == (Verdict.KEEP, 2)


def test_a_single_run_of_a_metric_that_is_not_positive_is_said_as_a_difference() -> None:
    calibration = Calibration((0.5,) * 8, 0, 100, reference=(-3.0,), logs=False)
    decision, _ = played(-9.0, -3.0, calibration=calibration, policy=ONCE)
    assert decision.effect == Effect(-6.0, -6.0, -6.0, relative=False)


# Properties

modes = st.sampled_from(list(DecisionMode))
calibrations = st.builds(
    Calibration,
    pool=st.one_of(st.just(()), st.lists(st.floats(0, 0.2), max_size=12).map(tuple), st.just((0.0,) * 7)),
    keeps=st.integers(0, 20),
    planned=st.integers(1, 300),
    experiment=st.integers(1, 400),
    reference=st.one_of(st.just(()), st.just((100.0,)), st.just((100.0, 101.0))),
)
policies = st.builds(Policy, st.sampled_from([TIME, RATE]), modes, st.sampled_from([0.0, 0.03, -0.03]), st.integers(1, 40))
ticks = st.sampled_from([0.0, 0.01, 0.1, 1.0])


@settings(deadline=None, max_examples=150)
@given(calibrations, policies, st.floats(50, 200), ticks, st.integers(0, 2**32))
def test_every_comparison_ends_and_gives_the_same_answer_for_the_same_coin(
    calibration: Calibration, policy: Policy, candidate: float, spread: float, seed: int
) -> None:
    first, runs = played(candidate, calibration=calibration, policy=policy, spread=spread, seed=seed)
    again, _ = played(candidate, calibration=calibration, policy=policy, spread=spread, seed=seed)
    assert first == again
    assert first.arms == ()
    assert first.confirmed or first.verdict is Verdict.KEEP
    assert first.effect is not None
    assert first.pairs <= min(sum(run.arm is arm for run in runs) for arm in Arm)


@settings(deadline=None, max_examples=100)
@given(calibrations, policies, st.lists(st.floats(1.0, 50.0), min_size=1, max_size=20), st.integers(0, 2**32))
def test_a_candidate_that_is_never_better_is_never_kept(calibration: Calibration, policy: Policy, losses: list[float], seed: int) -> None:
    coin, count = random.Random(seed), itertools.count()
    runs: list[Run] = []
    policy = replace(policy, min_effect=max(policy.min_effect, 0.0))
    worse = 1.0 if policy.metric is TIME else -1.0
    while (decision := decide(runs, calibration, policy, coin)).verdict is Verdict.MEASURE_AGAIN:
        loss = losses[next(count) % len(losses)] * worse if decision.arms[0] is CANDIDATE else 0.0
        runs.append(run(decision.arms[0], 100.5 - 0.5 * worse + loss))
    assert decision.verdict in {Verdict.DISCARD, Verdict.INCONCLUSIVE}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.8, 1.2), min_size=80, max_size=80), st.sampled_from([2.0, 1024.0, 2.0**-20]), st.integers(0, 2**32))
def test_the_decision_does_not_depend_on_the_unit(ratios: list[float], unit: float, seed: int) -> None:
    def follow(scale: float) -> list[Decision]:
        coin = random.Random(seed)
        runs: list[Run] = []
        said: list[Decision] = []
        for ratio in ratios:
            said.append(decide(runs, NOISY, RACE, coin))
            if not said[-1].arms:
                break
            runs.append(run(said[-1].arms[0], 100 * ratio * scale))
        return said

    here, there = follow(1.0), follow(unit)
    assert [one.verdict for one in here] == [one.verdict for one in there]
    assert [one.arms for one in here] == [one.arms for one in there]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.8, 1.2), min_size=80, max_size=80), st.integers(0, 2**32))
def test_a_rate_is_decided_as_the_time_it_is_the_inverse_of(ratios: list[float], seed: int) -> None:
    def follow(policy: Policy, power: int) -> list[Decision]:
        coin = random.Random(seed)
        runs: list[Run] = []
        said: list[Decision] = []
        for ratio in ratios:
            said.append(decide(runs, NOISY, policy, coin))
            if not said[-1].arms:
                break
            runs.append(run(said[-1].arms[0], (2 * ratio) ** power))
        return said

    times, rates = follow(RACE, -1), follow(replace(RACE, metric=RATE), 1)
    assert [one.verdict for one in times] == [one.verdict for one in rates]
    assert [one.evidence for one in times] == pytest.approx([one.evidence for one in rates])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(-3, 3), min_size=8, max_size=8))
def test_evidence_over_all_signs_of_the_pairs_is_one_on_average(sizes: list[float]) -> None:
    factors = [[pair_factor(size), pair_factor(-size)] for size in sizes]
    stakes = [math.prod(chosen) for chosen in itertools.product(*factors)]
    assert math.fsum(stakes) / len(stakes) == pytest.approx(1.0)


# When the checks come


def asked_for(*arms: Arm) -> Decision:
    return Decision(Verdict.MEASURE_AGAIN, None, arms=arms)


def test_the_checks_come_between_stages_once_both_arms_have_run_or_before_a_verdict_that_comes_sooner() -> None:
    candidate, incumbent = run(CANDIDATE, 1.0), run(INCUMBENT, 1.0)
    pair, rest = asked_for(CANDIDATE, INCUMBENT), asked_for(INCUMBENT)
    assert not checks_come_now([], pair, rules.NEWEST)
    assert not checks_come_now([candidate], rest, rules.NEWEST)
    assert not checks_come_now([incumbent], asked_for(CANDIDATE), rules.NEWEST)
    assert checks_come_now([candidate, incumbent], pair, rules.NEWEST)
    assert not checks_come_now([candidate, incumbent], rest, rules.NEWEST)  # the first run stood alone: the pair is not whole
    assert not checks_come_now([candidate], pair, rules.NEWEST)
    assert checks_come_now([candidate], KEPT, rules.NEWEST)
    assert not checks_come_now([candidate], DISCARDED, rules.NEWEST)
    assert checks_come_now([candidate], DISCARDED, 2)
    assert checks_come_now([candidate, incumbent], DISCARDED, rules.NEWEST)


def test_by_the_first_rule_the_checks_came_after_the_candidates_first_run() -> None:
    assert checks_come_now([run(CANDIDATE, 1.0)], asked_for(INCUMBENT), rules.FIRST)
    assert not checks_come_now([run(INCUMBENT, 1.0)], asked_for(CANDIDATE), rules.FIRST)


@pytest.mark.parametrize("policy", [RACE, ECONOMY, ONCE])
@pytest.mark.parametrize("calibration", [NOISY, STILL, replace(NOISY, reference=())])
@pytest.mark.parametrize("order", [0, 1])
def test_the_checks_never_come_inside_a_pair(policy: Policy, calibration: Calibration, order: int) -> None:
    coin = random.Random(order)
    runs: list[Run] = []
    while not checks_come_now(runs, decision := decide(runs, calibration, policy, coin), policy.rule):
        runs.append(run(decision.arms[0], 90.0 if decision.arms[0] is CANDIDATE else 100.0))
    assert 1 <= len(runs) <= 3
    assert decision.verdict is not Verdict.MEASURE_AGAIN or {made.arm for made in runs[-2:]} == {CANDIDATE, INCUMBENT}


KEPT, DISCARDED = Decision(Verdict.KEEP, None), Decision(Verdict.DISCARD, None)


@settings(max_examples=60)
@given(
    st.sampled_from([RACE, ECONOMY, ONCE]),
    st.sampled_from([NOISY, STILL, replace(NOISY, reference=())]),
    st.sampled_from([90.0, 97.0, 100.0]),
    st.integers(0, 9),
)
def test_a_stage_is_fresh_until_it_has_a_run_and_then_not_before_all_of_it_was_run(
    policy: Policy, calibration: Calibration, candidate: float, seed: int
) -> None:
    coin, lacking = random.Random(seed), 0
    runs: list[Run] = []
    while (decision := decide(runs, calibration, policy, coin)).verdict is Verdict.MEASURE_AGAIN:
        assert decision.fresh is (lacking == 0)
        lacking = (len(decision.arms) if decision.fresh else lacking) - 1
        assert lacking == len(decision.arms) - 1
        runs.append(
            run(
                decision.arms[0],
                (candidate if decision.arms[0] is CANDIDATE else 100.0) * (1 if calibration is STILL else math.exp(coin.gauss(0, 0.01))),
            )
        )
