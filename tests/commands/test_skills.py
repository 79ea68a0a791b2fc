"""`autotune skills`, on sessions that the hosts themselves have recorded."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autotune.version import PACKAGE

SAMPLES = Path(__file__).parents[1] / "readers" / "transcripts" / "samples"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    logs = tmp_path / ".claude" / "projects" / "-x"
    logs.mkdir(parents=True)
    shutil.copy(SAMPLES / "transcript-skill-call.jsonl", logs / "a.jsonl")
    return tmp_path


def run(home: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CLAUDE", "CODEX", "AUTOTUNE_", "XDG_DATA"))}
    return subprocess.run(
        [sys.executable, "-I", str(PACKAGE / "__main__.py"), "skills", *arguments],
        env={**variables, "HOME": str(home), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        stdin=stdin,
    )


def test_what_was_synced_is_told_in_words_and_as_json(home: Path) -> None:
    assert "run `autotune skills sync`" in run(home, "status").stderr
    synced = run(home, "sync", "--json")
    assert json.loads(synced.stdout)["sessions"] == 1
    (alpha,) = [one for one in json.loads(run(home, "status", "--json").stdout)["skills"] if one["name"] == "alpha"]
    assert [alpha["offered"], alpha["fired"], alpha["recall"]["of"], alpha["recall"]["value"]] == [2, 1, 1, None]
    told = run(home, "status").stdout
    assert "unmeasured" in told
    assert "2 prompts of yours in 1 session since 2026-11-29" in " ".join(told.split())
    assert max(map(len, told.splitlines())) <= 100
    assert "alpha fired" in run(home, "last").stdout
    assert [len(one["fired"]) for one in json.loads(run(home, "last", "--json").stdout)["turns"]] == [0, 1]
    explained = json.loads(run(home, "explain", "gamma", "--json").stdout)
    assert [explained["name"], explained["offered"]] == ["myplug:gamma", 2]
    places = json.loads(run(home, "doctor", "--json").stdout)
    assert {one["name"]: one["files"] for one in places["hosts"]} == {"claude-code": 1, "codex": 0, "pi": 0, "gemini": 0, "opencode": 0}
    assert places["listing"]["alpha"]["shown"] == "full"
    assert ": fired" not in run(home, "doctor").stdout


def test_the_status_imports_nothing_of_other_verbs(home: Path) -> None:
    command = [sys.executable, "-I", "-X", "importtime", str(PACKAGE / "__main__.py"), "skills", "status"]
    done = subprocess.run(command, env={"HOME": str(home)}, capture_output=True, text=True, check=False)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "autotune.skills.looking" in imported
    assert imported.isdisjoint({"autotune.skills.syncing", "autotune.core.records.masking", "autotune.core.tell.skill_folders", "numpy"})


def test_what_is_wrong_is_said(home: Path) -> None:
    run(home, "sync")
    unknown = run(home, "explain", "nosuch")
    assert [unknown.returncode, "`autotune skills status`" in unknown.stderr] == [1, True]
    assert run(home, "label", "alpha").returncode == 1
    assert run(home, "nosuch").returncode == 2


def test_labels_are_asked_for_at_a_terminal(home: Path) -> None:
    run(home, "sync")
    ours, theirs = pty.openpty()
    os.write(ours, b"n\nq\n")
    done = run(home, "label", "alpha", stdin=theirs)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "1 prompt for alpha: 0 fit, 1 do not" in done.stdout
    (alpha,) = [one for one in json.loads(run(home, "status", "--json").stdout)["skills"] if one["name"] == "alpha"]
    assert [alpha["precision"]["hits"], alpha["precision"]["of"]] == [0, 1]


def test_a_judge_is_asked_within_a_budget(home: Path) -> None:
    run(home, "sync")
    (home / "judge.py").write_text('def says(request, chance):\n    return \'{"fits": true, "remark": "yes"}\'\n')
    model = f"script:{home / 'judge.py'}:says"
    assert json.loads(run(home, "label", "alpha", "--judge", "--dry-run", "--json").stdout)["calls"] == 1
    assert "skills.toml" in run(home, "label", "alpha", "--judge").stderr
    said = json.loads(run(home, "label", "alpha", "--judge", "--model", model, "--json").stdout)
    assert [said["fitting"], said["failed"]] == [1, 0]
    assert "a judge says so" in run(home, "explain", "alpha").stdout
    assert "0 prompts" in run(home, "label", "alpha", "--judge", "--model", model).stdout
