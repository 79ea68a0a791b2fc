"""How long a canary takes: held against the study's simulated medians."""

from __future__ import annotations

import math

import pytest

from autotune.core.rollout.duration import days_until, share_for, units_until


@pytest.mark.parametrize(
    ("share", "effect", "spread", "median"),
    [
        (0.1, 0.10, 0.2, 500),  # the median by the bet alone is 390; fifty canaries take 500 units
        (0.1, 0.05, 0.2, 1320),
        (0.3, 0.05, 0.2, 490),
        (0.3, 0.10, 0.3, 280),
        (0.3, 0.05, 0.3, 1080),
        (0.5, 0.05, 0.2, 450),
        (0.5, 0.10, 0.3, 240),
        (0.5, 0.05, 0.3, 960),
    ],
)
def test_it_is_within_a_third_of_the_simulated_median(share: float, effect: float, spread: float, median: float) -> None:
    assert units_until(effect, share, 0.7, spread) == pytest.approx(median, rel=0.34)


def test_no_harm_is_decided_sooner_than_a_gain() -> None:
    assert units_until(0.05, 0.3, margin=0.05) < units_until(0.05, 0.3)


def test_days_go_by_the_traffic() -> None:
    assert days_until(0.1, 0.3, 20) == pytest.approx(units_until(0.1, 0.3) / 20)
    assert days_until(0.1, 0.3, 0) == math.inf


def test_the_share_is_the_smallest_that_fits_the_days() -> None:
    assert share_for(0.1, 1000, 20) == 0.1
    assert share_for(0.1, 15, 20) == 0.3
    assert share_for(0.1, 1, 1) == 0.5
