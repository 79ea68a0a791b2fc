"""What is told on the way: rewritten in a terminal, a line a step elsewhere, JSON for a program; and by a timer, whatever is waited for."""

from __future__ import annotations

import json
import os
import pty
import signal
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from rich.cells import cell_len

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.tell.words import told
from autotune.views import talk
from autotune.views.talk import Lines, Rewritten, live

SINCE = "2026-03-01T10:00:00.000Z"
WAITING = Fact(Kind.WAITING_FOR_MACHINE, {"what": "experiment 3 of tests", "process": 5, "more": 0, "until": None, "since": SINCE})
CHECKING = Fact(Kind.CHECKING, {"arm": "candidate", "since": SINCE})


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written, at a time four minutes after what goes on began."""
    found: list[str] = []
    monkeypatch.setattr(talk, "_write", found.append)
    monkeypatch.setattr(talk, "now", lambda: "2026-03-01T10:04:00.000Z")
    return found


def test_in_a_terminal_one_line_is_rewritten_and_news_goes_by_above_it(written: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "_columns", lambda: 200)
    line = Rewritten()
    line.tick()
    line.say(quoted("news"))
    assert written == ["news\n"]
    line.say(WAITING)
    line.tick()
    drawn = f"\r\x1b[K{told(WAITING)} (4 min so far)"
    assert written[1:] == [drawn, drawn]
    line.say(quoted("more news"))
    line.end()
    assert written[3:] == ["\r\x1b[K", "more news\n", drawn, "\r\x1b[K"]


def test_after_the_end_only_news_is_told(written: list[str]) -> None:
    with live() as say:
        pass
    say(WAITING)
    say(quoted("news"))
    assert written == ["news\n"]


@pytest.mark.parametrize("columns", [1, 20, 40, 80])
def test_the_line_fits_a_narrow_terminal(columns: int, written: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "_columns", lambda: columns)
    Rewritten().say(replace(WAITING, figures={**WAITING.figures, "what": "experiment 3 of 漢字漢字漢字漢字漢字漢字漢字漢字漢字"}))
    assert cell_len(written[0].removeprefix("\r\x1b[K")) <= max(columns - 1, 3)


def test_elsewhere_what_goes_on_is_a_line_after_five_seconds_then_ever_more_seldom_until_there_is_news(
    written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(talk, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    lines, when = Lines(), []
    lines.tick()
    for second in range(3000):
        clock[0] = 100.0 + second
        before = len(written)
        if second in (1, 20, 21, 30):
            lines.say(CHECKING if second in (20, 30) else WAITING)
        if second == 60:
            lines.say(quoted("news"))
        lines.tick()
        when += [second] * (len(written) - before)
    assert when == [6, 16, 36, 60, 70, 80, 100, 140, 220, 380, 700, 1300, 1900, 2500]
    lines.end()
    assert written[3] == "news\n"
    assert written[:3] + written[4:5] == [f"{told(one)} (4 min so far)\n" for one in (WAITING, WAITING, CHECKING, CHECKING)]


def test_a_program_gets_all_that_is_told_as_json(written: list[str]) -> None:
    with live(records=True) as say:
        say(quoted("news"))
        say(WAITING)
    news, waiting = map(json.loads, written)
    assert (news["kind"], news["text"]) == ("said", "news")
    assert waiting == {"kind": "waiting for machine", **WAITING.figures, "text": told(WAITING), "at": "2026-03-01T10:04:00.000Z"}


def test_in_a_terminal_it_is_redrawn_by_a_timer_and_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(talk, "_TICK_S", 0.01)
    reading, writing = pty.openpty()
    said = b""
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with live() as say:
            say(WAITING)
            while said.count(b"which uses the machine") < 3:
                said += os.read(reading, 1000)
        said += os.read(reading, 100_000)
    os.close(reading)
    assert said.endswith(b"\r\x1b[K")
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize(("where", "term"), [("a terminal", "dumb"), ("a pipe", "xterm")])
def test_what_cannot_be_rewritten_gets_lines(where: str, term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(talk, "FIRST_AFTER_S", 0.0)
    reading, writing = pty.openpty() if where == "a terminal" else os.pipe()
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with live() as say:
            say(CHECKING)
        said = os.read(reading, 100_000)
    os.close(reading)
    assert said.splitlines()[0].startswith(told(CHECKING).encode())


def test_where_nobody_listens_any_more_the_timer_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "_TICK_S", 0.01)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(talk, "FIRST_AFTER_S", 0.0)
        with live() as say:
            with pytest.raises(BrokenPipeError):
                say(WAITING)
            time.sleep(0.05)


def test_a_timer_that_somebody_else_has_is_left_to_them() -> None:
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        with live():
            assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGALRM, before)
