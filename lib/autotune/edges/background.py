"""Work that goes on in a process of its own, whatever becomes of the command that began it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from autotune.edges.locks import Lock


def begin(work: Callable[[], None], lock: Lock, what: str, log: Path) -> None:
    """Have work done by a process that takes the lock over, signed with `what`, and writes to a log; wait until it has, or is gone."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _become(work, lock, what, log, writing)
    os.close(writing)
    os.waitpid(child, 0)
    os.read(reading, 1)
    os.close(reading)
    lock.release()


def _become(work: Callable[[], None], lock: Lock, what: str, log: Path, ready: int) -> NoReturn:
    """Leave the caller's process group, terminal and streams, and work."""
    code = 1
    try:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        _redirect(log)
        lock.sign(what, worker=True)
        os.close(ready)
        work()
        code = 0
    finally:
        with suppress(OSError):
            lock.release()  # takes its name off, or whoever has the lock next seems to be this process until it has signed
        os._exit(code)


def _redirect(log: Path) -> None:
    with Path(os.devnull).open("rb") as nothing, log.open("wb") as output:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
