"""Scores of records: which are still to be judged, what judges gave them, and what people said.

A score belongs to a record, a behaviour and an instrument: all that decides a judgement, by a hash. Forgetting a record takes its scores
along. Where a judge gave nothing, a row says why, and from when on it is worth another try.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autotune.core.records.behaviors import Behavior
from autotune.core.records.places import letters, unit_of
from autotune.core.records.trace import Trace, from_mapping
from autotune.records.keeping import TRACE
from autotune.records.store import Store

_INSTRUMENT_LETTERS = 16


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that is to be judged, and how often it was tried before."""

    record_id: int
    case: str
    tries: int
    trace: Trace


@dataclass(frozen=True, slots=True)
class Given:
    """What a judge gave a case: a score from 0 to 1, or None and why. `content` are the marks with their reasons, as JSON values."""

    waiting: Waiting
    score: float | None
    unscored: str | None
    stage: str
    obeyed: int
    again_ms: int | None
    usd: float | None
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scored:
    """A record with what a judge gave it. `versions` are the packs that it shows, by behaviour; times are milliseconds since 1970."""

    record_id: int
    case: str
    seen_ms: int
    user: str | None
    conversation: str | None
    model: str | None
    versions: Mapping[str, str]
    score: float | None
    unscored: str | None


def instrument_of(said: Mapping[str, str]) -> str:
    """The name of an instrument, in letters, by all that decides its judgements."""
    text = json.dumps(dict(said), sort_keys=True, ensure_ascii=False)
    return letters(hashlib.sha256(text.encode()).hexdigest()[:_INSTRUMENT_LETTERS])


def current(store: Store, behavior: str) -> str | None:
    """The instrument that judged a behaviour last; None before any did."""
    query = "SELECT instrument FROM score WHERE behavior = ? ORDER BY at_ms DESC, instrument LIMIT 1"
    found = store.connection.execute(query, (behavior,)).fetchone()
    return None if found is None else str(found[0])


def waiting(store: Store, behavior: Behavior, instrument: str, limit: int, now_ms: int, since_ms: int | None = None) -> list[Waiting]:
    """The cases of a behaviour without a score: those that a person labelled, then the newest, then those that are tried again.

    Where a canary runs `since_ms`, its cases come before others, oldest first: all of them are needed, for units close one after the other.
    """
    query = """
        SELECT record.record_id, case_id, coalesce(score.tries, 0), record.content
        FROM record LEFT JOIN score ON score.record_id = record.record_id AND score.behavior = :behavior AND instrument = :instrument
            LEFT JOIN label ON label.record_id = record.record_id AND label.behavior = :behavior
        WHERE kind = :kind AND instr(applies, :applies) AND (score.tries IS NULL OR (score IS NULL AND again_ms <= :now))
        ORDER BY label.mark IS NULL, coalesce(score.tries, 0), record.at_ms < :since,
            CASE WHEN record.at_ms < :since THEN -record.at_ms ELSE record.at_ms END LIMIT :limit"""
    values = {"behavior": str(behavior), "instrument": instrument, "kind": TRACE, "applies": json.dumps(behavior), "limit": limit}
    times = {"now": now_ms, "since": now_ms + 1 if since_ms is None else since_ms}
    rows = store.connection.execute(query, {**values, **times})
    return [Waiting(int(row[0]), str(row[1]), int(row[2]), from_mapping(json.loads(row[3]))) for row in rows]


def keep(store: Store, behavior: Behavior, said: Mapping[str, str], given: Iterable[Given], now_ms: int) -> int:
    """Write down what a judge gave, all or none; gives how many were kept. A record that is gone or another one by now is passed over."""
    instrument, kept = instrument_of(said), 0
    with store.transaction() as connection:
        values = (instrument, str(behavior), now_ms, json.dumps(dict(said), sort_keys=True, ensure_ascii=False))
        connection.execute(
            "INSERT INTO instrument (instrument, behavior, begun_ms, content) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", values
        )
        for one in given:
            trace, waited = one.waiting.trace, one.waiting
            found = connection.execute("SELECT at_ms, content FROM record WHERE record_id = ?", (waited.record_id,)).fetchone()
            if found is None or from_mapping(json.loads(found[1])) != trace:
                continue
            row = (
                *(waited.record_id, str(behavior), instrument, found[0], trace.packs.get(behavior)),
                unit_of(trace.user, trace.conversation, str(trace.id)),
                *(one.score, one.unscored, one.stage, one.obeyed, waited.tries + 1, now_ms, one.again_ms, one.usd),
                json.dumps(dict(one.content), ensure_ascii=False),
            )
            connection.execute(f"INSERT OR REPLACE INTO score VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - question marks
            kept += 1
    return kept


def scored(store: Store, behavior: str, instrument: str, from_ms: int, until_ms: int) -> Iterator[Scored]:
    """The records of a time that an instrument judged, oldest first."""
    query = """
        SELECT record.record_id, case_id, record.at_ms, user, conversation, json_extract(record.content, '$.model'), shown, score, unscored
        FROM score JOIN record USING (record_id)
        WHERE behavior = ? AND instrument = ? AND seen_ms BETWEEN ? AND ? ORDER BY seen_ms, case_id"""
    for row in store.connection.execute(query, (behavior, instrument, from_ms, until_ms)):
        record_id, case, seen_ms, user, conversation, model, shown, score, unscored = row
        yield Scored(record_id, case, seen_ms, user, conversation, model, json.loads(shown), score, unscored)
