"""Only what another try may mend is tried again, and never sooner than the service asks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.asking.failing import (
    FIRST_DELAY_S,
    LONGEST_DELAY_S,
    RETRIED,
    Failure,
    Why,
    delay_s,
    retry_after_s,
    why_of,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
CHANCE = st.floats(0, 1, exclude_max=True)


@given(st.integers(100, 599))
def test_of_statuses_only_408_409_429_and_5xx_are_tried_again(status: int) -> None:
    tried_again = delay_s(1, Failure(why_of(status), status=status), 0.0) is not None
    assert tried_again == (status in {408, 409, 429} or status >= 500)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, Why.KEY),
        (403, Why.KEY),
        (408, Why.SLOW),
        (409, Why.CONFLICT),
        (429, Why.BUSY),
        (404, Why.REFUSED),
        (302, Why.GARBLED),
        (529, Why.BROKEN),
    ],
)
def test_a_status_says_why(status: int, why: Why) -> None:
    assert why_of(status) is why


@given(st.sampled_from(Why), st.integers(1, 50), CHANCE)
def test_what_is_not_worth_it_is_never_tried_again(why: Why, tries: int, chance: float) -> None:
    assert (delay_s(tries, Failure(why), chance) is None) == (why not in RETRIED)
    assert delay_s(tries, Failure(why, final=True), chance) is None


@given(st.integers(1, 1000), CHANCE)
def test_a_wait_is_bounded_and_at_least_half_of_its_step(tries: int, chance: float) -> None:
    assert delay_s(9, Failure(Why.BUSY), 0.0, 0.02, 4.0) == 4.0
    assert delay_s(1, Failure(Why.BUSY), 0.0, 0.02, 4.0) == 0.02
    wait = delay_s(tries, Failure(Why.BUSY), chance)
    assert wait is not None
    assert FIRST_DELAY_S / 2 <= wait <= LONGEST_DELAY_S


@given(st.integers(1, 30))
def test_waits_grow(tries: int) -> None:
    first, second = (delay_s(one, Failure(Why.NETWORK), 0.0) for one in (tries, tries + 1))
    assert first is not None
    assert second is not None
    assert first <= second


@given(st.floats(0, 10_000), st.integers(1, 9), CHANCE)
def test_what_the_service_asks_for_is_the_least(asked_s: float, tries: int, chance: float) -> None:
    wait = delay_s(tries, Failure(Why.BUSY, retry_after_s=asked_s), chance)
    assert wait is not None
    assert wait >= asked_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("  ", None),
        ("7", 7.0),
        ("0.25", 0.25),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("Sun, 01 Mar 2026 12:00:09 GMT", 9.0),
        ("Sunday, 01-Mar-26 12:00:09 GMT", 9.0),
        ("Sun Mar  1 12:00:09 2026", 9.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, NOW) == seconds
