"""Numbered folders, one for each run of a search: what a run begins from, how far it has come, what came of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from autotune.core.codec import decode, encode
from autotune.core.search.model import Search
from autotune.edges.atomic import replace_file

RUN, SEARCH, RESULT = "run.json", "search.json", "result.json"


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


def read_search(folder: Path) -> Search | None:
    """How far the search has come; None before its first step."""
    path = folder / SEARCH
    return decode(Search, json.loads(path.read_bytes())) if path.is_file() else None


def write(folder: Path, name: str, value: object) -> None:
    """Write a value down, whole or not at all."""
    replace_file(folder / name, json.dumps(encode(value), ensure_ascii=False).encode())
