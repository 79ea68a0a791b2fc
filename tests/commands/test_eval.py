"""`eval` and `label` as a person runs them: a home of their own, a program in the judge's place."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.commands.test_seen import MAIN, recent

from autotune.commands import app

JUDGE = """\
import json, re, sys
asked = json.load(sys.stdin)
answer = re.search(r" answer\\n(.*?)\\n", asked["messages"][1]["content"]).group(1)
names = asked["schema"]["properties"]["criteria"]["required"]
mark = 4 if "friend" in answer else 1
marks = {name: {"reason": "so it is", "mark": mark} for name in names}
print(json.dumps({"value": {"criteria": marks, "remark": "", "sure": 4}, "cost_usd": 0.001}))
"""


class Here:
    """A home in this process: commands are run in it, and what they print is read."""

    def __init__(self, path: Path, said: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._said = said

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command; gives what it printed, on stderr where it is refused."""
        self._said.readouterr()
        assert app.run(list(words)) == code
        said = self._said.readouterr()
        return said.err if code and not said.out else said.out

    def answer(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run a command; gives its answer."""
        found: dict[str, Any] = json.loads(self.run(*words, "--json", code=code))
        return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("AUTOTUNE_NO_REQUESTS")
    monkeypatch.chdir(tmp_path)
    here = Here(tmp_path, capsys)
    here.answer("prompts", "init", "--behavior", "response-quality")
    judge, traces = tmp_path / "judge.py", tmp_path / ".config" / "dotclaw" / "traces"
    judge.write_text(JUDGE)
    command = f"command:{sys.executable} -I {judge}"
    with (tmp_path / "autotune-prompts" / "prompts.toml").open("a") as file:
        file.write(f'max_usd_per_day = "none"\n[judge]\nstage1_model = "{command}"\nstage2_model = "{command}"\n')
    traces.mkdir(parents=True)
    (traces / "a.jsonl").write_bytes(recent(*range(3), output_text="Dear friend.") + recent(*range(3, 6), output_text="No."))
    here.answer("ingest")
    return here


def in_a_terminal(keys: str, *words: str) -> str:
    """Run a command in a terminal and press keys; gives what it showed."""
    ours, theirs = pty.openpty()
    os.write(ours, keys.encode())
    command = [sys.executable, "-I", str(MAIN), *words]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False, timeout=60)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_traces_to_scores_that_are_held_against_a_persons(home: Here) -> None:
    would = home.answer("eval", "--dry-run")
    assert (would["calls"], would["usd"], would["behaviors"][0]["cases"]) == (6, None, 6)
    found = home.answer("eval")
    assert (found["behaviors"][0]["scored"], found["behaviors"][0]["mean"], found["usd"]) == (6, 0.625, pytest.approx(0.006))
    assert home.answer("prompts", "eval")["behaviors"][0]["judged"] == 0
    cases = home.run("prompts", "cases", "response-quality", "--part", "confirm").split("\n")
    labels = home.path / "labels.jsonl"
    labels.write_text("".join(json.dumps({"case": line.split("\t")[0], "mark": 4}) + "\n" for line in cases if line))
    one = home.answer("prompts", "label", "--from", str(labels))["behaviors"][0]
    assert (one["added"], one["labels"], one["compared"], one["doubt"]) == (*[len(cases) - 1] * 3, "few labels")
    assert home.answer("prompts", "label")["behaviors"][0]["added"] == 0, "with --json nothing is asked"


def test_a_behaviour_and_a_case_are_explained(home: Here) -> None:
    assert home.answer("prompts", "explain", "response-quality")["instrument"] is None
    home.answer("eval")
    full = home.answer("prompts", "explain", "response-quality")
    assert (full["versions"][0]["mean"]["value"], full["criteria"]["correct"]["marks"]) == (0.625, 6)
    assert home.answer("prompts", "status")["scores"][0]["versions"] == full["versions"]
    case = home.run("prompts", "cases", "response-quality").split("\t")[0]
    said = home.answer("prompts", "explain", case[:8])
    assert (said["case"], said["verdicts"][0]["reasons"]["correct"], said["verdicts"][0]["current"]) == (case, "so it is", True)
    assert case in home.run("prompts", "explain", case)
    for unknown in ("nobody-there", "abc"):
        assert unknown in home.run("prompts", "explain", unknown, code=1)


def test_in_a_terminal_each_key_is_a_label_that_is_kept_at_once(home: Here) -> None:
    shown = in_a_terminal("x3q", "prompts", "label")
    assert "question" in shown
    assert home.answer("prompts", "label")["behaviors"][0]["labels"] == 1


def test_without_a_terminal_nobody_is_asked(home: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        assert "no terminal" in home.run("prompts", "label", code=1)


@pytest.mark.parametrize(
    "line", ["{torn", "[]", '{"case": "x"}', '{"case": "x", "mark": 5}', '{"case": "x", "mark": true}', '{"case": "nobody", "mark": 4}']
)
def test_a_file_of_labels_is_taken_whole_or_not_at_all(home: Here, line: str) -> None:
    case = home.run("prompts", "cases", "response-quality").split("\t")[0]
    labels = home.path / "labels.jsonl"
    labels.write_text(json.dumps({"case": case, "mark": 4}) + f"\n{line}\n")
    assert "line 2" in home.run("prompts", "label", "--from", str(labels), code=1)
    assert home.answer("prompts", "label")["behaviors"][0]["labels"] == 0


def test_a_judge_that_does_not_answer_is_an_error_and_no_zeros(home: Here) -> None:
    (home.path / "judge.py").write_text('print(\'{"error": "down", "status": 403}\')')
    found = home.answer("eval", code=1)
    assert (found["ended"], found["behaviors"][0]["scored"]) == ("key", 0)


def test_a_variable_that_is_nearly_one_of_ours_is_named(home: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOTUNE_SOMETHING_ELSE", "3")
    monkeypatch.setenv("AUTOTUNE_CASES", "x")
    home.answer("eval", "--dry-run")
    monkeypatch.setenv("AUTOTUNE_EVAL_MAX_TRACE", "3")
    assert "AUTOTUNE_EVAL_MAX_TRACES" in home.run("eval", "--dry-run", code=1)


def test_status_does_not_pay_for_what_it_does_not_use(home: Here) -> None:  # noqa: ARG001 - its variables
    program = "import sys; from autotune.commands import app; app.run(['prompts', 'status']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(MAIN.parents[1])}, capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert "autotune.prompts.standing" in loaded
    assert not {"autotune.core.ledger.state", "autotune.prompts.candidates", "autotune.prompts.watching", "numpy", "ssl", "git"} & loaded
