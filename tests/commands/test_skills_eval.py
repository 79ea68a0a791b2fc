"""`autotune skills eval` as a person runs it: a home of their own, transcripts, a function in the model's place."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.commands.test_eval import Here
from tests.commands.test_skill_folders import transcript

from autotune.records.store import opened
from autotune.skills import labelling, looking

MODEL = """\
import json

def write(request, chance):
    asked = request.messages[1].text
    count = int(asked.rsplit("Write ", 1)[1].split()[0])
    if "tasks that a user" in asked:
        files = ["a.txt", "/etc/passwd"]
        made = [{"prompt": f"lint file {chance.random()}", "contains": ["done"], "files": files, "criteria": ["it is short"]}]
        return json.dumps({"cases": made * count})
    kind = "negative" if "must NOT use" in asked else "implicit"
    made = [{"query": f"{kind} {chance.random()} {chance.random()}", "type": kind, "instead": "ship"} for _ in range(count)]
    return json.dumps({"cases": [*made, made[0], {"query": "wrong side", "type": "explicit" if kind == "negative" else "negative"}]})
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("AUTOTUNE_NO_REQUESTS", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "AUTOTUNE_DB_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("lint", "ship"):
        folder = tmp_path / ".claude/skills" / name
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {name.title()}s.\n---\n\nDo it.\n")
    (tmp_path / "model.py").write_text(MODEL)
    return Here(tmp_path, capsys)


def recorded(home: Here) -> None:
    logs = home.path / ".claude/projects/-x"
    logs.mkdir(parents=True)
    for session in range(3):
        lines = transcript(session)
        said = json.dumps(lines).replace("please lint", f"please look over part {session}").replace("please ship", f"send part {session}")
        (logs / f"{session}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in json.loads(said)))
    home.run("skills", "sync")


def confirmed(home: Here, skill: str) -> None:
    """Have a person say of all that a skill fired for that it fits."""
    with opened(home.path / "data/autotune/records.db", write=True, what="a test") as store:
        seen = looking.seen(store)
        fired = {place: True for place, turn in enumerate(seen.turns) if turn.by_model(skill)}
        labelling.keep(store, seen, skill, fired, 1)


def sides(answer: dict[str, Any]) -> dict[str, bool]:
    return {one["query"]: one["type"] != "negative" for one in answer["cases"] if one["kind"] == "routing"}


def test_cases_are_made_of_records_and_kept_in_a_workshop(home: Here) -> None:
    recorded(home)
    assert len(home.answer("skills", "eval", "generate", "lint", "--dry-run")["added"]) == 3
    confirmed(home, "ship")
    planned = home.answer("skills", "eval", "generate", "lint", "--dry-run")
    suite = home.path / "autotune-skills/lint/skill-suites/lint/suite.jsonl"
    assert (planned["file"], suite.exists(), len(planned["added"])) == (str(suite), False, 6)
    found = home.answer("skills", "eval", "generate", "lint")
    expected = {f"please look over part {session}": True for session in range(3)} | {f"send part {session}": False for session in range(3)}
    assert sides(found) == expected
    assert {one["instead"] for one in found["cases"] if one["type"] == "negative"} == {"ship"}
    assert len({one["group"] for one in found["cases"]}) == 3
    assert home.answer("skills", "eval", "generate", "lint")["added"] == []
    shown = home.answer("skills", "eval", "show", "lint")
    assert (shown["suite"], sides(shown)) == (found["suite"], expected)
    assert "couple" in home.run("skills", "eval", "show", "lint", "--cases")


def test_of_skills_of_one_name_each_gets_the_cases_of_its_project(home: Here) -> None:
    for name in ("shop", "blog"):
        folder = home.path / name / ".claude/skills/post"
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"---\nname: post\ndescription: Posts in the {name}.\n---\n\nDo it.\n")
        called = {"type": "tool_use", "id": "t", "name": "Skill", "input": {"skill": "post"}}
        attached = {"type": "skill_listing", "content": f"- post: Posts in the {name}.", "names": ["post"], "isInitial": True}
        body = f"Base directory for this skill: {folder}\n\nDo it."
        ended = {"type": "tool_result", "tool_use_id": "t", "content": "Launching skill: post"}
        lines: list[dict[str, Any]] = [
            {"type": "user", "turnOrigin": "human", "cwd": str(home.path / name), "message": {"content": f"write it to the {name} now"}},
            {"type": "attachment", "cwd": str(home.path / name), "attachment": attached},
            {"type": "assistant", "message": {"id": "m", "content": [called]}},
            {"type": "user", "message": {"content": [ended]}, "toolUseResult": {"success": True, "commandName": "post"}},
            {
                "type": "user",
                "isMeta": True,
                "sourceToolUseID": "t",
                "message": {"content": body},
            },
        ]
        log = home.path / f".claude/projects/{name}/{name}.jsonl"
        log.parent.mkdir(parents=True)
        log.write_text("".join(json.dumps({"timestamp": "2026-11-30T05:00:00.000Z", "sessionId": name, **line}) + "\n" for line in lines))
    home.run("skills", "sync")
    assert len(home.answer("skills", "status")["skills"]) == 2
    for name in ("shop", "blog"):
        found = home.answer("skills", "eval", "generate", str(home.path / name / ".claude/skills/post"), "--dry-run")
        assert sides(found) == {f"write it to the {name} now": True}


def test_a_model_fills_a_suite_up_and_what_it_invents_is_marked(home: Here) -> None:
    words = ("skills", "eval", "generate", "lint", "--from", "model", "--positives", "20", "--negatives", "16", "--tasks", "1")
    assert "--model" in home.run(*words, code=1)
    with_model = (*words, "--model", f"script:{home.path}/model.py:write")
    planned = home.answer(*with_model, "--dry-run")
    assert (planned["invented"]["calls"], planned["added"]) == (5, [])
    found = home.answer(*with_model)
    values = list(sides(found).values())
    assert (values.count(True), values.count(False), len(values)) == (20, 16, 36)
    assert {one["source"]["by"] for one in found["cases"]} == {"model"}
    (task,) = (one for one in found["cases"] if one["kind"] == "task")
    assert [one["kind"] for one in task["checks"]] == ["contains", "file_exists"]
    assert home.answer(*with_model)["added"] == []


def test_in_a_repository_the_suite_lies_there(home: Here) -> None:
    folder = home.path / "project/.claude/skills/mine"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: mine\ndescription: Mine.\n---\n\nDo it.\n")
    subprocess.run(["git", "init", "-q"], cwd=home.path / "project", check=True)
    assert "autotune-skills" in home.answer("skills", "eval", "show", str(folder))["file"]
    subprocess.run(["git", "add", "-A"], cwd=home.path / "project", check=True)
    assert home.answer("skills", "eval", "show", str(folder))["file"] == str(home.path / "project/skill-suites/mine/suite.jsonl")


def test_a_person_says_which_queries_fit(home: Here) -> None:
    recorded(home)
    confirmed(home, "ship")
    cases = home.answer("skills", "eval", "generate", "lint")["cases"]
    wrong = next(one["id"] for one in cases if one["type"] == "negative")
    (home.path / "labels.jsonl").write_text(json.dumps({"id": wrong, "fits": True}) + "\n\n")
    assert "terminal" in home.run("skills", "eval", "label", "lint", code=1)
    assert home.answer("skills", "eval", "label", "lint", "--from", "labels.jsonl") == {"labelled": {wrong: True}, "moved": [wrong]}
    (now,) = (one for one in home.answer("skills", "eval", "show", "lint")["cases"] if one["id"] == wrong)
    assert (now["type"], now["source"]["by"]) == ("implicit", "person")
    (home.path / "labels.jsonl").write_text('{"id": "r-none", "fits": true}\n')
    assert "Line 1" in home.run("skills", "eval", "label", "lint", "--from", "labels.jsonl", code=1)


def test_a_suite_that_is_broken_is_refused_with_its_line(home: Here) -> None:
    suite = home.path / "autotune-skills/lint/skill-suites/lint/suite.jsonl"
    suite.parent.mkdir(parents=True)
    suite.write_text('{"suite": 1, "skill": "lint"}\n{"id": 1}\n')
    assert "line 2" in home.run("skills", "eval", "show", "lint", code=1)


def test_cases_of_other_tools_are_imported_with_their_files(home: Here) -> None:
    evals = home.path / "evals"
    for path, text in {
        "tasks/one/task.toml": "[agent]\ntimeout_sec = 60\n[verifier]\ntimeout_sec = 5\n",
        "tasks/one/instruction.md": "Fill in the form.\n",
        "tasks/one/tests/test.sh": "test -f out.txt\n",
        "tasks/one/environment/in.txt": "in\n",
        "tasks/one/environment/Dockerfile": "FROM x\n",
        "tasks/one/environment/skills/lint/SKILL.md": "---\nname: lint\n---\n",
    }.items():
        (evals / path).parent.mkdir(parents=True, exist_ok=True)
        (evals / path).write_text(text)
    (task,) = home.answer("skills", "eval", "import", "lint", "evals")["added"]
    beside = home.path / "autotune-skills/lint/skill-suites/lint"
    assert (beside / task["workspace"] / "in.txt").read_text() == "in\n"
    assert (beside / task["checks"][0]["path"] / "test.sh").is_file()
    assert sorted(path.name for path in (beside / task["workspace"]).iterdir()) == ["in.txt"]
    assert home.answer("skills", "eval", "import", "lint", "evals")["added"] == []


def test_a_file_of_cases_is_imported_as_a_folder_of_them_is(home: Here) -> None:
    (home.path / "mine.json").write_text('[{"query": "check my style", "should_trigger": true}]')
    assert [one["query"] for one in home.answer("skills", "eval", "import", "lint", "mine.json")["added"]] == ["check my style"]


def test_in_a_terminal_it_asks_one_query_after_the_other(home: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    recorded(home)
    home.run("skills", "eval", "generate", "lint")
    monkeypatch.setattr("sys.stdin", Terminal("y\nn\ns\nq\n"))
    home.run("skills", "eval", "label", "lint")
    cases = home.answer("skills", "eval", "show", "lint")["cases"]
    assert [one["source"]["why"] for one in cases if one["source"]["by"] == "person"] == ["label", "label against"]
