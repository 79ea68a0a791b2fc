"""The verbs that only read, in a real repository with a session whose ledger is the one in tests/golden."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from autotune.commands import app
from autotune.core.facts import quoted
from autotune.core.ledger.events import CandidateTaken, Claimed, Decided, Result
from autotune.core.ledger.lines import Event, from_line, to_line
from autotune.core.model import Status
from autotune.edges import ledger
from autotune.loop.experiment import looking

GOLDEN = Path(__file__).parents[1] / "golden"
MAIN = Path(app.__file__).parents[1] / "__main__.py"
NAME = "speed-20260301"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository on a session's branch; gives the session's ledger, and the current folder is the repository.

    The ledger names commits that are not in this repository, so nothing is looked at but the ledger.
    """
    monkeypatch.setattr(looking, "glance", lambda _: None)
    commands = ("init -q -b main", "commit -q --allow-empty -m start", f"switch -q -c autotune/{NAME}")
    for command in commands:
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    path = tmp_path / ".git" / "autotune" / NAME / "autotune.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes((GOLDEN / "session.jsonl").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "50")
    return path


def append_results(path: Path, first: int, end: int) -> None:
    """Let experiments settle, as another process would."""
    events = [from_line(line) for line in path.read_bytes().splitlines()]
    template = next(event for event in events if isinstance(event, Result) and not event.baseline)
    candidate = next(event for event in events if isinstance(event, CandidateTaken))
    verdict = next(event for event in events if isinstance(event, Decided))
    for number in range(first, end):
        event = replace(template, index=number, status=Status.DISCARD, description=f"later idea {number}")
        settled = (replace(candidate, experiment=number), replace(verdict, experiment=number), event)
        ledger.append(path, partial(in_one_go, settled), durable=False)


def in_one_go(events: Iterable[Event], prev: str) -> bytes:
    whole = b""
    for event in events:
        line = to_line(event, prev)
        whole, prev = whole + line, ledger.digest(line)
    return whole


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    code = app.run(list(arguments))
    told = capsys.readouterr()
    assert (code, told.err) == (0, "")
    return told.out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(said(capsys, *arguments, "--json"))
    return found


@pytest.mark.parametrize(
    "arguments", ["status", "explain", "explain 1", "explain 3", "brief", "dashboard", "dashboard --full", "dashboard --watch"]
)
def test_in_a_pipe_everything_is_plain_text(session: Path, capsys: pytest.CaptureFixture[str], arguments: str) -> None:
    before = session.read_bytes()
    text = said(capsys, *arguments.split())
    assert text.endswith("\n")
    assert not CONTROL.search(text)
    assert "brief" in arguments or all(len(line) <= 80 for line in text.splitlines())
    assert session.read_bytes() == before


