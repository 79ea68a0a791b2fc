"""The mean bet: fixtures of its figures, and that it is a fair bet for any bounded differences."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.cases.mean_bet import BETS, EVEN, LARGEST, WEIGHTS, evidence, gains_over, gains_under, interval, staked, total

DIFFERENCES = st.lists(st.floats(-1, 1), max_size=60)


def against(differences: list[float], worth: float) -> float:
    return total(staked(EVEN, gains_under(differences, worth)))


@pytest.mark.parametrize(
    ("differences", "least", "odds"),
    [
        ([], 0.0, 1.0),
        ([1, -1, 0.5], 0.0, 0.658763),
        ([1] * 11, 0.0, 644.451),
        ([0.3, -0.2, 0, 0.5], 0.0, 1.326301),
        ([0.1] * 80, 0.0, 583.266),
        ([0.1] * 50, 0.05, 5.016853),
    ],
)
def test_the_odds_for_a_gain_are_the_studys(differences: list[float], least: float, odds: float) -> None:
    assert evidence(differences, least) == pytest.approx(odds, rel=2e-6)


@pytest.mark.parametrize(("differences", "odds"), [([0.0] * 40, 4.045030), ([-0.1] * 20, 8.328354), ([0.1] * 10, 0.748452)])
def test_the_odds_against_a_gain_worth_having_are_the_studys(differences: list[float], odds: float) -> None:
    assert against(differences, 0.05) == pytest.approx(odds, rel=1e-6)


@pytest.mark.parametrize(
    ("differences", "ends"),
    [
        ([0.1] * 50, (0.000647, 0.181289)),
        ([0.1] * 100, (0.049067, 0.141672)),
        ([], (-1.0, 1.0)),
        ([-1.0] * 5, (-1.0, 0.204628)),
        ([1.0] * 5, (-0.204628, 1.0)),
    ],
)
def test_the_interval_is_the_studys(differences: list[float], ends: tuple[float, float]) -> None:
    assert interval(differences) == pytest.approx(ends, abs=1e-6)


@given(DIFFERENCES)
def test_the_interval_holds_the_mean_and_its_ends_are_where_the_odds_are_40(differences: list[float]) -> None:
    low, high = interval(differences)
    mean = math.fsum(differences) / max(len(differences), 1)
    assert -1 <= low <= mean <= high <= 1
    assert low == -1 or evidence(differences, low) >= 40 * (1 - 1e-6) > evidence(differences, low + 1e-6) * (1 - 1e-3)
    assert high == 1 or against(differences, high) >= 40 * (1 - 1e-6) > against(differences, high - 1e-6) * (1 - 1e-3)


@given(DIFFERENCES, st.floats(-0.9, 0.9), st.floats(-0.9, 0.9))
def test_odds_fall_as_more_is_asked_for_and_rise_as_less_is_worth_having(differences: list[float], one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert evidence(differences, less) >= evidence(differences, more) * (1 - 1e-9)
    assert against(differences, less) <= against(differences, more) * (1 + 1e-9)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=4), st.floats(-0.9, 0.9))
def test_no_stake_grows_on_average_where_the_mean_is_what_is_asked_for(shape: list[float], least: float) -> None:
    """Over all ways in which three units can come out: a shape moved so that its mean is the least asked for, as far as it fits."""
    moved = [one - math.fsum(shape) / len(shape) + least for one in shape]
    if max(map(abs, moved)) > 1:
        return
    drawn = list(itertools.product(moved, repeat=3))
    for way in (gains_over, gains_under):
        after = [staked(EVEN, way(one, least)) for one in drawn]
        assert [math.fsum(stakes) / len(drawn) for stakes in zip(*after, strict=True)] == pytest.approx([1.0] * 4)


@given(DIFFERENCES, DIFFERENCES, st.permutations(range(5)))
def test_stakes_go_on_from_where_they_were_and_the_order_of_units_changes_nothing_at_the_end(
    first: list[float], then: list[float], order: list[int]
) -> None:
    assert staked(staked(EVEN, first), then) == staked(EVEN, [*first, *then])
    shuffled = [first[place] for place in order if place < len(first)] + first[5:]
    assert total(staked(EVEN, shuffled)) == pytest.approx(total(staked(EVEN, first)))


def test_what_a_float_does_not_hold_is_still_a_number() -> None:
    assert evidence([1.0] * 5000) == LARGEST
    assert evidence([-1.0] * 50_000) < 1e-300
    assert evidence([-1.0] * 5000 + [1.0] * 5000) < 1e-20


def test_one_difference_as_bad_as_can_be_leaves_most_of_the_stakes() -> None:
    assert sum(WEIGHTS) == pytest.approx(1)
    assert max(BETS) < 1
    assert evidence([-1.0]) == pytest.approx(0.43)
