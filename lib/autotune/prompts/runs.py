"""What one run of `optimize` is made of: a folder with its settings, the frozen cases, the judge's files, and the search so far.

All that decides is settled when the run begins. A run that was killed goes on with the same, whatever was set or seen since.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from autotune.core.codec import decode
from autotune.core.judging import packs
from autotune.core.judging.packs import Pack
from autotune.edges.folders import data_folder
from autotune.edges.run_folders import RESULT, RUN, numbered
from autotune.errors import AutotuneError

JUDGE, RUBRIC, BASE = "judge.toml", "rubric.toml", "base.json"
READ, SELECT, CONFIRM, IDS = "read.jsonl", "select.jsonl", "confirm.jsonl", "ids.txt"


@dataclass(frozen=True, slots=True)
class Run:
    """What stays as it is in a run.

    `name` is that of its caps, `engine` what searches. `base` is the commit that it begins from. `read` and `select` are the search's
    cases; `slices` are parts of the cases that confirm, by name, in which no pack may be worse. `refused` are packs that were rejected or
    taken back before.
    """

    name: str
    behavior: str
    workshop: str
    base: str
    seed: int
    proposer: str
    proposals: int
    read: tuple[str, ...]
    select: tuple[str, ...]
    units: int
    confirm: int
    uses: int
    engine: str = "own"
    max_usd: float | None = None
    worth: float = 0.05
    max_calls: int | None = None
    protected: tuple[str, ...] = ()
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: tuple[Mapping[str, str], ...] = ()

    @property
    def pack(self) -> str:
        """The pack's path in the workshop."""
        return packs.path_of(self.behavior)


def folder_of(workshop: Path, behavior: str) -> Path:
    """Where the runs of a behaviour of a workshop lie, one folder each, by their numbers."""
    return data_folder() / "optimize" / sha256(str(workshop).encode()).hexdigest()[:12] / behavior


def results(home: Path) -> Iterator[Mapping[str, Any]]:
    """What came of the runs that have ended, oldest first."""
    for path in numbered(home):
        if (path / RESULT).is_file():
            yield json.loads((path / RESULT).read_bytes())


def read_run(folder: Path) -> Run:
    """A run's settings. Raises AutotuneError where the folder is none of a run."""
    try:
        return decode(Run, json.loads((folder / RUN).read_bytes()))
    except (OSError, ValueError) as problem:
        hint = "go on with the version of autotune that made it, or move that folder away: then another run begins"
        raise AutotuneError(f"{folder} is no run of optimize that this version can read: {problem}.", hint) from None


def texts_of(pack: Pack) -> dict[str, str]:
    """A pack as the texts that a search changes."""
    demos = [{"input": asked, "output": answered} for asked, answered in pack.demos]
    return {"instructions": pack.instructions, "demos": json.dumps(demos, ensure_ascii=False) if demos else ""}


def pack_of(behavior: str, texts: Mapping[str, str]) -> Pack:
    """The pack that texts of a search are."""
    demos = json.loads(texts["demos"]) if texts["demos"] else []
    return Pack(behavior, texts["instructions"], tuple((one["input"], one["output"]) for one in demos))
