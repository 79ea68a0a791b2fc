"""A guardrail's bound on the mean over cases, at every look."""

from __future__ import annotations

import random

import pytest

from autotune.core.cases.bounded import kept
from autotune.core.stats.bounds import Bound, Standing

SHARE = Bound(0.1, at_most=True, relative=False)


def test_without_cases_nothing_is_known() -> None:
    assert kept([], SHARE).standing is Standing.UNDECIDED


@pytest.mark.parametrize(
    ("bound", "after", "standing", "estimate"),
    [
        (SHARE, 0.0, Standing.HOLDS, 0.0),
        (SHARE, 0.5, Standing.BROKEN, 0.5),
        (Bound(0.9, at_most=False, relative=False), 1.0, Standing.HOLDS, 1.0),
        (Bound(0.9, at_most=False, relative=False), 0.5, Standing.BROKEN, 0.5),
        (Bound(1.2, at_most=True, relative=True), 0.4, Standing.HOLDS, 1.0),
        (Bound(1.2, at_most=True, relative=True), 0.9, Standing.BROKEN, 2.25),
    ],
)
def test_a_mean_is_held_against_its_bound(bound: Bound, after: float, standing: Standing, estimate: float) -> None:
    found = kept([(0.4, after)] * 300, bound)
    assert found.standing is standing
    assert found.estimate == pytest.approx(estimate)
    assert found.low <= found.estimate <= found.high


def test_values_of_any_size_are_held_against_a_multiple() -> None:
    draw = random.Random(1)
    pairs = [(latency, latency * draw.uniform(0.8, 1.0)) for latency in (draw.uniform(100, 300) for _ in range(200))]
    assert kept(pairs, Bound(1.1, at_most=True, relative=True)).standing is Standing.HOLDS
    assert kept([(one, 2 * other) for one, other in pairs], Bound(1.1, at_most=True, relative=True)).standing is Standing.BROKEN
    assert kept([(0.0, 0.0)] * 5, Bound(1.1, at_most=True, relative=True)).estimate == 0.0
    assert kept([(2.0, 2.0)] * 50, Bound(2.0, at_most=True, relative=False)).standing is not Standing.BROKEN


def test_a_rate_that_is_just_beyond_passes_seldom_at_any_look() -> None:
    draw, passed = random.Random(2), 0
    for _ in range(60):
        values = [(0.0, float(draw.random() < 0.1)) for _ in range(120)]
        passed += any(kept(values[:count], SHARE).standing is Standing.HOLDS for count in range(8, 121, 8))
    assert passed <= 6
