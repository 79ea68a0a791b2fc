"""What decides an answer decides the hash, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.asking.request import Message, Request, Role, Usage, contents_hash, request_hash

ASKED = Request("openai:small", (Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Why?")))


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, messages=(Message(Role.USER, "Why?"),)),
        replace(ASKED, messages=(Message(Role.SYSTEM, "Be brief."), Message(Role.ASSISTANT, "Why?"))),
        replace(ASKED, max_tokens=10),
        replace(ASKED, temperature=0.0),
        replace(ASKED, schema={"type": "object"}),
        replace(ASKED, sample=1),
    ],
)
def test_what_decides_an_answer_changes_the_hash(other: Request) -> None:
    assert request_hash(other, "openai:small") != request_hash(ASKED, "openai:small")
    assert contents_hash(other) != contents_hash(ASKED)


def test_who_answers_changes_the_hash_of_the_request_and_not_that_of_its_contents() -> None:
    assert request_hash(ASKED, "a") != request_hash(ASKED, "b")
    assert contents_hash(ASKED) == contents_hash(replace(ASKED, model="ollama:other"))


def test_a_purpose_changes_nothing() -> None:
    assert request_hash(replace(ASKED, purpose="judge"), "a") == request_hash(ASKED, "a")


@given(st.permutations(["a", "b", "c"]))
def test_the_order_of_a_schemas_keys_changes_nothing(keys: list[str]) -> None:
    schema = {"type": "object", "properties": {key: {"type": "string"} for key in keys}}
    known = {"type": "object", "properties": {key: {"type": "string"} for key in "abc"}}
    assert contents_hash(replace(ASKED, schema=schema)) == contents_hash(replace(ASKED, schema=known))


def test_usage_adds_up() -> None:
    both = Usage(10, 2, 3, 4).plus(Usage(1, 1, 1, 1))
    assert both == Usage(11, 3, 4, 5)
    assert both.total == 14
