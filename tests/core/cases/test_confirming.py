"""What confirmations need, what so many cases can show, what counts as one unit, seeds, and batches as pairs."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.cases.batch_effect import BatchEffect, Costs, chosen, measured
from autotune.core.cases.batch_pairs import SHOWN, gains_by_case, largest_losses
from autotune.core.cases.confirming import Count, is_spent, needed, used
from autotune.core.cases.drawing import Taken
from autotune.core.cases.pair_seeds import first_fresh, seed_of
from autotune.core.cases.pool import Power, smallest_visible, spread_of, units_needed, what_helps
from autotune.core.cases.scores import Asked
from autotune.core.cases.split import Case
from autotune.core.decide.budget import share_of_budget
from autotune.core.model import Arm, Direction

# Confirmations


@pytest.mark.parametrize(
    ("count", "odds"),
    [
        (Count(1, 1), 20.8333),
        (Count(1, 5), 104.167),
        (Count(1, 20), 416.667),
        (Count(1, 100), 2083.33),
        (Count(5, 20, 3), 104.167),
        (Count(21, 20), 10500),
        (Count(20, 20, 500), 20),
    ],
)
def test_what_a_keep_needs_is_the_studys(count: Count, odds: float) -> None:
    assert needed(count, count) == pytest.approx(odds, rel=1e-5)


def test_session_and_cases_both_keep_to_their_budget() -> None:
    young, old = Count(1), Count(9, keeps=4)
    assert needed(young, old) == needed(old, young) == needed(young, young) > needed(old, old)
    assert needed(Count(21), young) == pytest.approx(10500)


@given(st.integers(1, 50), st.integers(1, 200))
def test_all_confirmations_on_the_same_cases_together_stay_within_the_budget(planned: int, count: int) -> None:
    spent = [1 / needed(Count(number, planned), Count(number, planned)) for number in range(1, count + 1)]
    assert math.fsum(spent) <= 0.05 * math.fsum(share_of_budget(number, planned) for number in range(1, count + 1)) + 1e-12 <= 0.05 + 1e-9


def test_cases_have_decided_as_often_as_the_one_of_them_that_did_most_and_are_spent_after_the_plan() -> None:
    assert used([Case("a"), Case("new")], {"a": 7, "b": 9}) == 7
    assert used([], {"a": 7}) == used([Case("new")], {"a": 7}) == 0
    assert [is_spent(Count(number)) for number in (20, 21)] == [False, True]
    assert is_spent(Count(1), seen=True)


# What can be shown


@pytest.mark.parametrize(
    ("spread", "units", "odds", "simulated"),
    [
        (0.1, 60, 20.8, 0.09),
        (0.1, 1000, 417, 0.014),
        (0.2, 120, 417, 0.10),
        (0.2, 2000, 104, 0.019),
        (0.3, 300, 417, 0.077),
        (0.3, 120, 20.8, 0.09),
        (0.5, 300, 2083, 0.143),
        (0.5, 1000, 104, 0.067),
    ],
)
def test_the_smallest_difference_that_shows_is_what_was_simulated(spread: float, units: int, odds: float, simulated: float) -> None:
    assert smallest_visible(units, spread, odds) == pytest.approx(simulated, abs=0.01)


@pytest.mark.parametrize(
    ("effect", "spread", "simulated"), [(0.05, 0.2, 228), (0.05, 0.3, 484), (0.1, 0.2, 96), (0.1, 0.3, 125), (0.2, 0.3, 50)]
)
def test_half_of_the_comparisons_take_as_many_units_as_was_simulated(effect: float, spread: float, simulated: int) -> None:
    assert units_needed(effect, spread, 417, Power.HALF) == pytest.approx(simulated, rel=0.15)


@given(st.floats(0.01, 0.98), st.floats(0.01, 0.9), st.floats(20, 1e4), st.sampled_from(Power))
def test_a_larger_effect_takes_fewer_units_and_more_odds_take_more(effect: float, spread: float, odds: float, power: Power) -> None:
    units = units_needed(effect, spread, odds, power)
    assert units > 0
    assert units_needed(effect + 0.01, spread, odds, power) <= units * (1 + 1e-9)
    assert units_needed(effect, spread, 2 * odds, power) > units
    shown = smallest_visible(units, spread, odds, power)
    assert shown == pytest.approx(effect, abs=2e-4)


def test_too_few_units_show_nothing() -> None:
    assert smallest_visible(5, 0.3, 417) is None
    assert what_helps(5, 0.3, 0.1, 417) == (None, None, None)


def test_repeats_help_where_the_judge_is_what_differs_and_more_cases_always() -> None:
    judge, cases = what_helps(120, 0.05, 0.30, 104), what_helps(120, 0.25, 0.15, 104)
    for found in (judge, cases):
        assert found.now is not None
        assert found.repeats is not None
        assert found.more_cases is not None
        assert found.more_cases < found.repeats < found.now
    assert judge.repeats is not None
    assert cases.repeats is not None
    assert judge.repeats < 0.086
    assert cases.repeats > 0.099


def test_a_few_units_say_little_of_the_spread() -> None:
    coin = random.Random(1)
    assert spread_of([]) == spread_of([0.5]) == pytest.approx(0.3)
    assert spread_of([0.1] * 3) == pytest.approx(0.3 * math.sqrt(4 / 6))
    assert spread_of([coin.gauss(0, 0.1) for _ in range(4000)]) == pytest.approx(0.1, abs=0.01)


# What counts as one unit


def batches_of(coin: random.Random, count: int, size: int, shared: float) -> list[list[float]]:
    found = []
    for _ in range(count):
        of_batch = coin.gauss(0, shared)
        found.append([of_batch + coin.gauss(0, 0.3) for _ in range(size)])
    return found


def test_an_effect_on_batches_is_measured() -> None:
    found = measured([[1, 1, 4], [2, 2, 5], [9, 9, 12]])
    assert (found.between, found.within, found.batches_free, found.units_free, found.size) == (57.0, 3.0, 2, 6, 3.0)
    assert found.deviation == pytest.approx(math.sqrt(18))
    assert measured(batches_of(random.Random(1), 2000, 8, 0.1)).deviation == pytest.approx(0.1, abs=0.01)
    assert measured([[0.1], [0.2, 0.3, 0.3]]).size == pytest.approx(1.5)
    assert measured([[0.3, 0.3], [0.1, 0.5]]).deviation == 0.0


@pytest.mark.parametrize(("shared", "least", "most"), [(0.0, 0.85, 1.0), (0.1, 0.0, 0.16), (0.2, 0.0, 0.01)])
def test_cases_count_one_by_one_where_an_effect_of_a_third_of_their_deviation_is_refuted(shared: float, least: float, most: float) -> None:
    coin = random.Random(2)
    share = sum(measured(batches_of(coin, 40, 8, shared)).is_harmless for _ in range(200)) / 200
    assert least <= share <= most


@pytest.mark.parametrize(
    ("batches", "found"),
    [
        ([], False),
        ([[0.1, 0.2]], False),  # of one batch nothing can be said
        ([[0.1], [0.2], [0.1]], False),  # nor of one unit in each
        ([[0.0, 0.0]] * 3, True),  # which repeats exactly
        ([[0.0, 0.0], [0.1, 0.1]], False),
    ],
)
def test_little_or_exact_calibration_is_judged_too(batches: list[list[float]], found: bool) -> None:  # noqa: FBT001
    assert measured(batches).is_harmless is found


def test_where_batches_have_an_effect_the_cheaper_unit_is_chosen_that_can_decide() -> None:
    asked, shared, none = Asked(417, worth=0.1), BatchEffect(0.5, 0.09, 39, 280, 8.0), BatchEffect(0.05, 0.09, 39, 280, 8.0)
    assert none.is_harmless
    assert not shared.is_harmless
    assert chosen(none, 0.3, 1000, Costs(10, 10), asked) is Taken.CASE
    assert chosen(shared, 0.3, 1000, Costs(10, 9), asked) is Taken.BATCH  # starting is what a run costs
    assert chosen(shared, 0.3, 80, Costs(10, 9), asked) is Taken.ONE_BY_ONE  # ten batches decide nothing
    assert chosen(shared, 0.3, 1000, Costs(80, 10), asked) is Taken.ONE_BY_ONE


# Seeds


def test_both_runs_of_a_pair_have_the_same_seed_and_no_seed_comes_again() -> None:
    coin, used_seeds = random.Random(1), list[int]()
    for _ in range(3):
        first, arms, seeds = first_fresh(used_seeds), list[Arm](), list[int]()
        for _ in range(4):
            for arm in coin.sample((Arm.CANDIDATE, Arm.INCUMBENT), 2):
                seeds.append(seed_of(first, arms, arm))
                arms.append(arm)
        assert seeds == [first + pair for pair in range(4) for _ in range(2)]
        assert not set(seeds) & set(used_seeds)
        used_seeds += seeds
    assert sorted(set(used_seeds)) == list(range(1, 13))


# Batches as pairs

BEFORE = {"t[a]": 2.0, "t[b]": 8.0, "t": 3.0, "u[d]": 1.0}
AFTER = {"t[b]": 2.0, "t[a]": 2.0, "t[d]": 9.0}


def test_the_largest_losses_are_named_worst_first() -> None:
    batches = [(AFTER, {**BEFORE, "t[c]": 5.0}), ({"t[a]": 6.0, "t[c]": 2.0}, {"t[a]": 2.0, "t[c]": 1.0})]
    by_case = gains_by_case(batches, "t", Direction.LOWER, logs=False)
    assert by_case == {"a": -2.0, "b": 6.0, "c": -1.0}
    assert largest_losses(by_case) == [("a", -2.0), ("c", -1.0)]
    assert len(largest_losses({str(place): -1.0 for place in range(SHOWN + 1)})) == SHOWN
    assert gains_by_case(batches, "t", Direction.LOWER, logs=True)["b"] == pytest.approx(math.log(4))
