"""`autotune skills create`, `check`, `workflows`, `export` and `recover`, as they are typed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from autotune.commands import app


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


def run(home: Path, *arguments: str, folder: Path | None = None) -> Ran:
    """Run a command of skills in this process, in a folder or at home, and without settings of anybody's."""
    out, err = io.StringIO(), io.StringIO()
    theirs = ("CLAUDE", "CODEX", "AUTOTUNE_", "XDG_", "OPENCODE", "PI_CODING")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    with (
        mock.patch.dict(os.environ, {**kept, "HOME": str(home), "COLUMNS": "100"}, clear=True),
        contextlib.chdir(folder or home),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = app.run(["skills", *arguments])
    return Ran(code, out.getvalue(), err.getvalue())


def test_a_skill_is_made_and_checked(tmp_path: Path) -> None:
    planned = json.loads(run(tmp_path, "create", "my-skill", "--dry-run", "--json").stdout)
    folder = tmp_path / ".claude/skills/my-skill"
    assert [planned["folder"], folder.exists()] == [str(folder), False]
    assert run(tmp_path, "create", "my-skill").returncode == 0
    wrong = run(tmp_path, "check", "my-skill", "--json")
    assert [wrong.returncode, [one["rule"] for one in json.loads(wrong.stdout)["flaws"]]] == [1, ["placeholder"]]
    assert run(tmp_path, "create", "my-skill").returncode == 1
    assert run(tmp_path, "create", "--name", "status", "--user", "--description", "Shows how things are.").returncode == 0
    good = run(tmp_path, "check", "status")
    assert [good.returncode, "nothing to mend" in good.stdout] == [0, True]
    assert run(tmp_path, "create").returncode == 2


def test_only_a_project_that_had_no_skills_has_its_first_one(tmp_path: Path) -> None:
    assert "/reload-skills" not in run(tmp_path, "create", "mine").stdout
    (tmp_path / "project").mkdir()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path / "project", check=True)
    first, second = (run(tmp_path, "create", name, folder=tmp_path / "project").stdout for name in ("a", "b"))
    assert ["/reload-skills" in one for one in (first, second)] == [True, False]


def test_what_recurs_is_shown_and_becomes_a_skill(tmp_path: Path) -> None:
    logs = tmp_path / ".claude/projects/-x"
    logs.mkdir(parents=True)
    for session in range(3):
        (logs / f"{session}.jsonl").write_text("\n".join(map(json.dumps, transcript(session))) + "\n")
    assert run(tmp_path, "sync").returncode == 0
    (found,) = json.loads(run(tmp_path, "workflows", "--json").stdout)["workflows"]
    assert [found["skills"], found["sessions"], found["consistency"]] == [["lint", "ship"], 3, 1.0]
    assert "lint → ship" in run(tmp_path, "workflows").stdout
    made = run(tmp_path, "create", "--from-workflow", "1", "--description", "Lints and ships.", "--json")
    assert json.loads(made.stdout)["name"] == "lint-then-ship"
    assert "2. Use the skill `ship`." in (tmp_path / ".claude/skills/lint-then-ship/SKILL.md").read_text()
    assert run(tmp_path, "create", "x", "--from-workflow", "2").returncode == 1
    assert run(tmp_path, "export", "--output", "out.jsonl").returncode == 0
    told = run(tmp_path, "export").stdout
    assert (tmp_path / "out.jsonl").read_text() == told
    (tmp_path / ".local/share/autotune/records.db").unlink()
    assert json.loads(run(tmp_path, "recover", "out.jsonl", "--json").stdout) == {"added": len(told.splitlines()) - 5, "sessions": 3}
    assert json.loads(run(tmp_path, "workflows", "--json").stdout)["workflows"] == [found]


def transcript(session: int) -> list[dict[str, object]]:
    """A session in which two skills fired, one after the other."""
    lines: list[dict[str, object]] = []
    for turn, skill in enumerate(("lint", "ship")):
        at, called = f"2026-11-2{session}T10:0{turn}:00.000Z", f"t{turn}"
        block = {"type": "tool_use", "id": called, "name": "Skill", "input": {"skill": skill}}
        result = {"type": "tool_result", "tool_use_id": called, "content": f"Launching skill: {skill}"}
        listing = {"type": "skill_listing", "content": "- lint: Lints.\n- ship: Ships.", "names": ["lint", "ship"], "isInitial": True}
        opening: list[dict[str, object]] = [] if turn else [{"type": "attachment", "timestamp": at, "attachment": listing}]
        lines += [
            {"type": "user", "timestamp": at, "turnOrigin": "human", "message": {"role": "user", "content": f"please {skill}"}},
            *opening,
            {"type": "assistant", "timestamp": at, "message": {"id": f"m{turn}", "role": "assistant", "content": [block]}},
            {
                "type": "user",
                "timestamp": at,
                "toolUseResult": {"success": True, "commandName": skill},
                "message": {"role": "user", "content": [result]},
            },
        ]
    return lines