def test_status_names_goal_health_and_next(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.exists()
    text = said(capsys, "status")
    assert text.splitlines()[0] == "goal         speed-20260301: make time_ms (ms) lower"
    assert "interrupted  experiment 13, 4 runs so far" in text
    assert as_json(capsys, "status")["best"] == 8.997


def test_explain_is_json_too(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.exists()
    told = as_json(capsys, "explain")["explanation"]
    assert isinstance(told, dict)
    assert told["experiment"] == 12
    runs = as_json(capsys, "explain", "10")["runs"]
    assert isinstance(runs, list)
    assert len(runs) == 16


def test_an_experiment_that_there_is_not_is_refused(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.exists()
    assert app.run(["explain", "77"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [f"error: There is no experiment 77 in session {NAME}.", "hint: the latest is 12"]


def test_the_brief_is_json_too(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.exists()
    assert said(capsys, "brief") == as_json(capsys, "brief")["brief"]


def test_the_dashboard_takes_a_width(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.exists()
    assert max(map(len, said(capsys, "dashboard", "--width", "60").splitlines())) == 60


def test_the_dashboard_has_a_width_where_the_variable_names_none(
    session: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert session.exists()
    before = said(capsys, "dashboard")
    monkeypatch.setenv("COLUMNS", "0")
    assert said(capsys, "dashboard") == before


def test_a_keep_that_was_confirmed_since_is_told_so_on_the_full_dashboard(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = [event for line in session.read_bytes().splitlines() if (event := from_line(line)) is not None]
    kept = next(event for event in events if isinstance(event, Result) and event.index == 1)
    verdict = next(event for event in events if isinstance(event, Decided))
    claimed = Claimed(
        "base", kept.commit, improved=True, pairs=20, reason=quoted("lower"), keeps=4, timestamp=kept.timestamp, experiment=13
    )
    settled = (replace(verdict, experiment=13), replace(kept, index=13, confirmed=False))
    ledger.append(session, partial(in_one_go, settled), durable=False)
    assert "kept, unconfirmed" in said(capsys, "dashboard", "--full")
    ledger.append(session, partial(in_one_go, (claimed,)), durable=False)
    assert "kept, unconfirmed" not in said(capsys, "dashboard", "--full")


def test_the_full_dashboard_shows_what_the_state_no_longer_holds(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append_results(session, 13, 73)
    shown, every = said(capsys, "dashboard"), said(capsys, "dashboard", "--full")
    assert "60 earlier experiments: `autotune dashboard --full`" in shown
    assert "write in blocks, without" in every
    assert len(re.findall(r"^ +\d+ ", every, re.MULTILINE)) == 72
    rows = as_json(capsys, "dashboard", "--full")["rows"]
    assert isinstance(rows, list)
    assert [row["index"] for row in rows] == list(range(1, 73))


# On a terminal


class Terminal:
    """A dashboard that runs on a terminal of its own, 90 columns wide."""

    def __init__(self, height: int, *arguments: str, **environment: str) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, 90, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        variables = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(MAIN), "dashboard", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**variables, "TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
        self.seen = ""

    def until(self, text: str) -> str:
        """What came on the screen up to a text; fails after half a minute without it."""
        give_up_at = time.monotonic() + 30
        while text not in self.seen:
            ready, _, _ = select.select([self.ours], [], [], 0.1)
            self.seen += os.read(self.ours, 65_536).decode(errors="replace") if ready else ""
            assert time.monotonic() < give_up_at, self.seen
        found, _, self.seen = self.seen.partition(text)
        return found

    def press(self, key: str) -> None:
        os.write(self.ours, key.encode())

    def ended(self) -> int:
        return self.process.wait(30)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.ours)
        os.close(terminal.theirs)


@pytest.mark.parametrize("way", ["q", "an interrupt"])
def test_the_live_screen_follows_the_ledger_until_q_or_an_interrupt(session: Path, terminals: list[Terminal], way: str) -> None:
    # An interrupt while coverage holds its lock would leave the command hanging.
    uncounted = {} if way == "q" else {"COVERAGE_PROCESS_CONFIG": ""}
    terminals.append(terminal := Terminal(50, "--watch", **uncounted))
    assert "\x1b[?1049h" in terminal.until("make time_ms")
    terminal.until("12: 3 kept")
    append_results(session, 13, 14)
    terminal.until("13: 3 kept")
    terminal.until("later idea 13")
    terminal.press("x")
    if way == "q":
        terminal.press("q")
    else:
        terminal.process.send_signal(signal.SIGINT)
    terminal.until("\x1b[?1049l")
    assert terminal.ended() == 0
    assert termios.tcgetattr(terminal.theirs)[3] == terminal.before[3]


def test_keys_choose_an_experiment_show_it_alone_and_leave_again_in_a_window_of_any_size(session: Path, terminals: list[Terminal]) -> None:
    assert session.exists()
    terminals.append(terminal := Terminal(50, "--watch"))
    terminal.until("larger blocks")
    terminal.press("f")
    terminal.until("cache the parsed header")
    terminal.press("\x1b[A\x1b[A")
    terminal.until("\x1b[7m")
    terminal.press("\r")
    terminal.until("refs/autotune/")
    fcntl.ioctl(terminal.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 50, 0, 0))
    terminal.process.send_signal(signal.SIGWINCH)
    terminal.until("\x1b[2J")
    drawn = terminal.until("esc back")
    assert len(drawn.splitlines()) <= 12
    terminal.press("\x1b")
    terminal.until("autotune speed-20260301")
    terminal.press("q")
    assert terminal.ended() == 0
    assert termios.tcgetattr(terminal.theirs)[3] == terminal.before[3]


def test_the_live_screen_ends_with_its_terminal(session: Path) -> None:
    assert session.exists()
    terminal = Terminal(50, "--watch")
    terminal.until("make time_ms")
    os.close(terminal.ours)
    os.close(terminal.theirs)
    try:
        assert terminal.process.wait(20) in (0, 1)  # its last words have nowhere to go
    finally:
        terminal.process.kill()


def test_a_small_terminal_shows_the_latest_experiments_rather_than_the_chart(session: Path, terminals: list[Terminal]) -> None:
    assert session.exists()
    terminals.append(terminal := Terminal(28, "--watch"))
    screen = terminal.until("larger blocks")
    assert "verdict" in screen
    assert "┤" not in screen


def test_a_session_that_is_deleted_ends_the_live_screen_with_an_error(session: Path, terminals: list[Terminal]) -> None:
    terminals.append(terminal := Terminal(50, "--watch"))
    terminal.until("make time_ms")
    session.unlink()
    terminal.until(f"error: Session {NAME} is gone: its log was deleted.")
    assert terminal.ended() == 1


def test_a_terminal_has_colour_unless_it_is_not_wanted(session: Path, terminals: list[Terminal]) -> None:
    assert session.exists()
    coloured = re.compile(r"\x1b\[[\d;]*(?:3|9)\dm")
    terminals.append(terminal := Terminal(50))
    assert coloured.search(terminal.until("larger blocks"))
    terminals.append(terminal := Terminal(50, NO_COLOR="1"))
    assert not coloured.search(terminal.until("larger blocks"))
    assert terminal.ended() == 0


@pytest.mark.parametrize("verb", ["status", "brief", "explain"])
def test_what_is_asked_for_often_imports_nothing_that_it_can_do_without(session: Path, verb: str) -> None:
    assert session.exists()
    done = subprocess.run([sys.executable, "-I", "-X", "importtime", str(MAIN), verb], capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "autotune.core.tell.report" in imported
    # typer looks for rich, and no further
    assert imported.isdisjoint({"rich.console", "numpy", "tomlkit", "tomli_w", "autotune.views.dashboard"})


@pytest.mark.parametrize("verb", [verb for section in app.VERBS.values() for verb in section])
def test_help_is_plain_text_that_fits(verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = said(capsys, verb, "--help")
    assert "\\" not in told
    assert max(len(line) for line in told.splitlines()) <= 80


def test_a_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert app.run(["status"]) == 1
    assert capsys.readouterr().err.startswith("error: The current folder is gone.\nhint: ")


@pytest.mark.parametrize(
    "problem", [OSError(errno.ENOSPC, "No space left on device"), PermissionError(errno.EACCES, "Permission denied", "/x/y")]
)
def test_what_the_system_does_not_let_be_done_is_no_bug(
    problem: OSError, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise problem

    monkeypatch.setattr("autotune.loop.session.sessions.find", refuse)
    assert app.run(["status"]) == 1
    told = capsys.readouterr().err
    assert str(problem.strerror) in told
    assert "bug" not in told


def test_a_missing_option_is_named_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["try"]) == 2
    assert capsys.readouterr().err.splitlines()[0] == "error: Missing option '--description' / '-d'."
    assert app.run(["config", "set", "--session"]) == 2
    assert "env var" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("optimise", "autotune optimize"),
        ("prompts optimise", "autotune prompts optimize"),
        ("skills statsu", "autotune skills status"),
        ("zzz", None),
    ],
)
def test_a_mistyped_command_names_the_one_that_is_meant(words: str, meant: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([*words.split(), "--json"]) == 2
    hint = json.loads(capsys.readouterr().out)["hint"]
    assert (f"`{meant}`" in hint) if meant else ("mean" not in hint)
