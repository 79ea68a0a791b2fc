"""What people say of answers: a mark for a record and a behaviour, from 0 to 4, held against what a judge gave."""

from __future__ import annotations

import json

from autotune.core.judging.trust import Agreement, agreed
from autotune.core.records.behaviors import Behavior
from autotune.core.records.places import Part
from autotune.core.records.trace import Trace, from_mapping
from autotune.errors import AutotuneError
from autotune.records.keeping import TRACE
from autotune.records.store import Store


def waiting(store: Store, behavior: Behavior, instrument: str, limit: int) -> list[tuple[str, Trace]]:
    """Cases without a label, each with its trace: those with a score first, in the order of their ids, which is one by chance.

    Those that confirm are left out, for nobody is to read them.
    """
    query = """
        SELECT case_id, record.content
        FROM record LEFT JOIN score ON score.record_id = record.record_id AND score.behavior = :behavior AND instrument = :instrument
        WHERE kind = :kind AND instr(applies, :applies) AND part != :part
            AND NOT EXISTS (SELECT 1 FROM label WHERE label.record_id = record.record_id AND label.behavior = :behavior)
        ORDER BY score.score IS NULL, case_id LIMIT :limit"""
    values = {"behavior": str(behavior), "instrument": instrument, "kind": TRACE, "applies": json.dumps(behavior), "limit": limit}
    rows = store.connection.execute(query, {**values, "part": str(Part.CONFIRM)})
    return [(str(case), from_mapping(json.loads(content))) for case, content in rows]


def put(store: Store, behavior: Behavior, case: str, mark: int, now_ms: int) -> None:
    """Write a label down; a newer one takes the place of an older. Raises AutotuneError for a case that is not there."""
    query = "SELECT record_id FROM record WHERE case_id = ? AND kind = ? AND instr(applies, ?)"
    found = store.connection.execute(query, (case, TRACE, json.dumps(behavior))).fetchone()
    if found is None:
        raise AutotuneError(f"There is no case {case} of {behavior}.", f"`autotune prompts cases {behavior}` lists cases")
    store.connection.execute("INSERT OR REPLACE INTO label VALUES (?, ?, ?, ?)", (found[0], str(behavior), mark, now_ms))


def agreement(store: Store, behavior: str, instrument: str | None) -> Agreement:
    """How far what an instrument gave agrees with people's labels; those of cases that it has not scored do not count."""
    query = (
        "SELECT score, mark FROM label JOIN score USING (record_id, behavior) WHERE behavior = ? AND instrument = ? AND score IS NOT NULL"
    )
    rows = store.connection.execute(f"{query} ORDER BY record_id", (behavior, instrument)).fetchall()
    return agreed([float(score) for score, _ in rows], [int(mark) for _, mark in rows])


def count(store: Store, behavior: str) -> int:
    """How many labels a behaviour has."""
    return store.count("SELECT count(*) FROM label WHERE behavior = ?", behavior)
