"""Results of tests of skills, kept in the records."""

from __future__ import annotations

import json

from autotune.core.codec import decode, encode
from autotune.core.records.places import case_id, part_of, unit_of
from autotune.core.skills.results import Result
from autotune.records.store import Store

KIND = "skill test"
_INSERT = """INSERT INTO record (kind, origin, id, case_id, position, at_ms, conversation, part, applies, shown, content)
VALUES (?, ?, ?, ?, 0, ?, NULL, ?, ?, '{}', ?) ON CONFLICT (kind, origin, id) DO UPDATE SET content = excluded.content"""


def keep(store: Store, result: Result) -> None:
    """Write a result down."""
    own = f"{result.skill}\n{result.what}\n{result.instrument}\n{result.at_ms}"
    values = (KIND, KIND, own, case_id(KIND, own), result.at_ms, str(part_of(unit_of(None, None, own))))
    with store.transaction() as connection:
        connection.execute(_INSERT, (*values, json.dumps([result.skill]), json.dumps(encode(result), ensure_ascii=False)))


def results(store: Store, skill: str) -> tuple[Result, ...]:
    """Every result of a skill, the newest last."""
    query = "SELECT content FROM record WHERE kind = ? AND applies = ? ORDER BY at_ms, record_id"
    rows = store.connection.execute(query, (KIND, json.dumps([skill])))
    return tuple(decode(Result, json.loads(content)) for (content,) in rows)
