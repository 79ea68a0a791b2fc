"""Every event survives its line in the ledger; what is no event is refused, and what is newer is let through."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autotune.core.codec import Malformed
from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.events import CandidateTaken, Noted, Ran, Result
from autotune.core.ledger.lines import TYPES, Event, from_line, to_line
from autotune.core.ledger.purposes import Cause
from autotune.core.model import Effect, Outcome, Status, Verdict

PREV = "5e" * 32
texts = st.text(st.characters(), max_size=20)  # all of Unicode, and the lone surrogates that stand for bytes of a file name
numbers = st.floats(allow_nan=False, allow_infinity=False)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
PLAIN: Mapping[object, st.SearchStrategy[Any]] = {str: texts, int: st.integers(), float: numbers, bool: st.booleans(), Any: jsons}


FACTS = st.recursive(
    st.builds(Fact, st.sampled_from(Kind), st.dictionaries(texts, jsons, max_size=2), words=st.none() | texts),
    lambda inner: st.builds(Fact, st.sampled_from(Kind), because=inner, besides=st.lists(inner, max_size=2).map(tuple)),
    max_leaves=4,
)


def values_of(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - an annotation can be anything
    """Whatever an annotation allows."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.none() | values_of(next(one for one in inner if one is not type(None)))
    if origin is tuple:
        return st.lists(values_of(inner[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(texts, values_of(inner[1]), max_size=3)
    if hint is Fact:
        return FACTS
    if is_dataclass(hint):
        return events_of(hint)
    return st.sampled_from(hint) if isinstance(hint, type) and issubclass(hint, StrEnum) else PLAIN[hint]


def events_of(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a dataclass, as mypy cannot say
    hints = get_type_hints(kind)
    return st.builds(kind, **{one.name: values_of(hints[one.name]) for one in fields(kind)})


RESULT = Result(
    index=3,
    commit="c0ffee",
    metric=None,
    status=Status.CRASH,
    description="drop the cache",
    timestamp="2026-01-02T03:04:05.678Z",
    segment=1,
    metrics={},
    asi=None,
    failure=None,
    reason=quoted("exit 1"),
    files=("src/a.py",),
)
FIELDS_OF_A_RESULT = (
    *("index", "commit", "metric", "status", "description", "timestamp", "segment", "metrics", "asi", "failure", "reason", "files"),
)
"""What readers of version 0.3 of the format know of a result line, besides its type."""
FIELDS_OF_A_CONFIG = ("name", "metric_name", "metric_unit", "direction", "segment", "mode")


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
@settings(max_examples=20)
@given(st.data())
def test_every_event_survives_its_line(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(events_of(kind))
    line = to_line(event, PREV)
    assert from_line(line) == event
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
@settings(max_examples=20)
@given(st.data())
def test_every_line_says_its_type_first_and_the_hash_of_the_line_before_last(kind: type[Event], data: st.DataObject) -> None:
    body = json.loads(to_line(data.draw(events_of(kind)), PREV))
    assert TYPES[body["type"]] is kind
    assert (next(iter(body)), list(body)[-1], body["prev"]) == ("type", "prev", PREV)


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
@settings(max_examples=20)
@given(st.data())
def test_an_event_that_lacks_a_key_is_refused_by_that_key(kind: type[Event], data: st.DataObject) -> None:
    hints = get_type_hints(kind)
    needed = [
        one.name
        for one in fields(kind)
        if one.default is MISSING and one.default_factory is MISSING and type(None) not in get_args(hints[one.name])
    ]
    key = data.draw(st.sampled_from(needed))
    body = json.loads(to_line(data.draw(events_of(kind)), PREV))
    del body[key]
    with pytest.raises(Malformed, match=f"^{kind.__name__} lacks {key}$"):
        from_line(json.dumps(body).encode())


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
@settings(max_examples=20)
@given(st.data())
def test_an_event_with_a_key_of_another_type_is_refused_by_that_key(kind: type[Event], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from([one.name for one in fields(kind)]))
    body = json.loads(to_line(data.draw(events_of(kind)), PREV))
    body[key] = [[]] if str not in (hint := get_type_hints(kind)[key], *get_args(hint)) else 1
    with pytest.raises(Malformed, match=rf"^{kind.__name__}\.{key}\b"):
        from_line(json.dumps(body).encode())


@given(events_of(Noted), st.dictionaries(texts.map("x_{}".format), jsons, max_size=3))
def test_keys_of_a_newer_version_are_let_through(event: Noted, newer: dict[str, Any]) -> None:
    assert from_line(json.dumps({**newer, **json.loads(to_line(event, PREV))}).encode()) == event


def test_a_result_line_begins_with_the_names_of_the_format_that_is_out_there_and_has_null_where_there_is_nothing() -> None:
    body = json.loads(to_line(RESULT, PREV))
    assert tuple(body)[: len(FIELDS_OF_A_RESULT) + 1] == ("type", *FIELDS_OF_A_RESULT)
    assert [key for key in FIELDS_OF_A_RESULT if body[key] is None] == ["metric", "asi", "failure"]
    assert body["type"] == "result"
    assert body["status"] == "crash"


@given(events_of(Result))
def test_every_result_line_has_all_those_names(event: Result) -> None:
    assert tuple(json.loads(to_line(event, PREV)))[1 : len(FIELDS_OF_A_RESULT) + 1] == FIELDS_OF_A_RESULT


def test_a_result_line_without_what_is_newer_is_read_as_the_older_readers_wrote_it() -> None:
    body = {key: value for key, value in json.loads(to_line(RESULT, PREV)).items() if key in ("type", *FIELDS_OF_A_RESULT)}
    assert from_line(json.dumps(body).encode()) == RESULT


@given(events_of(TYPES["config"]))
def test_a_config_line_begins_with_the_names_of_the_format_that_is_out_there(event: Event) -> None:
    assert tuple(json.loads(to_line(event, PREV)))[1 : len(FIELDS_OF_A_CONFIG) + 1] == FIELDS_OF_A_CONFIG


def test_text_is_written_as_it_is_and_a_file_name_that_is_no_utf_8_in_ascii() -> None:
    assert "grüße 🦆".encode() in to_line(Noted("grüße 🦆", "now"), PREV)
    taken = CandidateTaken(1, "c", "i", ("caf\udce9.py", "ü"), "now", settles=True)
    line = to_line(taken, PREV)
    assert line.isascii()
    assert from_line(line) == taken


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_never_written(number: float) -> None:
    for event in (
        replace(RESULT, metric=number),
        replace(RESULT, metrics={"t": number}),
        replace(RESULT, asi={"deep": [number]}),
        replace(RESULT, effect=Effect(1.0, number, 1.0)),
    ):
        with pytest.raises(ValueError, match="JSON"):
            to_line(event, PREV)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize("where", ['"metric":null', '"asi":null'])
def test_what_is_no_number_is_never_read(text: str, where: str) -> None:
    key = where.partition(":")[0]
    line = to_line(RESULT, PREV).decode().replace(where, f'{key}:{{"a":{text}}}' if "asi" in key else f"{key}:{text}")
    assert text in line
    with pytest.raises(Malformed, match=r"^not JSON: .* is no number of JSON$"):
        from_line(line.encode())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"type":"note","text":"\xff","timestamp":"now"}', "not JSON"),
        (b'\xef\xbb\xbf{"type":"stop"}', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 10_000, "not JSON"),
        (b"null", "no type"),
        (b"[]", "no type"),
        (b'"result"', "no type"),
        (b"{}", "no type"),
        (b'{"type":1}', "no type"),
        (b'{"type":null}', "no type"),
    ],
)
def test_a_line_that_is_no_event_is_refused_with_what_is_wrong(line: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        from_line(line)


@pytest.mark.parametrize("kind", ["hook", "iteration", "Result", ""])
def test_a_type_of_a_newer_version_says_nothing(kind: str) -> None:
    assert from_line(json.dumps({"type": kind, "whatever": 1}).encode()) is None


def test_every_event_has_one_type_and_every_type_one_event() -> None:
    assert set(TYPES.values()) == set(get_args(Event))
    assert len(set(TYPES.values())) == len(TYPES)


def test_values_that_older_lines_lack_are_what_they_were_then() -> None:
    assert (RESULT.verdict, RESULT.outcome, RESULT.cause, RESULT.forced) == (Verdict.KEEP, None, Cause.IDEA, False)
    taken = CandidateTaken(1, "c", "i", (), "now", settles=False)
    assert (taken.description, taken.asi, taken.discard, taken.force) == (None, None, False, False)
    ran = from_line(
        b'{"type":"run","experiment":1,"purpose":"experiment","arm":"candidate","number":1,"outcome":"ok","why":"exit 0",'
        b'"metrics":{"t":1},"wall_s":2,"timestamp":"now","log":"runs/1"}'
    )
    assert isinstance(ran, Ran)
    assert (ran.outcome, ran.metrics, ran.wall_s, ran.malformed, ran.earlier) == (Outcome.OK, {"t": 1.0}, 2.0, (), None)
