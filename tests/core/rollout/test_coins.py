"""Bets on the coins: the study's fixtures, and fairness."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.rollout.coins import BROKEN, FAIR, STOPPED, assigned, guarded, mean


def test_the_guardrails_odds_are_the_studys() -> None:
    once = guarded(FAIR, 0.1, canary=True)
    assert mean(once) == pytest.approx(2.757390, abs=1e-6)
    thrice = guarded(guarded(once, 0.1, canary=True), 0.1, canary=True)
    assert mean(thrice) == pytest.approx(35.57, abs=5e-3)
    assert mean(thrice) >= STOPPED
    assert mean(guarded(FAIR, 0.1, canary=False)) == pytest.approx(0.804734, abs=1e-6)


@given(st.floats(0.01, 0.99), st.floats(0.5, 3))
def test_neither_bet_grows_on_average_where_all_is_as_it_should_be(share: float, ratio: float) -> None:
    fails = share * ratio / (share * ratio + 1 - share)
    for now, one, other in zip(
        FAIR, guarded(FAIR, share, canary=True, ratio=ratio), guarded(FAIR, share, canary=False, ratio=ratio), strict=True
    ):
        assert fails * one + (1 - fails) * other == pytest.approx(now)
    for now, one, other in zip(FAIR, assigned(FAIR, share, canary=True), assigned(FAIR, share, canary=False), strict=True):
        assert share * one + (1 - share) * other == pytest.approx(now)


def test_too_few_canaries_are_seen_by_the_assignment() -> None:
    found = FAIR
    for number in range(1, 1000):
        found = assigned(found, 0.3, canary=number % 5 == 0)
        if mean(found) >= BROKEN:
            break
    assert 50 < number < 500
