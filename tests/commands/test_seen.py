"""What `autotune prompts` and `autotune ingest` do with what was seen, run as a person runs them: no terminal, a home of their own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.records.agent import lines, record

MAIN = Path(__file__).parents[2] / "lib" / "autotune" / "__main__.py"


@dataclass
class Home:
    path: Path

    @property
    def traces(self) -> Path:
        return self.path / ".config" / "dotclaw" / "traces"

    @property
    def workshop(self) -> Path:
        return self.path / "autotune-prompts"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AUTOTUNE_", "OPENROUTER_", "XDG_", "GIT_"))}
        return {**kept, "HOME": str(self.path), "COLUMNS": "80", **more}

    def run(self, *words: str, code: int = 0, variables: Mapping[str, str] | None = None) -> str:
        command = [sys.executable, "-I", str(MAIN), *words]
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment(**(variables or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout if code == 0 else done.stderr

    def answer(self, *words: str, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*words, "--json", variables=variables))
        return found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def recent(*numbers: int, **more: Any) -> bytes:  # noqa: ANN401
    return lines(*(record(number, created_at=round(time.time() * 1000) - 5000, **more) for number in numbers))


def test_from_nothing_to_records_that_are_forgotten(home: Home) -> None:
    made = home.answer("prompts", "init", "--behavior", "tool-calling")
    assert made["files"] == ["prompts.toml", "packs/tool-calling.json", "rubrics/tool-calling.toml"]
    assert home.answer("prompts", "status")["workshop"] == str(home.workshop)
    assert home.answer("ingest")["missing"] == [str(home.traces)]
    home.traces.mkdir(parents=True)
    (home.traces / "a.jsonl").write_bytes(recent(*range(20)) + recent(90, input_text="I am a@example.com") + b"dead\n")
    would = home.answer("ingest", "--dry-run")
    done = home.answer("prompts", "ingest")
    assert (would["records"], done["records"], done["masked"], done["unread"]) == (21, 21, {"email": 1}, {"not JSON": 1})
    assert home.answer("ingest")["lines"] == 0
    found = home.answer("prompts", "status")
    assert (found["records"], found["users"], found["masked"], found["unread"]) == (21, 7, {"email": 1}, {"not JSON": 1})
    assert Path(found["dead_letters"]).stat().st_mode & 0o777 == 0o600
    export = home.path / "export.jsonl"
    assert home.answer("prompts", "export", "--to", str(export)) == {
        "file": str(export),
        "lines": len(export.read_text("utf-8").splitlines()),
    }
    assert export.stat().st_mode & 0o777 == 0o600
    assert home.run("prompts", "export") == export.read_text("utf-8")
    elsewhere = {"AUTOTUNE_DB_PATH": str(home.path / "other" / "x.db")}
    assert home.answer("ingest", str(export), variables=elsewhere)["read_back"] == 21
    assert home.answer("prompts", "forget", "--user", "u3", "--dry-run")["records"] == 3
    assert home.answer("prompts", "forget", "--user", "u3")["records"] == 3
    assert home.answer("prompts", "forget", "--conversation", "c1", "--before", "2001-01-01")["records"] == 2
    assert home.answer("prompts", "status")["records"] == 16


def test_traces_become_cases_that_are_judged_and_forgotten(home: Home) -> None:
    home.run("prompts", "init", "--behavior", "response-quality")
    home.traces.mkdir(parents=True)
    (home.traces / "a.jsonl").write_bytes(recent(*range(40)))
    home.run("ingest")
    contents, settings = home.path / "cases.jsonl", home.workshop / "judge.toml"
    listed = home.run("prompts", "cases", "response-quality", "--to", str(contents)).splitlines()
    assert {line.partition("\t")[2] for line in listed} <= {f"user u{number}" for number in range(7)}
    assert listed == home.run("prompts", "cases", "response-quality").splitlines()
    settings.write_text(
        f'behavior = "response-quality"\ncases = "{contents}"\nrubric = "rubrics/response-quality.toml"\njudge = "script:echo"\n'
        'agent = "script:echo"\npack = "packs/response-quality.json"\n'
    )
    judged = home.run("prompts", "judge", str(settings)).splitlines()
    assert [line.partition("[")[2].partition("]")[0] for line in judged if line.startswith("METRIC quality[")] == [
        line.partition("\t")[0] for line in listed
    ]
    answers = home.path / ".cache" / "autotune" / "answers.db"
    assert any(b"question" in file.read_bytes() for file in answers.parent.glob("answers.db*"))
    user = listed[0].partition("user ")[2]
    home.run("prompts", "forget", "--user", user)
    assert len(contents.read_text().splitlines()) == sum(not line.endswith(f"user {user}") for line in listed)
    for file in answers.parent.glob("answers.db*"):
        assert b"question" not in file.read_bytes()


@pytest.mark.parametrize(
    "words", [("ingest",), ("prompts", "status"), ("prompts", "init"), ("prompts", "forget", "--before", "2030-01-01")]
)
def test_answers_are_for_people_too_and_fit_80_columns(home: Home, words: tuple[str, ...]) -> None:
    home.traces.mkdir(parents=True)
    calls = [{"name": "a"}, {}]
    said = recent(1, 2, prompt_pack_versions={"tool-calling": "v1"}, tool_calls=calls) + recent(3, input_text="a@example.com")
    (home.traces / "a.jsonl").write_bytes(said + recent(4, prompt_pack_versions="torn") + b"dead\nhalf")
    if words != ("ingest",):
        home.run("ingest")
    answer = home.run(*words)
    assert answer.strip()
    assert max(map(len, answer.splitlines())) <= 80
    assert "{" not in answer
    assert "None" not in answer


def test_a_mistyped_command_is_an_error_of_usage_and_does_nothing(home: Home) -> None:
    for words in (
        ("prompts", "statsu"),
        ("ingst",),
        ("prompts", "ingest", "--dry"),
        ("ingest", "--behaviour", "x"),
        ("prompts", "init", "--behavior", "x"),
    ):
        home.run(*words, code=2)
    home.run("prompts", "forget", "--before", "yesterday", code=2)
    home.run("ingest", str(home.path), "--field", "input", code=2)
    assert list(home.path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("ingest", "gone"), "gone"), (("ingest", "--format", "otel"), "--format"), (("prompts", "forget"), "forgotten"),
        (("ingest", ".", "--field", "inptu=x"), "inptu"), (("ingest", ".", "--field", "input=x", "--format", "otel"), "otel"),
        (("prompts", "status", "--at", "."), "prompts.toml"), (("prompts", "init", "--from", "gone.json"), "gone.json"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(home: Home, words: tuple[str, ...], named: str) -> None:
    assert named in home.run(*words, code=1)


def test_a_setting_that_is_broken_is_refused_by_every_command(home: Home) -> None:
    home.run("prompts", "init")
    (home.workshop / "prompts.toml").write_text("retention_dyas = 5\n", "utf-8")
    for words in (("ingest",), ("prompts", "status"), ("prompts", "export"), ("prompts", "forget", "--user", "x")):
        assert "retention_dyas" in home.run(*words, code=1)
    (home.workshop / "prompts.toml").write_text("redact = false\n", "utf-8")
    assert "AUTOTUNE_REDACT" in home.run("ingest", code=1, variables={"AUTOTUNE_REDACT": "perhaps"})


def test_masking_is_switched_off_by_file_or_variable(home: Home) -> None:
    log = home.path / "a.jsonl"
    log.write_bytes(recent(1, input_text="I am a@example.com"))
    assert home.answer("ingest", str(log), variables={"AUTOTUNE_REDACT": "0"})["masked"] == {}
    assert "a@example.com" in home.run("prompts", "export")


def test_a_chat_log_is_read_by_fields_that_are_named(home: Home) -> None:
    log = home.path / "chat.jsonl"
    log.write_bytes(lines({"request": {"text": "q"}, "reply": "a", "who": "u"}))
    assert home.answer("ingest", str(log), "--field", "input=request.text", "--field", "user=who")["records"] == 1
    (_, *rows) = map(json.loads, home.run("prompts", "export").splitlines())
    (said,) = [json.loads(row["content"]) for row in rows if row["table"] == "record"]
    assert (said["input"], said["output"], said["user"]) == ("q", "a", "u")


def test_an_older_tool_is_taken_over_settings_and_packs(home: Home) -> None:
    packs = home.path / "packs"
    packs.mkdir()
    deployed = '{"name": "x", "version": "1764374400000", "behavior": "tool-calling", "instructions": "be quick", "demos": []}'
    (packs / "tool-calling.json").write_text(deployed, "utf-8")
    old = home.path / "autotune.json"
    old.write_text(json.dumps({"openrouter": {"apiKey": "k"}, "deploy": {"outputDir": str(packs)}, "behaviors": ["tool-calling"]}), "utf-8")
    made = home.answer("prompts", "init", "--from", str(old))
    assert (made["deployed"], made["secrets"]) == (["tool-calling"], ["OPENROUTER_API_KEY"])
    assert (home.workshop / "packs" / "tool-calling.json").read_text("utf-8") == deployed
    head = subprocess.run(
        ["git", "log", "--format=%D", "--name-only"], cwd=home.workshop, capture_output=True, text=True, check=True
    ).stdout
    assert head.split() == ["HEAD", "->", "main", "packs/tool-calling.json", "prompts.toml", "rubrics/tool-calling.toml"]
    status = subprocess.run(["git", "status", "--porcelain"], cwd=home.workshop, capture_output=True, text=True, check=True).stdout
    assert status == ""


@pytest.mark.parametrize(
    "what", ["workshop", "trace", "key", "file", "repository", "inside", "traces' folder", "around traces", "other file", "broken pack"]
)
def test_a_workshop_is_not_made_where_something_is(home: Home, what: str) -> None:
    place = home.path / "w"
    place.mkdir()
    extra: list[str] = []
    match what:
        case "workshop":
            (place / "prompts.toml").touch()
        case "trace":
            (place / "a.jsonl").touch()
        case "key":
            (place / ".env").touch()
        case "file":
            place.rmdir()
            place.touch()
        case "repository":
            subprocess.run(["git", "init", "-q"], cwd=place, check=True)
        case "inside":
            subprocess.run(["git", "init", "-q"], cwd=home.path, check=True)
        case "traces' folder":
            extra = ["--traces", str(place)]
        case "around traces":
            extra = ["--traces", str(place / "t" / "u")]
        case "other file":
            (place / "x").touch()
        case _:
            (home.path / "p").mkdir()
            (home.path / "p" / "tool-calling.json").write_text("{}", "utf-8")
            extra = ["--output", str(home.path / "p")]
    before = sorted(path for path in home.path.rglob("*") if ".git" not in path.parts)
    home.run("prompts", "init", "--at", str(place), *extra, code=1)
    assert sorted(path for path in home.path.rglob("*") if ".git" not in path.parts) == before


def test_a_rehearsal_of_a_workshop_makes_nothing(home: Home) -> None:
    assert len(home.answer("prompts", "init", "--dry-run")["files"]) == 13
    assert not home.workshop.exists()


def test_in_a_terminal_init_asks(home: Home) -> None:
    mine, theirs = pty.openpty()
    command = [sys.executable, "-I", str(MAIN), "prompts", "init"]
    with subprocess.Popen(command, cwd=home.path, env=home.environment(TERM="dumb"), stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(mine, f"{home.path}/here\n{home.path}/mine\n\n".encode())
        said = b""
        try:
            while more := os.read(mine, 1000):
                said += more
        except OSError:  # the other end is closed
            pass
        os.close(mine)
    assert process.returncode == 0, said.decode()
    assert (home.path / "here" / "prompts.toml").read_text("utf-8").endswith(f'trace_dir = "{home.path}/mine"\n')
