"""Values come back from JSON as they went, and what is not what was asked for is refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.codec import DEEPEST, LONGEST, Malformed, TooDeep, TooLong, decode, encode, mapping_in, read_json, read_toml


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Place:
    x: float
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    count: int
    weight: float
    solid: bool
    colour: Colour
    places: tuple[Place, ...]
    ends: tuple[str, int | None]
    labels: Mapping[str, int]
    extra: Any
    owner: str | None
    origin: Place | None = None
    note: str | None = None
    more: tuple[str, ...] = ()
    centre: Place = field(default_factory=lambda: Place(0.0))
    grid: Mapping[str, Mapping[str, float]] | None = None


THING = Thing(
    name="a",
    count=1,
    weight=2.5,
    solid=True,
    colour=Colour.BLUE,
    places=(Place(1.0, 2.0), Place(3.0)),
    ends=("left", None),
    labels={"b": 2},
    extra={"deep": [1, {"x": None}]},
    owner=None,
)
PLAIN: Mapping[str, Any] = {
    "name": "a",
    "count": 1,
    "weight": 2.5,
    "solid": True,
    "colour": "blue",
    "places": [{"x": 1.0, "y": 2.0}, {"x": 3.0, "y": 0.0}],
    "ends": ["left", None],
    "labels": {"b": 2},
    "extra": {"deep": [1, {"x": None}]},
    "owner": None,
    "centre": {"x": 0.0, "y": 0.0},
}

texts = st.text(st.characters())
numbers = st.floats(allow_nan=False, allow_infinity=False)
places = st.builds(Place, numbers, numbers)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
things = st.builds(
    Thing,
    name=texts,
    count=st.integers(),
    weight=numbers,
    solid=st.booleans(),
    colour=st.sampled_from(Colour),
    places=st.lists(places, max_size=3).map(tuple),
    ends=st.tuples(texts, st.none() | st.integers()),
    labels=st.dictionaries(texts, st.integers(), max_size=3),
    extra=jsons,
    owner=st.none() | texts,
    origin=st.none() | places,
    note=st.none() | texts,
    more=st.lists(texts, max_size=3).map(tuple),
    centre=places,
    grid=st.none() | st.dictionaries(texts, st.dictionaries(texts, numbers, max_size=2), max_size=2),
)


def test_a_value_is_written_with_every_field_but_those_that_may_be_left_out_and_hold_nothing() -> None:
    assert encode(THING) == PLAIN
    assert encode({Colour.RED: (1, Colour.BLUE)}) == {"red": [1, "blue"]}


def test_what_was_written_is_read_again_with_defaults_for_what_was_left_out() -> None:
    assert decode(Thing, PLAIN) == THING


@given(things)
def test_every_value_comes_back_from_json_as_it_went(thing: Thing) -> None:
    again = decode(Thing, json.loads(json.dumps(encode(thing))))
    assert again == thing
    assert type(again.colour) is Colour


def test_keys_of_a_newer_version_are_let_through_unread() -> None:
    assert decode(Place, {"x": 1.0, "z": "unheard of"}) == Place(1.0)


def test_a_whole_number_will_do_where_a_float_is_asked_for() -> None:
    place = decode(Place, {"x": 3})
    assert place == Place(3.0)
    assert type(place.x) is float


def test_a_key_that_may_be_none_may_be_missing_too() -> None:
    without = {key: value for key, value in PLAIN.items() if key != "owner"}
    assert decode(Thing, without).owner is None


@pytest.mark.parametrize("key", sorted(set(PLAIN) - {"owner", "more", "centre"}))
def test_a_key_that_is_missing_is_named(key: str) -> None:
    without = {one: value for one, value in PLAIN.items() if one != key}
    with pytest.raises(Malformed, match=f"^Thing lacks {key}$"):
        decode(Thing, without)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("name", 1, "Thing.name is int, expected str"),
        ("name", None, "Thing.name is NoneType, expected str"),
        ("count", 1.0, "Thing.count is float, expected int"),
        ("count", True, "Thing.count is bool, expected int"),
        ("weight", "2.5", "Thing.weight is str, expected float"),
        ("weight", True, "Thing.weight is bool, expected float"),
        ("weight", 10**400, "Thing.weight is a whole number beyond all floats"),
        ("solid", 1, "Thing.solid is int, expected bool"),
        ("colour", "green", "Thing.colour is 'green', expected one of red, blue"),
        ("colour", ["red"], "Thing.colour is ['red'], expected one of red, blue"),
        ("places", {}, "Thing.places is dict, expected a list"),
        ("places", [{"y": 1.0}], "Thing.places lacks x"),
        ("places", [3], "Thing.places is int, expected a mapping"),
        ("places", [{"x": "1"}], "Thing.places.x is str, expected float"),
        ("ends", ["left"], "Thing.ends is ['left'], expected a list of 2"),
        ("ends", "lr", "Thing.ends is 'lr', expected a list of 2"),
        ("ends", ["left", "right"], "Thing.ends is str, expected int"),
        ("labels", [], "Thing.labels is list, expected a mapping"),
        ("labels", {"b": None}, "Thing.labels.b is NoneType, expected int"),
        ("origin", 1, "Thing.origin is int, expected a mapping"),
        ("grid", {"a": {"b": "c"}}, "Thing.grid.a.b is str, expected float"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_key(key: str, value: object, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(Thing, {**PLAIN, key: value})
    assert str(caught.value) == words


@pytest.mark.parametrize("value", [None, [], "thing", 1])
def test_what_is_no_mapping_is_no_dataclass(value: object) -> None:
    with pytest.raises(Malformed, match=r"^Thing is .*, expected a mapping$"):
        decode(Thing, value)


@given(st.text(max_size=40))
def test_a_text_that_is_no_object_is_none(text: str) -> None:
    held = mapping_in(text)
    assert held is None or json.loads(text) == held
    assert mapping_in("[1]") is mapping_in("[" * 100_000) is None
    assert mapping_in(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("deep", [DEEPEST + 1, 700, 5_000])
def test_what_is_nested_beyond_all_use_is_refused(deep: int) -> None:
    texts = "[" * deep + "]" * deep, '{"a":' * deep + "1" + "}" * deep
    for text in (*texts, texts[0].encode()):
        with pytest.raises(TooDeep):
            read_json(text)
    for text in ("a = " + texts[0], ".".join(["a"] * deep) + " = 1"):
        with pytest.raises(TooDeep):
            read_toml(text)


@pytest.mark.parametrize("part", ["a", '"a.b \\" c"', "'a.b'", "ä"])
@pytest.mark.parametrize("line", ["{} = 1", "[{}]", "[[ {} ]]", "b = 1\n\t{} = 1"])
def test_a_key_of_more_parts_than_anybody_writes_is_refused_before_it_takes_memory(line: str, part: str) -> None:
    with pytest.raises(TooDeep):
        read_toml(line.format(" . ".join([part] * 30_000)))


def test_a_toml_text_longer_than_anybody_writes_is_refused() -> None:
    assert read_toml("#" * LONGEST) == {}
    with pytest.raises(TooLong):
        read_toml("#" * (LONGEST + 1))


def test_dots_in_a_text_are_no_key() -> None:
    assert read_toml(f"a = '{'b.' * 9_000}'\n{'.'.join('c' * 50)} = 1")["a"] == "b." * 9_000


def test_what_is_wide_is_read() -> None:
    assert read_json(json.dumps([[{}]] * 2 * DEEPEST)) == [[{}]] * 2 * DEEPEST
    assert read_toml(f"a = {[0.5] * 2 * DEEPEST}") == {"a": [0.5] * 2 * DEEPEST}
