"""Logs of an agent, written as it would, and a database that they are taken into."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autotune.records.keeping import Taken
from autotune.records.sources import Rules, Source
from autotune.records.store import Store, opened
from autotune.records.taking_in import take_in

NOW = 1_764_460_800_000
DAY = 86_400_000


def record(number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A record of an agent."""
    base = {"trace_id": f"t{number}", "created_at": NOW - 1000 + number % 1000, "input_text": f"question {number}", "output_text": "answer"}
    return {**base, "user_id": f"u{number % 7}", "chat_id": f"c{number % 11}", **more}


def lines(*records: object) -> bytes:
    """Records as lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


class Desk:
    """A folder of logs, and a database."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        self.log = self.logs / "a.jsonl"
        self.path = folder / "data" / "records.db"
        self.rules = Rules()

    @contextmanager
    def store(self, *, dry: bool = False) -> Iterator[Store]:
        """The database, open for writing."""
        with opened(self.path, write=True, dry=dry) as store:
            yield store

    def take(self, *sources: Source, now: int = NOW, rules: Rules | None = None, dry: bool = False) -> Taken:
        """Take in what is new."""
        with self.store(dry=dry) as store:
            return take_in(store, sources or [Source(self.logs)], rules or self.rules, now)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with opened(self.path) as store:
            return store.rows(query, *values)

    def ids(self) -> list[str]:
        """The ids of all records, in order."""
        return [row[0] for row in self.rows("SELECT id FROM record ORDER BY id")]

    def contents(self) -> list[dict[str, Any]]:
        """What all records say."""
        return [json.loads(row[0]) for row in self.rows("SELECT content FROM record ORDER BY id")]

    def unread(self) -> dict[str, int]:
        """Dead letters, by reason."""
        return dict(self.rows("SELECT reason, count(*) FROM dead_letter GROUP BY reason"))

    def dump(self, *without: str) -> list[str]:
        """The whole database as text, but for lines with one of these words."""
        with opened(self.path) as store:
            return [line for line in store.connection.iterdump() if not any(word in line for word in without)]


def ids_of(numbers: Sequence[int]) -> list[str]:
    """The ids of records, in order."""
    return sorted(f"t{number}" for number in numbers)
