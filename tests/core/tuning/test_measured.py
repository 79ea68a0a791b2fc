"""What traces say of how an agent behaves."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.records.trace import ToolCall, Trace
from autotune.core.stats.shares import wilson
from autotune.core.tuning.measured import Seen, What


def seen(*traces: Trace) -> Seen:
    found = Seen()
    for one in traces:
        found.add(one)
    return found


def test_nothing_seen_is_no_figure() -> None:
    assert seen().figures() == {}


def test_each_figure_is_of_the_traces_that_say_something_about_it() -> None:
    ok, failed = ToolCall("a", ok=True), ToolCall("a", ok=False)
    figures = seen(
        Trace("1", 0, "q", "ab", tool_calls=(ok, failed, failed), memory_facts=("x",), figures={"latency_ms": 10}),
        Trace("2", 0, "q", "abcd", tool_calls=(ok,)),
        Trace("3", 0, "q", "", tool_calls=()),
        Trace("4", 0, "q", "partly", error="boom"),
    ).figures()
    assert {what: (one.value, one.of) for what, one in figures.items()} == {
        What.TOOL_FAILURES: (0.5, 2),
        What.TOOL_USE: (pytest.approx(2 / 3), 3),
        What.CHARACTERS: (3, 2),
        What.FACTS: (1, 1),
        What.ERRORS: (0.25, 4),
        What.LATENCY: (10, 1),
    }
    assert figures[What.FACTS].low == -math.inf


def test_scores_are_a_figure_with_an_interval() -> None:
    one = seen()
    one.judge([0.4, 0.5, 0.6])
    figure = one.figures()[What.QUALITY]
    assert (figure.value, figure.of) == (0.5, 3)
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * 0.1 / math.sqrt(3))


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_interval_of_a_share_holds_it_and_is_one_of_shares(of: int, share: float) -> None:
    low, high = wilson(share, of)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


def test_wilsons_interval_is_that_of_his_formula() -> None:
    assert wilson(0.1, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
