"""Locks: held by one, named, freed by death, inherited by a fork and by nothing else."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from autotune.edges import locks
from autotune.edges.folders import cache_folder
from autotune.edges.locks import Holder, hold, holder, measuring_lock
from autotune.errors import AutotuneError

LIBRARY = str(Path(locks.__file__).parents[2])
IMPORTS = f"""
import os, sys, time
sys.path.insert(0, {LIBRARY!r})
from pathlib import Path
from autotune.edges.locks import hold, holder
"""
HOLD = f"""{IMPORTS}
with hold(Path(sys.argv[1]), "autotune try in /some/where", 30):
    print("held", flush=True)
    sys.stdin.readline()
"""


def another_process(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", "-c", HOLD, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def waits_until_held(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "held\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "some.lock"


def test_a_lock_is_held_while_the_context_lasts_and_its_holder_can_be_named(path: Path) -> None:
    assert holder(path) is None
    with hold(path, "autotune run"):
        found = holder(path)
        assert found is not None
        assert (found.pid, found.what) == (os.getpid(), "autotune run")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", found.since)
        assert str(found) == f"autotune run (process {os.getpid()}, since {found.since})"
    assert holder(path) is None
    assert path.read_bytes() == b""


def test_a_lock_is_let_go_when_the_context_fails(path: Path) -> None:
    with pytest.raises(KeyError), hold(path, "autotune run"):
        raise KeyError
    assert holder(path) is None


def test_who_comes_second_is_told_who_holds_it_and_what_to_do(path: Path) -> None:
    with another_process(path) as other:
        assert waits_until_held(other)
        with pytest.raises(AutotuneError) as refusal, hold(path, "autotune run"):
            pass
        assert f"held by autotune try in /some/where (process {other.pid}, since " in refusal.value.message
        assert f"`kill {other.pid}`" in refusal.value.hint
        other.communicate("\n")
    with hold(path, "autotune run"):
        pass


def test_processes_that_compete_take_turns(path: Path, tmp_path: Path) -> None:
    code = f"""{IMPORTS}
for _ in range(20):
    with hold(Path(sys.argv[1]), "competing", 30), open(sys.argv[2], "a", buffering=1) as log:
        log.write(f"{{os.getpid()}} in\\n")
        time.sleep(0.001)
        log.write(f"{{os.getpid()}} out\\n")
