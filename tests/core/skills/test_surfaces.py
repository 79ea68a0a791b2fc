"""A skill's texts, taken out and put back; all else stays."""

from __future__ import annotations

import pytest

from autotune.core.skills.package import SKILL, Package
from autotune.core.skills.surfaces import BODY, DESCRIPTION, HELD, ROUTING, Amiss, Scope, amiss, scalar, texts_of, with_texts

TEXT = """\
---
name: slides
description: >
  Makes slides.
  Use it for decks.

license: MIT
---

# Slides

Do it well.

## When to use

For decks.

### More

Of any kind.

## Steps

1. Go.
"""


def package(text: str = TEXT) -> Package:
    return Package("slides", {SKILL: text.encode(), "references/a.md": b"a"})


def test_the_texts_of_a_skill_are_its_description_its_routing_and_its_body() -> None:
    assert texts_of(package(), Scope.DESCRIPTION) == {DESCRIPTION: "Makes slides. Use it for decks."}
    assert texts_of(package(), Scope.ROUTING)[ROUTING].splitlines()[::6] == ["## When to use", "Of any kind."]
    found = texts_of(package(), Scope.PACKAGE)
    assert set(found) == {BODY, ROUTING}
    assert found[BODY].count(HELD) == 1
    assert "For decks." not in found[BODY]
    assert texts_of(package("no head"), Scope.BODY) == {}
    assert set(texts_of(package("---\nname: x\ndescription: y\n---\n\nDo it.\n"), Scope.PACKAGE)) == {BODY}
    assert texts_of(package(TEXT.partition("### More")[0]), Scope.ROUTING)[ROUTING].endswith("For decks.")


@pytest.mark.parametrize("text", ["Makes decks.", 'Makes "decks": all kinds', "yes"])
def test_another_description_changes_nothing_else(text: str) -> None:
    found = with_texts(package(), {DESCRIPTION: text})
    assert found.head is not None
    assert found.head.text(DESCRIPTION) == text
    assert found.text(SKILL).partition("license:")[2] == TEXT.partition("license:")[2]
    assert found.files["references/a.md"] == b"a"
    assert found.head.doubts == ()


@pytest.mark.parametrize(
    "said", ['"description": "One\ntwo."', "'description': |\n  One\n\n  two.\n", "description: One\u2028two.\r\n  three"]
)
def test_another_description_takes_the_place_of_one_however_that_is_written(said: str) -> None:
    found = with_texts(package(f"---\nname: slides\n{said}\nlicense: MIT\n---\n"), {DESCRIPTION: "Makes decks."})
    assert found.text(SKILL) == "---\nname: slides\ndescription: Makes decks.\nlicense: MIT\n---\n"


def test_lines_end_as_they_did() -> None:
    found = with_texts(package(TEXT.replace("\n", "\r\n")), {DESCRIPTION: "Makes decks.", BODY: f"# New\n\n{HELD}\n"})
    assert found.text(SKILL).count("\n") == found.text(SKILL).count("\r\n") > 9


def test_another_body_or_routing_leaves_the_head_and_the_other() -> None:
    found = with_texts(package(), {ROUTING: "## When to use\n\nNever."})
    assert found.text(SKILL).replace("## When to use\n\nNever.", "## When to use\n\nFor decks.\n\n### More\n\nOf any kind.\n") == TEXT
    other = with_texts(package(), {BODY: f"# New\n\n{HELD}\n"})
    assert other.text(SKILL).partition("---\n\n")[0] == TEXT.partition("---\n\n")[0]
    assert other.text(SKILL).endswith("# New\n\n## When to use\n\nFor decks.\n\n### More\n\nOf any kind.\n")
    with pytest.raises(ValueError, match="head"):
        with_texts(package("no head"), {DESCRIPTION: "x"})


BASE = {DESCRIPTION: "Makes slides for decks.", BODY: f"{'word ' * 30}{HELD}", ROUTING: "## Routing\n\nhere"}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, None),
        ({DESCRIPTION: "Makes slides for talks."}, None),
        ({DESCRIPTION: ""}, Amiss.EMPTY),
        ({DESCRIPTION: "x" * 1025}, Amiss.LONG),
        ({DESCRIPTION: "Makes <b>slides</b> for talks."}, Amiss.MARKUP),
        ({DESCRIPTION: "word " * 121}, Amiss.SIZE),
        ({BODY: f"few words {HELD}"}, Amiss.SIZE),
        ({BODY: "word " * 30}, Amiss.ROUTING_LOST),
        ({DESCRIPTION: "Use it to make me a deck about our quarter now"}, Amiss.SPOKEN),
    ],
)
def test_a_text_that_may_not_be_tried_is_told_by_why(changed: dict[str, str], why: Amiss | None) -> None:
    assert amiss(BASE, {**BASE, **changed}, ["Make me a deck about our quarter, please", "go"]) is why


def test_a_text_of_yaml_stands_on_one_line() -> None:
    assert [scalar(one) for one in ("plain  text", "a: b", "no")] == ["plain text", '"a: b"', '"no"']
