"""Costs that are printed."""

from __future__ import annotations

import pytest

from autotune.core.output.outcome import cost_of


@pytest.mark.parametrize(
    ("samples", "name", "cost"),
    [
        ({"cost_usd": 0.5, "t": 3.0}, "cost_usd", 0.5),
        ({"cost_usd": 0.5, "cost_usd[a]": 3.0}, "cost_usd", 0.5),
        ({"cost_usd[a]": 0.5, "cost_usd[b]": 0.25, "cost": 1.0}, "cost_usd", 0.75),
        ({"t": 3.0}, "cost_usd", 0.0),
        ({"cost_usd": -1.0}, "cost_usd", 0.0),
        ({"[a]": 1.0, "t": 1.0}, "", 0.0),
    ],
)
def test_a_cost_is_what_is_printed_or_what_its_cases_come_to(samples: dict[str, float], name: str, cost: float) -> None:
    assert cost_of(samples, name) == cost
