"""What agents wrote since the last time, taken into the database: the whole of `ingest`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from autotune.prompts.settings import Settings, agents_home, placed
from autotune.records import dead_letters, exporting, forgetting, older
from autotune.records.files import shown
from autotune.records.keeping import TRACE, Taken
from autotune.records.sources import Source
from autotune.records.store import opened, usual_path
from autotune.records.taking_in import take_in

OLDER = "autotune.db"


def database(settings: Settings) -> Path:
    """Where the database is: beside an older tool's, where the settings name one."""
    path = usual_path(str(settings["db_path"]) or None)
    return older.ours_beside(path) if older.is_older(path) else path


def ingest(
    settings: Settings, sources: Sequence[Source], exports: Sequence[Path], now_ms: int, *, dry: bool, said: Callable[[Taken], None]
) -> dict[str, Any]:
    """Take in what is new in the sources, and what exports hold; forget what is too old. Gives what came of it as values."""
    with opened(database(settings), write=True, dry=dry, what="autotune prompts ingest") as store:
        read_back = sum(exporting.read_back(store, path) for path in exports)
        taken = Taken() if exports and not sources else take_in(store, sources, settings.rules, now_ms, said)
        for path in _older_databases(settings) if sources else ():
            older.take_over(store, path, settings.rules, now_ms, taken)
        expired = forgetting.expire(store, settings.rules.earliest_ms(now_ms))
        letters = None if dry else dead_letters.write(store)
        return {
            **_values(taken),
            "read_back": read_back,
            "forgotten_for_age": expired.records,
            "dry_run": dry,
            "redact": settings["redact"],
            "database": str(store.path),
            "dead_letters": None if letters is None else str(letters),
            "missing": [shown(source.place) for source in sources if not source.place.exists()],
            "records_now": store.count("SELECT count(*) FROM record WHERE kind = ?", TRACE),
        }


def _older_databases(settings: Settings) -> list[Path]:
    """The older tool's databases: the one that the settings name, or the one in the agent's home."""
    named = placed(str(settings["db_path"])) if settings["db_path"] else agents_home() / OLDER
    return [named] if older.is_older(named) else []


def _values(taken: Taken) -> dict[str, Any]:
    values = {one.name: getattr(taken, one.name) for one in fields(taken)}
    return {name: dict(sorted(value.items())) if isinstance(value, dict) else value for name, value in values.items()}
