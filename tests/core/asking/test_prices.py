"""Costs are what the table says; the most that a call can take is never too little."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.asking.limits import Most
from autotune.core.asking.prices import FREE, Price, likely, most, price_of, table, usd
from autotune.core.asking.request import Message, Request, Role, Usage
from autotune.errors import AutotuneError

PLAIN = Price(3.0, 15.0, cached=0.3, stored=3.75)
STEPPED = Price(0.1, 0.5, cached=0.01, stored=0.125, long_from=100_000, long_read=0.5, long_written=2.5)


def test_each_kind_of_token_has_its_price() -> None:
    assert usd(PLAIN, Usage(1_000_000, 0)) == pytest.approx(3.0)
    assert usd(PLAIN, Usage(0, 1_000_000)) == pytest.approx(15.0)
    assert usd(PLAIN, Usage(1_000_000, 0, cached=1_000_000)) == pytest.approx(0.3)
    assert usd(PLAIN, Usage(1_000_000, 0, stored=1_000_000)) == pytest.approx(3.75)
    assert usd(Price(2.0, 8.0), Usage(1_000_000, 0, cached=500_000, stored=100_000)) == pytest.approx(2.0)
    assert usd(FREE, Usage(10, 10)) == 0


def test_a_long_request_costs_more_for_all_its_tokens() -> None:
    assert usd(STEPPED, Usage(100_000, 1_000_000)) == pytest.approx(0.01 + 0.5)
    assert usd(STEPPED, Usage(200_000, 1_000_000)) == pytest.approx(0.1 + 2.5)
    assert usd(STEPPED, Usage(200_000, 0, cached=200_000)) == pytest.approx(0.2 * 0.05)
    assert usd(Price(1.0, 2.0, long_from=10), Usage(20, 0)) == pytest.approx(20e-6)


PRICES = st.sampled_from([PLAIN, STEPPED, FREE, Price(2.0, 8.0), Price(1.0, 4.0, long_from=50, long_read=2.0, long_written=6.0)])


@given(PRICES, st.text(max_size=200), st.integers(1, 5000), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_no_call_takes_more_than_its_most(price: Price, text: str, allowed: int, read: float, cached: float, stored: float) -> None:
    asked = Request("openai:x", (Message(Role.USER, text),), max_tokens=allowed, schema={"type": "object"})
    bound = most(asked, price)
    tokens = int(read * len(text.encode()))
    from_cache = int(cached * tokens)
    used = Usage(tokens, allowed, from_cache, int(stored * (tokens - from_cache)))
    assert bound.tokens is not None
    assert bound.usd is not None
    assert used.total <= bound.tokens
    assert usd(price, used) <= bound.usd + 1e-12


def test_what_is_likely_is_less_than_the_most() -> None:
    request, price = Request("a:b", (Message(Role.USER, "x" * 4000),), 900), Price(1.0, 10.0)
    assert likely(request, None) == Most(likely(request, price).tokens)
    assert 1000 < (likely(request, price).tokens or 0) < 1400
    assert 0.0035 < (likely(request, price).usd or 0) < (most(request, price).usd or 0)


def test_without_a_price_the_most_in_money_is_unknown() -> None:
    found = most(Request("openai:x", (Message(Role.USER, "abc"),), max_tokens=7), None)
    assert found == Most(3 + 7 + 2 * 64, None)


@pytest.mark.parametrize("name", ["small-1", "maker/small-1", "small-1-20260102", "maker/small-1-2026-01-02", "a/b/small-1@20260102"])
def test_a_price_is_found_by_the_models_own_name(name: str) -> None:
    assert price_of(name, {"small-1": PLAIN}) == PLAIN


def test_the_first_table_wins_and_a_full_name_comes_first() -> None:
    assert price_of("m", {"m": STEPPED}, {"m": PLAIN}) == STEPPED
    assert price_of("maker/m", {"m": STEPPED, "maker/m": PLAIN}) == PLAIN
    assert price_of("other", {"m": PLAIN}) is None


def test_a_table_is_read() -> None:
    found = table({"m": {"read": 3, "written": 15.0, "cached": 0.3, "source": "a page", "date": "2026-11-29"}}, "prices.toml")
    assert found == {"m": Price(3, 15.0, 0.3, source="a page", date="2026-11-29")}
    assert table({}, "prices.toml") == {}


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        (3.0, "m"),
        ({"read": 3}, "written"),
        ({"read": 3, "written": "much"}, "written"),
        ({"read": True, "written": 1}, "read"),
        ({"read": -1, "written": 1}, "read"),
        ({"read": float("nan"), "written": 1}, "read"),
        ({"read": 1, "written": 1, "batch": 2}, "batch"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_by_name(entry: object, named: str) -> None:
    with pytest.raises(AutotuneError) as refused:
        table({"m": entry}, "prices.toml")
    assert "prices.toml" in refused.value.message
    assert named in refused.value.message


def test_every_shipped_price_names_the_page_and_the_day_on_which_it_stood_there() -> None:
    from autotune.models.asking import shipped_prices

    found = shipped_prices()
    assert found
    for name, price in found.items():
        assert price.source.startswith("https://"), name
        assert date.fromisoformat(price.date).year >= 2026, name
