"""When a daemon works next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autotune.core.scheduling.due import wait_s

DAY = 86_400
INTERVALS, COINS = st.floats(60, 10 * DAY), st.floats(0, 1)


@given(INTERVALS, COINS)
def test_without_failures_it_is_the_interval_give_or_take_a_tenth(interval: float, coin: float) -> None:
    assert interval * 0.9 <= wait_s(interval, 0, coin) <= interval * 1.1
    assert wait_s(interval, 0, 0.5) == interval


@given(INTERVALS, st.integers(0, 10_000), COINS)
def test_failures_make_it_longer_up_to_a_day(interval: float, failures: int, coin: float) -> None:
    assert wait_s(interval, failures, coin) <= wait_s(interval, failures + 1, coin) <= 1.1 * max(DAY, interval)


def test_each_failure_doubles_it() -> None:
    assert [wait_s(3600, failures, 0.5) / 3600 for failures in range(7)] == [1, 2, 4, 8, 16, 24, 24]
