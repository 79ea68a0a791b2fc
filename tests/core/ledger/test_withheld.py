"""Lines of the log without values, and with them again: what is taken out is all of it, and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis.strategies import dictionaries, sampled_from, text

from autotune.core.ledger import withheld

LONG, SHORT = "value-of-some-length", "UTC"
VALUES = {"TOKEN": {LONG}, "TZ": {SHORT}}


def line(**body: object) -> bytes:
    return json.dumps({**body, "prev": "0" * 64}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def opening(env: dict[str, str]) -> bytes:
    return line(type="config", config={"name": "x", "env": env}, environment={"TZ": env.get("TZ", ""), "PATH": "/bin"})


def test_what_settings_set_is_taken_out_and_put_back() -> None:
    whole = opening({"TOKEN": LONG, "TZ": SHORT, "MODE": "fast"})
    bare = withheld.without(whole, VALUES)
    assert LONG.encode() not in bare
    assert SHORT.encode() not in bare
    body = json.loads(bare)
    assert body["config"]["env"] == {"TOKEN": "[env TOKEN]", "TZ": "[env TZ]", "MODE": "fast"}
    assert body["environment"] == {"TZ": "[env TZ]", "PATH": "/bin"}
    assert withheld.lacking(body["config"]) == ("TOKEN", "TZ")
    assert withheld.restored(bare, {"TOKEN": LONG, "TZ": SHORT}) == whole
    assert withheld.restored(bare, {"TOKEN": LONG}) != whole


def test_a_long_value_is_taken_out_of_words_too_and_a_short_one_is_not() -> None:
    said = line(type="note", text=f"use {LONG} in {SHORT}", asi={"tried": [LONG, 3, None]}, files=[LONG])
    body = json.loads(withheld.without(said, VALUES))
    assert body["text"] == "use [env TOKEN] in UTC"
    assert body["asi"] == {"tried": ["[env TOKEN]", 3, None]}
    assert body["files"] == [LONG]  # a name of a file is in the commits too
    assert withheld.restored(withheld.without(said, VALUES), {"TOKEN": LONG}) == said


def test_the_longer_of_two_values_goes_first() -> None:
    values = {"A": {"abcdefgh"}, "B": {"abcdefghij"}}
    assert json.loads(withheld.without(line(type="note", text="abcdefghij abcdefgh"), values))["text"] == "[env B] [env A]"
    assert withheld.in_text(b"abcdefghij abcdefgh", values) == b"[env B] [env A]"


@pytest.mark.parametrize("odd", [b"not json\n", b"[1]\n", line(type="config", config=3), line(type="run", config={"env": {"TZ": "x"}})])
def test_a_line_that_holds_nothing_of_it_keeps_its_bytes(odd: bytes) -> None:
    assert withheld.without(odd, VALUES) == odd


def test_a_name_that_is_no_text_stays_as_it_is_written() -> None:
    said = json.dumps({"type": "note", "text": LONG, "files": ["\udcff"]}, separators=(",", ":")).encode() + b"\n"
    assert withheld.restored(withheld.without(said, VALUES), {"TOKEN": LONG}) == said


def test_all_values_that_a_variable_has_had_are_known() -> None:
    bodies: list[dict[str, object]] = [
        {"type": "config", "config": {"env": {"A": "1"}}},
        {"type": "settings", "config": {"env": {"A": "2", "B": 3}}},
        {"type": "run"},
    ]
    assert withheld.values_of(bodies) == {"A": {"1", "2"}}
    assert withheld.lacking({}) == ()


def test_content_that_holds_a_long_value_is_told() -> None:
    assert withheld.holds(f"x{LONG}x".encode(), VALUES) == "TOKEN"
    assert withheld.holds(SHORT.encode(), VALUES) is None


@given(dictionaries(sampled_from(["A", "B", "C"]), text(alphabet='abcdefgh"\\ é', min_size=1), min_size=1))
def test_whatever_the_values_a_line_comes_back_as_it_was(env: dict[str, str]) -> None:
    whole = line(type="config", config={"env": env})
    bare = withheld.without(whole, {name: {value} for name, value in env.items()})
    assert json.loads(bare)["config"]["env"] == {name: withheld.mark(name) for name in env}
    assert withheld.restored(bare, env) == whole
