"""Results of tests of skills, kept in the records."""

from __future__ import annotations

import json

from autotune.core.codec import decode, encode
from autotune.core.skills.results import Result
from autotune.records.keeping import keep_said
from autotune.records.store import Store

KIND = "skill test"


def keep(store: Store, result: Result) -> None:
    """Write a result down."""
    own = f"{result.skill}\n{result.what}\n{result.instrument}\n{result.at_ms}"
    with store.transaction() as connection:
        keep_said(connection, KIND, own, json.dumps(encode(result), ensure_ascii=False), result.at_ms, of=result.skill)


def results(store: Store, skill: str) -> tuple[Result, ...]:
    """Every result of a skill, the newest last."""
    query = "SELECT content FROM record WHERE kind = ? AND applies = ? ORDER BY at_ms, record_id"
    rows = store.connection.execute(query, (KIND, json.dumps([skill])))
    return tuple(decode(Result, json.loads(content)) for (content,) in rows)
