"""A rubric: what a judge looks at in an answer, by named criteria with weights and anchors, read strictly from its file."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from autotune.errors import AutotuneError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TEXTS = ("question", "best", "worst")
_OPTIONAL = ("middle",)
MOST_CRITERIA, LONGEST_TEXT = 12, 1000


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a judge looks at. `best` says what is worth 1, `worst` what is worth 0, `middle`, where it is there, what is between.

    `weight` is above 0; what counts is its share of all weights.
    """

    name: str
    weight: float
    question: str
    best: str
    worst: str
    middle: str = ""


@dataclass(frozen=True, slots=True)
class Rubric:
    """The criteria of one behaviour, in the order of their file."""

    criteria: tuple[Criterion, ...]

    @property
    def hash(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of all that is asked: another rubric is another measurement."""
        text = json.dumps([asdict(one) for one in self.criteria], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def parse(table: Mapping[str, Any], where: str) -> Rubric:
    """Read the table of a rubric's file. Raises AutotuneError naming the file, the criterion and the key."""
    unknown = sorted(set(table) - {"criteria"})
    if unknown:
        raise AutotuneError(f"{where} has an unknown key {unknown[0]}.", "a rubric has [[criteria]] and nothing else")
    entries = table.get("criteria")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_CRITERIA:
        raise AutotuneError(f"{where} has no criteria, or more than {MOST_CRITERIA}.", "write a [[criteria]] table for each")
    criteria = tuple(_criterion(entry, f"criterion {number} of {where}") for number, entry in enumerate(entries, 1))
    names = [one.name for one in criteria]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise AutotuneError(f"{where} has two criteria with the name {twice}.", "give each its own name")
    return Rubric(criteria)


def _criterion(entry: object, where: str) -> Criterion:
    if not isinstance(entry, Mapping):
        raise AutotuneError(f"There is no table at {where}.", "write a [[criteria]] table for each")
    unknown = sorted(set(entry) - {"name", "weight", *_TEXTS, *_OPTIONAL})
    if unknown:
        raise AutotuneError(
            f"There is an unknown key {unknown[0]} at {where}.", f"the keys are name, weight, {', '.join(_TEXTS + _OPTIONAL)}"
        )
    name, weight = entry.get("name"), entry.get("weight", 1.0)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise AutotuneError(f"The name at {where} is no name of a criterion.", "use small letters, digits and _, a letter first")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not (0 < weight < math.inf):
        raise AutotuneError(f"The weight at {where} is no number above 0.", "give it its share, such as 0.4")
    texts = {key: entry.get(key, "") for key in _TEXTS + _OPTIONAL}
    for key, text in texts.items():
        if not isinstance(text, str) or len(text) > LONGEST_TEXT or (key in _TEXTS and not text.strip()):
            raise AutotuneError(f"{key} at {where} is no text of at most {LONGEST_TEXT} characters.", "say it in a sentence or two")
    return Criterion(name, float(weight), **texts)
