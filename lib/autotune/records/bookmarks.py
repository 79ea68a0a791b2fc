"""How far each file has been read: found again in the database, or noted there."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, NamedTuple

from autotune.records import files
from autotune.records.store import Store

_NOTED = """INSERT INTO file (source_id, identity, head, path, position, tail, pending, read_ms) VALUES (?, ?, ?, ?, 0, '', 0, ?)
ON CONFLICT (source_id, identity, head) DO UPDATE SET path = excluded.path"""
_FOUND = "SELECT file_id, position, tail FROM file WHERE source_id = ? AND identity = ? AND head = ?"


class Bookmark(NamedTuple):
    """A file in the database, and from where on it is new (bytes). `cut`: it was cut or written over, so it is new from its start.

    `held`: what comes from there on was read too, and is held until more comes.
    """

    file_id: int
    position: int
    cut: bool
    held: bool


def found(store: Store, source: tuple[str, str], path: Path, file: BinaryIO, known: files.Known, now_ms: int) -> Bookmark:
    """Find a file of a source (a format and a place), or note it."""
    file_id, position, tail = noted(store, source, path, known, now_ms)
    size = file.seek(0, 2)
    cut = bool(position) and (position > size or files.tail(file, position) != tail)
    pending = store.count("SELECT pending FROM file WHERE file_id = ?", file_id)
    return Bookmark(file_id, 0 if cut else position, cut, held=not cut and pending < 0 and position - pending == size)


def noted(store: Store, source: tuple[str, str], path: Path, known: files.Known, now_ms: int) -> tuple[int, int, str]:
    """Give a file's number, how far it was read, and the hash of what came before; noted as not read where it was not known."""
    store.connection.execute("INSERT INTO source (format, place) VALUES (?, ?) ON CONFLICT DO NOTHING", source)
    source_id = store.count("SELECT source_id FROM source WHERE format = ? AND place = ?", *source)
    key = (source_id, known.identity, known.head)
    store.connection.execute(_NOTED, (*key, files.shown(path), now_ms))
    file_id, position, tail = store.connection.execute(_FOUND, key).fetchone()
    return int(file_id), int(position), str(tail)