"""
    command = [sys.executable, "-I", "-c", code, str(path), str(tmp_path / "log")]
    with hold(path, "autotune run"):
        competing = [subprocess.Popen(command) for _ in range(2)]
        time.sleep(0.2)
        assert not (tmp_path / "log").exists()
    assert [process.wait() for process in competing] == [0, 0]
    words = (tmp_path / "log").read_text().split()
    assert words[1::2] == ["in", "out"] * 40
    assert words[0::4] == words[2::4]


def test_a_lock_is_freed_by_kill(path: Path) -> None:
    with another_process(path) as other:
        assert waits_until_held(other)
        assert holder(path) is not None
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert holder(path) is None
        with hold(path, "autotune run"):
            assert path.read_text().endswith("\n")


def test_a_fork_holds_the_lock_on_when_its_parent_lets_go(path: Path) -> None:
    asked, ask = os.pipe()
    told, tell = os.pipe()
    with hold(path, "autotune run", handed_on=True) as lock:
        worker = os.fork()
        if worker == 0:
            os.close(ask)
            lock.sign("the worker of autotune run")
            os.write(tell, b"signed")
            os.read(asked, 1)
            os._exit(0)
        os.read(told, 6)
    found = holder(path)
    assert found is not None
    assert (found.pid, found.what) == (worker, "the worker of autotune run")
    with pytest.raises(AutotuneError, match="the worker of autotune run"), hold(path, "autotune run"):
        pass
    for descriptor in (asked, ask, told, tell):
        os.close(descriptor)
    os.waitpid(worker, 0)
    assert holder(path) is None


def test_a_program_that_was_started_does_not_hold_the_lock(path: Path) -> None:
    with hold(path, "autotune run"):
        program = subprocess.Popen(["sleep", "60"], close_fds=False)
    assert holder(path) is None
    program.kill()
    program.wait()


def test_letting_go_twice_takes_nothing_from_the_next_holder(path: Path) -> None:
    with hold(path, "autotune run") as lock:
        lock.release()
        with hold(path, "autotune wait"):
            lock.release()
            assert holder(path) is not None


def test_a_lock_on_a_file_that_was_deleted_meanwhile_is_not_enough(path: Path) -> None:
    with hold(path, "autotune run"):
        descriptor = os.open(path, os.O_RDWR)
        assert locks.is_still(path, descriptor)
        path.unlink()
        assert not locks.is_still(path, descriptor)
        path.touch()
        assert not locks.is_still(path, descriptor)
        os.close(descriptor)


@pytest.mark.parametrize("note", ["", "torn {", "[]", '{"pid": "x", "what": 1, "since": 2}', '{"pid": 5}'])
def test_a_holder_that_left_no_note_is_another_process(note: str, path: Path) -> None:
    with hold(path, "autotune run"):
        path.write_text(note)
        found = holder(path)
        assert found == Holder(None, "", "")
        assert str(found) == "another process"
        with pytest.raises(AutotuneError, match="held by another process") as refusal, hold(path, "autotune run"):
            pass
        assert "fuser" in refusal.value.hint


@pytest.mark.parametrize(("what", "is_worker"), [("measuring (experiment 4)", True), ("autotune try", False)])
def test_a_worker_of_version_0_1_is_told_by_its_words(what: str, path: Path, *, is_worker: bool) -> None:
    with hold(path, "it"):
        path.write_text(json.dumps({"pid": 12, "what": what, "since": "2026-11-30T21:16:23+00:00"}))
        assert holder(path) == Holder(12, what, "2026-11-30T21:16:23+00:00", worker=is_worker)


def test_a_lock_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AutotuneError, match="cannot be taken"), hold(tmp_path / "file" / "some.lock", "autotune run"):
        pass


def test_to_ask_does_not_take(path: Path) -> None:
    with hold(path, "autotune run"):
        pass
    before = path.stat()
    assert holder(path) is None
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_who_asks_does_not_get_in_the_way_of_who_takes(path: Path) -> None:
    with hold(path, "autotune run"):
        pass
    code = f"{IMPORTS}\nprint('held', flush=True)\nwhile True:\n    holder(Path(sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-I", "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as other:
        assert waits_until_held(other)
        for _ in range(20):
            with hold(path, "autotune run", 1.0):
                pass
        other.kill()


def test_the_cache_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "autotune"
    assert measuring_lock() == tmp_path / "autotune" / "measuring.lock"
    monkeypatch.setenv("HOME", "/home/somebody")
    for setting in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", setting)
        assert cache_folder() == Path("/home/somebody/.cache/autotune")


def test_who_holds_a_lock_may_say_about_until_when(path: Path) -> None:
    with hold(path, "autotune run") as lock:
        signed = holder(path)
        lock.expect(90.0)
        expected = holder(path)
        assert signed is not None
        assert expected is not None
        assert expected.until is not None
        assert (signed.until, expected) == (None, replace(signed, until=expected.until))
        waits_s = (datetime.fromisoformat(expected.until) - datetime.fromisoformat(signed.since)).total_seconds()
        assert 89 <= waits_s <= 120
        lock.sign("autotune run")
        assert holder(path) == replace(signed, since=(holder(path) or signed).since)
    path.write_text('{"pid": 1, "what": "x", "since": "", "until": "soon"}')
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert holder(path) == Holder(None, "", "")
    os.close(descriptor)


FORKED = f"""{IMPORTS}
path = Path(sys.argv[1])
if os.fork() == 0:
    with hold(path, "work", handed_on=sys.argv[2] == "handed on"):
        if os.fork() == 0:
            time.sleep(3)
        os._exit(0)
os.wait()
ends = time.monotonic() + 1  # it may be a moment before the fork that lives on is given the processor
while holder(path) is not None and time.monotonic() < ends:
    time.sleep(0.01)
print(holder(path) is not None)
"""


@pytest.mark.nightly
@pytest.mark.parametrize("how", ["handed on", "alone"])
def test_a_forked_process_holds_a_lock_on_only_where_it_is_handed_on(tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-c", FORKED, str(tmp_path / "lock"), how]
    # Coverage would hold a fork up before it lets the lock go.
    uncounted = {**os.environ, "COVERAGE_PROCESS_CONFIG": ""}
    done = subprocess.run(command, env=uncounted, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"{how == 'handed on'}\n"
