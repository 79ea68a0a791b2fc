"""The numbers of behavior.json, which an agent turns into sentences of its prompt: read, and written back with all else in the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from autotune.core.codec import read_json


class Style(StrEnum):
    """How long the agent's answers should be."""

    CONCISE = "concise"
    BALANCED = "balanced"
    DETAILED = "detailed"


@dataclass(frozen=True, slots=True)
class Numbers:
    """How ready the agent is to call tools, what it remembers, how long its answers are, how careful it is; each number from 0 to 1."""

    tool_calling_bias: float = 0.5
    memory_importance_threshold: float = 0.55
    response_style: Style = Style.BALANCED
    caution_bias: float = 0.5


def read(text: str) -> tuple[Numbers, dict[str, Any]]:
    """The numbers of a file, and all that it holds. What it leaves out is as usual. Raises ValueError for what is no such file."""
    held = read_json(text)
    if not isinstance(held, dict):
        raise ValueError("it holds no JSON object")  # noqa: TRY004 - the text is wrong, no type of ours
    found: dict[str, Any] = {}
    for one in fields(Numbers):
        if one.name in held:
            found[one.name] = _style(held[one.name]) if one.name == "response_style" else _share(one.name, held[one.name])
    return Numbers(**found), held


def written(numbers: Numbers, held: Mapping[str, Any], at: str) -> str:
    """The file with these numbers in it: all else that it held stays."""
    return json.dumps({**held, **asdict(numbers), "last_updated": at}, ensure_ascii=False, indent=2) + "\n"


def _style(value: object) -> Style:
    if value not in set(Style):
        raise ValueError(f"response_style is {value!r}, and none of {', '.join(Style)}")
    return Style(str(value))


def _share(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{name} is {value!r}, and no number from 0 to 1")
    return float(value)
