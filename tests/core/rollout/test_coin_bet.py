"""The coin-weighted bet: the study's fixture, and that no stake grows on average where the canary is no better."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.rollout.coin_bet import START, CoinBet, Weighed, after, begun, estimate, interval, odds

SHARES, SCORES = st.floats(0.05, 0.95), st.floats(0, 1)
UNITS = st.builds(Weighed, st.booleans(), SHARES, SCORES)


def test_the_odds_and_the_running_mean_are_the_studys() -> None:
    bet, found = begun(better=True, start=0.7), []
    for canary, score in ((True, 0.9), (False, 0.5), (False, 0.8), (True, 0.6)):
        bet = after(bet, Weighed(canary, 0.1, score))
        found.append((odds(bet), bet.mean))
    assert [one for one, _ in found] == pytest.approx([1.162857, 1.184921, 1.169091, 1.081609], abs=1e-6)
    assert [mean for _, mean in found] == pytest.approx([0.7, 0.666667, 0.685714, 0.685714], abs=1e-6)


def test_without_a_history_it_starts_in_the_middle() -> None:
    assert begun(better=False).mean == START


@given(st.booleans(), SHARES, st.floats(0, 1), SCORES, st.floats(0, 0.2), st.lists(UNITS, max_size=5))
def test_no_stake_grows_on_average_over_the_coin_where_both_versions_score_alike(
    better: bool,  # noqa: FBT001
    share: float,
    start: float,
    score: float,
    margin: float,
    before: list[Weighed],
) -> None:
    bet = begun(better=better, start=start)
    for unit in before:
        bet = after(bet, unit)
    ways = {side: after(bet, Weighed(side, share, score)).stakes for side in (True, False)}
    for now, canary, control in zip(bet.stakes, ways[True], ways[False], strict=True):
        assert share * canary + (1 - share) * control == pytest.approx(now, rel=1e-9)
    harmed = after(CoinBet(1, margin, start), Weighed(canary=True, share=share, score=score)).stakes
    kept = after(CoinBet(1, margin, start), Weighed(canary=False, share=share, score=min(score + margin, 1.0))).stakes
    if score + margin <= 1:  # as much worse as the margin allows is no gain either
        for one, other in zip(harmed, kept, strict=True):
            assert share * one + (1 - share) * other == pytest.approx(1, rel=1e-9)


@given(st.lists(UNITS, max_size=30), st.booleans())
def test_a_stake_is_never_lost_below_nothing(units: list[Weighed], better: bool) -> None:  # noqa: FBT001
    bet = begun(better=better)
    for unit in units:
        bet = after(bet, unit)
        assert all(stake >= 0 for stake in bet.stakes)
        assert 0 <= bet.mean <= 1


def test_units_of_alternating_sides_show_an_effect_and_its_interval_holds_it() -> None:
    units = [Weighed(number % 2 == 0, 0.5, 0.8 if number % 2 == 0 else 0.6) for number in range(400)]
    low, high = interval(units)
    assert estimate(units) == pytest.approx(0.2)
    assert 0 < low < 0.2 < high < 0.5
    assert math.isclose(-interval([unit._replace(score=1 - unit.score) for unit in units])[1], low, abs_tol=0.02)


def test_the_estimate_weighs_shares_that_change() -> None:
    mixed = [Weighed(side, share, side * 0.1 + share) for side, share in itertools.product((True, False), (0.1, 0.5))]
    assert estimate(mixed) == pytest.approx((0.2 / 0.1 + 0.6 / 0.5) / 12 - (0.1 / 0.9 + 0.5 / 0.5) / (1 / 0.9 + 2))
    assert estimate(mixed[:2]) is None


def test_nothing_seen_excludes_nothing() -> None:
    assert interval([]) == (-1.0, 1.0)
