"""No cap is passed by more than one call, in whatever order calls begin and end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.asking.failing import Why
from autotune.core.asking.limits import NONE, Admission, Limits, Most, Spent, admitted, affords, daily

USD = st.floats(0, 5)


@dataclass
class World:
    """Calls as an account sees them: let through by the caps, then ended at a cost up to their most."""

    limits: Limits
    calls: int = 0
    usd: float = 0.0
    tokens: int = 0
    open: list[tuple[Most, float]] = field(default_factory=list)
    largest_usd: float = 0.0
    largest_tokens: int = 0

    def spent(self) -> Spent:
        bounds = [most for most, _ in self.open]
        tokens = None if any(one.tokens is None for one in bounds) else sum(one.tokens or 0 for one in bounds)
        usd = None if any(one.usd is None for one in bounds) else sum(one.usd or 0.0 for one in bounds)
        return Spent(self.calls, self.tokens, self.usd, under_way=len(bounds), open_tokens=tokens, open_usd=usd)

    def begin(self, most: Most, share: float) -> Admission:
        answer, _ = admitted(self.limits, self.spent(), most)
        if answer is Admission.NOW:
            self.calls += 1
            self.open.append((most, share))
        return answer

    def end(self, place: int) -> None:
        most, share = self.open.pop(place % len(self.open))
        usd, tokens = share * (5.0 if most.usd is None else most.usd), int(share * (100 if most.tokens is None else most.tokens))
        self.usd, self.tokens = self.usd + usd, self.tokens + tokens
        self.largest_usd, self.largest_tokens = max(self.largest_usd, usd), max(self.largest_tokens, tokens)


CALL = st.tuples(st.none() | st.integers(0, 100), st.none() | USD, st.floats(0, 1), st.booleans(), st.integers(0, 9))


@given(st.integers(0, 12), st.integers(0, 300), st.floats(0, 8), st.lists(CALL, max_size=60))
def test_no_cap_is_passed_by_more_than_one_call(
    calls: int, tokens: int, usd: float, steps: list[tuple[int | None, float | None, float, bool, int]]
) -> None:
    world = World(Limits(calls, tokens, usd))
    for most_tokens, most_usd, share, ends, place in steps:
        world.begin(Most(most_tokens, most_usd), share)
        if ends and world.open:
            world.end(place)
    while world.open:
        world.end(0)
    assert world.calls <= calls
    assert world.tokens <= tokens + world.largest_tokens
    assert world.usd <= usd + world.largest_usd + 1e-9


@given(st.lists(CALL, min_size=1, max_size=30))
def test_without_caps_everything_goes_through(steps: list[tuple[int | None, float | None, float, bool, int]]) -> None:
    world = World(Limits())
    assert {world.begin(Most(tokens, usd), share) for tokens, usd, share, *_ in steps} == {Admission.NOW}


@given(st.none() | USD)
def test_nobody_waits_when_nothing_is_under_way(most_usd: float | None) -> None:
    assert admitted(Limits(usd=1.0), Spent(usd=0.99), Most(usd=most_usd)) == (Admission.NOW, None)


@pytest.mark.parametrize(
    ("limits", "spent", "answer"),
    [
        (Limits(calls=2), Spent(calls=2), (Admission.NEVER, Why.CALLS)),
        (Limits(tokens=10), Spent(tokens=10), (Admission.NEVER, Why.TOKENS)),
        (Limits(usd=1.0), Spent(usd=1.5), (Admission.NEVER, Why.MONEY)),
        (Limits(usd=1.0), Spent(usd=0.5, under_way=1, open_usd=0.5), (Admission.LATER, Why.MONEY)),
        (Limits(usd=1.0), Spent(usd=0.5, under_way=1, open_usd=None), (Admission.LATER, Why.MONEY)),
        (Limits(tokens=9, usd=1.0), Spent(tokens=1, usd=1.0, under_way=1, open_tokens=9), (Admission.NEVER, Why.MONEY)),
        (Limits(usd=0.0), Spent(), (Admission.NEVER, Why.MONEY)),
    ],
)
def test_the_cap_that_holds_a_call_back_is_named(limits: Limits, spent: Spent, answer: tuple[Admission, Why | None]) -> None:
    assert admitted(limits, spent, Most(1, 0.1)) == answer


def test_a_call_of_which_nobody_knows_the_most_is_under_way_alone() -> None:
    busy = Spent(usd=0.1, under_way=1, open_usd=0.1)
    assert admitted(Limits(usd=9.0), busy, Most(usd=None)) == (Admission.LATER, Why.MONEY)
    assert admitted(Limits(usd=9.0), replace(busy, under_way=0, open_usd=0.0), Most(usd=None)) == (Admission.NOW, None)


def test_a_step_fits_by_its_calls_exactly_and_by_tokens_and_money_on_average() -> None:
    assert affords(Limits(), Spent(10**6, 10**9, 1e6), 10**6)
    assert affords(Limits(calls=10), Spent(calls=8), 2)
    assert not affords(Limits(calls=10), Spent(calls=8), 3)
    assert affords(Limits(usd=1.0), Spent(), 100)
    assert not affords(Limits(usd=1.0), Spent(calls=10, usd=0.5), 11)
    assert not affords(Limits(tokens=100), Spent(calls=1, tokens=100), 0)


def test_a_day_has_the_cap_that_is_said_else_the_usual_one_where_prices_are_known() -> None:
    assert [daily(said, 5.0, known=True) for said in (None, 2.0, 0.0, NONE)] == [5.0, 2.0, 0.0, None]
    assert [daily(said, 5.0, known=False) for said in (None, 2.0, NONE)] == [None, 2.0, None]
