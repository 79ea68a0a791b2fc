"""The database as lines of JSON, and back: a first line that says what follows, then every row with its table's name.

Read into an empty database, an export gives the same database. Read into another, it adds what
that does not have yet, but for what was forgotten there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autotune.core.codec import read_json
from autotune.errors import AutotuneError
from autotune.records.keeping import forgotten_before
from autotune.records.schema import MIGRATIONS, TABLES
from autotune.records.store import Store

_MARK = "autotune_records"
_KEYS = {"source": "source_id", "file": "file_id", "record": "record_id"}
_OF_RECORDS = {"remark", "score", "label", "probe"}
_KNOWN_BY = {"source": ("format", "place"), "file": ("source_id", "identity", "head"), "record": ("kind", "origin", "id")}


def lines(store: Store) -> Iterator[str]:
    """Every line of an export of all that there is."""
    orders = {"forgotten": "1", "frozen": "1", "score": "1, 2, 3, 4", "probe": "1, 2, 3, 4"}
    return lines_of(store, {table: f"SELECT * FROM {table} ORDER BY {orders.get(table, '1, 2')}" for table in TABLES})  # noqa: S608 - names of ours


def lines_of(store: Store, queries: Mapping[str, str], *values: object) -> Iterator[str]:
    """Every line of an export of what queries find, by table, with these values in each of them."""
    yield json.dumps({_MARK: len(MIGRATIONS)})
    for table, query in queries.items():
        rows = store.connection.execute(query, values)
        names = [column[0] for column in rows.description]
        for row in rows:
            yield json.dumps({"table": table, **dict(zip(names, row, strict=True))}, ensure_ascii=False)


def is_export(path: Path) -> bool:
    """Whether a file begins as an export does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_MARK) + 3).lstrip().startswith(b'{"' + _MARK.encode())


def read_back(store: Store, path: Path) -> int:
    """Add an export's rows to the database, all or none; gives how many records are new. Raises AutotuneError, with the line."""
    with path.open(encoding="utf-8") as file, store.transaction() as connection:
        before = store.count("SELECT count(*) FROM record")
        adding = _Adding(store)
        version = read_json(next(file))[_MARK]
        if version > len(MIGRATIONS):
            raise AutotuneError(f"{path} was exported by a newer autotune (version {version}).", "update autotune, then read it")
        for number, line in enumerate(file, 2):
            try:
                adding.add(read_json(line))
            except (ValueError, KeyError, TypeError, connection.DatabaseError) as problem:
                raise AutotuneError(f"{path}, line {number}, is no row of an export: {problem}.", "export again, then read that") from None
        return store.count("SELECT count(*) FROM record") - before


class _Adding:
    """Rows added one after the other, under the numbers that they have here."""

    def __init__(self, store: Store) -> None:
        self._connection = store.connection
        self._empty = not store.count("SELECT count(*) FROM source") and not store.count("SELECT count(*) FROM record")
        self._here: dict[str, dict[int, int]] = {key: {} for key in _KEYS.values()}
        self._had: set[int] = set()
        self._gone: set[int] = set()
        self._forgotten = {str(case) for (case,) in store.rows("SELECT case_id FROM forgotten")}
        self._earliest_ms = forgotten_before(store)
        self._columns = {table: [row[1] for row in store.rows(f"PRAGMA table_info({table})")] for table in TABLES}

    def add(self, row: dict[str, Any]) -> None:
        """Add a row, where it is not there."""
        table = row.pop("table")
        own = _KEYS.get(table)
        if set(row) != set(self._columns[table]):
            raise ValueError(f"its keys are not the columns of {table}")
        if table in _OF_RECORDS and row["record_id"] in self._gone:
            return
        for key, here in self._here.items():
            if key != own and row.get(key) is not None:
                row[key] = here[row[key]]
        if table == "remark" and row["record_id"] in self._had:
            return
        if table == "record" and self._is_forgotten(row):
            self._gone.add(row["record_id"])
            return
        there = row.pop(own, None) if own else None
        if own and self._empty:
            row[own] = there
        names = ", ".join(row)
        done = self._connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT DO NOTHING",  # noqa: S608 - checked above
            tuple(row.values()),
        )
        if own:
            known_by = _KNOWN_BY[table]
            query = f"SELECT {own} FROM {table} WHERE {' AND '.join(f'{name} = ?' for name in known_by)}"  # noqa: S608 - names of ours
            self._here[own][int(there or 0)] = self._connection.execute(query, [row[name] for name in known_by]).fetchone()[0]
            if table == "record" and not done.rowcount:
                self._had.add(self._here[own][int(there or 0)])

    def _is_forgotten(self, row: dict[str, Any]) -> bool:
        """Whether a record was forgotten here, by its name or by its age."""
        return row["case_id"] in self._forgotten or row["at_ms"] < self._earliest_ms
