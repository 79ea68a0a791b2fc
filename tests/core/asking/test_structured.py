"""JSON in a model's text is found whole or not at all, and held against its schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.asking.structured import NotJson, objection, value_in

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


@given(VALUES)
def test_json_alone_is_found(value: object) -> None:
    assert value_in(f"\n {json.dumps(value)} ") == value


@given(OBJECTS)
def test_an_object_in_a_fence_or_among_words_is_found(value: dict[str, Any]) -> None:
    text = json.dumps(value)
    assert value_in(f"Here it is:\n```json\n{text}\n```\nGood luck.") == value
    assert value_in(f"Here it is: {text} Good luck.") == value


@given(OBJECTS, st.data())
def test_what_is_cut_off_is_never_found_in_part(value: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps({"inner": value, "after": 1})
    cut = data.draw(st.integers(1, len(text) - 1))
    with pytest.raises(NotJson):
        value_in("Well: " + text[:cut])


@pytest.mark.parametrize(
    "text", ["", "no", '{"a": 1} and {"b": 2}', '{"a": NaN}', '{"a": 1, "a": 2}', "```\n{1}\n```\n```\n{2}\n```", "[" * 5_000 + "]" * 5_000]
)
def test_what_is_no_json_or_more_than_one_value_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        value_in(text)


SCORE = {
    "type": "object",
    "description": "a score",
    "properties": {
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "grade": {"enum": ["good", "bad", 1]},
        "reasons": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 5}, "minItems": 1, "maxItems": 2},
        "count": {"type": ["integer", "null"]},
    },
    "required": ["score"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "value",
    [{"score": 0.5}, {"score": 1}, {"score": 0, "grade": "bad", "reasons": ["a", "b"], "count": 3}, {"score": 0, "count": None}],
)
def test_what_fits_is_taken(value: object) -> None:
    assert objection(SCORE, value) is None


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (3, "the answer is not of type object"),
        ({}, "lacks score"),
        ({"score": True}, "the answer.score is not of type number"),
        ({"score": "0.5"}, "the answer.score"),
        ({"score": -0.1}, "below 0"),
        ({"score": 1.1}, "above 1"),
        ({"score": 1, "more": 2}, "more"),
        ({"score": 1, "grade": "fair"}, "the answer.grade is none of"),
        ({"score": 1, "grade": True}, "the answer.grade is none of"),
        ({"score": 1, "reasons": []}, "fewer than 1 items"),
        ({"score": 1, "reasons": ["a", "b", "c"]}, "more than 2 items"),
        ({"score": 1, "reasons": ["a", ""]}, "the answer.reasons[1] has fewer than 1 characters"),
        ({"score": 1, "reasons": ["abcdef"]}, "more than 5 characters"),
        ({"score": 1, "count": 1.5}, "integer or null"),
    ],
)
def test_the_first_thing_that_does_not_fit_is_named(value: object, named: str) -> None:
    found = objection(SCORE, value)
    assert found is not None
    assert named in found


def test_a_whole_number_with_a_point_is_an_integer() -> None:
    assert objection({"type": "integer"}, 2.0) is None


def test_without_a_type_anything_fits() -> None:
    assert objection({}, [1, "a", None]) is None
    assert objection({"properties": {"a": {}}}, {"b": 1}) is None


def test_a_schema_that_says_more_than_is_read_is_refused() -> None:
    with pytest.raises(ValueError, match="pattern"):
        objection({"type": "string", "pattern": "a+"}, "a")
