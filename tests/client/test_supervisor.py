"""`autotune start --headless` with the real client and a model on loopback that follows a script."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.client.client import ROOT
from tests.client.model import Asked, Call, Fail, Line, Model, Refuse, Say, Turn, after, bash, serving

LONGEST_S = 60.0

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

# How long it takes depends on the code, so that a client can be killed while it is measured.
BENCHMARK = "[ $(wc -c < code.txt) = 91 ] && sleep 6\necho METRIC size=$(wc -c < code.txt)\n"


OVERLOADED = Fail(529, "overloaded_error", "Overloaded")
LIMITED = Fail(429, "rate_limit_error", "Too many requests", headers={"retry-after": "1"})
TOO_LONG = Fail(400, "invalid_request_error", "prompt is too long: 1200000 tokens > 1000000 maximum", lasts=True)
REFUSED = Refuse(lasts=True)
TWICE = 2  # a client tries once more by itself


@dataclass
class Night:
    """A project with a session, and everything that a client needs to be nobody's."""

    folder: Path
    home: Path
    programs: Path
    environment: dict[str, str]

    def autotune(self, *words: str, folder: Path | None = None) -> str:
        line = [sys.executable, "-I", str(ROOT / "lib" / "autotune" / "__main__.py"), *words]
        done = subprocess.run(
            line, check=False, cwd=folder or self.folder, env=self.environment, capture_output=True, text=True, timeout=LONGEST_S
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def open(self, *options: str) -> None:
        self.autotune(
            *("init", "--name", "night", "--metric", "size", "--direction", "lower", "--scope", "code.txt", "--worktree", "--once"),
            *options,
        )

    @property
    def session_tree(self) -> Path:
        """The session's working tree; the project's where there is no session yet."""
        return next((Path(json.loads(path.read_text().splitlines()[0])["tree"]) for path in self.ledgers), self.folder)

    @property
    def ledgers(self) -> list[Path]:
        return [path for path in self.folder.glob(".git/autotune/*/autotune.jsonl") if not path.parent.name.startswith(".")]

    @property
    def events(self) -> list[dict[str, Any]]:
        (path,) = self.ledgers
        return [json.loads(line) for line in path.read_text().splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.events if one["type"] == kind]

    @property
    def results(self) -> list[str]:
        return [one["description"] for one in self.of("result") if not one["baseline"]]

    def tried(self, size: int) -> tuple[Line, Line]:
        """The two turns of an experiment: an edit that makes the code this many bytes long, and its measurement."""

        def edit(_: Asked) -> Turn:
            return Call("Write", {"file_path": f"{self.session_tree}/code.txt", "content": "x" * size})

        return edit, bash(f"autotune try --description 'to {size} bytes'")

    def start(self, script: Sequence[Line], *words: str) -> tuple[Model, str]:
        """Supervise a client whose model follows the script, to the end; gives the model, and all that the supervisor said."""
        with serving(script) as model:
            environment = {**self.environment, "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{model.port}"}
            line = [sys.executable, "-I", str(ROOT / "lib" / "autotune" / "__main__.py"), "start", "--headless", *words]
            done = subprocess.run(
                line,
                check=False,
                cwd=self.session_tree,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=LONGEST_S,
            )
        assert done.returncode == 0, done.stdout + done.stderr
        return model, done.stdout + done.stderr

    def kill_while_measuring(self) -> None:
        """Kill the client as soon as its candidate is under measurement."""
        while not self.of("candidate"):
            time.sleep(0.05)
        (client,) = self.clients
        os.kill(client, signal.SIGKILL)

    @property
    def clients(self) -> list[int]:
        """The clients' processes."""
        found = Path("/proc").glob("[0-9]*/cmdline")
        return [int(path.parent.name) for path in found if f"{self.programs}/claude" in _line_of(path)]


def _line_of(process: Path) -> str:
    try:
        return process.read_bytes().split(b"\0")[0].decode(errors="replace")
    except OSError:
        return ""


def _set_up_already() -> None:
    """Let the launcher find this Python as its environment, so that no test sets one up: the note has the lock file's time."""
    note, lock = Path(f"{os.environ['XDG_CACHE_HOME']}/autotune/launcher{ROOT}/python"), ROOT / "requirements.lock"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(f"{sys.executable}\n")
    os.utime(note, ns=(lock.stat().st_mtime_ns, lock.stat().st_mtime_ns))


@pytest.fixture
def night(tmp_path: Path, binary: Path) -> Night:
    folder, home, programs = tmp_path / "project", tmp_path / "home", tmp_path / "bin"
    for one in (folder, home / "tmp", programs):
        one.mkdir(parents=True)
    (programs / "claude").symlink_to(binary)
    _set_up_already()
    environment = {
        **{name: value for name, value in os.environ.items() if name.startswith(("GIT_", "XDG_CACHE", "LC_", "COVERAGE"))},
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "ANTHROPIC_API_KEY": "no-key",
        "CLAUDE_CODE_TMPDIR": str(home / "tmp"),
        "CLAUDE_CODE_MAX_RETRIES": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
    }
    (folder / "code.txt").write_text("x" * 100)
    (folder / "autotune.sh").write_text(BENCHMARK)
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "begin")):
        subprocess.run(["git", *words], cwd=folder, env=environment, check=True)
    return Night(folder, home, programs, environment)


