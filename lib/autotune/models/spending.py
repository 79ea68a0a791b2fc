"""What calls have cost: one SQLite file for all processes, in which every call is written before it is made and again when it has ended.

`calls` has a row for each; those that are under way hold the most that they can take. `totals` has sums by scope, a run's and a day's
(UTC), so that a cap is checked without reading every row. A call whose process is gone counts as the most that it could take.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autotune.core.asking.costs import Cost, Sure
from autotune.core.asking.failing import Why
from autotune.core.asking.limits import Admission, Limits, Most, Spent, admitted
from autotune.core.asking.request import Usage
from autotune.edges.atomic import lives, stat_of, there_for_you_alone
from autotune.edges.folders import data_folder
from autotune.errors import AutotuneError

VERSION = 1
_SCHEMA = """
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, day TEXT NOT NULL, at TEXT NOT NULL, model TEXT NOT NULL, purpose TEXT NOT NULL,
    hash TEXT NOT NULL, pid INTEGER NOT NULL, begun TEXT NOT NULL, most_tokens INTEGER, most_usd REAL,
    ended TEXT, why TEXT, read INTEGER, written INTEGER, cached INTEGER, stored INTEGER, usd REAL, sure TEXT, seconds REAL
);
CREATE INDEX by_model ON calls (model, day);
CREATE INDEX under_way ON calls (id) WHERE ended IS NULL;
CREATE TABLE totals (
    scope TEXT PRIMARY KEY, calls INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0, usd REAL NOT NULL DEFAULT 0,
    guessed REAL NOT NULL DEFAULT 0, unknown INTEGER NOT NULL DEFAULT 0
);
"""
_BUSY_MS = 10_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call that was let through."""

    number: int
    run: str
    day: str


class Spending:
    """The file, opened. Threads and processes may use it at once."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or data_folder() / "models.db"
        self._lock = threading.Lock()
        self._file = _opened(self.path)
        self._begun = _begun(os.getpid())

    def close(self) -> None:
        """Close the file, when no thread uses it: to close it under one's hands ends the process."""
        with self._lock:
            self._file.close()

    def begin(
        self, run: str, model: str, purpose: str, request_hash: str, most: Most, per_run: Limits, per_day: Limits
    ) -> Ticket | tuple[Admission, Why]:
        """Write down a call that is about to be made, where the caps let it through; else say when they will, and which holds it back."""
        at = datetime.now(UTC)
        day = at.date().isoformat()
        with self._transaction() as file:
            self._settle_orphans(file)
            for scope, limits in ((f"run {run}", per_run), (f"day {day}", per_day)):
                answer, why = admitted(limits, self._spent(file, scope), most)
                if why is not None:
                    return answer, why
            for scope in (f"run {run}", f"day {day}"):
                file.execute(
                    "INSERT INTO totals (scope, calls) VALUES (?, 1) ON CONFLICT (scope) DO UPDATE SET calls = calls + 1", (scope,)
                )
            row = (run, day, at.isoformat(), model, purpose, request_hash, os.getpid(), self._begun, most.tokens, most.usd)
            columns = "run, day, at, model, purpose, hash, pid, begun, most_tokens, most_usd"
            number = file.execute(f"INSERT INTO calls ({columns}) VALUES ({', '.join('?' * len(row))})", row).lastrowid  # noqa: S608
        return Ticket(number or 0, run, day)

    def end(self, ticket: Ticket, cost: Cost, why: Why | None, seconds: float) -> None:
        """Write down how a call ended and what it took."""
        with self._transaction() as file:
            _end(file, ticket, cost, why, seconds)

    def spent(self, scope: str) -> Spent:
        """Say what was spent in a scope: `run NAME` or `day 2026-11-29`."""
        with self._transaction() as file:
            self._settle_orphans(file)
            return self._spent(file, scope)

    def paid(self, purpose: str) -> tuple[float | None, float | None]:
        """Give the mean cost of the calls for a purpose, and the dearest, in US dollars; None where no cost is known."""
        with self._lock:
            found = self._file.execute(
                "SELECT avg(usd), max(usd) FROM calls WHERE purpose = ? AND ended IS NOT NULL AND usd IS NOT NULL", (purpose,)
            ).fetchone()
        return found[0], found[1]

    def says_no_cost(self, model: str) -> bool:
        """Whether today's last answer of a model came without its cost."""
        return self._last_cost(model) == (None,)

    def says_it_is_free(self, model: str) -> bool:
        """Whether today's last answer of a model cost nothing."""
        return self._last_cost(model) == (0.0,)

    def _last_cost(self, model: str) -> tuple[float | None] | None:
        asked = "SELECT usd FROM calls WHERE model = ? AND day = ? AND ended IS NOT NULL AND why IS NULL ORDER BY id DESC LIMIT 1"
        with self._lock:
            row: tuple[float | None] | None = self._file.execute(asked, (model, datetime.now(UTC).date().isoformat())).fetchone()
        return row

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    @staticmethod
    def _spent(file: sqlite3.Connection, scope: str) -> Spent:
        totals = file.execute("SELECT calls, tokens, usd, guessed, unknown FROM totals WHERE scope = ?", (scope,)).fetchone()
        kind, _, name = scope.partition(" ")
        column = "run" if kind == "run" else "day"
        asked = f"SELECT most_tokens, most_usd FROM calls WHERE ended IS NULL AND {column} = ?"  # noqa: S608
        rows = file.execute(asked, (name,)).fetchall()
        tokens = None if any(one is None for one, _ in rows) else sum(one for one, _ in rows)
        usd = None if any(one is None for _, one in rows) else sum(one for _, one in rows)
        calls, taken, paid, guessed, unknown = totals or (0, 0, 0.0, 0.0, 0)
        return Spent(calls, taken, paid, guessed, unknown, len(rows), tokens, usd)

    def _settle_orphans(self, file: sqlite3.Connection) -> None:
        """End the calls of processes that are gone: nobody will say any more what they took."""
        asked = "SELECT id, run, day, pid, begun, most_tokens, most_usd FROM calls WHERE ended IS NULL"
        for number, run, day, pid, begun, tokens, usd in file.execute(asked).fetchall():
            ours = pid == os.getpid() and begun == self._begun
            if not ours and not (lives(str(pid)) and _begun(pid) == begun):
                cost = Cost(None if tokens is None else Usage(tokens), usd, Sure.UNKNOWN if usd is None else Sure.AT_MOST)
                _end(file, Ticket(number, run, day), cost, Why.FAILED, None)


