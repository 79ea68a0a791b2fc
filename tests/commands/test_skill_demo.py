"""`autotune skills demo`, run as a user would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.commands.test_skill_folders import run


@pytest.mark.nightly
def test_a_skill_is_missed_improved_deployed_watched_and_taken_back(tmp_path: Path) -> None:
    done = run(tmp_path, "demo", "--folder", str(tmp_path / "demo"), "--json")
    said = json.loads(done.stdout)
    assert [said["well"], done.returncode] == [True, 0], said
    told = {one["chapter"]: one["out"] for one in said["steps"]}
    assert "you said so in your next prompt" in told["explain"]
    assert "put in its place" in told["deploy"]
    assert "nothing speaks against it so far" in told["after"]
    assert "byte for byte" in told["worse"]
    assert told["list"].count("there now") == 1
    assert "changelog" in (tmp_path / "demo/.claude/skills/release-notes/SKILL.md").read_text()
    again = run(tmp_path, "demo", "--folder", str(tmp_path / "demo"))
    assert [again.returncode, "not empty" in again.stderr] == [1, True]
