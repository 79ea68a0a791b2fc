"""What is forgotten: everything of a user, of a conversation, or from before a day; and what has been kept for long enough.

The rows go, and with them their contents in frozen sets of cases and among the dead letters. Overwritten pages keep nothing. Of each
record that was forgotten by name its id as a case stays, which says nothing of it, so that it is not taken in again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from autotune.core.records.masking import masked
from autotune.records import dead_letters, frozen
from autotune.records.dead_letters import EXCERPT
from autotune.records.keeping import TRACE
from autotune.records.schema import DERIVED
from autotune.records.store import Store


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be forgotten: records of a user, of a conversation, from before a time (milliseconds); of several, all of each."""

    user: str | None = None
    conversation: str | None = None
    before_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was: records, contents in frozen sets, dead letters."""

    records: int
    frozen: int
    dead_letters: int


_NOTED = """INSERT INTO note (name, value) VALUES ('forgotten before', ?) ON CONFLICT (name)
DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))"""
_TERMS = (("user = ?", "user"), ("conversation = ?", "conversation"), ("at_ms < ?", "before_ms"))


def forget(store: Store, choice: Choice) -> Forgotten:
    """Forget what is chosen. A rehearsal changes no file."""
    chosen = [(term, getattr(choice, name)) for term, name in _TERMS if getattr(choice, name) is not None]
    where, values = " OR ".join(term for term, _ in chosen), [value for _, value in chosen]
    with store.transaction() as connection:
        found = connection.execute(f"SELECT case_id FROM record WHERE {where}", values).fetchall()  # noqa: S608 - terms of ours
        cases = {str(row[0]) for row in found}
        touched = f"SELECT conversation FROM record WHERE {where}"  # noqa: S608
        connection.execute(f"DELETE FROM record WHERE kind LIKE ? AND conversation IN ({touched})", (f"{DERIVED}%", *values))  # noqa: S608
        connection.execute(f"INSERT OR IGNORE INTO forgotten SELECT case_id FROM record WHERE {where}", values)  # noqa: S608
        connection.execute(f"DELETE FROM record WHERE {where}", values)  # noqa: S608
        letters = _forget_letters(store, choice)
        if choice.before_ms is not None:
            connection.execute(_NOTED, (str(choice.before_ms),))
    return _everywhere(store, len(found), cases, letters)


def expire(store: Store, earliest_ms: int, kind: str = TRACE) -> Forgotten:
    """Forget records of a kind that are older than what is kept; they are not taken in again for their age."""
    old = (kind, earliest_ms)
    with store.transaction() as connection:
        cases = {str(row[0]) for row in connection.execute("SELECT case_id FROM record WHERE kind = ? AND at_ms < ?", old)}
        if cases:
            connection.execute("DELETE FROM record WHERE kind = ? AND at_ms < ?", old)
        letters = connection.execute("DELETE FROM dead_letter WHERE read_ms < ?", (earliest_ms,)).rowcount
    return _everywhere(store, len(cases), cases, letters) if cases or letters else Forgotten(0, 0, 0)


def _forget_letters(store: Store, choice: Choice) -> int:
    """Forget the dead letters that may name the user or the conversation, or are from before the time.

    A letter shows only how its line begins: where that is not all of it, the name may stand in the rest. It is masked, and may be JSON, so
    the name is looked for in these forms too.
    """
    count = 0
    for name in {choice.user, choice.conversation} - {None}:
        forms = sorted(_forms(str(name)))
        terms = " OR ".join(["instr(excerpt, ?) > 0"] * len(forms))
        query = f"DELETE FROM dead_letter WHERE max(size, length(excerpt)) >= {EXCERPT} OR {terms}"  # noqa: S608 - terms of ours
        count += store.connection.execute(query, forms).rowcount
    if choice.before_ms is not None:
        count += store.connection.execute("DELETE FROM dead_letter WHERE read_ms < ?", (choice.before_ms,)).rowcount
    return count


def _forms(name: str) -> set[str]:
    """How a name may stand in the beginning of a line."""
    return {name, masked(name)[0], json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1]}


def _everywhere(store: Store, records: int, cases: set[str], letters: int) -> Forgotten:
    within = frozen.count_in if store.dry else frozen.forget_in
    sets = sum(within(Path(str(path)), cases) for (path,) in store.rows("SELECT path FROM frozen"))
    if not store.dry:
        dead_letters.write(store)
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Forgotten(records, sets, letters)
