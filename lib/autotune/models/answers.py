"""Answers that were had before, by the hash of their requests: a file in the cache folder that can be deleted at any time."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from autotune.core.asking.request import Reply
from autotune.core.codec import decode
from autotune.edges.atomic import there_for_you_alone
from autotune.edges.folders import cache_folder

_TABLE = "CREATE TABLE IF NOT EXISTS answers (hash TEXT PRIMARY KEY, at TEXT NOT NULL, reply TEXT NOT NULL)"


class Answers:
    """The file, opened. Where it cannot be used, nothing is kept, and nothing else goes wrong."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or cache_folder() / "answers.db"
        self._lock = threading.Lock()
        self._file: sqlite3.Connection | None = None
        with suppress(OSError, sqlite3.Error):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            there_for_you_alone(self.path)
            file = sqlite3.connect(self.path, timeout=5.0, isolation_level=None, check_same_thread=False)
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA synchronous = OFF")
            file.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
            file.execute(_TABLE)
            self._file = file

    def close(self) -> None:
        """Close the file, when no thread uses it."""
        with self._lock:
            if self._file is not None:
                self._file.close()

    def find(self, request_hash: str) -> Reply | None:
        """Give an answer that was had before; None where there is none that can be read."""
        with self._lock, suppress(sqlite3.Error, ValueError):
            row = None if self._file is None else self._file.execute("SELECT reply FROM answers WHERE hash = ?", (request_hash,)).fetchone()
            if row is not None:
                return decode(Reply, json.loads(row[0]))
        return None

    def keep(self, request_hash: str, reply: Reply) -> None:
        """Keep an answer."""
        text = json.dumps({**asdict(reply), "stop": str(reply.stop)})
        with self._lock, suppress(sqlite3.Error):
            if self._file is not None:
                row = (request_hash, datetime.now(UTC).isoformat(), text)
                self._file.execute("INSERT OR REPLACE INTO answers (hash, at, reply) VALUES (?, ?, ?)", row)

    def forget(self) -> int:
        """Delete all answers; gives how many."""
        with self._lock, suppress(sqlite3.Error):
            if self._file is not None:
                gone = self._file.execute("DELETE FROM answers").rowcount
                self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return gone
        return 0
