"""When a pack is worth tuning again, what steps cost, and when the next pass begins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autotune.core.scheduling.passing import Evidence, money, wait_s, worth_tuning

DAY = 86_400
INTERVALS, COINS = st.floats(60, 10 * DAY), st.floats(0, 1)


def test_a_pack_is_tuned_again_on_enough_new_cases_or_as_something_else() -> None:
    before = Evidence(100, "a")
    assert worth_tuning(None, before, 50)
    assert [worth_tuning(before, Evidence(cases, "a"), 50) for cases in (90, 149, 150)] == [False, False, True]
    assert worth_tuning(before, Evidence(100, "b"), 50)


def test_what_steps_cost_is_added_up_and_unknown_where_one_is() -> None:
    assert money([{"calls": 3, "usd": 0.5}, {"records": 7}, {"calls": 2, "usd": 0.25}]) == (5, 0.75)
    assert money([{"calls": 3, "usd": 0.5}, {"usd": None}]) == (3, None)
    assert money([]) == (0, 0)


@given(INTERVALS, COINS)
def test_without_failures_it_is_the_interval_give_or_take_a_tenth(interval: float, coin: float) -> None:
    assert interval * 0.9 <= wait_s(interval, 0, coin) <= interval * 1.1
    assert wait_s(interval, 0, 0.5) == interval


@given(INTERVALS, st.integers(0, 10_000), COINS)
def test_failures_make_it_longer_up_to_a_day(interval: float, failures: int, coin: float) -> None:
    assert wait_s(interval, failures, coin) <= wait_s(interval, failures + 1, coin) <= 1.1 * max(DAY, interval)


def test_each_failure_doubles_it() -> None:
    assert [wait_s(3600, failures, 0.5) / 3600 for failures in range(7)] == [1, 2, 4, 8, 16, 24, 24]
