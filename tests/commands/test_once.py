"""`prompts once` and `prompts daemon`, run as a person runs them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.commands.test_seen import MAIN, Home, recent

from autotune.edges.locks import hold

JUDGED = {"AUTOTUNE_JUDGE_STAGE1_MODEL": "script:echo", "AUTOTUNE_JUDGE_STAGE2_MODEL": "script:echo"}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = Home(tmp_path_factory.mktemp("made"))
    found.run("prompts", "init", "--behavior", "response-quality")
    return found.workshop


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Home:
    found = Home(tmp_path)
    shutil.copytree(made, found.workshop, symlinks=True)
    found.traces.mkdir(parents=True)
    (found.traces / "a.jsonl").write_bytes(recent(*range(20)))
    return found


def data(home: Home, name: str) -> Path:
    return home.path / ".local" / "share" / "autotune" / name


def by_name(found: dict[str, Any]) -> dict[str, Any]:
    return {one["step"]: one for one in found["steps"]}


def test_everything_that_is_due_is_done_once(home: Home) -> None:
    would = home.answer("prompts", "once", "--dry-run", variables=JUDGED)
    assert (would["dry_run"], by_name(would)["ingest"]["found"]["records"]) == (True, 20)
    assert not data(home, "records.db").exists()
    found = by_name(home.answer("once", variables=JUDGED))
    assert (found["ingest"]["found"]["records"], found["eval"]["found"]["behaviors"][0]["judged"]) == (20, 20)
    again = by_name(home.answer("prompts", "once", variables=JUDGED))
    assert (again["ingest"]["found"]["records"], again["eval"]["found"]["behaviors"][0]["judged"]) == (0, 0)
    (home.traces / "b.jsonl").write_bytes(recent(50))
    would = home.answer("prompts", "once", "--dry-run", variables=JUDGED)
    assert (would["calls"], by_name(would)["ingest"]["found"]["records"]) == (0, 1)


def test_without_a_key_it_does_what_needs_none_and_says_so(home: Home) -> None:
    found = by_name(home.answer("prompts", "once"))
    assert found["ingest"]["found"]["records"] == 20
    assert found["eval"]["skipped"] == {"why": "no key", "keys": ["OPENROUTER_API_KEY"]}
    assert "OPENROUTER_API_KEY is not set" in " ".join(home.run("prompts", "once").split())


def test_a_judge_that_does_not_answer_fails_the_pass_and_leaves_no_score(home: Home) -> None:
    broken = {"AUTOTUNE_JUDGE_STAGE1_MODEL": "command:false", "AUTOTUNE_JUDGE_STAGE2_MODEL": "command:false", "AUTOTUNE_NO_REQUESTS": ""}
    home.run("prompts", "once", "--json", code=1, variables=broken)
    last = json.loads(data(home, "once.json").read_text())
    assert (last["ok"], by_name(last)["ingest"]["ok"], by_name(last)["eval"]["ok"]) == (False, True, False)
    assert by_name(home.answer("prompts", "once", variables=JUDGED))["eval"]["found"]["behaviors"][0]["scored"] == 20


def test_of_two_at_once_one_works_and_the_other_names_it(home: Home) -> None:
    with hold(data(home, "once.lock"), "autotune prompts once"):
        assert "is held by autotune prompts once (process" in home.run("prompts", "once", code=1)


@pytest.mark.parametrize("words", [("prompts", "onse"), ("once", "--dri-run")])
def test_a_mistyped_command_does_nothing(home: Home, words: tuple[str, ...]) -> None:
    home.run(*words, code=2, variables=JUDGED)
    assert not data(home, "records.db").exists()


def test_a_daemon_makes_passes_by_the_settings_as_they_are_then(home: Home) -> None:
    command = [sys.executable, "-I", str(MAIN), "daemon", "--json"]
    variables = home.environment(**JUDGED)
    with subprocess.Popen(command, cwd=home.path, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            assert (first["passes"], first["failures"], first["state"]) == (1, 0, "waiting")
            assert f"(process {process.pid}" in home.run("prompts", "daemon", "--passes", "1", code=1)
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
    (home.workshop / "prompts.toml").write_text("nonsense = 1\n")
    home.run("prompts", "daemon", "--passes", "1", code=1)


def test_a_pass_that_fails_is_told_by_the_daemon_which_goes_on(home: Home) -> None:
    with hold(data(home, "once.lock"), "autotune prompts once"):
        home.run("prompts", "daemon", "--passes", "1", variables=JUDGED)
    found = json.loads(data(home, "daemon.json").read_text())
    assert (found["failures"], found["last"]["ok"]) == (1, False)
    assert "is held by" in found["last"]["error"]


def test_the_numbers_are_tuned_where_that_is_on(home: Home) -> None:
    (home.traces / "b.jsonl").write_bytes(recent(*range(100, 180), output_text="long " * 1000))
    off = by_name(home.answer("prompts", "once"))
    assert off["behavior"]["skipped"] == {"why": "off"}
    on = by_name(home.answer("prompts", "once", variables={"AUTOTUNE_BEHAVIOR_ENABLED": "1"}))
    assert "response_style" in {one["name"] for one in on["behavior"]["found"]["changes"]}
    shown = json.loads((home.path / ".config" / "dotclaw" / "behavior.json").read_text())
    assert shown["response_style"] == "concise"
    assert home.answer("prompts", "behavior", "--undo")["taken_back"]
    assert not (home.path / ".config" / "dotclaw" / "behavior.json").exists()
    assert "taken back" not in home.run("prompts", "behavior")
