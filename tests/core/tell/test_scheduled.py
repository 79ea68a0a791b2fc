"""What `schedule` does, in words."""

from __future__ import annotations

from typing import Any

import pytest

from autotune.core.tell.scheduled import page, scheduled

BASE: dict[str, Any] = {
    "action": "show",
    "kind": "cron",
    "name": "autotune-x",
    "files": ["/d/x.sh"],
    "crontab": "5 * * * * /bin/sh /d/x.sh",
    "commands": ["crontab -l"],
    "every_minutes": 60,
    "wanted_minutes": 45.0,
    "keys": "/c/keys.env",
    "keys_open": False,
    "log": "/d/x.log",
    "was_there": False,
    "dry_run": False,
}


def text(**more: Any) -> str:  # noqa: ANN401
    return "\n".join(f"{line.label}: {line.text}" for line in scheduled({**BASE, **more}))


def test_what_is_shown_says_that_nothing_was_written_and_what_cron_cannot_say() -> None:
    said = text()
    assert "every 45 minutes; it will be every hour" in said
    assert "nothing was written" in said
    assert "45 minutes" in said
    assert "/c/keys.env" in said
    assert "chmod 600 /c/keys.env" in text(keys_open=True)


@pytest.mark.parametrize(("minutes", "words"), [(1, "every minute"), (60, "every hour"), (120, "every 2 hours"), (90, "every 90 minutes")])
def test_how_often_is_said_as_people_do(minutes: float, words: str) -> None:
    assert words in text(action="install", every_minutes=minutes, wanted_minutes=minutes)


def test_systemd_shows_its_journal_and_says_what_happens_after_you_log_out() -> None:
    said = text(kind="systemd", crontab="", log="", action="install", dry_run=True, every_minutes=60, wanted_minutes=60)
    assert "journalctl --user -u autotune-x" in said
    assert "enable-linger" in said
    assert "would be" in said


def test_removing_says_whether_there_was_anything() -> None:
    assert "nothing" in text(action="remove")
    assert "taken away" in text(action="remove", was_there=True)
    assert "would be taken away" in text(action="remove", was_there=True, dry_run=True)


def test_the_unit_is_shown_file_by_file() -> None:
    assert page(BASE, {"/d/x.sh": "#!/bin/sh\n"}) == "# /d/x.sh\n#!/bin/sh\n\n# crontab -e\n5 * * * * /bin/sh /d/x.sh\n"
    assert page({**BASE, "crontab": ""}, {"a": "b\n"}) == "# a\nb\n"
