"""What is kept of skills, as lines of JSON, and back; and all that is derived of it, made again.

The lines are those of an export of the whole database, so that either kind can be read where the other can.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autotune.core.skills.stored import KIND, TURNS
from autotune.records import exporting
from autotune.records.store import Store
from autotune.skills.folding import fold

_MINE = "SELECT file_id FROM record WHERE kind LIKE 'skill %' AND at_ms >= ?"
_TABLES = {
    "source": f"SELECT * FROM source WHERE source_id IN (SELECT source_id FROM file WHERE file_id IN ({_MINE})) ORDER BY 1",  # noqa: S608
    "file": f"SELECT * FROM file WHERE file_id IN ({_MINE}) ORDER BY 1",  # noqa: S608 - constants
    "record": "SELECT * FROM record WHERE kind LIKE 'skill %' AND at_ms >= ? ORDER BY 1",
}
"""What was read and said of skills. Turns are derived, and made again."""


def lines(store: Store, since_ms: int = 0) -> Iterator[str]:
    """Every line of an export of what is kept of skills, from a moment on."""
    return exporting.lines_of(store, _TABLES, since_ms)


def recover(store: Store, export: Path | None) -> tuple[int, int]:
    """Read an export back, where there is one, and make the turns of every session again; gives how many records are new, and sessions."""
    added = 0 if export is None else exporting.read_back(store, export)
    sessions = [str(row[0]) for row in store.rows("SELECT DISTINCT conversation FROM record WHERE kind = ?", KIND)]
    with store.transaction() as connection:
        connection.execute("DELETE FROM record WHERE kind = ?", (TURNS,))
    fold(store, sessions)
    return added, len(sessions)
