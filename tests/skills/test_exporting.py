from __future__ import annotations

from pathlib import Path

from autotune.core.skills.stored import TURNS
from autotune.records.sources import Rules
from autotune.records.store import opened
from autotune.skills import exporting, looking, syncing
from autotune.skills.hosts import hosts, opencode_database

NOW_MS = 1_796_000_000_000


def test_what_is_exported_gives_the_same_turns_elsewhere(home: Path) -> None:
    with opened(home / "records.db", write=True) as store:
        syncing.sync(store, hosts(home), opencode_database(home), Rules(), NOW_MS)
        there, told = looking.seen(store), list(exporting.lines(store))
        assert list(exporting.lines(store, NOW_MS + 86_400_000)) == told[:1]
    (home / "export").write_text("\n".join(told) + "\n")
    with opened(home / "other.db", write=True) as store:
        assert exporting.recover(store, home / "export") == (sum('"table": "record"' in line for line in told), there.sessions)
        assert looking.seen(store).turns == there.turns
        assert exporting.recover(store, home / "export")[0] == 0


def test_what_is_derived_is_made_again(home: Path) -> None:
    with opened(home / "records.db", write=True) as store:
        syncing.sync(store, hosts(home), opencode_database(home), Rules(), NOW_MS)
        there = looking.seen(store).turns
        store.connection.execute("UPDATE record SET content = '{}' WHERE kind = ?", (TURNS,))
        added, _ = exporting.recover(store, None)
        assert [added, looking.seen(store).turns == there] == [0, True]
