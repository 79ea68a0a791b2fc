"""Turns at a lock: in the order of asking, whoever is killed or stopped on the way."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autotune.edges import locks, tickets
from autotune.edges.tickets import is_waited_for, ticket

WAIT = f"""
import sys, time
sys.path.insert(0, {str(Path(locks.__file__).parents[2])!r})
from pathlib import Path
from autotune.edges.tickets import ticket
path, name = Path(sys.argv[1]), sys.argv[2]
with ticket(path, name) as mine:
    print("waits", flush=True)
    while (lock := mine.take()) is None:
        time.sleep(0.01)
print("has it", flush=True)
sys.stdin.readline()
lock.release()
print("let go", flush=True)
"""


class Waiter:
    """A process that waits for a lock, and keeps it until it is told to let go."""

    def __init__(self, path: Path, name: str) -> None:
        command = [sys.executable, "-I", "-c", WAIT, str(path), name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.says() == "waits"

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def lets_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.says() == "let go"

    def end(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "some.lock"


@pytest.fixture
def queue(path: Path) -> Iterator[list[Waiter]]:
    """Three that wait for a lock, in this order, of whom the first has it."""
    made = [Waiter(path, name) for name in ("first", "second", "third")]
    assert made[0].says() == "has it"
    yield made
    for one in made:
        one.end()


def ahead(path: Path) -> list[str]:
    with ticket(path, "one more") as mine:
        return [one.what for one in mine.ahead()]


def test_who_asked_first_is_first(path: Path, queue: list[Waiter]) -> None:
    assert ahead(path) == ["first", "second", "third"]
    for one, following in zip(queue, [*queue[1:], None], strict=True):
        assert is_waited_for(path) is (following is not None)
        one.lets_go()
        if following is not None:
            assert following.says() == "has it"
    assert ahead(path) == []
    assert list(path.with_suffix(".queue").iterdir()) == []


def test_who_is_killed_while_waiting_blocks_nobody_and_leaves_nothing(path: Path, queue: list[Waiter]) -> None:
    queue[1].end()
    queue[0].lets_go()
    assert queue[2].says() == "has it"
    assert not is_waited_for(path)
    assert list(path.with_suffix(".queue").iterdir()) == []


def test_when_the_holder_is_killed_the_next_has_it(path: Path, queue: list[Waiter]) -> None:
    queue[0].end()
    assert queue[1].says() == "has it"
    assert ahead(path) == ["second", "third"]


def test_who_is_stopped_is_passed_over_and_keeps_its_place(path: Path, queue: list[Waiter]) -> None:
    os.kill(queue[1].process.pid, signal.SIGSTOP)
    assert ahead(path) == ["first", "second", "third"]
    long_ago = time.time() - tickets.PASSED_OVER_AFTER_S - 1
    stopped = next(one for one in path.with_suffix(".queue").iterdir() if one.name.endswith(f"-{queue[1].process.pid}"))
    os.utime(stopped, (long_ago, long_ago))
    assert ahead(path) == ["first", "third"]
    queue[0].lets_go()
    assert queue[2].says() == "has it"
    os.kill(queue[1].process.pid, signal.SIGCONT)
    queue[2].lets_go()
    assert queue[1].says() == "has it"


def test_a_queue_whose_folder_was_emptied_goes_on(path: Path, queue: list[Waiter]) -> None:
    for one in path.with_suffix(".queue").iterdir():
        one.unlink()
    queue[0].lets_go()
    others = {one.process.stdout.fileno(): one for one in queue[1:] if one.process.stdout is not None}
    said, _, _ = select.select(others, [], [], 60)
    first = others.pop(said[0])
    assert first.says() == "has it"
    first.lets_go()
    (other,) = others.values()
    assert other.says() == "has it"


def test_a_ticket_that_nobody_holds_is_taken_away(path: Path) -> None:
    left = path.with_suffix(".queue") / "00000000000000000001-1"
    left.parent.mkdir(parents=True)
    left.touch()
    assert not is_waited_for(path)
    assert not left.exists()
    locks.remove(left)
    with ticket(path, "somebody") as mine:
        locks.remove(mine.own.path)
        assert is_waited_for(path)


def test_a_ticket_that_is_given_back_unused_is_gone(path: Path) -> None:
    with ticket(path, "somebody"):
        assert is_waited_for(path)
    assert not is_waited_for(path)
