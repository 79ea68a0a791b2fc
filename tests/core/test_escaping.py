"""Text from anywhere, on one line, safe to show, and no longer than asked."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.escaping import escaped, shortened


def test_text_from_elsewhere_is_cut_to_its_length_and_escaped() -> None:
    assert shortened("short", 5) == "short"
    assert shortened("too long", 5) == "too …"
    assert shortened("a\nb\x1b[31m", 20) == "a\\nb\\x1b[31m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ß 日本語 🎉", "plain ß 日本語 🎉"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31mred\x07\x00\x7f", "\\x1b[31mred\\x07\\x00\\x7f"),
        ("\u202eevil\u2066\u200b\ufeff", "\\u202eevil\\u2066\\u200b\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("\udc80", "\\udc80"),
        ("नि\u200dक\u200c a\u3000b\u00a0c", "नि\u200dक\u200c a\u3000b\u00a0c"),
        ("\u2028\x85", "\\u2028\\x85"),
    ],
)
def test_text_is_shown_safely_and_otherwise_as_it_is(text: str, shown: str) -> None:
    assert escaped(text) == shown


@given(st.text())
def test_nothing_that_is_shown_moves_hides_or_reorders(text: str) -> None:
    shown = escaped(text)
    assert {unicodedata.category(character) for character in shown if character not in "\u200c\u200d"}.isdisjoint(
        {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    assert escaped(shown) == shown
