"""By which rules figures change numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.tuning.measured import Figure, What
from autotune.core.tuning.numbers import Numbers, Style
from autotune.core.tuning.rules import FEWEST, is_worse, tuned


def sure(value: float, of: int = 100, half: float = 0.0) -> Figure:
    return Figure(value, value - half, value + half, of)


@pytest.mark.parametrize(
    ("what", "value", "name", "becomes"),
    [
        (What.TOOL_FAILURES, 0.3, "tool_calling_bias", 0.35),
        (What.CHARACTERS, 3000, "response_style", Style.CONCISE),
        (What.CHARACTERS, 100, "response_style", Style.DETAILED),
        (What.FACTS, 0.1, "memory_importance_threshold", 0.45),
        (What.FACTS, 5, "memory_importance_threshold", 0.7),
        (What.ERRORS, 0.2, "caution_bias", 0.7),
        (What.ERRORS, 0.01, "caution_bias", 0.45),
    ],
)
def test_a_figure_that_is_surely_beyond_a_threshold_changes_its_number(what: What, value: float, name: str, becomes: float | str) -> None:
    numbers, (change,) = tuned(Numbers(), {what: sure(value)})
    assert getattr(numbers, name) == becomes
    assert (change.name, change.after, change.by, change.figure.value) == (name, becomes, what, value)
    assert tuned(numbers, {what: sure(value)}) == (numbers, ())


def test_tools_are_called_more_only_where_they_are_called_often_and_hardly_fail() -> None:
    few = {What.TOOL_FAILURES: sure(0.01)}
    often, seldom = few | {What.TOOL_USE: sure(0.8)}, few | {What.TOOL_USE: sure(0.2)}
    assert [tuned(Numbers(), figures)[0].tool_calling_bias for figures in (often, seldom, few)] == [0.65, 0.5, 0.5]
    assert tuned(Numbers(tool_calling_bias=0.35), seldom)[0].tool_calling_bias == 0.5


def test_nothing_measured_changes_nothing() -> None:
    assert tuned(Numbers(), {}) == (Numbers(), ())


@given(st.sampled_from(list(What)), st.floats(0, 5000), st.integers(1, FEWEST - 1))
def test_few_traces_change_nothing(what: What, value: float, of: int) -> None:
    if what is not What.QUALITY:
        assert tuned(Numbers(), {what: sure(value, of)})[1] == ()


def test_a_setting_can_ask_for_more_traces_and_not_for_fewer() -> None:
    figures = {What.ERRORS: sure(0.5, 60)}
    assert [bool(tuned(Numbers(), figures, fewest)[1]) for fewest in (0, 60, 61)] == [True, True, False]


@pytest.mark.parametrize("was", [0.45, 0.5, 0.7])
def test_a_figure_near_a_threshold_leaves_the_number_as_it_is_from_either_side(was: float) -> None:
    before = Numbers(caution_bias=was)
    assert tuned(before, {What.ERRORS: sure(0.12, half=0.02)}) == (before, ())
    assert tuned(before, {What.ERRORS: sure(0.07, half=0.02)})[0].caution_bias == 0.5


def test_scores_ask_for_more_care_or_for_less_words() -> None:
    low, high = tuned(Numbers(), {What.QUALITY: sure(0.4, 6)})[0], tuned(Numbers(), {What.QUALITY: sure(0.9, 6)})[0]
    assert (low.response_style, low.caution_bias) == (Style.DETAILED, 0.75)
    assert (high.response_style, high.caution_bias) == (Style.CONCISE, 0.5)
    assert tuned(Numbers(), {What.QUALITY: sure(0.7, 6)})[1] == tuned(Numbers(), {What.QUALITY: sure(0.1, 1, math.inf)})[1] == ()


def test_what_was_taken_back_is_not_done_again() -> None:
    figures = {What.ERRORS: sure(0.5), What.CHARACTERS: sure(3000)}
    assert [one.name for one in tuned(Numbers(), figures, refused={("caution_bias", 0.7)})[1]] == ["response_style"]


def test_more_errors_are_worse_only_where_that_is_sure() -> None:
    before = {What.ERRORS: sure(0.02, half=0.01)}
    since = [sure(0.1, half=0.05), sure(0.04, half=0.02), sure(0.1, FEWEST - 1, 0.05)]
    assert [is_worse(before, {What.ERRORS: one}) for one in since] == [True, False, False]
    assert not is_worse(before, {})
    assert not is_worse({}, {What.ERRORS: sure(0.9)})
