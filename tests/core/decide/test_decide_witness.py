"""Processor time as a second witness: that its bet is fair, when a keep may rest on it, and when it is not believed."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autotune.core import rules
from autotune.core.decide.decide import decide, learn
from autotune.core.facts import Kind, whole
from autotune.core.model import PROCESSOR_S, Arm, Calibration, Decision, Direction, Metric, Outcome, Policy, Run, Verdict, Witness
from autotune.core.stats.bounds import pair_factor
from autotune.core.tell.words import told

CANDIDATE, INCUMBENT = Arm.CANDIDATE, Arm.INCUMBENT
RACE = Policy(Metric("t", "s", Direction.LOWER))
ALONE = Calibration((0.1,) * 8, keeps=0, planned=100, reference=(100.0, 101.0))  # a noise floor of 14.8 %
BUSY = replace(ALONE, witness=Witness((0.01,) * 8, low=0.6, high=0.95))  # and of 1.5 %


def run(arm: Arm, value: float, processor: float, *, wall: float | None = None) -> Run:
    return Run(arm, Outcome.OK, {"t": value, PROCESSOR_S: processor}, wall_s=wall or max(value, processor))


def pair(metric: float, processor: float, *, wall: float | None = None) -> list[Run]:
    """The incumbent's run, then the candidate's, whose metric and processor time are those of the incumbent by these factors."""
    return [run(INCUMBENT, 100.0, 90.0), run(CANDIDATE, 100.0 * metric, 90.0 * processor, wall=wall)]


def asked(runs: list[Run], calibration: Calibration = BUSY, policy: Policy = RACE) -> Decision:
    return decide(runs, calibration, policy, random.Random(1))


def processor(decision: Decision) -> dict[str, float]:
    assert decision.reason is not None
    figures: dict[str, float] = decision.reason.figures["processor"]
    return figures


def played(gain: float, less: float, *, spread: float = 0.08, seed: int = 1, most: int = 40) -> Decision:
    """A whole comparison of a candidate with a gain in the metric, which is noisy, and one in processor time, which is not."""
    coin = random.Random(seed)
    runs: list[Run] = []
    policy = replace(RACE, max_pairs=most)
    while (decision := decide(runs, BUSY, policy, coin)).arms:
        waited, own = coin.expovariate(1 / spread), coin.gauss(0, 0.008)
        changed = decision.arms[0] is CANDIDATE
        value = 100 * math.exp(waited + own - gain * changed)
        runs.append(run(decision.arms[0], value, 90 * math.exp(own - less * changed), wall=value))
    return decision


def test_the_evidence_is_the_average_of_a_stake_on_each() -> None:
    runs = pair(0.98, 0.98) + pair(1.04, 0.985)
    stakes = [
        math.prod(pair_factor(-math.log(factor) / (1.4826 * noise)) for factor in factors)
        for noise, factors in ((0.1, (0.98, 1.04)), (0.01, (0.98, 0.985)))
    ]
    assert asked(runs).evidence == pytest.approx(sum(stakes) / 2)
    assert asked(runs, ALONE).evidence == pytest.approx(stakes[0])


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.05, 0.05)), min_size=7, max_size=7), st.floats(0, 1))
def test_a_change_that_does_neither_leaves_the_stake_as_it_is_on_average(sizes: list[tuple[float, float]], alike: float) -> None:
    """Over all orders of the runs within their pairs, however metric and processor time depend on each other."""
    held = replace(RACE, max_pairs=8)
    stakes = []
    for signs in itertools.product((1, -1), repeat=len(sizes)):
        runs = [
            made
            for sign, (metric, less) in zip(signs, sizes, strict=True)
            for made in pair(math.exp(sign * metric), math.exp(sign * (alike * metric / 10 + less)))
        ]
        evidence = asked(runs[:2], policy=held).evidence
        stakes.append(evidence if len(runs) == 2 else asked(runs, replace(BUSY, planned=10**9), held).evidence)
    found = [stake for stake in stakes if stake is not None]
    assert len(found) == 2 ** len(sizes)
    assert math.fsum(found) / len(found) == pytest.approx(1.0)


def test_a_gain_that_the_metric_cannot_show_is_kept_by_processor_time_and_is_unconfirmed() -> None:
    decision = played(0.05, 0.05)
    assert (decision.verdict, decision.confirmed) == (Verdict.KEEP, False)
    assert decision.reason is not None
    assert decision.reason.kind is Kind.BETTER_BY_WITNESS
    told = processor(decision)
    assert told["low"] < 0.95 < told["high"] < 1
    assert told["better"] <= decision.pairs
    assert told["metric_evidence"] < (decision.needed or 0) <= (decision.evidence or 0)
    assert told["believed"]


def test_where_the_metric_shows_it_too_the_keep_is_the_metrics_own() -> None:
    decision = played(0.6, 0.6, spread=0.02)
    assert (decision.verdict, decision.confirmed) == (Verdict.KEEP, True)
    assert decision.reason is not None
    assert decision.reason.kind is Kind.BETTER


def test_processor_time_that_is_saved_and_does_not_make_the_metric_smaller_is_no_gain() -> None:
    kept = [seed for seed in range(20) if played(-0.02, 0.1, seed=seed).verdict is Verdict.KEEP]
    assert len(kept) <= 3


def test_a_keep_by_processor_time_waits_for_the_metric_to_have_half_of_it_to_the_last_pair() -> None:
    saved = [made for _ in range(20) for made in pair(0.999, 0.97)]
    assert asked(saved).verdict is Verdict.MEASURE_AGAIN
    assert (asked(saved).evidence or 0) > 1e4
    assert asked(saved, policy=replace(RACE, max_pairs=20)).verdict is not Verdict.KEEP
    assert asked(saved + [made for _ in range(20) for made in pair(0.96, 0.97)]).verdict is Verdict.KEEP


def test_a_bet_that_the_metric_gains_less_than_half_silences_processor_time() -> None:
    doubted = [made for _ in range(12) for made in pair(1.1, 0.9)] + [made for _ in range(27) for made in pair(0.9, 0.9)]
    decision = asked(doubted, policy=replace(RACE, max_pairs=39))
    assert (decision.evidence or 0) > 1e4
    assert decision.verdict is not Verdict.KEEP


def test_an_arm_that_is_on_the_processor_otherwise_than_the_unchanged_code_is_no_witness() -> None:
    def kept(wall: float) -> bool:
        runs = [made for _ in range(13) for made in pair(0.965, 0.94, wall=wall)]
        return asked(runs, policy=replace(RACE, max_pairs=13)).verdict is Verdict.KEEP

    assert [kept(wall) for wall in (100.0, 40.0, 1000.0)] == [True, False, False]


@pytest.mark.parametrize(
    ("calibration", "policy"),
    [
        (BUSY, replace(RACE, min_effect=0.01)),
        (BUSY, replace(RACE, min_effect=-0.01)),
        (BUSY, replace(RACE, rule=rules.SECOND_WITNESS - 1)),
        (replace(BUSY, logs=False, pool=(10.0,) * 8), RACE),
    ],
)
def test_the_metric_decides_alone_where_a_least_effect_is_asked_for_or_a_loss_allowed_or_an_older_rule_holds(
    calibration: Calibration, policy: Policy
) -> None:
    runs = [made for _ in range(6) for made in pair(0.97, 0.9)]
    assert asked(runs, calibration, policy) == asked(runs, replace(calibration, witness=None), policy)


def test_the_metric_decides_alone_where_a_runs_processor_time_is_not_known() -> None:
    runs = [*pair(0.97, 0.9), Run(INCUMBENT, Outcome.OK, {"t": 100.0}, 1.0), Run(CANDIDATE, Outcome.OK, {"t": 97.0}, 1.0)]
    assert asked(runs) == asked(runs, ALONE)


def test_a_gain_that_is_the_metrics_alone_is_not_given_up_because_processor_time_shows_none() -> None:
    runs = [made for _ in range(8) for made in pair(0.8, 1.001)]
    assert asked(runs).verdict is Verdict.MEASURE_AGAIN
    assert asked(runs[:12]).verdict is Verdict.MEASURE_AGAIN
    nothing = [made for metric in (1.01, 0.98, 1.02, 1.03, 0.99, 1.01) for made in pair(metric, 1.001)]
    assert asked(nothing).verdict is Verdict.DISCARD


def test_a_metric_that_others_have_just_made_loud_does_not_end_a_comparison_in_which_processor_time_looks_well() -> None:
    assert asked(pair(1.6, 0.995) + pair(1.5, 0.995)).verdict is Verdict.MEASURE_AGAIN
    assert asked(pair(2.0, 0.99)).verdict is Verdict.MEASURE_AGAIN  # the only run of the candidate was on the processor for less than any


def test_a_keep_waits_for_a_metric_that_is_about_to_decide_alone() -> None:
    calm = replace(BUSY, pool=(0.02,) * 8)
    runs = [made for _ in range(13) for made in pair(0.97, 0.97)]
    waits, decided = asked(runs, calm), asked(runs, calm, replace(RACE, max_pairs=13))
    assert waits.verdict is Verdict.MEASURE_AGAIN
    assert (decided.verdict, decided.confirmed) == (Verdict.KEEP, False)


def test_a_block_is_opened_by_whichever_is_clear_and_multiplies_both() -> None:
    begun = pair(0.94, 0.9)
    decision = asked(begun, policy=replace(RACE, max_pairs=8))
    assert len(decision.arms) == 14
    block = [run(arm, 94.0 if arm is CANDIDATE else 100.0, 81.0 if arm is CANDIDATE else 90.0) for arm in decision.arms]
    told = processor(asked(begun + block, policy=replace(RACE, max_pairs=8)))
    assert told["evidence"] > 1000
    assert 1 < told["metric_evidence"] < 1000


def test_a_comparison_teaches_both_pools_and_blocks_teach_neither() -> None:
    learnt = learn(pair(0.97, 0.99) + pair(1.02, 1.01) + pair(0.99, 1.0), BUSY, RACE)
    assert learnt.witness is not None
    assert (len(learnt.pool), len(learnt.witness.pool)) == (11, 11)
    assert max(learnt.witness.pool) < max(learnt.pool) / 2
    assert learn(pair(0.97, 0.99), BUSY, RACE) == BUSY
    assert learn(pair(0.97, 0.99) * 3, BUSY, replace(RACE, min_effect=0.01)).witness == BUSY.witness


def test_a_candidate_that_looks_better_by_processor_time_is_not_discarded() -> None:
    runs = [run for metric in (1.1, 0.95, 1.05) * 3 for run in pair(metric, 0.992)]
    alone, both = (first_answer(runs, calibration) for calibration in (ALONE, BUSY))
    assert (alone.verdict, alone.reason and alone.reason.kind) == (Verdict.DISCARD, Kind.NOT_SHOWN)
    assert (both.verdict, both.reason and both.reason.kind) == (Verdict.INCONCLUSIVE, Kind.LOOKS_BETTER_BY_WITNESS)
    said = told(whole(both.reason, both.effect, both.evidence, both.needed, both.pairs, "s")) if both.reason else ""
    assert (
        f"processor time was lower in {both.pairs} of {both.pairs} pairs, 0.80 % lower; the metric neither shows nor excludes that" in said
    )


def first_answer(runs: list[Run], calibration: Calibration) -> Decision:
    so_far = (asked(runs[:count], calibration, replace(RACE, max_pairs=20)) for count in range(len(runs) + 1))
    return next(one for one in so_far if one.verdict is not Verdict.MEASURE_AGAIN)


@pytest.mark.parametrize(
    ("processor_factors", "rule", "found"),
    [
        ((1.004, 0.996), rules.NEWEST, Kind.NOT_SHOWN),
        ((1.004, 0.996), rules.FEW_TELL_NOISE - 1, Kind.TOO_NOISY),
        ((1.1, 0.9), rules.NEWEST, Kind.TOO_NOISY),
    ],
)
def test_a_comparison_is_too_noisy_where_a_witness_is_that_too(processor_factors: tuple[float, float], rule: int, found: Kind) -> None:
    quiet = replace(BUSY, pool=(0.02,) * 8)
    wild = [run for metric, less in zip((1.6, 0.7) * 2, processor_factors * 2, strict=True) for run in pair(metric, less, wall=160.0)]
    policy = replace(RACE, rule=rule, max_pairs=4)
    decision = asked(wild, quiet, policy)
    assert decision.reason is not None
    assert decision.reason.kind is found
