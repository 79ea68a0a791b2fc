from __future__ import annotations

import json
import tomllib

import pytest

from autotune.core.judging import packs, rubric
from autotune.core.judging.packs import Pack
from autotune.core.records.behaviors import Behavior
from autotune.core.records.masking import masked
from autotune.prompts import builtin


@pytest.mark.parametrize("behavior", list(Behavior))
def test_every_behaviour_begins_with_a_pack_and_a_rubric(behavior: Behavior) -> None:
    text = packs.rendered(builtin.pack(behavior))
    said = json.loads(text)
    assert list(said) == ["name", "version", "behavior", "instructions", "demos"]
    assert (said["name"], said["behavior"], said["demos"]) == (behavior, behavior, [])
    assert len(said["instructions"]) <= packs.LONGEST_READ
    assert packs.read(text, behavior) == builtin.pack(behavior)
    assert masked(text) == (text, {})
    criteria = rubric.parse(tomllib.loads(builtin.rubric(behavior)), "rubric").criteria
    assert criteria == builtin.RUBRICS[behavior]
    assert sum(one.weight for one in criteria) == pytest.approx(1)


def test_a_version_is_by_what_a_pack_says_and_no_masker_takes_it_for_a_number() -> None:
    versions = {packs.version_of(Pack("tool-calling", f"{number}", (("a", "b"),))) for number in range(300)}
    assert len(versions) == 300
    assert all(version.replace("-", "").isalpha() for version in versions)
    assert packs.version_of(Pack("a", "b")) == packs.version_of(Pack("a", "b")) != packs.version_of(Pack("a", "b", (("", ""),)))


def test_a_pack_is_read_back_with_its_demos_whatever_else_its_file_says() -> None:
    pack = Pack("tool-calling", "do ü", (("a", "b"),))
    text = packs.rendered(pack, {"parent": "x"})
    assert json.loads(text)["metadata"] == {"parent": "x"}
    assert packs.read(text, "tool-calling") == pack


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"behavior": "x"}',
        '{"behavior": "tool-calling", "instructions": " "}',
        '{"behavior": "tool-calling", "instructions": "a", "demos": 5}',
        '{"behavior": "tool-calling", "instructions": "a", "demos": [{}]}',
    ],
)
def test_what_is_no_pack_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        packs.read(text, "tool-calling")
