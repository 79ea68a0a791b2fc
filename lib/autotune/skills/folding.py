"""The turns of each session kept beside its rows, so that a look reads no rows; made again where the rows have changed."""

from __future__ import annotations

import json
from collections.abc import Collection

from autotune.core.skills.stored import KIND, TURNS, VERSION, folded, from_mapping
from autotune.core.skills.turns import turns
from autotune.records.keeping import keep_said
from autotune.records.store import Store

_COUNTS = "SELECT conversation, count(*) FROM record WHERE kind = ? GROUP BY conversation"
_FOLDED = "SELECT conversation, json_extract(content, '$.rows') FROM record WHERE kind = ? AND json_extract(content, '$.version') = ?"
_ROWS = "SELECT content, at_ms FROM record WHERE kind = ? AND conversation = ? ORDER BY file_id, position, record_id"


def fold(store: Store, changed: Collection[str] = ()) -> None:
    """Make the turns of every session that has changed, or whose number of rows is another than they were made of."""
    made = dict(store.connection.execute(_FOLDED, (TURNS, VERSION)).fetchall())
    for session, count in store.connection.execute(_COUNTS, (KIND,)).fetchall():
        if made.get(session) != count or session in changed:
            _fold(store, str(session), int(count))


def _fold(store: Store, session: str, count: int) -> None:
    rows = store.connection.execute(_ROWS, (KIND, session)).fetchall()
    found = turns((from_mapping(json.loads(content)) for content, _ in rows), session)
    content = json.dumps(folded(found, count), ensure_ascii=False, separators=(",", ":"))
    latest = max(at_ms for _, at_ms in rows)
    with store.transaction() as connection:
        keep_said(connection, TURNS, session, content, latest, conversation=session)
