"""Whether runs can be what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.audit import Observed, objection, observed, seconds_per_unit, with_leftovers, with_remark
from autotune.core.events import Purpose, Ran
from autotune.core.model import Arm, Direction, Metric, Outcome

TIME = Metric("time_s", "", Direction.LOWER)


def runs(ours: tuple[float, float], theirs: tuple[float, float], count: int = 5) -> list[Observed]:
    return [Observed(arm, *seen) for _ in range(count) for arm, seen in ((Arm.CANDIDATE, ours), (Arm.INCUMBENT, theirs))]


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("time_ms", "", 1e-3),
        ("duration", "s", 1.0),
        ("parse.us", "", 1e-6),
        ("latency", "NS", 1e-9),
        ("build-minutes", "", 60.0),
        ("time_ms", "points", None),
        ("cost", "", None),
        ("bytes", "", None),
    ],
)
def test_a_time_is_known_by_its_unit_or_its_name(name: str, unit: str, expected: float | None) -> None:
    assert seconds_per_unit(Metric(name, unit, Direction.LOWER)) == expected


def test_a_metric_that_fell_while_the_run_takes_as_long_as_before_is_objected_to() -> None:
    said = objection(runs((0.01, 1.0), (0.95, 1.0)), TIME)
    assert said is not None
    assert "0.01 s of runs that took 1 s" in said


def test_milliseconds_are_compared_as_such() -> None:
    assert objection(runs((10.0, 1.0), (950.0, 1.0)), Metric("t", "ms", Direction.LOWER)) is not None


@pytest.mark.parametrize(
    "metric", [Metric("cost", "", Direction.LOWER), Metric("time_s", "", Direction.HIGHER), Metric("autotune.wall_s", "s", Direction.LOWER)]
)
def test_other_metrics_are_not_judged_by_the_clock(metric: Metric) -> None:
    assert objection(runs((0.01, 1.0), (0.95, 1.0)), metric) is None


def test_a_program_that_loads_more_before_its_clock_starts_and_halves_its_time_is_not_objected_to() -> None:
    assert objection(runs((0.2, 0.577), (0.401, 0.45)), TIME) is None


def test_a_clock_that_runs_at_half_speed_is_objected_to_where_several_runs_take_as_long_as_before() -> None:
    assert objection(runs((0.2, 0.45), (0.4, 0.45)), TIME) is not None
    assert objection(runs((0.2, 0.45), (0.4, 0.45), count=1), TIME) is None


def test_a_second_saved_by_a_library_that_loads_in_a_tenth_is_not_objected_to() -> None:
    assert objection(runs((0.005, 0.18), (0.4, 0.42)), TIME) is None
    assert with_remark("kept", runs((0.005, 0.18), (0.4, 0.42)), TIME) == "kept"


def test_a_keep_whose_runs_take_no_less_than_before_says_so() -> None:
    assert with_remark("kept", runs((0.2, 0.577), (0.401, 0.45)), TIME).startswith("kept; look at it twice: its time_s says 0.2 s of")
    assert with_remark("kept", runs((0.2, 0.25), (0.4, 0.45)), TIME) == "kept"
    assert with_remark("kept", [], TIME) == "kept"


def test_one_repetition_of_many_says_nothing_of_the_run() -> None:
    assert objection(runs((0.001, 2.0), (0.1, 2.0)), TIME) is None


def test_a_sum_over_threads_longer_than_its_run_is_not_judged() -> None:
    assert objection(runs((0.1, 1.0), (4.0, 1.0)), TIME) is None


@given(
    st.floats(0.0, 5.0),
    st.floats(0.001, 100.0),
    st.floats(0.0, 1.0),
    st.floats(0.0, 0.09),
)
def test_work_that_was_really_saved_is_never_objected_to(overhead_s: float, before_s: float, left: float, more_at_start_s: float) -> None:
    after_s = before_s * left
    assert objection(runs((after_s, overhead_s + more_at_start_s + after_s), (before_s, overhead_s + before_s)), TIME) is None


@given(st.floats(0.05, 2.0), st.integers(1, 40), st.floats(0.1, 1.0))
def test_a_benchmark_of_a_fixed_number_of_repetitions_is_never_objected_to(each_s: float, times: int, left: float) -> None:
    theirs, ours = (each_s, 0.05 + times * each_s), (each_s * left, 0.05 + times * each_s * left)
    assert objection(runs(ours, theirs), TIME) is None


def printed(arm: Arm, *several: str) -> Observed:
    return Observed(arm, 1.0, 1.0, several=several)


@pytest.mark.parametrize("name", ["time_s", "time_s[large]", "memory_mb", "memory_mb[peak]"])
def test_a_metric_that_decides_and_is_printed_with_several_values_is_objected_to_only_where_the_unchanged_code_prints_one(
    name: str,
) -> None:
    ours = printed(Arm.CANDIDATE, "progress", name)
    said = objection([ours, printed(Arm.INCUMBENT)], TIME, ["memory_mb"])
    assert said is not None
    assert f"print {name} more than once" in said
    assert objection([ours, printed(Arm.INCUMBENT, name)], TIME, ["memory_mb"]) is None


def test_a_metric_that_decides_nothing_may_be_printed_with_several_values() -> None:
    ours = printed(Arm.CANDIDATE, "memory_mb", "time_s_more", "time[a]")
    assert objection([ours, printed(Arm.INCUMBENT)], TIME) is None


def test_what_a_run_printed_with_several_values_is_read_from_its_line() -> None:
    twice = {"count": 2.0, "first": 1.0, "lowest": 1.0}
    earlier = {"time_s": {**twice, "highest": 2.0}, "cost": {**twice, "highest": 1.0}}
    run = Ran(1, Purpose.EXPERIMENT, Arm.CANDIDATE, 1, Outcome.OK, "", {"time_s": 2.0}, 3.0, "", "", earlier=earlier)
    assert observed(run, TIME) == Observed(Arm.CANDIDATE, 2.0, 3.0, several=("time_s",))
    assert observed(replace(run, earlier=None), TIME).several == ()


def test_with_one_arm_alone_there_is_nothing_to_compare() -> None:
    assert objection([printed(Arm.CANDIDATE, "time_s")], TIME) is None
    assert objection([], TIME) is None


def test_processes_left_behind_are_named_with_the_arm_that_they_came_from() -> None:
    assert with_leftovers("kept", ["sleep 9 (process 3)"], []) == (
        "kept; the candidate's runs left processes behind, which were ended: sleep 9 (process 3)"
    )
    assert with_leftovers("kept", ["a", "b"], []).endswith("a and others")
    assert with_leftovers("kept", ["a"], ["a"]) == "kept"
    assert with_leftovers("kept", [], []) == "kept"
