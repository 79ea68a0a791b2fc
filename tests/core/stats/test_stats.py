"""What samples say, held to literal figures and to the properties the figures must have."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core import rules
from autotune.core.facts import UnreadError
from autotune.core.model import Direction, Effect
from autotune.core.output.outcome import cases_of, combined
from autotune.core.stats import effects, noise
from autotune.core.stats.bounds import GUARDED, Bound, Guarded, Standing, evidence_within, guardrail
from autotune.core.stats.confidence import confidence, confidence_label
from autotune.core.stats.drift import rank_von_neumann
from autotune.core.stats.effects import (
    claim_of,
    effect_of,
    estimate_and_interval,
    gains,
    on_scale,
    rounding_tick,
    signed_rank_bound,
    tail_of_look,
)
from autotune.core.stats.noise import hodges_lehmann, mad, median, noise_floor, pool_after, residual_pool, smallest_detectable

LOWER, HIGHER = Direction.LOWER, Direction.HIGHER
numbers = st.floats(-1e6, 1e6)
positive = st.floats(1e-3, 1e3)


def test_the_median_is_the_middle_value_or_the_mean_of_the_middle_two() -> None:
    assert (median([3, 1, 2]), median([4, 1, 2, 3])) == (2, 2.5)
    assert median([math.inf, 1.0, math.inf]) == math.inf


def test_no_values_have_no_median() -> None:
    with pytest.raises(ValueError, match="no median"):
        median([])


def test_the_mad_is_the_median_distance_from_the_median() -> None:
    assert mad([100, 90, 95, 105, 80]) == 5


def test_the_first_pool_holds_differences_of_successive_logarithms_or_of_raw_values() -> None:
    assert residual_pool([1.0, math.e, 1.0], logs=True) == (1.0, 1.0)
    assert residual_pool([-1, 2, 0], logs=False) == (3, 2)
    with pytest.raises(ValueError, match=r"math domain error|expected a positive"):
        residual_pool([1.0, 0.0], logs=True)


def test_the_noise_floor_of_normal_noise_is_its_standard_deviation() -> None:
    coin = random.Random(1)
    assert noise_floor(tuple(abs(coin.gauss(0, 3)) for _ in range(20_000))) == pytest.approx(3, rel=0.03)


def test_the_noise_floor_takes_the_larger_of_its_two_estimates_and_half_the_largest_residual_when_both_vanish() -> None:
    assert noise_floor((1.0,) * 10) == pytest.approx(1.4826)
    assert noise_floor((0.1,) * 14 + (1.0,) * 6) == pytest.approx(1 / 1.2816)
    assert noise_floor((0.1,) * 5 + (1.0,) * 2) == pytest.approx(0.14826)
    assert noise_floor((0.0,) * 9 + (0.02,)) == 0.01
    assert noise_floor((0.0,) * 9) == noise_floor(()) == 0.0


def test_a_comparison_of_three_pairs_or_more_feeds_the_pool_and_the_oldest_residuals_leave_it() -> None:
    assert pool_after((1.0,), [5.0, 6.0]) == (1.0,)
    assert pool_after((1.0,), [1.0, 2.0, 3.0]) == pytest.approx((1.0, math.sqrt(1.5), 0.0, math.sqrt(1.5)))
    assert len(pool_after((1.0,) * 256, [1.0, 2.0, 3.0])) == 256


def test_the_smallest_effect_found_falls_with_the_pairs_and_scales_with_the_noise() -> None:
    sizes = [smallest_detectable(1.0, pairs) for pairs in (4, 8, 10, 16, 18, 20, 24, 30, 40, 80)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == math.inf
    assert smallest_detectable(0.02, 20) == pytest.approx(0.02 * smallest_detectable(1.0, 20))


@pytest.mark.parametrize(("count", "bound"), [(5, 0), (6, 1), (8, 4), (10, 9), (20, 53), (40, 265)])
def test_the_rank_that_bounds_a_95_percent_interval_is_the_published_one(count: int, bound: int) -> None:
    assert signed_rank_bound(count) == bound


@pytest.mark.parametrize("count", [6, 9, 12])
def test_the_interval_leaves_out_at_most_a_fortieth_of_all_sign_patterns_on_each_side(count: int) -> None:
    magnitudes = [1.0 + rank for rank in range(count)]
    missed = 0
    for signs in itertools.product((1, -1), repeat=count):
        missed += estimate_and_interval([sign * size for sign, size in zip(signs, magnitudes, strict=True)], 0.0)[1] > 0
    assert missed / 2**count <= 0.025


def test_fewer_than_six_differences_give_their_range() -> None:
    assert estimate_and_interval([3.0, 1.0, 2.0], 0.0) == (2.0, 1.0, 3.0)


def test_a_rounded_metric_widens_the_interval_by_one_tick() -> None:
    assert estimate_and_interval([1.0, 2.0, 3.0], 0.5) == (2.0, 0.5, 3.5)


@given(st.lists(numbers, min_size=1, max_size=12))
def test_the_estimate_lies_within_its_interval_and_both_turn_with_the_signs(differences: list[float]) -> None:
    middle, low, high = estimate_and_interval(differences, 0.0)
    assert low <= middle <= high
    assert middle == hodges_lehmann(differences)
    turned = [-difference for difference in differences]
    assert estimate_and_interval(turned, 0.0) == (-middle, -high, -low)


def test_the_estimate_ignores_one_wild_difference() -> None:
    assert hodges_lehmann([1.0, 1.1, 0.9, 1.0, 50.0]) == pytest.approx(1.05)


def test_the_tick_of_a_rounded_metric_is_the_smallest_gap_between_values_that_repeat() -> None:
    assert rounding_tick([98, 100, 100, 104]) == 2
    assert rounding_tick([1.25, 1.5, 2.75]) == rounding_tick([7, 7, 7]) == 0


def test_a_rankis_higher_for_a_better_value_and_lowest_for_what_has_no_logarithm() -> None:
    assert on_scale([math.e, 0.0], HIGHER, logs=True) == [1.0, -math.inf]
    assert on_scale([math.e, 0.0], LOWER, logs=True) == [-1.0, math.inf]
    assert on_scale([-3.0], LOWER, logs=False) == [3.0]


def test_gains_count_what_is_better_as_positive() -> None:
    assert gains([(10.0, 5.0)], LOWER, logs=True) == pytest.approx([math.log(2)])
    assert gains([(10.0, 5.0)], HIGHER, logs=False) == [-5.0]
    assert gains([], HIGHER, logs=False) == []


def test_an_effect_is_a_ratio_of_positive_values_and_else_a_difference() -> None:
    halved = effect_of([(10.0, 5.0)], logs=True)
    assert halved.relative
    assert (halved.estimate, halved.low, halved.high) == pytest.approx((0.5, 0.5, 0.5))
    assert effect_of([(10.0, 0.0)], logs=True) == Effect(-10.0, -10.0, -10.0, relative=False)
    assert effect_of([(-1.0, 2.0)], logs=False) == Effect(3.0, 3.0, 3.0, relative=False)
    assert effect_of([(1e-300, 1e300)], logs=True).estimate == pytest.approx(math.exp(700))


def test_a_claim_needs_the_whole_interval_better_and_six_pairs() -> None:
    pairs = [(100.0 + step, 90.0 + step * 0.7) for step in range(20)]
    said = claim_of(pairs, LOWER)
    assert said.improved
    assert said.pairs == 20
    assert not claim_of(pairs, HIGHER).improved
    assert not claim_of(pairs[:5], LOWER).improved


def test_a_claim_about_values_that_are_not_positive_is_a_difference() -> None:
    said = claim_of([(-1.0, step / 8) for step in range(8)], HIGHER, logs=False)
    assert said.improved
    assert said.effect.relative is False


def test_a_claim_about_a_coarsely_rounded_metric_is_widened_by_its_tick_and_one_about_exact_counts_is_not() -> None:
    assert not claim_of([(100.0, 98.0)] * 12 + [(100.0, 100.0)], LOWER).improved
    assert claim_of([(100.0, 98.0)] * 12, LOWER).improved


def test_a_claim_without_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="no median"):
        claim_of([], LOWER)


def test_a_claim_covers_the_truth_in_about_95_of_100_measurements() -> None:
    coin = random.Random(3)
    covered = 0
    for _ in range(400):
        said = claim_of([(math.exp(coin.gauss(0, 0.05)), 0.9 * math.exp(coin.gauss(0, 0.05))) for _ in range(20)], LOWER)
        covered += said.effect.low <= 0.9 <= said.effect.high
    assert 0.925 <= covered / 400 <= 0.985


AT_MOST_2_PERCENT_MORE = Bound(1.02, at_most=True, relative=True)
AT_LEAST_98 = Bound(0.98, at_most=False, relative=False)


def test_a_relative_guardrail_holds_breaks_or_stays_undecided() -> None:
    incumbent = [100.0, 101.0, 99.0, 100.5, 99.5, 100.2, 99.8]
    assert guardrail(incumbent, incumbent, AT_MOST_2_PERCENT_MORE).standing is Standing.HOLDS
    broken = guardrail(incumbent, [value * 1.05 for value in incumbent], AT_MOST_2_PERCENT_MORE)
    assert broken.standing is Standing.BROKEN
    assert broken.estimate == pytest.approx(1.05)
    assert guardrail(incumbent, incumbent[::-1], Bound(1.0, at_most=True, relative=True)).standing is Standing.UNDECIDED


def test_by_the_first_rule_a_guardrail_is_held_against_an_interval() -> None:
    figures = [0.99, 0.985, 0.995, 0.99, 0.985, 0.99]
    assert guardrail([], figures, AT_LEAST_98, rules.FIRST) == Guarded(Standing.HOLDS, 0.99, 0.985, 0.995)
    assert guardrail([], figures[:5], AT_LEAST_98, rules.FIRST).standing is Standing.UNDECIDED
    assert guardrail([], [figure - 0.05 for figure in figures], AT_LEAST_98, rules.FIRST).standing is Standing.BROKEN
    assert guardrail([], figures, AT_LEAST_98).evidence == evidence_within([figure - 0.98 for figure in figures])


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8))
def test_a_bet_on_a_bound_is_fair_where_either_side_of_it_is_as_likely(distances: list[float]) -> None:
    signs = itertools.product((1, -1), repeat=len(distances))
    every = [evidence_within([sign * distance for sign, distance in zip(way, distances, strict=True)]) for way in signs]
    assert math.fsum(every) / len(every) == pytest.approx(1.0)


def test_luck_at_a_bound_passes_at_most_once_in_twenty_however_often_one_looks() -> None:
    distances = [1.0, 0.3, 2.0, 0.7, 1.5, 0.2, 1.0, 0.9, 3.0, 0.5, 1.1, 0.4]
    passed = 0
    for way in itertools.product((1, -1), repeat=len(distances)):
        room = [sign * distance for sign, distance in zip(way, distances, strict=True)]
        passed += any(evidence_within(room[:count]) >= GUARDED for count in range(1, len(room) + 1))
    assert 0 < passed / 2 ** len(distances) <= 1 / GUARDED


def test_what_is_within_in_every_run_passes_with_six_of_them_and_what_is_beyond_is_broken_with_six() -> None:
    for count, standing in ((4, Standing.UNDECIDED), (6, Standing.HOLDS)):
        assert guardrail([], [0.98, 0.99, 0.98, 0.98, 0.985, 0.99][:count], AT_LEAST_98).standing is standing
    assert guardrail([], [0.97, 0.96, 0.97, 0.975, 0.97, 0.965], AT_LEAST_98).standing is Standing.BROKEN
    assert guardrail([], [0.98] * 6 + [0.975], AT_LEAST_98).standing is Standing.UNDECIDED  # at the bound, and once beyond


def test_however_often_a_claim_is_asked_for_the_tails_come_to_less_than_four_percent() -> None:
    assert [round(tail_of_look(look), 5) for look in (1, 2, 3)] == [0.025, 0.00625, 0.0025]
    assert math.fsum(map(tail_of_look, range(1, 1000))) == pytest.approx(0.0375, abs=1e-6)
    assert (signed_rank_bound(20), signed_rank_bound(20, tail_of_look(2)), signed_rank_bound(6, tail_of_look(2))) == (53, 40, 0)


def test_a_claim_that_is_asked_for_again_has_to_be_clearer_and_says_how_often_it_was() -> None:
    coin = random.Random(1)
    pairs = [(100 + coin.gauss(0, 1), 95 + coin.gauss(0, 1)) for _ in range(6)]
    first, second = claim_of(pairs, LOWER), claim_of(pairs, LOWER, look=2)
    assert (first.improved, second.improved) == (True, False)  # six pairs have no interval of that width
    assert (second.look, second.fewest) == (2, 8)
    assert [signed_rank_bound(count, tail_of_look(2)) for count in (7, 8)] == [0, 1]
    more = [(100 + coin.gauss(0, 1), 95 + coin.gauss(0, 1)) for _ in range(20)]
    assert claim_of(more, LOWER, look=20).improved
    assert claim_of(more, LOWER, look=20).effect.high > claim_of(more, LOWER).effect.high


def test_an_absolute_guardrail_looks_at_the_candidate_alone() -> None:
    assert guardrail([], [0.99] * 3, AT_LEAST_98).standing is Standing.HOLDS
    assert guardrail([0.99] * 3, [0.97] * 3, AT_LEAST_98).standing is Standing.BROKEN
    assert guardrail([], [0.97, 0.99] * 5, AT_LEAST_98).standing is Standing.UNDECIDED


def test_a_guardrail_is_undecided_on_no_runs_one_run_or_a_few_that_differ() -> None:
    assert guardrail([], [], AT_LEAST_98).standing is Standing.UNDECIDED
    assert guardrail([1.0], [1.0], AT_MOST_2_PERCENT_MORE).standing is Standing.UNDECIDED
    assert guardrail([1.0, 1.0], [1.0, 1.001], AT_MOST_2_PERCENT_MORE).standing is Standing.UNDECIDED


def test_a_bound_that_is_just_reached_holds_even_where_values_are_zero() -> None:
    same = Bound(1.0, at_most=True, relative=True)
    assert guardrail([0.0, 0.0], [0.0, 0.0], same).standing is Standing.HOLDS
    assert guardrail([0.0, 0.0], [1.0, 1.0], same).standing is Standing.BROKEN
    assert guardrail([5.0, 5.0], [5.0, 5.0], Bound(1.0, at_most=False, relative=True)).standing is Standing.HOLDS


def test_cases_are_read_from_the_names_of_the_samples() -> None:
    assert cases_of({"t[a]": 1, "t": 3, "u[a]": 1, "t[b c]": 2}, "t") == ("a", "b c")


def test_cases_combine_so_that_each_counts_the_same_whatever_its_size() -> None:
    before, after = {"t[a]": 1.0, "t[b]": 1000.0}, {"t[a]": 0.5, "t[b]": 1000.0}
    cases = cases_of(before, "t")
    ratio = combined(after, "t", cases, logs=True) / combined(before, "t", cases, logs=True)
    assert ratio == pytest.approx(math.sqrt(0.5))
    assert combined(before, "t", cases, logs=False) == 500.5


@pytest.mark.parametrize(
    ("samples", "cases", "said"),
    [({"t[a]": 1.0}, ("a", "b"), "case missing"), ({"t": 1.0}, (), "cases missing"), ({"t[a]": 0.0}, ("a",), "case not positive")],
)
def test_a_missing_case_is_refused(samples: dict[str, float], cases: tuple[str, ...], said: str) -> None:
    with pytest.raises(UnreadError, match=f"^{said}$"):
        combined(samples, "t", cases, logs=True)


def test_confidence_is_the_best_improvement_as_a_multiple_of_the_mad() -> None:
    assert confidence([100, 90, 95, 105, 80], 100, 80, LOWER) == 4.0


@pytest.mark.parametrize(
    ("values", "baseline", "best", "direction", "expected"),
    [
        ([100, 90], 100, 90, LOWER, None),
        ([100, 100, 101], 100, None, LOWER, 0.0),
        ([100, 101, 102], 100, 101, LOWER, 0.0),
        ([100, 100, 100, 90], 100, 90, LOWER, math.inf),
        ([100, 100, 100], 100, 100, LOWER, 0.0),
        ([-3, -2, -1], -3, -1, HIGHER, 2.0),
        ([0, 0, 1, 2, 3], 0, 3, HIGHER, 3.0),
    ],
)
def test_every_degenerate_confidence_is_decided(
    values: list[float], baseline: float, best: float | None, direction: Direction, expected: float | None
) -> None:
    assert confidence(values, baseline, best, direction) == expected


@pytest.mark.parametrize(
    ("multiple", "label"),
    [(None, "too early"), (0.0, "within noise"), (0.99, "within noise"), (1.0, "marginal"), (2.0, "high"), (math.inf, "high")],
)
def test_a_confidence_has_the_label_of_the_contract(multiple: float | None, label: str) -> None:
    assert confidence_label(multiple) == label


def test_drift_is_not_looked_for_in_fewer_than_twenty_values() -> None:
    assert rank_von_neumann(range(19)) is None


def test_a_trend_is_flagged_and_values_in_random_order_or_all_equal_are_not() -> None:
    coin = random.Random(5)
    trend, noise, same = (rank_von_neumann(values) for values in (range(40), [coin.random() for _ in range(40)], [7.0] * 40))
    assert trend is not None
    assert trend.flagged
    assert noise is not None
    assert not noise.flagged
    assert same is not None
    assert same.z == 0.0


def test_only_the_latest_forty_values_tell_of_drift() -> None:
    coin = random.Random(6)
    recent = [coin.random() for _ in range(40)]
    assert rank_von_neumann([*range(100, 200), *recent]) == rank_von_neumann(recent)


def test_the_statistic_is_the_textbook_one() -> None:
    values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 2
    ranks = [2 * value - 0.5 for value in values]
    ratio = sum((b - a) ** 2 for a, b in itertools.pairwise(ranks)) / sum((rank - 10.5) ** 2 for rank in ranks)
    variance = 4 * 18 * (5 * 400 - 40 - 9) / (5 * 20 * 21 * 19**2)
    drift = rank_von_neumann(values)
    assert drift is not None
    assert drift.z == pytest.approx((ratio - 2) / math.sqrt(variance))


@given(st.lists(st.tuples(positive, positive), min_size=1, max_size=10), st.floats(1e-3, 1e3))
def test_a_relative_effect_does_not_depend_on_the_unit(pairs: list[tuple[float, float]], unit: float) -> None:
    here, there = effect_of(pairs, logs=True), effect_of([(a * unit, b * unit) for a, b in pairs], logs=True)
    assert (there.low, there.estimate, there.high) == pytest.approx((here.low, here.estimate, here.high))


@pytest.mark.parametrize("direction", Direction)
def test_of_a_benchmark_that_repeats_exactly_two_equal_runs_a_side_are_a_claim_however_often_it_is_asked(direction: Direction) -> None:
    better = 90.0 if direction is Direction.LOWER else 110.0
    for look in (1, 5):
        claim = effects.claim_of([(100.0, better)] * 2, direction, look=look, exact=True)
        assert (claim.improved, claim.exact, claim.look, claim.fewest) == (True, True, 1, 2)
        assert claim.effect.estimate == claim.effect.low == claim.effect.high == pytest.approx(better / 100)
    assert not effects.claim_of([(100.0, 100.0)] * 2, direction, exact=True).improved
    for pairs, exact in (([(100.0, better)] * 2, False), ([(100.0, better)], True), ([(100.0, better), (100.0, better + 0.1)], True)):
        claim = effects.claim_of(pairs, direction, exact=exact)
        assert (claim.improved, claim.exact) == (False, False)


@pytest.mark.parametrize(
    ("value", "digits", "last"), [(0.0150, 2, 0.001), (1500.0, 2, 1.0), (12.345, 5, 0.001), (0.0, 1, 1.0), (7.0, 1, 1.0)]
)
def test_the_digits_that_a_value_is_known_to_have(value: float, digits: int, last: float) -> None:
    assert noise.significant_digits(value) == digits
    assert noise.last_digit(value) == pytest.approx(last)
