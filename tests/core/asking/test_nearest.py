"""What was not recorded is compared with the nearest that was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.asking.nearest import difference, nearest


def asked(text: str, **more: object) -> dict[str, Any]:
    return {"messages": [{"role": "user", "text": text}], "max_tokens": 10, **more}


def test_without_records_there_is_none() -> None:
    assert nearest(asked("a"), []) is None


def test_the_nearest_is_found_with_the_first_difference() -> None:
    records = [asked("Tell me of the sea."), asked("Judge this answer: good"), asked("1")]
    found = nearest(asked("Judge this answer: bad"), records)
    assert found is not None
    place, where = found
    assert place == 1
    assert where.startswith("messages[0].text, character 19:")


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ({"a": 1}, {"a": 2}, "a: 1 → 2"),
        ({"a": 1}, {}, "a: 1 → null"),
        ({}, {"b": [1]}, "b: null → [1]"),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]: null → 2"),
        ({"a": 1}, {"a": True}, "a: 1 → true"),
        ("abc", "abcd", ', character 3: "abc" → "abcd"'),
    ],
)
def test_the_first_difference_is_named(before: object, after: object, where: str) -> None:
    assert difference(before, after) == where


def test_what_is_long_is_shortened() -> None:
    assert len(difference({"a": None}, {"a": ["x" * 500]})) < 120


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_equal_values_do_not_differ(value: object) -> None:
    assert difference(value, value) == ""
