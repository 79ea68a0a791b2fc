from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from autotune.core.records.trace import Unread
from autotune.core.tell import seen
from autotune.core.tell.lines import Line

NOTHING: dict[str, Any] = {
    "records": 0, "changed": 0, "again": 0, "passed_over": 0, "expired": 0, "forgotten": 0, "read_back": 0, "lines": 0, "bytes": 0,
    "files": 0, "pending": 0, "masked": {}, "unread": {}, "flaws": {}, "forgotten_for_age": 0, "dry_run": False, "redact": True,
    "database": "/d",
    "dead_letters": None, "missing": [], "records_now": 0, "closed": {}, "others": {},
}  # fmt: skip
EMPTY: dict[str, Any] = {
    "workshop": None, "database": "/d", "bytes": 0, "retention_days": 90, "redact": True, "records": 0, "users": 0, "conversations": 0,
    "first_ms": None, "last_ms": None, "parts": {}, "behaviors": {}, "packs": [], "masked": {}, "flaws": {}, "unread": {}, "sources": [],
    "dead_letters": None,
}  # fmt: skip


def labels(lines: Iterable[Line]) -> list[str]:
    return [line.label for line in lines]


def text(lines: Iterable[Line], label: str) -> str:
    return next(line.text for line in lines if line.label == label)


def test_a_reading_that_found_nothing_says_little() -> None:
    assert labels(seen.ingested(NOTHING)) == ["new", "read", "masked", "database"]


def test_a_reading_tells_all_that_it_found_and_nothing_of_what_was_masked() -> None:
    found = {
        **NOTHING, "records": 5, "changed": 2, "again": 3, "pending": 1, "masked": {"email": 4},
        "unread": {Unread.NOT_JSON: 1, Unread.NO_INPUT: 2},
        "flaws": {Unread.BAD_VERSION: 1}, "forgotten_for_age": 6, "missing": ["/gone\x1b"], "dead_letters": "/letters",
    }  # fmt: skip
    told = list(seen.ingested(found))
    expected = ["new", "read", "left out", "waiting", "masked", "not read", "", "in parts", "forgotten", "missing", "database"]
    assert labels(told) == expected
    assert text(told, "masked") == "email 4"
    assert text(told, "left out") == "read before 3"
    assert "/letters" in text(told, "not read")
    assert "\x1b" not in text(told, "missing")


def test_what_was_not_read_is_told_with_what_helps() -> None:
    found = {
        **NOTHING, "expired": 2, "unread": {Unread.NOT_JSON: 1, Unread.NO_INPUT: 2}, "closed": {"/c\x1b": "Permission denied"},
        "others": {"/logs": 3},
    }  # fmt: skip
    told = list(seen.ingested(found))
    assert labels(told) == ["new", "read", "left out", "", "masked", "not read", "", "not opened", "passed by", "database"]
    assert "retention_days" in text(told, "")
    assert "\x1b" not in text(told, "not opened")
    assert "Permission denied" in text(told, "not opened")
    assert "3 files" in text(told, "passed by")


def test_a_rehearsal_says_what_would_be() -> None:
    assert "would be" in text(seen.ingested({**NOTHING, "dry_run": True}), "new")
    assert "would be" in text(seen.forgot({"records": 1, "frozen": 0, "dead_letters": 0, "dry_run": True}), "forgotten")
    assert "would be" not in text(seen.forgot({"records": 1, "frozen": 0, "dead_letters": 0, "dry_run": False}), "forgotten")


def test_masking_that_is_off_is_said() -> None:
    assert "off" in text(seen.ingested({**NOTHING, "redact": False}), "masked")


def test_a_database_without_records_and_one_with() -> None:
    assert labels(seen.status(EMPTY)) == ["workshop", "database", "records"]
    source = {"format": "any", "place": "/t", "files": 1, "bytes": None, "half_written": 1, "read_ms": 5}
    full = {
        **EMPTY, "workshop": "/w", "records": 3, "first_ms": 0, "last_ms": 86_400_000,
        "behaviors": {"tool-calling": {"train": 1, "confirm": 2}},
        "packs": [{"behavior": "tool-calling", "version": "v", "records": 3}], "sources": [source], "unread": {Unread.TOO_LONG: 1},
    }  # fmt: skip
    told = list(seen.status(full))
    assert labels(told) == ["workshop", "database", "records", "cases", "shown", "masked", "not read", "source"]
    assert text(told, "cases") == "tool-calling: train 1, select 0, confirm 2"
    assert "1970-01-01 to 1970-01-02" in text(told, "records")
    assert "half-written" in text(told, "source")


def test_a_workshop_that_was_made_names_packs_and_keys() -> None:
    found = {
        "place": "/w", "files": ["prompts.toml", "packs/a.json", "rubrics/a.toml"], "deployed": ["a"], "secrets": ["KEY"], "dry_run": False,
    }  # fmt: skip
    assert labels(seen.made(found)) == ["workshop", "files", "deployed", "key", "next"]
    assert "would" in text(seen.made({**found, "dry_run": True, "deployed": [], "secrets": []}), "workshop")
    assert "3 lines" in text(seen.exported({"file": "/f", "lines": 3}), "exported")


@pytest.mark.parametrize("reason", list(Unread))
def test_every_reason_has_words(reason: Unread) -> None:
    assert text(seen.ingested({**NOTHING, "unread": {str(reason): 1}}), "not read").endswith(" 1")


@pytest.mark.parametrize(("count", "words"), [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (123_456, "123 kB"), (5 * 10**15, "5000 TB")])
def test_sizes(count: int, words: str) -> None:
    assert seen.size(count) == words
