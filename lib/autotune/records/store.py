"""The database of what was seen: found, opened, brought up to date, for this user's eyes alone.

Several processes may read while one writes (write-ahead log). What is written is written in transactions, so that a process that is killed
leaves what its last whole transaction left. Whoever writes holds the lock `records.lock` beside the database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from autotune.edges.atomic import there_for_you_alone
from autotune.edges.folders import data_folder
from autotune.edges.locks import hold
from autotune.errors import AutotuneError
from autotune.records.schema import MIGRATIONS

SETTING = "AUTOTUNE_DB_PATH"
PRIVATE = 0o600
_NEVER_WAITED_FOR_S = 10
_CACHE_KIB = 16_384
_OURS = sqlite3.SQLITE_ERROR
_CONDITIONS = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM),
}
"""What SQLite reports that lies outside autotune."""
_WRITABLE = "make it writable for you, and the files beside it that begin like it, and its folder; then run the command again"
_HINTS = {
    sqlite3.SQLITE_FULL: "make room there, then run the command again: nothing that was taken in is lost",
    **dict.fromkeys((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM), _WRITABLE),
}


class Store:
    """The open database. `dry` is a rehearsal: all is done, nothing is kept."""

    def __init__(self, connection: sqlite3.Connection, path: Path, *, dry: bool = False) -> None:
        self.connection = connection
        self.path = path
        self.dry = dry

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Keep all of what is written within, or nothing."""
        self.begin()
        try:
            yield self.connection
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        self.commit()

    def begin(self) -> None:
        """Begin a transaction, where none goes on."""
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep what was written since `begin`; a rehearsal goes on in its one transaction."""
        if not self.dry and self.connection.in_transaction:
            self.connection.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Give what a query finds, which has to be little."""
        return self.connection.execute(query, values).fetchall()

    def count(self, query: str, *values: object) -> int:
        """Give the one number that a query finds; 0 where that is nothing."""
        found = self.connection.execute(query, values).fetchone()
        return int(found[0] or 0) if found else 0


def usual_path(setting: str | None) -> Path:
    """Where the database is: where a setting says, else in the user's data folder."""
    return Path(setting).expanduser().absolute() if setting else data_folder() / "records.db"


@contextmanager
def opened(path: Path, *, write: bool = False, dry: bool = False, what: str = "autotune prompts", wait_s: float = 0.0) -> Iterator[Store]:
    """Open the database, made where it is not there; with `write`, under its lock, which `what` is said to hold, after `wait_s` seconds.

    Where there is none yet, who only reads gets an empty one in memory, and so does a rehearsal (`dry`).
    Raises AutotuneError where the database is damaged, is of a newer
    autotune, or another process writes.
    """
    in_memory = (dry or not write) and not path.exists()
    with ExitStack() as stack:
        if not in_memory:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if write and not in_memory:
            stack.enter_context(hold(path.with_name("records.lock"), what, wait_s))
        yield Store(stack.enter_context(_connected(path, in_memory=in_memory)), path, dry=dry and not in_memory)


@contextmanager
def _connected(path: Path, *, in_memory: bool = False) -> Iterator[sqlite3.Connection]:
    if path.is_dir():
        raise AutotuneError(f"{path} is a folder, and no database.", f"set {SETTING} to a file")
    if not in_memory:
        there_for_you_alone(path)
        path.chmod(PRIVATE)  # its log and its index of shared memory get the same
    connection = sqlite3.connect(":memory:" if in_memory else path, timeout=_NEVER_WAITED_FOR_S, isolation_level=None)
    try:
        _prepare(connection, path)
        yield connection
    except sqlite3.DatabaseError as problem:
        if (code := getattr(problem, "sqlite_errorcode", _OURS) & 0xFF) not in _CONDITIONS:
            raise
        hint = _HINTS.get(code, f"move it away, or set {SETTING} to another file")
        raise AutotuneError(f"The database {path} cannot be used: {problem}.", hint) from None
    finally:
        connection.close()  # which takes back what was not kept


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    had = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if had > len(MIGRATIONS):
        raise AutotuneError(
            f"A newer autotune made {path}: its version is {had}, and this one knows {len(MIGRATIONS)}.",
            f"use a newer autotune, or set {SETTING} to another file",
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if had == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    had = int(connection.execute("PRAGMA user_version").fetchone()[0])  # another process may have been quicker
    for number in range(had, len(MIGRATIONS)):
        for statement in MIGRATIONS[number].split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number + 1}")
    connection.execute("COMMIT")
