"""The daemon as a process: signals, its lock, its health file, back-off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from autotune.edges.locks import hold
from autotune.edges.signals import Ending
from autotune.errors import AutotuneError
from autotune.prompts import daemon

LIBRARY = Path(daemon.__file__).parents[2]
PROGRAM = """
import sys, time
from itertools import pairwise
from pathlib import Path
from autotune.edges.signals import ToldToEndError, ended_gently
from autotune.prompts import daemon
folder, seconds = Path(sys.argv[1]), float(sys.argv[2])

def make_pass():
    (folder / "began").touch()
    for _ in range(int(seconds * 100)):
        time.sleep(0.01)
    (folder / "done").touch()
    return {"ok": True}

try:
    with ended_gently(lambda: print("ending", flush=True)) as ending:
        daemon.run(folder, make_pass, lambda: 3600.0, ending, lambda _: print("waiting", flush=True))
except ToldToEndError as told:
    sys.exit(99)
"""


@contextmanager
def started(folder: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", PROGRAM, str(folder), str(seconds)]
    # A signal while coverage holds its lock would hang it, so this process is not counted.
    uncounted = {**os.environ, "PYTHONPATH": str(LIBRARY), "COVERAGE_PROCESS_CONFIG": ""}
    process = subprocess.Popen(words, env=uncounted, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(there: Callable[[], bool]) -> None:
    for _ in range(3000):
        if there():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def health(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / daemon.HEALTH).read_text())
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_while_it_waits_a_signal_ends_it(tmp_path: Path, number: int) -> None:
    with started(tmp_path, 0) as process:
        until(lambda: (tmp_path / daemon.HEALTH).exists() and health(tmp_path)["state"] == "waiting")
        assert health(tmp_path)["pid"] == process.pid
        assert 3240 <= health(tmp_path)["next_in_s"] <= 3960
        with pytest.raises(AutotuneError, match=f"process {process.pid}"), hold(tmp_path / daemon.LOCK, "x"):
            pass
        process.send_signal(number)
        assert process.wait(30) == 0
    assert (health(tmp_path)["state"], health(tmp_path)["passes"]) == ("ended", 1)
    with hold(tmp_path / daemon.LOCK, "x"):
        pass


def test_a_first_signal_lets_the_step_that_runs_end_and_a_second_does_not(tmp_path: Path) -> None:
    for folder, seconds, signals, code, whole in ((tmp_path / "a", 1, 1, 0, True), (tmp_path / "b", 60, 2, 99, False)):
        folder.mkdir()
        with started(folder, seconds) as process:
            until((folder / "began").exists)
            process.send_signal(signal.SIGTERM)
            assert process.stdout is not None
            assert process.stdout.readline() == "ending\n"
            if signals > 1:
                process.send_signal(signal.SIGTERM)
            assert process.wait(30) == code
        assert (folder / "done").exists() == whole


def test_killed_it_leaves_no_lock(tmp_path: Path) -> None:
    with started(tmp_path, 0) as process:
        until(lambda: (tmp_path / daemon.HEALTH).exists() and health(tmp_path)["state"] == "waiting")
        process.kill()
        process.wait(30)
    with hold(tmp_path / daemon.LOCK, "x"):
        pass


class Clock:
    """An ending that is never asked for, whose waits take no time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.number, self.waits = 0.0, None, list[float]()
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(seconds)


def test_failures_make_it_wait_longer_and_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, began, said = Clock(monkeypatch), list[float](), list[int]()
    results: list[Exception | dict[str, Any]] = [
        AutotuneError("The file is broken.", "mend it"),
        ValueError("a bug"),
        {"ok": False},
        {"ok": True},
    ]

    def make_pass() -> dict[str, Any]:
        began.append(clock.now)
        result = results[len(began) - 1]
        if isinstance(result, Exception):
            raise result
        return result

    ending: Any = clock
    found = daemon.run(tmp_path, make_pass, lambda: 100.0, ending, lambda one: said.append(one.failures), 4)
    waits = [after - before for before, after in pairwise(began)]
    assert [wait / 100 for wait in waits] == [pytest.approx(times, rel=0.101) for times in (2, 4, 8)]
    assert (said, found.failures, found.passes) == ([1, 2, 3], 0, 4)
    assert max(clock.waits) <= 30


def test_a_changed_interval_counts_while_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, began = Clock(monkeypatch), list[float]()

    def make_pass() -> dict[str, Any]:
        began.append(clock.now)
        return {"ok": True}

    ending: Any = clock
    daemon.run(tmp_path, make_pass, lambda: 100_000.0 if clock.now < 500 else 600.0, ending, lambda _: None, 2)
    assert 500 < began[1] < 700


def test_what_a_failed_pass_said_is_in_the_health_file(tmp_path: Path) -> None:
    def make_pass() -> dict[str, Any]:
        raise AutotuneError("The file is broken.", "mend it")

    ending = Ending()
    daemon.run(tmp_path, make_pass, lambda: 60.0, ending, lambda _: None, 1)
    ending.close()
    last = health(tmp_path)["last"]
    assert (last["ok"], last["error"], last["hint"], health(tmp_path)["pid"]) == (False, "The file is broken.", "mend it", os.getpid())
