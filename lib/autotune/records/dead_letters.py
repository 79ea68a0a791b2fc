"""The file of what could not be read: made of the database, a line of JSON each, with the reason, the place and how the line begins."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

from autotune.edges.atomic import replace_privately
from autotune.records.store import Store

EXCERPT = 500
"""How many characters of a line are shown, masked."""


def path_of(store: Store) -> Path:
    """Where the file is: beside the database."""
    return store.path.with_name("dead-letters.jsonl")


def write(store: Store) -> Path | None:
    """Write the file, or take it away where there is nothing to say; gives its path where there is."""
    path = path_of(store)
    query = (
        "SELECT path, dead_letter.position, size, reason, dead_letter.read_ms, excerpt"
        " FROM dead_letter JOIN file USING (file_id) ORDER BY file_id, 2"
    )
    rows = store.connection.execute(query)
    first = rows.fetchone()
    if first is None:
        path.unlink(missing_ok=True)
        return None
    replace_privately(path, (_line(row) for row in chain([first], rows)))
    return path


def _line(row: tuple[object, ...]) -> bytes:
    said = dict(zip(("file", "position", "size", "reason", "read_ms", "begins"), row, strict=True))
    return (json.dumps(said, ensure_ascii=False) + "\n").encode()
