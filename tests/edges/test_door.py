"""The door of a busy process: words are taken from whoever the process welcomes, and from nobody that it has started."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autotune.edges import door, family, process

HANDS_IN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from autotune.edges import door
with door.knocked(Path(sys.argv[1])) as caller:
    print(None if caller is None else door.hand_in(caller, sys.argv[3].encode(), 10.0))
"""
LIBRARY = str(Path(process.__file__).parents[2])


class Ear:
    """Takes whatever it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def take(self, words: bytes) -> bool:
        self.heard.append(words)
        return True


def welcome(_: int) -> bool:
    return True


def begun(address: Path, words: str = "hello") -> subprocess.Popen[bytes]:
    """A process that hands words in and prints what became of them."""
    return subprocess.Popen([sys.executable, "-c", HANDS_IN, str(address), LIBRARY, words], stdout=subprocess.PIPE)


def heard(at: door.Door, caller: subprocess.Popen[bytes], welcome: Callable[[int], bool], take: Callable[[bytes], bool]) -> str:
    while caller.poll() is None:
        at.let_in(welcome, take)
        time.sleep(0.01)
    assert caller.stdout is not None
    with caller.stdout as said:
        return said.read().decode().strip()


@pytest.fixture
def address(tmp_path: Path) -> Path:
    return tmp_path / "door"


def test_words_are_taken_or_refused_by_whoever_the_process_is_and_by_what_they_are(address: Path) -> None:
    ear = Ear()
    with door.opened(address, "autotune-test-") as at:
        first = begun(address)
        assert heard(at, first, lambda pid: pid == first.pid, ear.take) == "True"
        assert heard(at, begun(address, "no"), welcome, lambda words: words != b"no") == "False"
        third = begun(address)
        assert heard(at, third, lambda pid: pid != third.pid, ear.take) == "False"
    assert ear.heard == [b"hello"]


def test_a_closed_door_is_no_door_whoever_left_it(address: Path) -> None:
    with door.knocked(address) as caller:
        assert caller is None
    with door.opened(address, "autotune-test-"):
        where = address.read_bytes()
    assert not address.exists()
    assert not Path(os.fsdecode(where)).parent.exists()
    for left in (where, b"", b"/" * 300):
        address.write_bytes(left)
        with door.knocked(address) as caller:
            assert caller is None


def test_whoever_is_not_heard_before_the_door_closes_is_told_so(address: Path) -> None:
    with door.opened(address, "autotune-test-"), door.knocked(address) as caller:
        assert caller is not None
        with pytest.raises(TimeoutError):
            door.hand_in(caller, b"hello", 0.05)
    with door.opened(address, "autotune-test-") as at:
        waiting = begun(address)
        assert select.select([at.listener], [], [], 60)[0], "somebody stands there"
    said, _ = waiting.communicate(timeout=60)
    assert said.decode().strip() == "None"


def test_a_crowd_at_the_door_and_a_caller_that_says_nothing_hold_nobody_up_for_long(address: Path) -> None:
    ear = Ear()
    with door.opened(address, "autotune-test-") as at:
        crowd = [socket.socket(socket.AF_UNIX) for _ in range(30)]
        for one in crowd:
            one.settimeout(0)
            try:
                one.connect(address.read_bytes())
            except BlockingIOError:
                break
        with pytest.raises(TimeoutError), door.knocked(address):
            pass
        at.let_in(lambda _: False, ear.take)
        with door.knocked(address) as silent:
            assert silent is not None
            at.let_in(welcome, ear.take)
        for one in crowd:
            one.close()
    assert ear.heard == []


def test_the_socket_has_a_short_name_where_the_folder_for_temporary_files_has_a_long_one(
    address: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with door.opened(address, "autotune-test-"), door.knocked(address) as caller:
        assert caller is not None


LEAVES = (
    "env -u AUTOTUNE_RUN setsid sh -c 'echo $$ > {}.new; mv {}.new {}; exec sleep 60' & while [ ! -e {} ]; do sleep 0.02; done; sleep 60"
)


def test_whoever_descends_from_a_run_is_not_outside_whatever_it_does_to_its_parents_and_variables(tmp_path: Path) -> None:
    told, seen = tmp_path / "pid", list[bool]()

    def stopped() -> bool:
        if told.exists():
            seen.append(family.is_outside(int(told.read_text())))
        return bool(seen)

    process.execute(
        LEAVES.replace("{}", str(told)), cwd=tmp_path, environment=dict(os.environ), timeout_s=30, log=tmp_path / "log", stopped=stopped
    )
    assert seen == [False]


def test_a_process_that_is_not_of_this_one_is_outside_and_one_that_is_gone_or_unknown_is_not() -> None:
    child = subprocess.Popen(["true"])
    assert [family.is_outside(pid) for pid in (os.getppid(), os.getpid(), child.pid, 0)] == [True, False, False, False]
    child.wait()
    assert not family.is_outside(child.pid)


def test_ps_tells_the_same_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "_HAS_PROC", False)
    marked = subprocess.Popen(["sleep", "60"], env={**os.environ, family.MARK: "1234"})
    try:
        assert family._seen_by_ps(marked.pid) == (os.getpid(), False)
        assert family._seen_by_ps(os.getppid())[1]
        assert [family.is_outside(pid) for pid in (os.getppid(), os.getpid(), marked.pid)] == [True, False, False]
    finally:
        marked.kill()
        marked.wait()
    assert family._seen_by_ps(marked.pid) == (None, True)