def spent(scope: str) -> Spent:
    """Say what was spent in a scope, of the user's own file."""
    with closing(Spending()) as spending:
        return spending.spent(scope)


def taken(run: str) -> dict[str, float]:
    """What a run has taken, as values; `guessed` is the part of the money that is the most that it can be."""
    found = spent(f"run {run}")
    return {"calls": found.calls, "usd": found.usd, "guessed": found.usd_guessed}


def today() -> str:
    """Name the scope of today (UTC)."""
    return f"day {datetime.now(UTC).date().isoformat()}"


def _end(file: sqlite3.Connection, ticket: Ticket, cost: Cost, why: Why | None, seconds: float | None) -> None:
    used = cost.usage or Usage()
    tokens = (None,) * 4 if cost.usage is None else (used.read, used.written, used.cached, used.stored)
    values = (datetime.now(UTC).isoformat(), None if why is None else str(why), *tokens, cost.usd, str(cost.sure), seconds, ticket.number)
    changed = file.execute(
        "UPDATE calls SET ended = ?, why = ?, read = ?, written = ?, cached = ?, stored = ?, usd = ?, sure = ?, seconds = ? "
        "WHERE id = ? AND ended IS NULL",
        values,
    )
    if not changed.rowcount:
        return
    usd = cost.usd or 0.0
    for scope in (f"run {ticket.run}", f"day {ticket.day}"):
        file.execute(
            "UPDATE totals SET tokens = tokens + ?, usd = usd + ?, guessed = guessed + ?, unknown = unknown + ? WHERE scope = ?",
            (used.total, usd, usd if cost.sure is Sure.AT_MOST else 0.0, cost.usd is None, scope),
        )


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        there_for_you_alone(path)
        file = sqlite3.connect(path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        _migrate(file, path)
    except (OSError, sqlite3.Error) as problem:
        raise AutotuneError(
            f"What model calls have cost is kept in {path}, which cannot be used: {problem}.", "make it writable, or set XDG_DATA_HOME"
        ) from problem
    return file


def _migrate(file: sqlite3.Connection, path: Path) -> None:
    file.execute("BEGIN IMMEDIATE")
    version = file.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        for statement in filter(str.strip, _SCHEMA.split(";")):
            file.execute(statement)
        file.execute(f"PRAGMA user_version = {VERSION}")
    file.execute("COMMIT")
    if version > VERSION:
        raise AutotuneError(f"{path} was written by a newer autotune.", "update autotune")


def _begun(pid: int) -> str:
    """Say when a process began, as the system counts it, so that its number alone is not taken for it; empty where that cannot be told."""
    return "".join(stat_of(pid)[19:20])
