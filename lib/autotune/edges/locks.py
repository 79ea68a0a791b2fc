"""Locks between processes that die with their holders, whose holders can be named.

A lock is an flock on a file, which says who holds it: in words for people, and whether it is a worker. It belongs to the open file, so that
a forked process can be handed it; a program that is started never has it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from autotune.edges.folders import cache_folder
from autotune.errors import AutotuneError

_RETRY_S = 0.02
_LEAST_TRIES = 3  # `holder` takes a lock for an instant to see whether it is free
_LONGEST_NOTE = 64 * 1024
_OLD_WORKERS = "measuring ("  # how workers of version 0.1 say what they do; nothing else in their notes tells them


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: a process, what it is doing, and since when (ISO 8601, local time). Without a note, `pid` is None.

    `worker` tells a process that outlives the command that began it. `until` is when it is about to let go (ISO 8601), where it knows.
    """

    pid: int | None
    what: str
    since: str
    worker: bool = False
    until: str | None = None

    def __str__(self) -> str:
        if self.pid is None:
            return "another process"
        return f"{self.what} (process {self.pid}, since {self.since})"


class Lock:
    """A lock that is held. After os.fork both processes hold it, and it is free when both have let go."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def sign(self, what: str, *, worker: bool = False) -> None:
        """Write into the file that this process holds the lock: when it has taken the lock, and after a fork."""
        self._leave(Holder(os.getpid(), what, _in(0.0), worker))

    def expect(self, held_s: float) -> None:
        """Write into the file that this process, which has signed, is about to let go in so many seconds."""
        self._leave(replace(_note(self._descriptor), until=_in(held_s)))

    def release(self) -> None:
        """Let go; a second time does nothing. Another process that holds the lock too keeps it."""
        if self._descriptor < 0:
            return
        if _note(self._descriptor).pid == os.getpid():
            self._write(b"")
        os.close(self._descriptor)
        self._descriptor = -1

    def leave_out(self) -> None:
        """Close this process's copy, as a forked process that has no part in what is locked: whoever holds the lock keeps it."""
        os.close(self._descriptor)
        self._descriptor = -1

    def _leave(self, holder: Holder) -> None:
        self._write((json.dumps(asdict(holder)) + "\n").encode())

    def _write(self, content: bytes) -> None:
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))


@contextlib.contextmanager
def hold(path: Path, what: str, wait_s: float = 0.0, *, handed_on: bool = False) -> Iterator[Lock]:
    """Hold a lock while the context lasts. Raises AutotuneError, naming the holder, when it is not free within `wait_s` seconds.

    It is free when this process is gone, unless it is `handed_on`: then processes that are forked meanwhile hold it too.
    """
    lock = _take(path, wait_s)
    try:
        lock.sign(what)
        if not handed_on:
            _ours_alone.add(lock)
        yield lock
    finally:
        _ours_alone.discard(lock)
        lock.release()


_ours_alone: set[Lock] = set()


def _leave_out_all() -> None:
    for lock in _ours_alone:
        lock.leave_out()
    _ours_alone.clear()


os.register_at_fork(after_in_child=_leave_out_all)


def holder(path: Path) -> Holder | None:
    """Who holds a lock; None when it is free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _locked(descriptor, fcntl.LOCK_SH) else _note(descriptor)
    finally:
        os.close(descriptor)


def taken(path: Path) -> Lock | None:
    """Take a lock; None where it is not free. Whoever takes it signs it. Raises AutotuneError where it cannot be taken at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _try(path)
    except OSError as problem:
        raise _not_to_be_taken(path, problem) from problem


def remove(path: Path) -> None:
    """Delete a lock that nobody holds."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            if _locked(descriptor, fcntl.LOCK_EX) and is_still(path, descriptor):
                path.unlink()
        finally:
            os.close(descriptor)


def measuring_lock() -> Path:
    """The lock for one measurement at a time on a machine."""
    return cache_folder() / "measuring.lock"


def _take(path: Path, wait_s: float) -> Lock:
    give_up_at = time.monotonic() + wait_s
    tries = 0
    while (lock := taken(path)) is None:
        tries += 1
        if tries >= _LEAST_TRIES and time.monotonic() >= give_up_at:
            raise _busy(path)
        time.sleep(_RETRY_S)
    return lock


def _try(path: Path) -> Lock | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    if _locked(descriptor, fcntl.LOCK_EX) and is_still(path, descriptor):
        return Lock(path, descriptor)
    os.close(descriptor)
    return None


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_still(path: Path, descriptor: int) -> bool:
    """Whether the file that was locked is the one that others will find: it may have been deleted in between."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _note(descriptor: int) -> Holder:
    try:
        note = json.loads(os.pread(descriptor, _LONGEST_NOTE, 0))
        what = str(note["what"])
        worker = note.get("worker", what.startswith(_OLD_WORKERS)) is True
        return Holder(int(note["pid"]), what, str(note["since"]), worker, _moment(note.get("until")))
    except (ValueError, KeyError, TypeError):
        return Holder(None, "", "")


def _moment(text: object) -> str | None:
    """Give an ISO time with its zone, as it was read; None for all else."""
    return text if isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None else None


def _in(seconds: float) -> str:
    return (datetime.now().astimezone() + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def _not_to_be_taken(path: Path, problem: OSError) -> AutotuneError:
    ours = path.is_relative_to(cache_folder())
    hint = "make its folder writable, or set XDG_CACHE_HOME to one that is" if ours else "make its folder writable"
    return AutotuneError(f"The lock {path} cannot be taken: {problem.strerror}.", f"{hint}, then try again")


def _busy(path: Path) -> AutotuneError:
    who = holder(path) or Holder(None, "", "")
    end = f"end it with `kill {who.pid}`" if who.pid is not None else f"find it with `fuser {path}`"
    hint = f"wait until that has finished, or {end}; a lock is free when its holder is gone"
    return AutotuneError(f"The lock {path} is held by {who}.", hint)
