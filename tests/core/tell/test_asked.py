"""What is said of calls of models."""

from __future__ import annotations

import json

import pytest

from autotune.core.asking.costs import Cost, Sure, assumed, cost_of, together
from autotune.core.asking.failing import Failure, Why
from autotune.core.asking.limits import Most, Spent
from autotune.core.asking.naming import BACKENDS
from autotune.core.asking.prices import FREE, Price
from autotune.core.asking.request import Reply, Usage
from autotune.core.tell import asked
from autotune.core.tell.asked import Checked, checked
from autotune.core.tell.lines import Tone

DOLLAR = Price(1_000_000.0, 0.0)
NOTHING = Cost(Usage(), 0.0, Sure.EXACT)


def said(**differing: object) -> dict[str, str]:
    given = {
        "model": "openai:x",
        "endpoint": BACKENDS["openai"],
        "price": None,
        "failure": None,
        "cost": NOTHING,
        "calls": 1,
        "seconds": 0.5,
        "day": Spent(2, 10, 1.5),
    }
    return {line.label: line.text for line in checked(Checked(**{**given, **differing}))}  # type: ignore[arg-type]


@pytest.mark.parametrize("why", Why)
def test_each_reason_has_words_of_its_own(why: Why) -> None:
    words = asked.why_no_answer(Failure(why, "the service's word\x1b[2J", 429))
    assert "429" in words
    assert "the service's word" in words
    assert "\x1b" not in words
    assert words not in {asked.why_no_answer(Failure(other, "the service's word\x1b[2J", 429)) for other in Why if other is not why}


def test_what_is_not_known_is_said_and_is_no_zero() -> None:
    found = said(cost=Cost(None, None, Sure.UNKNOWN), day=Spent(3, 0, 0.25, unknown=2))
    assert found["tokens"] == "unknown"
    assert "$" not in found["cost"]
    assert found["price"] == "not known"
    assert "2 calls" in found["today"]
    assert "0.25" in found["today"]


def test_figures_are_shown() -> None:
    found = said(cost=Cost(Usage(7, 3), 0.5, Sure.AT_MOST), price=Price(0.25, 2.0, source="https://a.page", date="2026-11-29"), calls=2)
    assert "7 read" in found["tokens"]
    assert "$0.5" in found["cost"]
    assert found["cost"] != said(cost=Cost(Usage(7, 3), 0.5, Sure.EXACT))["cost"]
    assert "https://a.page" in found["price"]
    assert "2 calls" in found["time"]
    assert "OPENAI_API_KEY" in found["key"]
    assert "0.25" in said(price=Price(0.25, 2.0))["price"]
    assert "$" not in said(price=FREE)["price"]


def test_less_than_a_cent_is_written_without_powers_of_ten() -> None:
    assert said(cost=Cost(Usage(23, 12), 8.3e-5, Sure.EXACT))["cost"] == "$0.000083"
    assert said(day=Spent(1, 1, 0.002))["today"].endswith("$0.002")
    assert said(day=Spent(1, 1, 0.5, 0.2))["today"].endswith("at most $0.50 ($0.20 of it guessed)")


def test_what_needs_no_key_or_no_service_says_so() -> None:
    assert "OPENAI" not in said(endpoint=BACKENDS["ollama"])["key"]
    assert "key" not in said(endpoint=BACKENDS["script"])


def test_no_answer_is_bad_news() -> None:
    given = Checked("openai:x", BACKENDS["openai"], None, Failure(Why.KEY), NOTHING, 1, 0.1, Spent())
    assert [line.tone for line in checked(given) if line.label == "answer"] == [Tone.BAD]


def test_a_model_is_told_the_schema_and_what_is_wrong() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "description": "größer"}}}
    assert json.dumps(schema, ensure_ascii=False) in asked.shape_wanted(schema)
    assert "it lacks a" in asked.mend("it lacks a")
    assert asked.no_object()


@pytest.mark.parametrize(
    ("found", "price", "is_set", "cost"),
    [
        (Reply("x", Usage(2, 0), usd=0.5), DOLLAR, False, Cost(Usage(2, 0), 0.5, Sure.EXACT)),
        (Reply("x", Usage(2, 0), usd=0.5), DOLLAR, True, Cost(Usage(2, 0), 2.0, Sure.EXACT)),
        (Reply("x", usd=0.5), DOLLAR, True, Cost(None, 0.5, Sure.EXACT)),
        (Reply("x", Usage(2, 0)), DOLLAR, False, Cost(Usage(2, 0), 2.0, Sure.EXACT)),
        (Reply("x", Usage(2, 0)), None, False, Cost(Usage(2, 0), None, Sure.UNKNOWN)),
        (Reply("x"), DOLLAR, False, Cost(Usage(9), 9.0, Sure.AT_MOST)),
        (Failure(Why.BUSY), DOLLAR, False, NOTHING),
        (Failure(Why.SLOW, may_cost=True), DOLLAR, False, Cost(Usage(9), 9.0, Sure.AT_MOST)),
    ],
)
def test_a_cost_is_what_is_best_known(found: Reply | Failure, price: Price | None, is_set: bool, cost: Cost) -> None:  # noqa: FBT001
    assert cost_of(found, price, Most(9, 9.0), is_set=is_set) == cost


def test_of_what_is_not_known_in_one_nothing_is_known_in_all() -> None:
    exact, most, none = Cost(Usage(1, 1), 1.0, Sure.EXACT), Cost(Usage(2, 2), 2.0, Sure.AT_MOST), assumed(Most())
    assert together([]) == NOTHING
    assert together([exact, exact]) == Cost(Usage(2, 2), 2.0, Sure.EXACT)
    assert together([exact, most]) == Cost(Usage(3, 3), 3.0, Sure.AT_MOST)
    assert together([exact, none]) == Cost(None, None, Sure.UNKNOWN)