def aside(work: Callable[[], object]) -> Callable[[], object]:
    """Do something while the client goes on."""
    return lambda: threading.Thread(target=work, daemon=True).start()


def test_a_night_of_trouble_goes_on_and_ends_when_the_stop_rule_holds(night: Night) -> None:
    night.open("--max-iterations", "2")
    script = [
        *[OVERLOADED] * TWICE,
        *[LIMITED] * TWICE,
        *night.tried(90),
        TOO_LONG,
        REFUSED,
        *night.tried(80),
    ]
    model, said = night.start(script, "make it small")
    assert night.results == ["to 90 bytes", "to 80 bytes"]
    assert [one["reason"]["figures"] for one in night.of("finish")] == [{"limit": "max_iterations", "reached": 2, "allowed": 2}]
    assert "is overloaded or out of reach: API Error" in said
    assert "a rate limit: API Error" in said
    assert "its context is full: Prompt is too long" in said
    assert "the model refused: API Error" in said
    assert "experiment 2: keep: to 80 bytes" in said
    contexts = list(dict.fromkeys(model.conversations))
    assert len(contexts) == 3, "the service's troubles go on in the same conversation, a full context and a refusal begin another"
    assert all("make it small" in model.asked[model.conversations.index(one)].all for one in contexts)
    last = night.of("cost")[-1]
    assert last["tokens"] >= 4 * 1100
    assert last["cost_usd"] > 0
    assert not last["estimated"]
    (log,) = night.folder.glob(".git/autotune/*/headless.log")
    assert "experiment 1: keep" in log.read_text()


def test_a_killed_client_comes_back_to_its_measurement_and_the_money_holds_across_every_context(night: Night) -> None:
    night.open("--max-iterations", "9")
    night.autotune("config", "set", "fresh_context", "2", folder=night.session_tree)
    night.autotune("config", "set", "max_cost_usd", "0.5", folder=night.session_tree)
    edit, measure = night.tried(91)
    script = [
        edit,
        after(aside(night.kill_while_measuring), measure),
        bash("autotune wait"),
        *night.tried(80),
        bash("autotune status"),
        bash("autotune status", context=200_000),
        bash("autotune status"),
    ]
    model, said = night.start(script)
    assert night.results == ["to 91 bytes", "to 80 bytes"]
    assert "the client crashed" in said
    assert "A measurement of this session is running: call `autotune wait`" in model.asked[2].all
    assert "experiment: 1" in model.asked[3].all, "the answer of `autotune wait` is the result of the experiment that was running"
    assert "a fresh context was due" in said
    (finish,) = night.of("finish")
    assert (finish["reason"]["figures"]["limit"], finish["reason"]["figures"]["allowed"]) == ("max_cost_usd", 0.5)
    last = night.of("cost")[-1]
    assert last["cost_usd"] >= 0.5
    assert last["estimated"], "the killed client could not say what it had cost"
    assert len(model.asked) <= 8


def test_a_conversation_that_goes_on_may_spend_what_is_left_and_one_call_more_at_most(night: Night) -> None:
    night.open()
    night.autotune("config", "set", "max_cost_usd", "1.0", folder=night.session_tree)
    dear, cheaper = (bash("autotune status", context=tokens) for tokens in (120_000, 30_000))
    model, _ = night.start([dear, *[OVERLOADED] * TWICE, *[cheaper] * 9])
    assert len(set(model.conversations)) == 1
    before, last = night.of("cost")[-2:]
    one_call = (last["cost_usd"] - before["cost_usd"]) / (len(model.asked) - 1 - TWICE)
    assert 1.0 <= last["cost_usd"] < 1.0 + one_call
    figures = night.of("finish")[0]["reason"]["figures"]
    assert (figures["limit"], figures["allowed"]) == ("max_cost_usd", 1.0)


def test_tokens_are_counted_outside_the_client_which_ends_one_call_after_the_limit_at_most(night: Night) -> None:
    night.open()
    night.autotune("config", "set", "max_tokens", "5000", folder=night.session_tree)
    call = after(lambda: time.sleep(0.5), bash("autotune status", context=2000))  # no model answers in an instant
    model, said = night.start([call] * 40)
    (finish,) = night.of("finish")
    assert finish["reason"]["figures"] == {"limit": "max_tokens", "reached": night.of("cost")[-1]["tokens"], "allowed": 5000}
    assert "the client is ended: its budget is used up" in said
    assert 3 <= len(model.asked) <= 4, "the third call reaches the limit"


def test_what_no_repetition_helps_against_pauses_the_session_with_the_reason(night: Night) -> None:
    night.open()
    _, said = night.start([Fail(401, "authentication_error", "invalid key")] * 4)
    (pause,) = night.of("pause")
    assert (pause["reason"]["kind"], pause["reason"]["figures"]) == ("client gone", {"how": "rejected"})
    assert "is paused" in said


