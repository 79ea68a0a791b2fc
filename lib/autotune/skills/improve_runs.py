"""What one run of `improve` is made of: a folder with suite and skill as they were, the probe's settings, and the search so far.

All that decides is settled when the run begins. A run that was killed goes on with the same, whatever was set or seen since.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from autotune.core.codec import decode, encode
from autotune.core.search.model import Search
from autotune.core.skills.surfaces import Scope
from autotune.edges.atomic import replace_file
from autotune.edges.locks import data_folder
from autotune.errors import AutotuneError

RUN, WISH, SEARCH, SAME, RESULT = "run.json", "wish.json", "search.json", "same.json", "result.json"
PROBE, SUITE, IDS, BASE, PROPOSAL = "probe.toml", "suite.jsonl", "ids.txt", "base", "proposal"


@dataclass(frozen=True, slots=True)
class Run:
    """What stays as it is in a run.

    All its money is counted under `name`. `top` is the repository, `inside` the skill's folder in it, `base` the commit that it begins
    from. `read` and `select` are the search's cases, `confirm` those that decide, of which a model has invented so many. `decides` is
    false where these are too few, or the instrument is not the real client: then a better text is only proposed. `refused` was tried
    before, `further` is tried next where it brings nothing.
    """

    name: str
    skill: str
    top: str
    inside: str
    base: str
    scope: Scope
    metric: str
    seed: int
    proposer: str
    proposals: int
    read: tuple[str, ...]
    select: tuple[str, ...]
    confirm: tuple[str, ...]
    invented: int
    decides: bool
    max_usd: float
    refused: tuple[Mapping[str, str], ...] = ()
    further: tuple[Scope, ...] = ()


def home_of(skill: Path) -> Path:
    """Where the runs of a skill lie, one folder each, by their numbers."""
    return data_folder() / "improve" / f"{skill.name}-{sha256(str(skill.resolve()).encode()).hexdigest()[:8]}"


def numbered(home: Path) -> tuple[Path, ...]:
    """All runs, the oldest first."""
    return tuple(sorted((path for path in home.glob("*") if path.name.isdigit()), key=lambda path: int(path.name)))


def unfinished(home: Path) -> Path | None:
    """The run that was begun and has no result."""
    return next((path for path in numbered(home) if (path / RUN).is_file() and not (path / RESULT).is_file()), None)


def next_folder(home: Path) -> Path:
    """An empty folder for a new run; what was not begun in earnest is taken away."""
    for path in numbered(home):
        if not (path / RUN).is_file():
            shutil.rmtree(path)
    fresh = home / str(max((int(path.name) for path in numbered(home)), default=0) + 1)
    fresh.mkdir(parents=True, mode=0o700)
    return fresh


def read(folder: Path) -> Run:
    """A run's settings. Raises AutotuneError where the folder is none of a run."""
    try:
        return decode(Run, json.loads((folder / RUN).read_bytes()))
    except (OSError, ValueError) as problem:
        raise AutotuneError(f"{folder} is no run of improve: {problem}.", "`autotune skills improve NAME` makes one") from None


def read_search(folder: Path) -> Search | None:
    """How far the search has come; None before its first step."""
    path = folder / SEARCH
    return decode(Search, json.loads(path.read_bytes())) if path.is_file() else None


def write(folder: Path, name: str, value: Any) -> None:  # noqa: ANN401 - any dataclass or JSON
    """Write a value down, whole or not at all."""
    replace_file(folder / name, json.dumps(encode(value), ensure_ascii=False).encode())
