"""The database of an older tool of this kind, whose traces are taken over; the file itself is left as it is."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from autotune.readers.traces import dotclaw, values
from autotune.readers.traces.logs import Log
from autotune.readers.traces.reading import Refused
from autotune.records import bookmarks
from autotune.records.files import Known
from autotune.records.keeping import Limits, Spot, Taken, keep, limits_of
from autotune.records.sources import Rules
from autotune.records.store import Store

FORMAT = "older database"
_AS_JSON = "_json"
_AT_ONCE = 1000


def is_older(path: Path) -> bool:
    """Whether a file is such a database: it has traces, and no version of ours."""
    if not path.is_file():
        return False
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        return not version and bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'traces'").fetchone())
    return False


def ours_beside(path: Path) -> Path:
    """Where our own database is, where a setting names an older one."""
    return path.with_name(f"{path.stem}.records.db")


def take_over(store: Store, path: Path, rules: Rules, now_ms: int, taken: Taken) -> None:
    """Take over the traces that are new in it, by their row numbers. What cannot be read is counted."""
    limits, about = limits_of(store, rules, now_ms), path.stat()
    known = Known(f"{about.st_dev}:{about.st_ino}", "")
    with contextlib.closing(_opened(path)) as connection:
        connection.row_factory = sqlite3.Row
        while True:
            with store.transaction():
                file_id, position, _ = bookmarks.noted(store, (FORMAT, str(path)), path, known, now_ms)
                rows = connection.execute(
                    "SELECT rowid AS row_number, * FROM traces WHERE rowid > ? ORDER BY rowid LIMIT ?", (position, _AT_ONCE)
                ).fetchall()
                for row in rows:
                    _keep(store, dict(row), file_id, limits, taken)
                if rows:
                    until = (rows[-1]["row_number"], now_ms, file_id)
                    store.connection.execute("UPDATE file SET position = ?, read_ms = ? WHERE file_id = ?", until)
            if not rows:
                return


def _keep(store: Store, row: dict[str, Any], file_id: int, limits: Limits, taken: Taken) -> None:
    number = row.pop("row_number")
    said = {name.removesuffix(_AS_JSON) if name.endswith(_AS_JSON) else name: value for name, value in row.items()}
    for name in ("memory_facts", "memory_recall", "session_recall", "tool_calls"):
        said[name] = values.parsed(said.get(name))
    taken.lines += 1
    try:
        for trace in dotclaw.read(said):
            why = keep(store.connection, trace, Spot(str(Log.DOTCLAW), file_id, number), limits, taken)
            if why is not None:
                taken.unread[str(why)] += 1
    except Refused as refused:
        taken.unread[str(refused.why)] += 1


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
