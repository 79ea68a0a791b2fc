"""Rubrics are read strictly, and are another measurement where anything in them differs."""

from __future__ import annotations

from typing import Any

import pytest

from autotune.core.judging.rubric import MOST_CRITERIA, Criterion, Rubric, parse
from autotune.errors import AutotuneError

RIGHT: dict[str, Any] = {"name": "right", "weight": 0.6, "question": "Is it right?", "best": "Wholly.", "worst": "Not at all."}
SHORT: dict[str, Any] = {"name": "short", "question": "Is it short?", "best": "Yes.", "worst": "No.", "middle": "Nearly."}


def test_a_rubric_is_read() -> None:
    assert parse({"criteria": [RIGHT, SHORT]}, "a.toml") == Rubric(
        (
            Criterion("right", 0.6, "Is it right?", "Wholly.", "Not at all."),
            Criterion("short", 1.0, "Is it short?", "Yes.", "No.", "Nearly."),
        )
    )


@pytest.mark.parametrize("key", ["name", "weight", "question", "best", "worst", "middle"])
def test_whatever_differs_makes_another_hash(key: str) -> None:
    other = {**SHORT, key: 0.5 if key == "weight" else "other"}
    assert parse({"criteria": [RIGHT, other]}, "a").hash != parse({"criteria": [RIGHT, SHORT]}, "a").hash
    assert parse({"criteria": [RIGHT]}, "a").hash == parse({"criteria": [dict(reversed(RIGHT.items()))]}, "b").hash


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({}, "criteria"),
        ({"criteria": []}, "criteria"),
        ({"criteria": [RIGHT] * (MOST_CRITERIA + 1)}, "criteria"),
        ({"criteria": [RIGHT], "scale": 5}, "scale"),
        ({"criteria": ["right"]}, "criterion 1"),
        ({"criteria": [RIGHT, RIGHT]}, "right"),
        ({"criteria": [{**RIGHT, "points": 3}]}, "points"),
        ({"criteria": [{**RIGHT, "name": "Is it right?"}]}, "name"),
        ({"criteria": [{**RIGHT, "name": 3}]}, "name"),
        ({"criteria": [{**RIGHT, "weight": 0}]}, "weight"),
        ({"criteria": [{**RIGHT, "weight": True}]}, "weight"),
        ({"criteria": [{**RIGHT, "weight": float("inf")}]}, "weight"),
        ({"criteria": [{**RIGHT, "best": " "}]}, "best"),
        ({"criteria": [RIGHT, {**SHORT, "worst": "x" * 2000}]}, "criterion 2"),
        ({"criteria": [{**SHORT, "middle": 3}]}, "middle"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(table: dict[str, Any], named: str) -> None:
    with pytest.raises(AutotuneError) as refused:
        parse(table, "quality.toml")
    assert named in refused.value.message
    assert "quality.toml" in refused.value.message
