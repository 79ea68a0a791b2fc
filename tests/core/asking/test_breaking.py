"""A service that fails again and again is left alone, then tried with one call."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autotune.core.asking.breaking import FAILURES, LONGEST_REST_S, REST_S, Breaker
from autotune.core.asking.failing import RETRIED, Failure, Why

BROKEN = Failure(Why.BROKEN)


def rested(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker = breaker.ended(BROKEN, now)
    return breaker


def test_calls_go_through_until_enough_have_failed_in_a_row() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker = breaker.ended(BROKEN, 0.0)
    assert breaker.lets_through(0.0)
    assert not breaker.ended(BROKEN, 0.0).lets_through(REST_S - 0.1)


def test_a_success_in_between_begins_the_count_again() -> None:
    breaker = Breaker()
    for _ in range(3 * FAILURES):
        breaker = breaker.ended(BROKEN, 0.0).ended(BROKEN, 0.0).ended(None, 0.0)
    assert breaker == Breaker()


def test_after_the_rest_one_call_finds_out() -> None:
    breaker = rested()
    assert breaker.lets_through(REST_S)
    trying = breaker.begun()
    assert not trying.lets_through(REST_S)
    assert trying.ended(None, REST_S) == Breaker()
    longer = trying.ended(BROKEN, REST_S)
    assert not longer.lets_through(REST_S + 2 * REST_S - 0.1)
    assert longer.lets_through(REST_S + 2 * REST_S)


def test_a_rest_has_a_longest() -> None:
    breaker, now = rested(), 0.0
    for _ in range(12):
        now = breaker.rests_until or 0.0
        breaker = breaker.begun().ended(BROKEN, now)
    assert breaker.rests_until == now + LONGEST_REST_S


def test_calls_that_began_before_the_rest_do_not_prolong_it() -> None:
    assert rested(5.0).ended(BROKEN, 6.0) == rested(5.0)


@given(st.lists(st.sampled_from([None, *map(Failure, Why)]), max_size=20))
def test_a_refused_key_is_refused_for_good(then: list[Failure | None]) -> None:
    breaker = Breaker().ended(Failure(Why.KEY), 0.0)
    for one in then:
        breaker = breaker.ended(one, 1.0)
        assert not breaker.lets_through(1e12)


@given(st.sampled_from(sorted(set(Why) - RETRIED - {Why.KEY})))
def test_what_the_request_is_to_blame_for_shows_that_the_service_answers(why: Why) -> None:
    assert Breaker(FAILURES - 1).ended(Failure(why), 0.0) == Breaker()


def test_a_closed_breaker_does_not_note_that_a_call_begins() -> None:
    assert Breaker().begun() == Breaker()
