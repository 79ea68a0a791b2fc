"""`prompts schedule`, run as a person runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands.test_seen import Home
from tests.edges.test_scheduler import CRONTAB


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = tmp_path / "my home"
    place.mkdir()
    return Home(place)


def variables(home: Home) -> dict[str, str]:
    programs = home.path / "programs"
    programs.mkdir()
    (programs / "crontab").write_text(CRONTAB)
    (programs / "crontab").chmod(0o755)
    more = {"AUTOTUNE_INTERVAL_MINUTES": "45", "OPENROUTER_API_KEY": "sk-secret", "AUTOTUNE_TRACE_DIR": "/my traces"}
    return {"PATH": f"{programs}:/usr/bin:/bin", "STATE": str(home.path), **more}


def test_a_line_of_cron_is_shown_installed_and_removed(home: Home) -> None:
    home.run("prompts", "init", "--behavior", "tool-calling")
    given, table = variables(home), home.path / "crontab"
    table.write_text("MAILTO=me\n")
    shown = home.answer("prompts", "schedule", "--cron", variables=given)
    assert table.read_text() == "MAILTO=me\n"
    (script, text), *rest = shown["contents"].items()
    assert (rest, shown["every_minutes"], shown["wanted_minutes"]) == ([], 60, 45)
    assert f"prompts once --at '{home.workshop}'" in text
    assert "AUTOTUNE_TRACE_DIR='/my traces'" in text
    assert "sk-secret" not in text
    assert home.answer("prompts", "schedule", "--cron", "--install", "--dry-run", variables=given)["contents"] == shown["contents"]
    assert not Path(script).exists()
    done = home.answer("prompts", "schedule", "--cron", "--install", variables=given)
    assert table.read_text() == f"MAILTO=me\n# autotune-prompts: begin\n{done['crontab']}\n# autotune-prompts: end\n"
    assert Path(script).read_text() == text
    assert home.answer("prompts", "schedule", "--cron", "--remove", "--dry-run", variables=given)["was_there"]
    assert home.answer("prompts", "schedule", "--cron", "--remove", variables=given)["was_there"]
    assert table.read_text() == "MAILTO=me\n"
    assert not Path(script).exists()
    assert not home.answer("prompts", "schedule", "--cron", "--remove", variables=given)["was_there"]


def test_a_scheduled_run_of_skills_reads_what_a_run_of_yours_reads(home: Home) -> None:
    places = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "PI_CODING_AGENT_DIR", "OPENCODE_DB", "AUTOTUNE_DB_PATH")
    given = {**{name: f"/{name.lower()}" for name in places}, "AUTOTUNE_REDACT": "0", "AUTOTUNE_SKILLS_MAX_SKILLS": "1"}
    (text, *_) = home.answer("skills", "schedule", "--cron", variables=given)["contents"].values()
    assert [name for name, value in given.items() if f"export {name}={value}\n" not in text] == []


def test_a_keys_file_that_others_can_read_is_said(home: Home) -> None:
    keys = home.path / ".config" / "autotune" / "keys.env"
    keys.parent.mkdir(parents=True)
    keys.write_text("A=b\n")
    keys.chmod(0o644)
    found = home.answer("prompts", "schedule", "--systemd")
    assert (found["keys"], found["keys_open"]) == (str(keys), True)
    told = home.run("prompts", "schedule", "--launchd")
    assert f"chmod 600 {keys}".replace(" ", "") in "".join(told.split())  # a long path is broken where a line ends


@pytest.mark.parametrize("words", [(), ("--cron", "--systemd"), ("--cron", "--install", "--remove")])
def test_what_cannot_be_meant_is_refused(home: Home, words: tuple[str, ...]) -> None:
    assert "name one of them" in home.run("prompts", "schedule", *words, code=2)
