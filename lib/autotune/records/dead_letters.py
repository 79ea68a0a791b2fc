"""The file of what could not be read: made of the database, a line of JSON each, with the reason, the place and how the line begins."""

from __future__ import annotations

import json
import os
from pathlib import Path

from autotune.records.store import PRIVATE, Store


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
    fresh = path.with_name(f".autotune-{os.getpid()}.tmp")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "w", encoding="utf-8") as file:
        row = first
        while row is not None:
            said = dict(zip(("file", "position", "size", "reason", "read_ms", "begins"), row, strict=True))
            file.write(json.dumps(said, ensure_ascii=False) + "\n")
            row = rows.fetchone()
    fresh.replace(path)
    return path