def test_without_a_session_the_agent_sets_one_up_and_goes_on_in_its_working_tree(night: Night) -> None:
    opens = "autotune init --name night --metric size --scope code.txt --worktree --once --max-iterations 1"
    model, said = night.start([bash(opens), Say("It is open.", lasts=True), *night.tried(80)], "make it small")
    assert night.results == ["to 80 bytes"]
    assert night.session_tree != night.folder
    assert (night.folder / "code.txt").read_text() == "x" * 100
    assert "make it small" in model.asked[-3].all
    assert night.of("cost")[-1]["tokens"] >= 3 * 1100, "what the set-up cost counts"
    assert "is finished" in said


def test_a_goal_after_a_session_that_was_stopped_is_one_for_a_new_session(night: Night) -> None:
    night.open()
    night.autotune("stop", folder=night.session_tree)
    opens = "autotune init --name again --metric size --scope code.txt --worktree --once --max-iterations 1"

    def edit(_: Asked) -> Turn:
        (ledger,) = night.folder.glob(".git/autotune/again-*/autotune.jsonl")
        tree = json.loads(ledger.read_text().splitlines()[0])["tree"]
        return Call("Write", {"file_path": f"{tree}/code.txt", "content": "x" * 80})

    measure = bash("autotune try --description 'to 80 bytes'")
    model, said = night.start([bash(opens), Say("It is open.", lasts=True), edit, measure], "make it smaller")
    assert "make it smaller" in model.asked[0].all
    assert "again-" in said
    assert "is finished" in said


def test_what_a_killed_supervisor_did_not_write_down_is_counted_by_the_next(night: Night) -> None:
    night.open("--max-iterations", "1")
    with serving(
        [*night.tried(80)[:1], bash("autotune status", context=50_000), after(lambda: time.sleep(20), Say("Nobody listens."))]
    ) as model:
        environment = {**night.environment, "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{model.port}"}
        line = [sys.executable, "-I", str(ROOT / "lib" / "autotune" / "__main__.py"), "start", "--headless"]
        with subprocess.Popen(line, cwd=night.session_tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
            while len(model.asked) < 3:
                time.sleep(0.05)
            first.kill()
        while night.clients:
            time.sleep(0.05)
    night.start(night.tried(80))
    caught_up = [one for one in night.of("cost") if one["tokens"] == 1100 + 50_100]
    assert caught_up, "all that the first client's model was asked, and nothing twice"
    assert 0.2 < caught_up[0]["cost_usd"] < 0.25, "from the client's own note, for it ended in order"
    assert night.of("cost")[-1]["tokens"] >= 1100 + 50_100 + 2200


def test_a_stop_from_another_terminal_ends_the_night(night: Night) -> None:
    night.open()

    def stop() -> None:
        time.sleep(7)  # longer than what goes on is left untold
        night.autotune("stop", folder=night.session_tree)

    edit, measure = night.tried(80)
    model, said = night.start([after(stop, edit), measure, Say("It was stopped.")])
    assert night.results == []
    assert "is stopped" in model.asked[2].all
    assert len(model.asked) == 3
    assert "is stopped" in said
    assert "the client works on experiment 1" in said


def test_a_client_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; from autotune.edges.client import not_outliving\n"
        "client = subprocess.Popen(['sleep', '60'], start_new_session=True); print(client.pid, flush=True)\n"
        "with not_outliving(client): print('guarded', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
    supervisor = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    client = int(supervisor.stdout.readline())
    supervisor.stdout.readline()
    supervisor.kill()
    supervisor.communicate()
    until = time.monotonic() + LONGEST_S
    while _line_of(Path(f"/proc/{client}/cmdline")):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_client_is_opened_with_the_agent_in_the_sessions_working_tree(night: Night) -> None:
    night.open()
    (night.programs / "claude").unlink()
    (night.programs / "claude").write_text('#!/bin/sh\npwd\nprintf "%s\\n" "$@"\n')
    (night.programs / "claude").chmod(0o755)
    said = night.autotune("start", "make it", "small", "--", "--model", "opus").splitlines()
    assert said == [str(night.session_tree), "--agent", "autotune:autotune", "--plugin-dir", str(ROOT), "--model", "opus", "make it small"]


def test_where_nothing_goes_on_by_itself_no_client_is_kept_at_work(night: Night) -> None:
    night.open()
    night.autotune("config", "set", "auto_resume", "prompt", folder=night.session_tree)
    line = [sys.executable, "-I", str(ROOT / "lib" / "autotune" / "__main__.py"), "start", "--headless"]
    done = subprocess.run(line, cwd=night.session_tree, env=night.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error: Nothing goes on by itself in this session (auto_resume is prompt)." in done.stderr
    assert "`autotune config set auto_resume headless`" in done.stderr


def test_without_a_client_the_error_says_what_to_do(night: Night) -> None:
    (night.programs / "claude").unlink()
    line = [sys.executable, "-I", str(ROOT / "lib" / "autotune" / "__main__.py"), "start", "--headless", "make it small"]
    done = subprocess.run(line, cwd=night.folder, env=night.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error: The client is not on PATH" in done.stderr
    assert "--proposer COMMAND" in done.stderr
