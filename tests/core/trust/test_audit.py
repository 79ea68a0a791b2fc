"""Whether runs can be what they say."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.events import Ran
from autotune.core.ledger.purposes import Purpose
from autotune.core.model import Arm, Direction, Metric, Outcome, Run
from autotune.core.trust import audit
from autotune.core.trust.audit import Clock, leftovers, objection, reading, remark, seconds_of

TIME = Metric("time_s", "", Direction.LOWER)
CPU = Metric("cpu_s", "", Direction.LOWER)
LATENCY = Metric("latency", "", Direction.LOWER)
RATE = Metric("rate", "ops/s", Direction.HIGHER)


Seen = tuple[float, float] | tuple[float, float, float]  # the value, wall time, processor time


def run(arm: Arm, value: float, wall_s: float, cpu_s: float | None = None) -> Run:
    """A run of which each metric has the same value."""
    return Run(arm, Outcome.OK, defaultdict(lambda: value, {} if cpu_s is None else {"autotune.cpu_s": cpu_s}), wall_s)


def runs(ours: Seen, theirs: Seen, count: int = 5) -> list[Run]:
    """Runs of both arms, each of which prints the same and takes as long."""
    return [run(arm, *seen) for _ in range(count) for arm, seen in ((Arm.CANDIDATE, ours), (Arm.INCUMBENT, theirs))]


def seconds(name: str, unit: str = "", direction: Direction = Direction.LOWER) -> float | None:
    """How many seconds one of a metric is, or is the inverse of; None where that is not told by name and unit."""
    read = reading(Metric(name, unit, direction))
    return read.units_s[0] if read is not None and len(read.units_s) == 1 else None


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("time_ms", "", 1e-3),
        ("duration", "s", 1.0),
        ("parse.us", "", 1e-6),
        ("latency", "NS", 1e-9),
        ("build-minutes", "", 60.0),
        ("parseMs", "", 1e-3),
        ("latency_ms_p99.9", "", 1e-3),
        ("latency_min", "", None),
        ("time_ms", "points", None),
        ("errors_per_s", "", None),
        ("cost", "", None),
        ("bytes", "", None),
        ("p99", "", None),
    ],
)
def test_a_time_is_known_by_its_unit_or_its_name(name: str, unit: str, expected: float | None) -> None:
    assert seconds(name, unit) == expected


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("rate", "ops/s", 1.0),
        ("rate", "1/s", 1.0),
        ("rate", "req/min", 60.0),
        ("rate", "calls per ms", 1e-3),
        ("requests_per_sec", "", 1.0),
        ("fps_mean", "", 1.0),
        ("throughput", "qps", 1.0),
        ("throughput", "MB/s", None),
        ("throughput", "kops/s", None),
        ("throughput", "", None),
        ("score", "", None),
        ("speed", "ms", None),
    ],
)
def test_a_rate_of_what_is_counted_is_known_by_its_unit_or_its_name(name: str, unit: str, expected: float | None) -> None:
    assert seconds(name, unit, Direction.HIGHER) == expected


@pytest.mark.parametrize("name", ["cpu_s", "user_s", "cpu_time_ms", "user_cpu_time", "sys_time", "cpu_s_median"])
def test_processor_time_is_known_by_its_name(name: str) -> None:
    assert getattr(reading(Metric(name, "", Direction.LOWER)), "clock", None) is Clock.PROCESSOR


@pytest.mark.parametrize("name", ["time_s", "cpu_inference_ms", "user_latency_ms", "gpu_s", "elapsed"])
def test_other_times_are_wall_time(name: str) -> None:
    assert getattr(reading(Metric(name, "", Direction.LOWER)), "clock", None) is Clock.WALL


def test_a_metric_that_fell_while_the_run_takes_as_long_as_before_is_objected_to() -> None:
    said = objection(runs((0.01, 1.0), (0.95, 1.0)), TIME)
    assert said is not None
    assert (said.kind, said.figures["value_s"], said.figures["whole_s"]) == (Kind.CLOCK_DISAGREES, 0.01, 1.0)


def test_milliseconds_are_compared_as_such() -> None:
    assert objection(runs((10.0, 1.0), (950.0, 1.0)), Metric("t", "ms", Direction.LOWER)) is not None


@pytest.mark.parametrize(
    "metric", [Metric("cost", "", Direction.LOWER), Metric("time_s", "", Direction.HIGHER), Metric("autotune.wall_s", "s", Direction.LOWER)]
)
def test_other_metrics_are_not_judged_by_the_clock(metric: Metric) -> None:
    assert objection(runs((0.01, 1.0), (0.95, 1.0)), metric) is None


@pytest.mark.parametrize("per_second", [1.0, 1e3, 1e6, 1e9])
def test_a_times_name_without_a_unit_is_read_in_the_unit_in_which_it_was_nearly_all_of_the_run(per_second: float) -> None:
    assert objection(runs((0.01 * per_second, 1.0), (0.95 * per_second, 1.0)), LATENCY) is not None
    assert objection(runs((0.01 * per_second, 1.0), (0.7 * per_second, 1.0)), LATENCY) is None


def test_a_rate_that_rose_while_the_run_takes_as_long_as_before_is_objected_to_where_there_was_one_operation() -> None:
    said = objection(runs((100.0, 1.0), (1 / 0.95, 1.0)), RATE)
    assert said is not None
    assert (said.figures["value_s"], said.figures["whole_s"], said.figures["rate"]) == (0.01, 1.0, True)
    assert objection(runs((300.0, 1.0), (3 / 0.95, 1.0)), RATE) is None
    assert objection(runs((100.0, 1.0), (0.0, 1.0)), RATE) is None


def test_processor_time_is_compared_with_that_of_the_run() -> None:
    said = objection(runs((0.01, 1.0, 1.0), (0.95, 1.0, 1.0)), CPU)
    assert said is not None
    assert (said.figures["value_s"], said.figures["whole_s"], said.figures["clock"]) == (0.01, 1.0, Clock.PROCESSOR)
    assert objection(runs((3.9, 1.0, 4.0), (3.95, 1.0, 4.0)), CPU) is None
    assert objection(runs((0.01, 1.0, 4.0), (3.95, 1.0, 4.0)), CPU) is not None
    assert objection(runs((0.01, 1.0), (0.95, 1.0)), CPU) is None


def varying(metric: Metric, besides: tuple[float, ...] = (0.05, 0.06, 0.05, 0.06, 0.05)) -> Fact | None:
    """What is said where the unchanged code's runs take longer by just what the metric says, and the candidate's as long as before."""
    times = [1.0, 1.2, 0.9, 1.1, 1.3][: len(besides)]
    values = times if metric.direction is Direction.LOWER else [1 / one for one in times]
    theirs = [run(Arm.INCUMBENT, *seen) for seen in zip(values, map(sum, zip(times, besides, strict=True)), strict=True)]
    fallen = 0.01 if metric.direction is Direction.LOWER else 100.0
    return objection([*theirs, *(run(Arm.CANDIDATE, fallen, 1.15) for _ in times)], metric)


@pytest.mark.parametrize("metric", [Metric("total", "", Direction.LOWER), Metric("throughput", "", Direction.HIGHER)])
def test_a_metric_of_any_name_is_a_time_where_it_varies_as_the_runs_do(metric: Metric) -> None:
    assert varying(metric) is not None
    assert varying(metric, (0.05, 0.06, 0.14, 0.06, 0.05)) is not None
    assert varying(metric, (0.05, 0.06, 0.2, 0.06, 0.05)) is None
    assert varying(metric, (0.05, 0.06, 0.05, 0.06)) is None
    assert varying(replace(metric, unit="points")) is None


def test_a_program_that_loads_more_before_its_clock_starts_and_halves_its_time_is_not_objected_to() -> None:
    assert objection(runs((0.2, 0.577), (0.401, 0.45)), TIME) is None


def test_a_clock_that_runs_at_half_speed_is_objected_to_where_several_runs_take_as_long_as_before() -> None:
    assert objection(runs((0.2, 0.45), (0.4, 0.45)), TIME) is not None
    assert objection(runs((0.2, 0.45), (0.4, 0.45), count=1), TIME) is None


def test_a_second_saved_by_a_library_that_loads_in_a_tenth_is_not_objected_to() -> None:
    assert objection(runs((0.005, 0.18), (0.4, 0.42)), TIME) is None
    assert remark(runs((0.005, 0.18), (0.4, 0.42)), TIME) is None


def test_a_keep_whose_runs_take_no_less_than_before_says_so() -> None:
    seen = remark(runs((0.2, 0.577), (0.401, 0.45)), TIME)
    assert seen is not None
    assert (seen.kind, seen.figures["value_s"]) == (Kind.TIME_ELSEWHERE, 0.2)
    assert remark(runs((0.2, 0.25), (0.4, 0.45)), TIME) is None
    assert remark([], TIME) is None


def test_a_keep_of_short_runs_that_take_as_long_as_before_says_so_where_nearly_all_of_them_do() -> None:
    slow_clock = runs((0.037, 0.113), (0.075, 0.115))
    seen = remark(slow_clock, TIME)
    assert seen is not None
    assert (seen.kind, seen.figures["value_s"]) == (Kind.TIME_ELSEWHERE, 0.037)
    assert objection(slow_clock, TIME) is None
    assert remark(runs((0.037, 0.113), (0.075, 0.115), 4), TIME) is None
    stray = run(Arm.INCUMBENT, 0.075, 0.16)
    assert remark([*slow_clock, stray], TIME) is None
    assert remark([*slow_clock, *slow_clock, stray], TIME) is not None
    assert remark(runs((0.037, 0.078), (0.075, 0.115)), TIME) is None


def test_one_repetition_of_many_says_nothing_of_the_run() -> None:
    assert objection(runs((0.001, 2.0), (0.1, 2.0)), TIME) is None


def test_a_sum_over_threads_longer_than_its_run_is_not_judged() -> None:
    assert objection(runs((0.1, 1.0), (4.0, 1.0)), TIME) is None


HONEST = st.sampled_from(
    [
        TIME,
        LATENCY,
        Metric("elapsed_ns", "", Direction.LOWER),
        Metric("total", "", Direction.LOWER),
        RATE,
        Metric("requests_per_min", "", Direction.HIGHER),
        Metric("throughput", "", Direction.HIGHER),
        CPU,
    ]
)


def said(metric: Metric, time_s: float) -> float:
    """What a metric says of a time, or of one operation that takes it."""
    unit_s = seconds(metric.name, metric.unit, metric.direction) or 1.0
    return unit_s / time_s if metric.direction is Direction.HIGHER else time_s / unit_s


@given(
    HONEST,
    st.floats(0.0, 5.0),
    st.floats(0.001, 100.0),
    st.floats(0.001, 1.0),
    st.floats(0.0, 0.09),
)
def test_work_that_was_really_saved_is_never_objected_to(
    metric: Metric, overhead_s: float, before_s: float, left: float, more_at_start_s: float
) -> None:
    after_s = before_s * left
    ours_s, theirs_s = overhead_s + more_at_start_s + after_s, overhead_s + before_s
    assert objection(runs((said(metric, after_s), ours_s, ours_s), (said(metric, before_s), theirs_s, theirs_s)), metric) is None


@given(HONEST, st.floats(0.05, 2.0), st.integers(1, 40), st.floats(0.1, 1.0))
def test_a_benchmark_of_a_fixed_number_of_repetitions_is_never_objected_to(metric: Metric, each_s: float, times: int, left: float) -> None:
    ours_s, theirs_s = 0.05 + times * each_s * left, 0.05 + times * each_s
    assert objection(runs((said(metric, each_s * left), ours_s, ours_s), (said(metric, each_s), theirs_s, theirs_s)), metric) is None


@given(HONEST, st.floats(0.001, 2.0), st.integers(6, 1000), st.floats(0.001, 1.0))
def test_a_benchmark_that_goes_on_until_a_time_is_up_is_not_objected_to(metric: Metric, each_s: float, times: int, left: float) -> None:
    took_s = 0.05 + times * each_s
    assert objection(runs((said(metric, each_s * left), took_s, took_s), (said(metric, each_s), took_s, took_s)), metric) is None


@given(HONEST, st.floats(0.001, 10.0), st.floats(0.0, 1.0), st.floats(0.001, 10.0), st.floats(0.001, 20.0))
def test_a_small_part_of_a_run_that_is_mostly_preparation_is_not_objected_to(
    metric: Metric, before_s: float, left: float, preparing_s: float, took_s: float
) -> None:
    theirs_s = 5.1 * before_s + preparing_s
    ours, theirs = (said(metric, max(before_s * left, 1e-6)), took_s, took_s), (said(metric, before_s), theirs_s, theirs_s)
    assert objection(runs(ours, theirs), metric) is None


@given(st.sampled_from([TIME, LATENCY, RATE]), st.floats(0.001, 100.0), st.integers(1, 64), st.floats(1.0, 3.0))
def test_work_that_is_spread_over_processors_is_not_objected_to(metric: Metric, before_s: float, processors: int, more: float) -> None:
    after_s = before_s / processors
    theirs = (said(metric, before_s), before_s + 0.05, before_s + 0.05)
    assert objection(runs((said(metric, after_s), after_s + 0.1, before_s * more), theirs), metric) is None


@given(st.floats(0.001, 100.0), st.floats(0.001, 1.0), st.floats(0.0, 100.0))
def test_processor_time_saved_by_waiting_is_not_objected_to(before_s: float, left: float, waiting_s: float) -> None:
    after_s = before_s * left
    ours, theirs = (after_s, after_s + waiting_s, after_s + 0.05), (before_s, before_s + 0.05, before_s + 0.05)
    assert objection(runs(ours, theirs), CPU) is None


@given(st.floats(0.001, 1000.0), st.floats(0.001, 1.0), st.floats(0.01, 1000.0), st.sampled_from(["loss", "memory", "size", "p99"]))
def test_what_says_the_same_in_every_run_is_no_time_by_chance(before: float, left: float, took_s: float, name: str) -> None:
    metric = Metric(name, "", Direction.LOWER)
    assert objection(runs((before * left, took_s, took_s), (before, took_s, took_s)), metric) is None


def printed(arm: Arm, *several: str) -> Run:
    return Run(arm, Outcome.OK, {TIME.name: 1.0}, 1.0, several)


@pytest.mark.parametrize("name", ["time_s", "time_s[large]", "memory_mb", "memory_mb[peak]"])
def test_a_metric_that_decides_and_is_printed_with_several_values_is_objected_to_only_where_the_unchanged_code_prints_one(
    name: str,
) -> None:
    ours = printed(Arm.CANDIDATE, "progress", name)
    said = objection([ours, printed(Arm.INCUMBENT)], TIME, ["memory_mb"])
    assert said is not None
    assert said == Fact(Kind.PRINTED_TWICE, {"name": name})
    assert objection([ours, printed(Arm.INCUMBENT, name)], TIME, ["memory_mb"]) is None
    assert objection([ours, printed(Arm.INCUMBENT)], TIME, ["memory_mb"], [name]) is None


def test_a_metric_that_decides_nothing_may_be_printed_with_several_values() -> None:
    ours = printed(Arm.CANDIDATE, "memory_mb", "time_s_more", "time[a]")
    assert objection([ours, printed(Arm.INCUMBENT)], TIME) is None


def test_what_is_observed_of_a_run_is_read_from_its_line() -> None:
    twice = {"count": 2.0, "first": 1.0, "lowest": 1.0}
    earlier = {"time_s": {**twice, "highest": 2.0}, "cost": {**twice, "highest": 1.0}}
    ran = Ran(
        1,
        Purpose.EXPERIMENT,
        Arm.CANDIDATE,
        1,
        Outcome.OK,
        quoted(""),
        {"time_s": 2.0, "autotune.cpu_s": 4.0},
        3.0,
        "",
        "",
        earlier=earlier,
    )
    assert ran.run == Run(Arm.CANDIDATE, Outcome.OK, ran.metrics, 3.0, ("time_s",))
    assert replace(ran, earlier=None).run.several == ()


def test_with_one_arm_alone_there_is_nothing_to_compare() -> None:
    assert objection([printed(Arm.CANDIDATE, "time_s")], TIME) is None
    assert objection([], TIME) is None


def test_processes_left_behind_are_named_where_the_candidates_runs_alone_left_some() -> None:
    assert leftovers(["sleep 9 (process 3)"], []) == Fact(Kind.LEFTOVERS, {"first": "sleep 9 (process 3)", "more": False})
    assert leftovers(["a", "b"], []) == Fact(Kind.LEFTOVERS, {"first": "a", "more": True})
    assert leftovers(["a"], ["a"]) is None
    assert leftovers([], []) is None


def test_a_metric_is_so_many_seconds_by_its_name_or_unit() -> None:
    asked = {"autotune.wall_s": 1.0, "autotune.peak_rss_mb": None, "parse_us": 1e-6, "time_ms": 1e-3, "latency": None, "size": None}
    assert {name: seconds_of(Metric(name, "", Direction.LOWER)) for name in asked} == asked
    assert seconds_of(Metric("fps", "", Direction.HIGHER)) is None


@pytest.mark.parametrize(
    ("name", "unit", "said"),
    [
        ("t", "ms", True),
        ("parse_ms", "", True),
        ("latency", "", True),
        ("autotune.wall_s", "s", True),
        ("fps", "", True),
        ("score", "", False),
    ],
)
def test_what_says_of_itself_that_it_is_a_time(name: str, unit: str, said: bool) -> None:  # noqa: FBT001 - a test's parameter
    assert audit.is_said_to_be_time(Metric(name, unit, Direction.LOWER)) is said


@pytest.mark.parametrize(
    ("name", "of_many"),
    [("mean_ms", True), ("p50_ms", True), ("latency.max", True), ("parse_ms", False), ("total_ms", False), ("sum_s", False)],
)
def test_a_name_says_whether_a_value_is_one_of_many(name: str, *, of_many: bool) -> None:
    assert audit.is_of_many(name) is of_many


@pytest.mark.parametrize(
    ("name", "unit", "values", "no_time"),
    [
        ("cost", "", (100.0, 100.0), True),
        ("cost", "", (100.0, 100.5), False),
        ("cost", "", (0.0, 0.0), False),
        ("cost", "points", (100.0, 100.0), False),
        ("cost", "", (1500.0, 1500.0), False),  # a time in milliseconds
        ("cost", "", (1500.0, 3.0), True),
        ("cost", "", (2.0, 2.0), False),  # one in seconds
        ("cost", "", (3.0, 3.0), True),
        ("cost", "", (-3.0, -3.0), True),
        ("latency", "", (100.0, 100.0), False),
        ("cost_ms", "", (100.0, 100.0), False),
        ("throughput", "", (100.0, 100.0), False),
        ("autotune.cpu_s", "", (100.0, 100.0), False),
    ],
)
def test_a_whole_number_is_no_rounded_time_where_neither_name_nor_runs_say_so(
    name: str, unit: str, values: tuple[float, ...], *, no_time: bool
) -> None:
    seen = [run(Arm.INCUMBENT, value, 2.0) for value in values]
    assert audit.is_whole_and_no_time(Metric(name, unit, Direction.LOWER), seen) is no_time


@pytest.mark.parametrize(("walls", "no_time"), [((2.0, 2.19), False), ((2.0, 2.21), True)])
def test_a_part_of_runs_that_differ_by_ten_of_its_last_digits_is_no_time_where_it_is_the_same(walls: Seen, *, no_time: bool) -> None:
    seen = [run(Arm.INCUMBENT, 100.0, wall_s * 0.1) for wall_s in walls]
    assert not audit.is_whole_and_no_time(Metric("cost", "", Direction.LOWER), [])
    assert audit.is_whole_and_no_time(Metric("cost", "", Direction.LOWER), seen) is no_time


def test_a_whole_rate_is_no_rounded_one_where_one_of_them_is_no_part_of_its_run() -> None:
    seen = [run(Arm.INCUMBENT, 50.0, 2.0)]
    assert audit.is_whole_and_no_time(Metric("score", "", Direction.HIGHER), seen)
    assert not audit.is_whole_and_no_time(Metric("score", "", Direction.HIGHER), [run(Arm.INCUMBENT, 50.0, 0.05)])


def valued(arm: Arm, *values: float) -> list[Run]:
    return [Run(arm, Outcome.OK, {TIME.name: value}, 1.0) for value in values]


@pytest.mark.parametrize(("ours", "theirs"), [((1, 1), (1, 2)), ((1, 1, 2), (1, 2, 1)), ((1, 1, 1), (2, 2, 2))])
def test_one_value_with_every_seed_is_seen_where_the_unchanged_code_has_several(ours: tuple[float, ...], theirs: tuple[float, ...]) -> None:
    assert not audit.ignores_seeds([*valued(Arm.CANDIDATE, *ours), *valued(Arm.INCUMBENT, *theirs)], TIME)
    assert audit.ignores_seeds([*valued(Arm.CANDIDATE, 1, 1, 1), *valued(Arm.INCUMBENT, 1, 2)], TIME)
