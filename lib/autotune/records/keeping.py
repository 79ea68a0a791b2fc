"""One trace put into the database, with all that belongs to it: once, however often it is read."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from autotune.core.records import behaviors
from autotune.core.records.masking import masked_trace
from autotune.core.records.places import case_id, part_of, unit_of
from autotune.core.records.trace import Trace, Unread, to_mapping
from autotune.records.sources import Rules
from autotune.records.store import Store

TRACE = "trace"
MASKED, FLAW = "masked", "flaw"
_COLUMNS = "kind, origin, id, case_id, file_id, position, at_ms, user, conversation, part, applies, shown, content"
_INSERT = f"INSERT INTO record ({_COLUMNS}) VALUES ({', '.join('?' * 13)}) ON CONFLICT (kind, origin, id) DO NOTHING"  # noqa: S608 - constants
_SAID = """INSERT INTO record (kind, origin, id, case_id, position, at_ms, conversation, part, applies, shown, content)
VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, '{}', ?)
ON CONFLICT (kind, origin, id) DO UPDATE SET content = excluded.content, at_ms = excluded.at_ms"""
_UPDATE = "UPDATE record SET at_ms = ?, user = ?, conversation = ?, part = ?, applies = ?, shown = ?, content = ? WHERE record_id = ?"


@dataclass(slots=True)
class Taken:
    """What one reading came to. `again` had been read before, `changed` had grown since, `expired` are older than what is kept.

    `closed` are files and folders that could not be opened, and why; `others` how many files of a folder are no logs by their names.
    """

    files: int = 0
    lines: int = 0
    bytes: int = 0
    records: int = 0
    changed: int = 0
    again: int = 0
    passed_over: int = 0
    expired: int = 0
    forgotten: int = 0
    pending: int = 0
    masked: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    flaws: Counter[str] = field(default_factory=Counter)
    closed: dict[str, str] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a trace was read: by whose ids it is known, in which file, and where there; -1 where it may have grown since."""

    origin: str
    file_id: int
    position: int


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on records are kept (milliseconds), when now is, and whether they are masked."""

    earliest_ms: int
    now_ms: int
    mask: bool


def limits_of(store: Store, rules: Rules, now_ms: int) -> Limits:
    """What holds for a reading at this time: what is forgotten by its age is not taken in again."""
    return Limits(max(rules.earliest_ms(now_ms), forgotten_before(store)), now_ms, rules.mask)


def forgotten_before(store: Store) -> int:
    """Before which time everything was forgotten (milliseconds); 0 where nothing was by its time."""
    return store.count("SELECT CAST(value AS INTEGER) FROM note WHERE name = 'forgotten before'")


def keep(connection: sqlite3.Connection, trace: Trace, spot: Spot, limits: Limits, taken: Taken) -> Unread | None:
    """Put a trace into the database; gives why it cannot be, where another has its id. A trace without a time gets that of its reading."""
    at_ms = limits.now_ms if trace.at_ms is None else trace.at_ms
    if at_ms < limits.earliest_ms:
        taken.expired += 1
        return None
    own = str(trace.id)
    case = case_id(spot.origin, own)
    if connection.execute("SELECT 1 FROM forgotten WHERE case_id = ?", (case,)).fetchone():
        taken.forgotten += 1
        return None
    trace, found = masked_trace(trace) if limits.mask else (trace, {})
    part = str(part_of(unit_of(trace.user, trace.conversation, own)))
    content = _as_json({**to_mapping(trace), "at_ms": at_ms})
    applies, shown = _listed(behaviors.of(trace)), _listed_packs(tuple(sorted(trace.packs.items())))
    about = (at_ms, trace.user, trace.conversation, part, applies, shown, content)
    done = connection.execute(_INSERT, (TRACE, spot.origin, own, case, spot.file_id, spot.position, *about))
    if done.rowcount:
        taken.records += 1
        _attach(connection, int(done.lastrowid or 0), trace, found, taken)
        return None
    return _met_again(connection, trace, spot, about, found, taken)


def keep_said(
    connection: sqlite3.Connection, kind: str, own: str, content: str, at_ms: int, *, of: str | None = None, conversation: str | None = None
) -> None:
    """Put what was said or found of records into the database, by an id of its own; what is newer takes the place of what is older.

    `of` is what it applies to, such as a skill.
    """
    part, applies = str(part_of(unit_of(None, conversation, own))), "[]" if of is None else json.dumps([of])
    connection.execute(_SAID, (kind, kind, own, case_id(kind, own), at_ms, conversation, part, applies, content))


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@lru_cache(64)
def _listed(behaviors: tuple[str, ...]) -> str:
    return _as_json(list(behaviors))


@lru_cache(64)
def _listed_packs(packs: tuple[tuple[str, str], ...]) -> str:
    return _as_json(dict(packs))


def _met_again(
    connection: sqlite3.Connection, trace: Trace, spot: Spot, about: tuple[object, ...], found: Mapping[str, int], taken: Taken
) -> Unread | None:
    query = "SELECT record_id, file_id, position, content FROM record WHERE kind = ? AND origin = ? AND id = ?"
    record_id, file_id, position, content = connection.execute(query, (TRACE, spot.origin, trace.id)).fetchone()
    held = spot.position < 0
    if _same(content, str(about[-1]), timed=trace.at_ms is not None) or (held and (file_id, position) != (spot.file_id, spot.position)):
        taken.again += 1
        return None
    if not held:
        return Unread.ID_TAKEN
    taken.changed += 1
    connection.execute(_UPDATE, (*about, record_id))
    for table in ("remark", "score", "label", "probe"):  # they are of what it said before
        connection.execute(f"DELETE FROM {table} WHERE record_id = ?", (record_id,))  # noqa: S608 - names of ours
    _attach(connection, record_id, trace, found, taken)
    return None


def _same(before: str, now: str, *, timed: bool) -> bool:
    """Whether two contents say the same, but for a time that is only that of reading."""
    if timed or before == now:
        return before == now
    return {**json.loads(before), "at_ms": 0} == {**json.loads(now), "at_ms": 0}


def _attach(connection: sqlite3.Connection, record_id: int, trace: Trace, found: Mapping[str, int], taken: Taken) -> None:
    if found or trace.flaws:
        flaws = Counter(map(str, trace.flaws))
        remarks = [(record_id, MASKED, name, count) for name, count in found.items()]
        remarks += [(record_id, FLAW, name, count) for name, count in flaws.items()]
        connection.executemany("INSERT INTO remark (record_id, kind, name, count) VALUES (?, ?, ?, ?)", remarks)
        taken.masked.update(found)
        taken.flaws.update(flaws)
