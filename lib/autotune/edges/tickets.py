"""Turns at a lock, in the order in which they were asked for.

Who waits holds a ticket: a file in a folder beside the lock, named after the moment it was asked for. It is a lock itself, so that it
counts as long as its owner lives and no longer. An owner that has not shown up for some seconds, a stopped process say, is passed over
until it does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from autotune.edges import locks
from autotune.edges.locks import Holder, Lock

PASSED_OVER_AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the queue for a lock."""

    lock: Path
    own: Lock
    what: str

    def ahead(self) -> tuple[Holder, ...]:
        """Tell who comes first: the lock's holder, then those who asked for it earlier. Says also that this one's owner still waits."""
        with suppress(FileNotFoundError):  # somebody emptied the cache folder
            os.utime(self.own.path)
        holding = locks.holder(self.lock)
        return (*([holding] if holding is not None else []), *_waiting(self.lock, before=self.own.path.name))

    def take(self) -> Lock | None:
        """Take the lock, where nobody comes first."""
        taken = None if self.ahead() else locks.taken(self.lock)
        if taken is not None:
            taken.sign(self.what)
        return taken


@contextmanager
def ticket(lock: Path, what: str) -> Iterator[Ticket]:
    """Give a ticket for a lock, behind all that are there. Raises `AutotuneError` where none can be written."""
    path = _folder(lock) / f"{time.monotonic_ns():020d}-{os.getpid()}"
    with locks.hold(path, what, wait_s=PASSED_OVER_AFTER_S) as own:
        try:
            yield Ticket(lock, own, what)
        finally:
            path.unlink(missing_ok=True)


def is_waited_for(lock: Path) -> bool:
    """Tell whether anybody waits for a lock."""
    return any(True for _ in _waiting(lock))


def _folder(lock: Path) -> Path:
    return lock.with_suffix(".queue")


def _waiting(lock: Path, before: str | None = None) -> Iterator[Holder]:
    """Name who waits, the first first; tickets whose owners are gone are taken away."""
    with suppress(FileNotFoundError):
        for path in sorted(_folder(lock).iterdir()):
            if before is not None and path.name >= before:
                return
            owner = locks.holder(path)
            if owner is None:
                locks.remove(path)
            elif _shows_up(path):
                yield owner


def _shows_up(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return abs(time.time() - path.stat().st_mtime) < PASSED_OVER_AFTER_S
    return False
