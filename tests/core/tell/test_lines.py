"""Lines of text within columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from autotune.core.tell.lines import Line, laid_out, wrapped

words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "Mn")), max_size=80)


def test_lines_break_between_words_and_long_words_anywhere() -> None:
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("a verylongword b", 6) == ["a", "verylo", "ngword", "b"]
    assert wrapped("verylongword", 6) == ["verylo", "ngword"]
    assert wrapped("漢字漢", 5) == ["漢字", "漢"]


def test_a_line_that_fits_keeps_its_spaces_and_line_ends_stay() -> None:
    assert wrapped("a  b\n\n c", 10) == ["a  b", "", " c"]


@given(words, st.integers(2, 40))
def test_no_line_is_too_wide_and_no_letter_is_lost(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_labels_stand_in_a_column_of_their_own() -> None:
    lines = [Line("goal", "faster"), Line("why", "because of a reason that is too long for one line"), Line("", "more")]
    assert laid_out(lines, 30) == "goal  faster\nwhy   because of a reason that\n      is too long for one line\n      more\n"
    assert laid_out([], 30) == "\n"
