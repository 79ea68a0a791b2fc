"""When processor time is a second witness, by what a segment's baseline shows."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from autotune.core.decide.witness import Unfit, witness_of
from autotune.core.facts import Fact, Kind
from autotune.core.model import PROCESSOR_S, Arm, Direction, Metric, Outcome, Run, Witness

LOWER, HIGHER = Direction.LOWER, Direction.HIGHER
WALLS = (1.02, 1.31, 1.05, 1.4, 1.01, 1.18, 1.6, 1.03)
TIMES = (0.99, 1.01, 0.98, 1.02, 1.0, 0.99, 1.01, 1.0)


def baseline(values: Sequence[float], times: Sequence[float] = TIMES, walls: Sequence[float] = WALLS, name: str = "t") -> list[Run]:
    return [
        Run(Arm.INCUMBENT, Outcome.OK, {name: value, PROCESSOR_S: time}, wall_s=wall)
        for value, time, wall in zip(values, times, walls, strict=True)
    ]


def why(found: Witness | Fact) -> str | None:
    return found.figures["why"] if isinstance(found, Fact) else None


@pytest.mark.parametrize(
    ("metric", "of_wall"),
    [
        (Metric("total_ms", "", LOWER), lambda wall: 1000 * (wall - 0.01)),  # nearly all of the run, by its unit
        (Metric("t", "s", LOWER), lambda wall: wall - 0.02),
        (Metric("autotune.wall_s", "s", LOWER), lambda wall: wall),
        (Metric("each", "us", LOWER), lambda wall: 1e6 * wall / 500),  # a mean of many: it varies as its runs do
        (Metric("speed", "MB/s", HIGHER), lambda wall: 300 / wall),  # a rate of something
        (Metric("ops", "ops/s", HIGHER), lambda wall: 1000 / wall),
    ],
)
def test_a_time_that_a_run_spends_on_the_processor_has_a_second_witness(metric: Metric, of_wall: object) -> None:
    assert callable(of_wall)
    found = witness_of(baseline([of_wall(wall) for wall in WALLS], name=metric.name), metric)
    assert isinstance(found, Witness)
    assert len(found.pool) == len(WALLS) - 1
    assert (found.low, found.high) == pytest.approx((1.01 / 1.6, 1.0 / 1.01))


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        (Metric("t", "s", LOWER), [0.25 * wall for wall in (1.0, 1.2, 1.0, 1.1, 1.0, 1.3, 1.0, 1.0)]),  # the best of several
        (Metric("t", "s", LOWER), [0.6 * time for time in TIMES]),  # the rest is spent otherwise
        (Metric("score", "", LOWER), [1.01, 1.02, 0.99, 1.0, 1.05, 1.01, 0.98, 1.0]),  # no time, near the runs' own by chance
        (Metric("size", "bytes", LOWER), [1000.0] * 8),
        (Metric("ops", "ops/s", HIGHER), [100.0, 101.0, 99.0, 100.0, 102.0, 98.0, 100.0, 101.0]),  # counted until a time is up
    ],
)
def test_what_is_not_what_its_runs_do_has_none(metric: Metric, values: list[float]) -> None:
    assert why(witness_of(baseline(values, name=metric.name), metric)) == Unfit.ANOTHER_THING


def test_a_run_that_waits_or_uses_several_processors_has_none_and_the_share_is_told() -> None:
    seconds = Metric("t", "s", LOWER)
    waits = witness_of(baseline(WALLS, [0.2 * time for time in TIMES]), seconds)
    assert waits == Fact(Kind.NO_WITNESS, {"why": "waits", "share": pytest.approx(0.2 / 1.01)})
    several = witness_of(baseline(WALLS, [1.8 * time for time in TIMES]), seconds)
    assert several == Fact(Kind.NO_WITNESS, {"why": "several processors", "share": pytest.approx(1.8 / 1.01)})


def test_processor_time_is_no_witness_of_itself() -> None:
    for metric in (Metric(PROCESSOR_S, "s", LOWER), Metric("autotune.user_s", "s", LOWER), Metric("cpu_time", "s", LOWER)):
        assert why(witness_of(baseline(TIMES, name=metric.name), metric)) == Unfit.THE_METRIC_ITSELF


def test_too_little_known_of_the_baseline_leaves_the_metric_alone() -> None:
    seconds = Metric("t", "s", LOWER)
    assert why(witness_of(baseline(WALLS)[:2], seconds)) == Unfit.FEW_RUNS
    assert why(witness_of([Run(Arm.INCUMBENT, Outcome.OK, {"t": 1.0}, wall_s=1.0)] * 3, seconds)) == Unfit.NOT_KNOWN
    assert why(witness_of(baseline([0.0, *WALLS[1:]]), seconds)) == Unfit.NOT_KNOWN


def test_a_metric_that_has_nothing_to_do_with_its_runs_time_is_hardly_ever_taken_for_one_that_has() -> None:
    coin, taken = random.Random(1), 0
    for _ in range(2000):
        noise, waiting = coin.choice((0.01, 0.05, 0.2)), coin.choice((0.01, 0.1, 0.3))
        walls = [math.exp(coin.expovariate(1 / waiting)) for _ in range(8)]
        values = [math.exp(coin.gauss(0, noise)) * 47 for _ in range(8)]
        found = witness_of(baseline(values, [0.99 + coin.gauss(0, 0.01) for _ in range(8)], walls), Metric("t", "", LOWER))
        taken += isinstance(found, Witness)
    assert taken <= 2
