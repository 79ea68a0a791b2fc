"""Which direction a metric's name or unit speaks for."""

from __future__ import annotations

import pytest

from autotune.core.model import Direction
from autotune.core.output.naming import direction_of


@pytest.mark.parametrize(
    "name",
    [
        "accuracy",
        "val_accuracy",
        "f1",
        "score",
        "throughput",
        "ops_per_sec",
        "requests/s",
        "bytes_per_s",
        "fps",
        "clock_hz",
        "testCoverage",
    ],
)
def test_names_of_merits_and_rates_speak_for_higher(name: str) -> None:
    assert direction_of(name, "") is Direction.HIGHER


@pytest.mark.parametrize(
    "name",
    [
        "time_ms",
        "parse_us",
        "latency.p99",
        "val_loss",
        "bundle_size",
        "peakMemory",
        "error_rate",
        "autotune.wall_s",
        "time_per_op",
        "parse_milliseconds",
    ],
)
def test_names_of_costs_speak_for_lower(name: str) -> None:
    assert direction_of(name, "") is Direction.LOWER


def test_a_unit_speaks_too_and_what_says_both_or_nothing_speaks_for_neither() -> None:
    assert direction_of("parse", "ops/s") is Direction.HIGHER
    assert direction_of("parse", "ms") is Direction.LOWER
    assert direction_of("cost", "") is direction_of("x_ms", "") is Direction.LOWER
    assert direction_of("parse", "") is direction_of("score_time", "") is None
