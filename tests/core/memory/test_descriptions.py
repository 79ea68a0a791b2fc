"""Descriptions that say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.memory.descriptions import alike


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cache the parsed header", "Cache parsed headers."),
        ("Caching of the parsed header", "cached a parsed header"),
        ("try to unroll loops by 4", "Unroll the loop by 4"),
        ("use lru_cache for render", "use lru_cache in render"),
        ("roll planned loops", "rolling the plan loop"),
    ],
)
def test_nearly_the_same_words_are_alike(one: str, other: str) -> None:
    assert alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("unroll loops by 4", "unroll loops by 8"),
        ("use a list instead of a tuple", "use a tuple instead of a list"),
        ("cache with a lock held", "cache without a lock held"),
        ("use lru_cache for render", "use lru_cache for parse"),
        ("test x < 3 first", "test x > 3 first"),
        ("faster", "faster"),  # says nothing
        ("", ""),
    ],
)
def test_what_tells_two_ideas_apart_counts(one: str, other: str) -> None:
    assert not alike(one, other)


@given(st.text(), st.text())
def test_alike_is_the_same_both_ways_and_whatever_the_case_of_letters(one: str, other: str) -> None:
    assert alike(one, other) == alike(other, one)
    assert alike(f"{one} keep warm rows", f"{one} KEEP warm rows")
