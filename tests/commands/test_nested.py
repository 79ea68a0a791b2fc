"""Files that you give are nested far deeper than anybody nests: each is refused by its name, and nothing is called a bug."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from autotune.commands import app

DEEP = (250, 700, 20_000)
BEHAVIOR = "response-quality"


def brackets(deep: int) -> str:
    return "[" * deep + "]" * deep


def head(deep: int) -> str:
    lines = "\n".join(f"{' ' * level}a:" for level in range(1, min(deep, 1_000)))
    return f"---\nname: notes\ndescription: Notes.\nmetadata:\n{lines}\n---\n# Notes\n"


def table(deep: int) -> str:
    return f"a = {brackets(deep)}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CLAUDE_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("deep", DEEP)
@pytest.mark.parametrize(
    ("path", "content", "command"),
    [
        ("notes/SKILL.md", head, "skills check notes"),
        ("workshop/prompts.toml", table, "prompts status --at workshop"),
        ("workshop/prompts.toml", lambda deep: f"{'.'.join('a' * deep)} = 1\n", "prompts status --at workshop"),
        ("workshop/prompts.toml", lambda deep: "# long\n" * deep * 1_000, "prompts status --at workshop"),
        ("data/autotune/skills.toml", table, "skills run --dry-run"),
        ("autotune.json", lambda deep: '{"a":' * deep + "1" + "}" * deep, "prompts init --from autotune.json --at new --yes"),
        ("labels.jsonl", brackets, "prompts label --from labels.jsonl --at workshop"),
        (".claude/settings.json", brackets, "statusline --install"),
    ],
)
def test_a_file_that_is_nested_too_deeply_is_named(
    home: Path, path: str, content: Callable[[int], str], command: str, deep: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "workshop").mkdir()
    (home / "workshop/prompts.toml").write_text(f'behaviors = ["{BEHAVIOR}"]\n')
    (home / path).parent.mkdir(parents=True, exist_ok=True)
    (home / path).write_text(content(deep))
    code, said = app.run(command.split()), capsys.readouterr()
    assert [code, Path(path).name in said.out + said.err] == [1, True], said.err


@pytest.mark.parametrize("deep", DEEP)
def test_a_trace_that_is_nested_too_deeply_is_no_trace(home: Path, deep: int, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "workshop").mkdir()
    (home / "workshop/prompts.toml").write_text(f'behaviors = ["{BEHAVIOR}"]\ntrace_dir = "{home}/traces"\n')
    (home / "traces").mkdir()
    (home / "traces/a.jsonl").write_text(f'{{"id": "1", "input": "a", "output": "b", "tools": {brackets(deep)}}}\n')
    code = app.run(["prompts", "ingest", "--at", "workshop", "--json"])
    assert [code, json.loads(capsys.readouterr().out)["unread"]] == [0, {"not JSON": 1}]


@pytest.mark.parametrize("deep", DEEP)
def test_a_skill_whose_head_is_nested_too_deeply_does_not_hide_the_others(
    home: Path, deep: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("notes", head(deep)), ("other", "---\nname: other\ndescription: Other.\n---\n# Other\n")):
        (home / ".claude/skills" / name).mkdir(parents=True)
        (home / ".claude/skills" / name / "SKILL.md").write_text(text)
    assert app.run(["skills", "run", "--dry-run", "--json"]) == 0
    choices = json.loads(capsys.readouterr().out)["steps"][1]["found"]["choices"]
    assert {one["name"] for one in choices} == {"notes", "other"}
