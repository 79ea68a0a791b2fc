"""Numbers as people read them: short, and never a lie."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autotune.core.model import Effect
from autotune.core.tell import figures
from autotune.core.tell.figures import (
    Noise,
    about,
    counted,
    duration,
    effect_in_short,
    effect_in_words,
    ending,
    in_percent,
    interval_in_short,
    listed,
    number,
    numbers,
    share_in_words,
    with_unit,
)

finite = st.floats(allow_nan=False, allow_infinity=False)


def last_place(text: str) -> float:
    """What one more in the last figure of a written number is worth."""
    digits, _, power = text.partition("e")
    return float(f"1e{int(power or 0) - len(digits.partition('.')[2])}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9979, "0.9979"),
        (99.96, "99.96"),
        (0.99996, "0.99996"),
        (999_999.7, "999999.7"),
        (-0.0, "0"),
        (-1 / 3, "-0.3333"),
        (0.5, "0.5"),
        (12.0, "12"),
        (123_456.789, "123457"),
        (123_456_789.0, "123456789"),
        (1e18, "1e18"),
        (1.23456e-7, "1.235e-7"),
        (9.99996e-7, "9.99996e-7"),
        (math.inf, "infinite"),
        (-math.inf, "-infinite"),
        (math.nan, "not a number"),
    ],
)
def test_a_number_has_as_few_figures_as_are_honest(value: float, text: str) -> None:
    assert number(value) == text


def test_a_small_difference_that_matters_brings_more_figures() -> None:
    assert number(1.23456789, 0.00002) == "1.234568"
    assert number(1.23456789, 5.0) == "1.235"
    assert number(1.5, math.inf) == "1.5"


def test_fewer_figures_can_be_asked_for() -> None:
    assert (number(17.26, figures=3), number(99.96, figures=3)) == ("17.3", "99.96")


@given(finite, st.one_of(st.just(0.0), st.floats(5e-324, 1e308)))
@example(1.7976931348623157e308, 0.0)
@example(5e-324, 0.0)
@example(0.1, 5e-324)
def test_a_written_number_is_the_number_to_within_what_is_shown(value: float, step: float) -> None:
    text = number(value, step)
    assert abs(float(text) - value) <= last_place(text)
    assert (float(text) == 0) == (value == 0)
    assert not text.startswith("-0") or float(text) < 0


@given(st.floats(1e-300, 1e300), st.integers(1, 6))
def test_rounding_never_reaches_the_next_power_of_ten(value: float, figures: int) -> None:
    above = 10.0 ** math.ceil(math.log10(value))
    if value < above:
        assert float(number(value, figures=figures)) < above or abs(value - above) <= math.ulp(above)


def test_numbers_beside_each_other_look_different_where_they_are() -> None:
    assert numbers([1.0, 0.9979]) == ("1.0000", "0.9979")
    assert numbers([1.2345678, 1.2345671]) == ("1.2345678", "1.2345671")
    assert numbers([0.0, -0.0]) == ("0", "0")


def test_differences_far_below_the_noise_need_not_show() -> None:
    assert numbers([1.2345678, 1.2345671], Noise(0.02)) == ("1.235", "1.235")
    assert numbers([123.45678, 1.2345671], Noise(0.0001, relative=True)) == ("123.45678", "1.23457")


def test_numbers_of_different_sizes_are_written_each_by_itself() -> None:
    assert numbers([66.203953, 0.004624]) == ("66.20", "0.004624")
    assert numbers([1e-9, 12.5]) == ("1e-9", "12.5")
    assert numbers([math.inf, 12.5]) == ("infinite", "12.5")
    assert numbers([]) == ()


@given(st.lists(finite, max_size=6))
def test_what_differs_looks_different(values: list[float]) -> None:
    texts = numbers(values)
    for value, text in zip(values, texts, strict=True):
        assert abs(float(text) - value) <= last_place(text)
    if all(1e-3 <= abs(value) <= 1e6 for value in values):
        assert len(set(texts)) == len(set(values))


def test_a_unit_is_shown_safely() -> None:
    assert (with_unit("1", "ms"), with_unit("1", ""), with_unit("1", "\x1b[31m")) == ("1 ms", "1", "1 \\x1b[31m")


def test_an_effect_is_worded_as_the_decision_words_it() -> None:
    assert effect_in_words(Effect(0.939, 0.925, 0.952)) == "6.1 % lower [4.8, 7.5]"
    assert effect_in_words(Effect(-1.5, -2.0, -1.0, relative=False), "ms") == "1.5 ms lower [1.0, 2.0]"


def test_a_very_large_effect_does_not_fill_the_line() -> None:
    assert effect_in_words(Effect(12.5, 9.0, 1e300)) == "12.5 times the value [9, 1e300]"
    assert effect_in_words(Effect(1e200, 1.0, 2e200, relative=False), "s") == "1e200 s [1, 2e200]"


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (Effect(0.835, 0.8, 0.9), "-16.5 %"),
        (Effect(1.0312, 1.0, 1.1), "+3.1 %"),
        (Effect(1.0, 1.0, 1.0), "0 %"),
        (Effect(0.00015, 0.0, 0.1), "-99.98 %"),
        (Effect(0.00005, 0.0, 0.1), "x5e-5"),
        (Effect(12.34, 12.0, 13.0), "x12.3"),
        (Effect(0.012, 0.0, 0.1, relative=False), "+0.012"),
    ],
)
def test_an_effect_in_a_column_is_signed(effect: Effect, text: str) -> None:
    assert effect_in_short(effect) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (9.99, "9.9 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (192, "3 min 12 s"),
        (7500, "2 h 5 min"),
        (7201, "2 h"),
        (86_400 * 3 + 4 * 3600 + 59, "3 d 4 h"),
    ],
)
def test_a_length_of_time_has_its_two_largest_units_and_is_never_rounded_up(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0.0035, "3.5 ms"), (0.035, "35 ms"), (0.216, "216 ms"), (3.21, "3.2 s"), (42.4, "42 s")),
        *((90.0, "1.5 min"), (840.0, "14 min"), (9000.0, "2.5 h")),
    ],
)
def test_an_estimated_length_of_time_has_two_figures(seconds: float, words: str) -> None:
    assert about(seconds) == words


def test_of_many_names_the_first_are_told_and_the_others_counted() -> None:
    assert listed(["a", "\x1b"]) == "a, \\x1b"
    assert listed([*"abcdefghij"]) == "a, b, c, d, e, f, g, h and 2 more"
    assert listed(["a"], 3) == "a and 2 more"


def test_a_count_agrees_with_its_noun() -> None:
    assert (counted(1, "run"), counted(2, "run"), counted(2, "fish", "fish")) == ("1 run", "2 runs", "2 fish")


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        (Effect(0.939, 0.925, 0.952), "6.1 % lower [4.8, 7.5]"),
        (Effect(1.2345, 1.2001, 1.3), "23.4 % higher [20.0, 30.0]"),
        (Effect(0.99966, 0.9995, 1.0001), "0.034 % lower [0.010 higher, 0.050 lower]"),
        (Effect(0.0002, 0.0001, 0.0003), "99.980 % lower [99.970, 99.990]"),
        (Effect(1.0, 0.99, 1.01), "no different [1.0 lower, 1.0 higher]"),
        (Effect(0.95, 0.95, 0.95), "5.0 % lower"),
        (Effect(-0.25, -0.5, 0.1, relative=False), "0.25 s lower [0.10 higher, 0.50 lower]"),
        (Effect(9e-05, -0.20978, 0.20992, relative=False), "0.000090 s higher [0.21 lower, 0.21 higher]"),
    ],
)
def test_an_effect_reads_as_a_direction_with_ends_rounded_outwards(effect: Effect, words: str) -> None:
    assert effect_in_words(effect, "s") == words


def test_too_few_pairs_for_an_interval_are_worded_as_a_range() -> None:
    assert effect_in_words(Effect(0.939, 0.925, 0.952), between=True) == "6.1 % lower (from 4.8 to 7.5)"
    assert effect_in_words(Effect(3.0, 3.0, 3.0, relative=False)) == "3.0 higher"


@pytest.mark.parametrize(
    ("exit_code", "signal", "words"),
    [
        (1, None, "exit 1"),
        (126, None, "exit 126 (the command cannot be executed)"),
        (127, None, "exit 127 (a command was not found)"),
        (128, None, "exit 128"),
        (137, None, "exit 137 (killed)"),
        (139, None, "exit 139 (segmentation fault)"),
        (255, None, "exit 255"),
        (-11, None, "ended by signal 11 (segmentation fault)"),
        (None, 9, "ended by signal 9 (killed)"),
        (None, 34, "ended by signal 34"),
        (None, None, "ended in an unknown way"),
    ],
)
def test_an_ending_is_told_in_words(exit_code: int | None, signal: int | None, words: str) -> None:
    assert ending(exit_code, signal) == words


ratios = st.floats(-6, 6).map(math.exp)


@given(ends=st.tuples(ratios, ratios, ratios).map(sorted), between=st.booleans())
@example(ends=[0.5, 0.9, 4.6], between=False)
@example(ends=[0.9999999, 1.0, 1.0000001], between=False)
def test_nothing_is_said_to_get_lower_by_more_than_all_of_it(ends: list[float], between: bool) -> None:  # noqa: FBT001 - drawn
    low, estimate, high = ends
    said = effect_in_words(Effect(estimate, low, high), between=between)
    figures = re.findall(r"(-?\d+\.?\d*(?:e-?\d+)?)((?: %)? lower)?", said)
    assert all(float(figure) >= 0 for figure, _ in figures)
    assert all(float(figure) <= 100 for figure, lower in figures if lower or ("higher" not in said and "times" not in said))
    assert ("times the value" in said) == (high >= 10 or (estimate < 1 and high >= 2))


@given(st.tuples(ratios, ratios, ratios).map(sorted))
@example([0.99996, 1.0, 9.99])
def test_the_ends_in_a_column_enclose_the_interval_and_none_is_below_nothing(ends: list[float]) -> None:
    low, estimate, high = ends
    said = interval_in_short(Effect(estimate, low, high))
    shown = [float(figure.lstrip("x")) for figure in said[1:-1].split(", ")]
    if "x" not in said:
        assert shown[0] >= -100
        assert shown[0] <= 100 * (low - 1) + 1e-5
        assert shown[1] >= 100 * (high - 1) - 1e-5


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (Effect(0.939, 0.925, 0.952), "[-7.5, -4.8]"),
        (Effect(0.96, 0.932, 1.0799), "[-6.8, +8.0]"),
        (Effect(1.0, 1.0, 1.0), "[0.0, 0.0]"),
        (Effect(0.9, 0.5, 12.0), "[x0.5, x12]"),
        (Effect(-0.5, -0.61, 0.2, relative=False), "[-0.61, +0.20]"),
        (Effect(9e-05, -0.20978, 0.20992, relative=False), "[-0.21, +0.21]"),
        (Effect(-0.84, -0.97, 0.42, relative=False), "[-0.97, +0.42]"),
        (Effect(2e12, 1e12, 3e12, relative=False), "[1000000000000, 3000000000000]"),
    ],
)
def test_an_interval_in_a_column_is_signed_and_rounded_outwards(effect: Effect, text: str) -> None:
    assert interval_in_short(effect) == text


@given(st.floats(0, 1e6))
def test_a_share_of_all_and_more_is_said_as_a_factor(share: float) -> None:
    assert share_in_words(share).endswith(" %") == (share < 1)
    assert (share_in_words(0.02), share_in_words(3.6, figures=2)) == ("2 %", "a factor of 4.6")


def test_percent_is_written_in_one_way() -> None:
    assert in_percent(0.894) == "89 %"
    told = Path(figures.__file__).parent.glob("*.py")
    assert [path.name for path in told if re.search(r":\.\d%|\d%", path.read_text("utf-8"))] == []
