"""How each client is started so that a skill is called and does not run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from autotune.core.skills.probing import Client, Probing
from autotune.skills import clients
from autotune.skills.clients import Launch
from autotune.skills.staging import Stage

ROLLOUT = Path(__file__).parents[1] / "readers" / "transcripts" / "samples" / "codex-rollout.jsonl"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    programs, home = tmp_path / "programs", tmp_path / "home"
    for name in ("claude", "codex", "opencode"):
        programs.mkdir(exist_ok=True)
        (programs / name).write_text("#!/bin/sh\necho no number\n")
        (programs / name).chmod(0o755)
    for name in (".codex/auth.json", ".codex/config.toml", ".config/opencode/opencode.json"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("{}")
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CLAUDECODE", "1")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    made = Stage(tmp_path / "project", tmp_path / "private")
    made.private.mkdir()
    return made


def launched(stage: Stage, host: Client, query: str = "Write it.", **more: object) -> Launch:
    settings = Probing("", "", host=host, model="m", turns=2, **more)  # type: ignore[arg-type]
    return clients.PROGRAMS[host].launch(query, stage, settings, {"enabledPlugins": {"desk@x": True, "ink@x": True}})


def test_claude_code_asks_before_a_skill_runs_and_is_no_session_of_a_session(stage: Stage) -> None:
    found = launched(stage, Client.CLAUDE_CODE, "/notes now", config="~/other")
    own = json.loads(found.command[found.command.index("--settings") + 1])
    assert (own["permissions"], own["disableAllHooks"]) == ({"ask": ["Skill"]}, True)
    assert found.command[-2:] == ("--", " /notes now")
    assert found.command[found.command.index("--max-turns") + 1] == "2"
    assert "--no-session-persistence" in found.command
    assert "CLAUDECODE" not in found.environment
    assert found.environment["CLAUDE_CONFIG_DIR"] == str(Path.home() / "other")


def test_a_plugin_that_is_staged_is_not_loaded_a_second_time(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "plugin" / ".claude-plugin").mkdir(parents=True)
    (tmp_path / "plugin" / ".claude-plugin" / "plugin.json").write_text('{"name": "desk"}')
    found = launched(Stage(stage.project, stage.private, tmp_path / "plugin"), Client.CLAUDE_CODE, transcripts=True)
    own = json.loads(found.command[found.command.index("--settings") + 1])
    assert own["enabledPlugins"] == {"ink@x": True}
    assert "--no-session-persistence" not in found.command


def test_codex_has_a_home_of_its_own_with_the_users_login(stage: Stage) -> None:
    first, second = launched(stage, Client.CODEX), launched(stage, Client.CODEX)
    assert first.own is not None
    assert first.own != second.own
    assert sorted(path.name for path in first.own.iterdir()) == ["auth.json", "config.toml"]
    assert first.environment["CODEX_HOME"] == str(first.own)
    assert first.command[-2:] == ("--", "Write it.")


def test_what_a_codex_that_was_ended_has_spent_stands_in_its_session(stage: Stage) -> None:
    found = launched(stage, Client.CODEX)
    assert found.own is not None
    assert clients.PROGRAMS[Client.CODEX].used(found) is None
    (found.own / "sessions" / "2026").mkdir(parents=True)
    shutil.copy(ROLLOUT, found.own / "sessions" / "2026" / "rollout-x.jsonl")
    used = clients.PROGRAMS[Client.CODEX].used(found)
    assert used is not None
    assert used.read > used.cached > 0


def test_opencode_gets_its_query_on_stdin_and_may_change_nothing(stage: Stage) -> None:
    found = launched(stage, Client.OPENCODE, "/notes now")
    assert found.given == "/notes now"
    assert found.environment["OPENCODE_CONFIG"] == str(Path.home() / ".config" / "opencode" / "opencode.json")
    assert json.loads(found.environment["OPENCODE_CONFIG_CONTENT"])["permission"]["edit"] == "deny"
    assert found.environment["HOME"] != str(Path.home())
    assert clients.PROGRAMS[Client.OPENCODE].used(found) is None


def test_a_client_that_does_not_say_its_version_has_none(stage: Stage) -> None:
    assert stage.private.is_dir()
    assert clients.version(Client.CODEX) == ""
