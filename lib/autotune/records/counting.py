"""How much was seen, as values: records by part, behaviour and source, what was masked, what was not read, files half written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from autotune.records.keeping import FLAW, MASKED, TRACE
from autotune.records.store import Store


def counted(store: Store) -> dict[str, Any]:
    """Everything that is known of the database in figures; times are milliseconds since 1970, None where there is nothing."""
    one = store.connection.execute("SELECT count(*), min(at_ms), max(at_ms) FROM record WHERE kind = ?", (TRACE,)).fetchone()
    return {
        "database": str(store.path),
        "bytes": store.count("PRAGMA page_count") * store.count("PRAGMA page_size"),
        "records": one[0],
        "first_ms": one[1],
        "last_ms": one[2],
        "users": store.count("SELECT count(DISTINCT user) FROM record WHERE kind = ?", TRACE),
        "conversations": store.count("SELECT count(DISTINCT conversation) FROM record WHERE kind = ?", TRACE),
        **_of_combinations(store),
        "masked": _table(store, "SELECT name, sum(count) FROM remark WHERE kind = ? GROUP BY name", MASKED),
        "flaws": _table(store, "SELECT name, sum(count) FROM remark WHERE kind = ? GROUP BY name", FLAW),
        "unread": _table(store, "SELECT reason, count(*) FROM dead_letter GROUP BY reason"),
        "sources": [
            {"format": log, "place": place, "files": count, "bytes": size, "half_written": pending, "read_ms": read}
            for log, place, count, size, pending, read in store.rows(
                "SELECT format, place, count(file_id), sum(position), sum(pending > 0), max(read_ms)"
                " FROM source LEFT JOIN file USING (source_id) GROUP BY source_id"
            )
        ],
        "frozen": store.count("SELECT count(*) FROM frozen"),
    }


def mean_characters(store: Store) -> int:
    """How many characters a record has on average, by the first thousand."""
    return store.count("SELECT avg(length(content)) FROM (SELECT content FROM record WHERE kind = ? LIMIT 1000)", TRACE)


def _of_combinations(store: Store) -> dict[str, Any]:
    """Records by part, by behaviour and by pack, from the few combinations that there are."""
    parts: Counter[str] = Counter()
    applying: dict[str, Counter[str]] = {}
    for part, applies, count in store.rows("SELECT part, applies, count(*) FROM record WHERE kind = ? GROUP BY part, applies", TRACE):
        parts[str(part)] += int(str(count))
        for behavior in json.loads(str(applies)):
            applying.setdefault(behavior, Counter())[str(part)] += int(str(count))
    packs: Counter[tuple[str, str]] = Counter()
    for shown, count in store.rows("SELECT shown, count(*) FROM record WHERE kind = ? GROUP BY shown", TRACE):
        packs.update(dict.fromkeys(json.loads(str(shown)).items(), int(str(count))))
    return {
        "parts": dict(parts),
        "behaviors": {behavior: dict(counts) for behavior, counts in sorted(applying.items())},
        "packs": [{"behavior": behavior, "version": version, "records": count} for (behavior, version), count in sorted(packs.items())],
    }


def _table(store: Store, query: str, *values: object) -> Mapping[str, int]:
    return {str(name): int(str(count)) for name, count in store.rows(query, *values)}
