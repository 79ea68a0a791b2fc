"""What hosts wrote down since the last time, taken into the records: each row once, whenever this is killed.

A batch of lines and how far the file has been read are written in one transaction. A row is known by its session, its file and the place of
its line. Nothing leaves the machine, and what people wrote is masked as traces are.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from autotune.core.codec import mapping_in
from autotune.core.records.masking import masked
from autotune.core.records.places import case_id, part_of, unit_of
from autotune.core.skills.seen import Prompt, Row
from autotune.core.skills.stored import KIND, TURNS, to_mapping
from autotune.records import bookmarks, files
from autotune.records.forgetting import expire
from autotune.records.keeping import limits_of
from autotune.records.sources import Rules
from autotune.records.store import Store
from autotune.skills.folding import fold
from autotune.skills.hosts import OPENCODE, Host, read_part

_COLUMNS = "kind, origin, id, case_id, file_id, position, at_ms, conversation, part, applies, shown, content"
_INSERT = f"INSERT INTO record ({_COLUMNS}) VALUES ({', '.join('?' * 12)}) ON CONFLICT (kind, origin, id) DO UPDATE SET content = excluded.content WHERE content <> excluded.content"  # noqa: S608, E501 - constants
_PARTS = """SELECT part.id, part.message_id, part.session_id, part.time_created, part.time_updated, part.data, message.data,
session.parent_id FROM part JOIN message ON message.id = part.message_id JOIN session ON session.id = part.session_id
WHERE part.time_updated >= ? ORDER BY part.time_updated, part.id"""
_OPENCODE_AT = "skills: opencode read until"


@dataclass(slots=True)
class Synced:
    """What one look came to. `unread` counts lines that are no JSON object, by host."""

    sessions: set[str] = field(default_factory=set)
    lines: int = 0
    bytes: int = 0
    rows: int = 0
    expired: int = 0
    masked: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    session: str
    log: str
    file_id: int | None


def sync(
    store: Store, hosts: Iterable[Host], opencode: Path, rules: Rules, now_ms: int, said: Callable[[Synced], None] = lambda _: None
) -> Synced:
    """Take in what is new of every session; `said` hears how far it is after every file."""
    synced, earliest_ms = Synced(), limits_of(store, rules, now_ms).earliest_ms
    for kind in (KIND, TURNS):
        expire(store, earliest_ms, kind)
    for host in hosts:
        for path in host.logs():
            with path.open("rb") as file:
                _File(store, host, rules, now_ms, synced).read(path, file)
            said(synced)
    changed = _of_opencode(store, opencode, rules, now_ms, synced) if opencode.is_file() else set[str]()
    fold(store, changed)
    return synced


@dataclass(slots=True)
class _File:
    store: Store
    host: Host
    rules: Rules
    now_ms: int
    synced: Synced

    def read(self, path: Path, file: BinaryIO) -> None:
        """Read what is new in one file."""
        size = path.stat().st_size
        known = files.known(file)
        if known is None:
            return
        with self.store.transaction():
            source = (f"skills:{self.host.name}", str(self.host.folder))
            file_id, position, *_ = bookmarks.found(self.store, source, path, file, known, self.now_ms)
        if position >= size:
            return
        place = _Place(self.host.name, _session(path), path.stem, file_id)
        self.synced.sessions.add(f"{place.host} {place.session}")
        self.store.begin()
        read = 0
        for line in files.lines(file, position, self.rules.longest_line):
            self._line(line, place)
            position, read = line.position + line.size, read + line.size
            if read >= self.rules.bytes_at_once:
                self._note(file, place, position)
                file.seek(position)
                read = 0
                self.store.begin()
        self._note(file, place, position)

    def _note(self, file: BinaryIO, place: _Place, position: int) -> None:
        values = (position, files.tail(file, position), self.now_ms, place.file_id)
        self.store.connection.execute("UPDATE file SET position = ?, tail = ?, read_ms = ? WHERE file_id = ?", values)
        self.store.commit()

    def _line(self, line: files.Line, place: _Place) -> None:
        self.synced.lines += 1
        self.synced.bytes += line.size
        if line.raw is None or (self.host.marks and not any(mark in line.raw for mark in self.host.marks)):
            return
        if (record := mapping_in(line.raw)) is not None:
            keep(self.store, self.host.read(record), place, line.position, self.rules, self.now_ms, self.synced)
        elif line.raw.strip():
            self.synced.unread[self.host.name] += 1


def keep(
    store: Store, rows: Iterable[Row], place: _Place, position: int, rules: Rules, now_ms: int, synced: Synced, name: str | None = None
) -> None:
    """Put rows into the database; one that is there already stays, or grows. They are known by a `name`, else by their place."""
    earliest_ms = limits_of(store, rules, now_ms).earliest_ms
    for number, row in enumerate(rows):
        at_ms = _milliseconds(row) or now_ms
        if at_ms < earliest_ms:
            synced.expired += 1
            continue
        own = f"{place.session}/{place.log}:{name or position}:{number}"
        case = case_id(place.host, own)
        if store.count("SELECT 1 FROM forgotten WHERE case_id = ?", case):
            continue
        part = str(part_of(unit_of(None, place.session, own)))
        content = _as_json(to_mapping(_masked(row, rules, synced))).encode("utf-8", "replace").decode()
        values = (KIND, place.host, own, case, place.file_id, position, at_ms, f"{place.host} {place.session}", part, "[]", "{}", content)
        synced.rows += store.connection.execute(_INSERT, values).rowcount


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _masked(row: Row, rules: Rules, synced: Synced) -> Row:
    if not rules.mask or not isinstance(row, Prompt):
        return row
    text, found = masked(row.text)
    synced.masked.update(found)
    return replace(row, text=text) if found else row


def _milliseconds(row: Row) -> int | None:
    said = getattr(row, "at", "")
    try:
        return int(datetime.fromisoformat(said).timestamp() * 1000) if said else None
    except ValueError:
        return None


def _session(path: Path) -> str:
    """A subagent's file lies in a folder that is named after its session."""
    return path.parent.parent.name if path.parent.name == "subagents" else path.stem


def _of_opencode(store: Store, path: Path, rules: Rules, now_ms: int, synced: Synced) -> set[str]:
    """Take in the parts that have changed since the last time, those of that very moment again; gives the sessions that did change."""
    since = store.count("SELECT CAST(value AS INTEGER) FROM note WHERE name = ?", _OPENCODE_AT)
    seen, latest = set[str](), since
    with store.transaction() as connection:
        for part, message, session, created, updated, data, about, parent in _parts(path, since):
            place, before = _Place(OPENCODE, session, OPENCODE, None), synced.rows
            agent = session if parent else ""
            said, held = mapping_in(about), mapping_in(data)
            if said is None or held is None:
                synced.unread[OPENCODE] += 1
                continue
            record = {"role": said.get("role"), "message": message, "agent": agent, "time_created": created, "data": held}
            keep(store, read_part(record), place, created, rules, now_ms, synced, part)
            seen.update([session] if synced.rows > before else [])
            latest = max(latest, updated)
        connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (_OPENCODE_AT, str(latest)))
    changed = {f"{OPENCODE} {session}" for session in seen}
    synced.sessions |= changed
    return changed


def _parts(path: Path, since: int) -> Iterator[tuple[str, str, str, int, int, str, str, str | None]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        yield from connection.execute(_PARTS, (since,))
    finally:
        connection.close()
