"""A pack as a file: the fields that agents read, and a version that is a hash of what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autotune.core.codec import read_json
from autotune.core.records.places import letters

_VERSION_LETTERS = 12
LONGEST_READ = 6000  # characters of instructions; the known reader cuts the rest
MOST_DEMOS_READ = 4


@dataclass(frozen=True, slots=True)
class Pack:
    """What an agent is told for one behaviour: instructions, and examples as pairs of input and output."""

    behavior: str
    instructions: str
    demos: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """All that it says."""
        return "\n".join([self.instructions, *(part for demo in self.demos for part in demo)])


def path_of(behavior: str) -> str:
    """Where a behaviour's pack lies in a workshop."""
    return f"packs/{behavior}.json"


def version_of(pack: Pack) -> str:
    """The version of a pack: `p-` and letters by a hash of what it says (48 bits). No masker takes letters for a number."""
    said = json.dumps([pack.behavior, pack.instructions, pack.demos], ensure_ascii=False)
    return "p-" + letters(hashlib.sha256(said.encode()).hexdigest()[:_VERSION_LETTERS])


def rendered(pack: Pack, metadata: Mapping[str, object] | None = None) -> str:
    """The pack as its file's text."""
    said: dict[str, Any] = {
        "name": pack.behavior,
        "version": version_of(pack),
        "behavior": pack.behavior,
        "instructions": pack.instructions,
        "demos": [{"input": asked, "output": answered} for asked, answered in pack.demos],
    }
    return json.dumps(said | ({"metadata": dict(metadata)} if metadata else {}), ensure_ascii=False, indent=2) + "\n"


def read(text: str, behavior: str) -> Pack:
    """The pack that a file of this behaviour holds. Raises ValueError with what is wrong."""
    said = read_json(text)
    if not isinstance(said, Mapping) or said.get("behavior") != behavior:
        raise ValueError(f"it is no pack of {behavior}")
    instructions, demos = said.get("instructions"), said.get("demos", [])
    if not isinstance(instructions, str) or not instructions.strip():
        raise ValueError("it has no instructions")
    if not isinstance(demos, Sequence) or not all(_is_demo(one) for one in demos):
        raise ValueError("its demos are not pairs of input and output")
    return Pack(behavior, instructions, tuple((one["input"], one["output"]) for one in demos))


def _is_demo(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("input"), str) and isinstance(value.get("output"), str)
