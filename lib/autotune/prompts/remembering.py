"""On what each behaviour's pack was tuned last, noted in the records, so that a pass does not pay twice for the same evidence."""

from __future__ import annotations

import json

from autotune.core.codec import decode, encode
from autotune.core.records.behaviors import Behavior
from autotune.core.scheduling.passing import Evidence
from autotune.records.keeping import TRACE
from autotune.records.store import Store

_NAME = "tuned: {}"


def tuned(store: Store, behavior: Behavior) -> Evidence | None:
    """What a behaviour was tuned on last; None where it never was."""
    found = store.rows("SELECT value FROM note WHERE name = ?", _NAME.format(behavior))
    return decode(Evidence, json.loads(str(found[0][0]))) if found else None


def remember(store: Store, behavior: Behavior, evidence: Evidence) -> None:
    """Note what a behaviour was tuned on."""
    with store.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (_NAME.format(behavior), json.dumps(encode(evidence))))


def cases(store: Store, behavior: Behavior) -> int:
    """How many cases a behaviour has; those that are forgotten do not count."""
    return store.count("SELECT count(*) FROM record WHERE kind = ? AND instr(applies, ?) > 0", TRACE, json.dumps(behavior))
