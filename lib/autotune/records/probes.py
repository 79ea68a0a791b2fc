"""By how much scores move where nothing that counts was changed: which cases are to be tried, and what was found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from autotune.core.judging.means import Sums
from autotune.core.records.behaviors import Behavior
from autotune.core.records.trace import Trace, from_mapping
from autotune.records.store import Store


@dataclass(frozen=True, slots=True)
class Probe:
    """A case with its score, and the judge that gave it."""

    record_id: int
    case: str
    judge: str
    score: float
    trace: Trace


def waiting(store: Store, behavior: Behavior, instrument: str, limit: int) -> list[Probe]:
    """Cases with a score that were not tried yet, in the order of their ids, which is one by chance."""
    query = """
        SELECT record.record_id, case_id, json_extract(score.content, '$.judge'), score, record.content
        FROM score JOIN record USING (record_id)
        WHERE score.behavior = ?1 AND score.instrument = ?2 AND score IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM probe WHERE probe.record_id = record.record_id AND probe.behavior = ?1 AND probe.instrument = ?2)
        ORDER BY case_id LIMIT ?3"""
    rows = store.connection.execute(query, (str(behavior), instrument, limit))
    return [Probe(record_id, case, judge, score, from_mapping(json.loads(content))) for record_id, case, judge, score, content in rows]


def keep(store: Store, behavior: Behavior, instrument: str, probe: Probe, moved: Mapping[str, float], now_ms: int) -> None:
    """Write down by how much each change moved the score of a case that is still there."""
    with store.transaction() as connection:
        if connection.execute("SELECT 1 FROM record WHERE record_id = ?", (probe.record_id,)).fetchone():
            rows = [(probe.record_id, str(behavior), instrument, kind, by, now_ms) for kind, by in moved.items()]
            connection.executemany("INSERT OR REPLACE INTO probe VALUES (?, ?, ?, ?, ?, ?)", rows)


def found(store: Store, behavior: str, instrument: str) -> dict[str, Sums]:
    """The differences by what was changed, summed over whose they are."""
    rows = store.connection.execute(
        "SELECT kind, count(*), total(n), total(s), total(s * s), total(s * n), total(n * n) FROM ("
        " SELECT kind, count(*) AS n, total(difference) AS s FROM probe JOIN score USING (record_id, behavior, instrument)"
        " WHERE behavior = ? AND instrument = ? GROUP BY kind, unit) GROUP BY kind ORDER BY kind",
        (behavior, instrument),
    )
    return {str(kind): Sums(*sums) for kind, *sums in rows}
