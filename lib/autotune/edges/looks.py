"""A place as it was when a run began: what is the same at the next walk over its files needs no look by git.

Git knows a file by times in whole seconds. So at every look it reads again each file that is as young as its index, and that is all of them
in a new place. Here times count in full, that of the change too, which nobody can set.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Inode, size, mode, time of the content, of the change; of a folder, and of what is written anew before each run, nothing.
Stamp = tuple[int, ...]

_SECOND = 1_000_000_000  # in nanoseconds
_TICKS = 20_000_000  # of a system's clock: what is written again sooner may have the time that it had


@dataclass(frozen=True, slots=True)
class Look:
    """What there is, by path, folders with a slash at the end, each with its stamp; and which files were read since they were written.

    The latter as far as the file system notes that.
    """

    stamps: dict[str, Stamp]
    read: set[str]


def look(top: Path, settled: Collection[str]) -> Look | None:
    """Walk over a place: all that is there but for git's own, and for what stays, `settled` (folders with a slash at the end).

    None where something cannot be looked at.
    """
    seen = Look({}, set())
    folders = [""]
    with suppress(OSError):
        while folders:
            folders += _look_into(top, folders.pop(), settled, seen)
        return seen
    return None


def _look_into(top: Path, inside: str, settled: Collection[str], seen: Look) -> Iterator[str]:
    """Take in a folder, which is opened once, for it may lie deep; gives the folders in it."""
    opened = os.open(f"{top}/{inside}", os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os.scandir(opened) as entries:
            for entry in entries:
                path = inside + entry.name
                if path == ".git" or path in settled:
                    continue
                if not entry.is_dir(follow_symlinks=False):
                    found = entry.stat(follow_symlinks=False)
                    read, written, changed = found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns
                    seen.stamps[path] = found.st_ino, found.st_size, found.st_mode, written, changed
                    if read > written or read < written > changed:  # what autotune writes may have a time ahead of the clock
                        seen.read.add(path)
                elif f"{path}/" not in settled:
                    seen.stamps[f"{path}/"] = ()
                    yield f"{path}/"
    finally:
        os.close(opened)


def differs(earlier: Look, now: Look, anew: Collection[str]) -> bool:
    """Whether something that was there earlier is not as it was, but for files that are written anew."""
    then, there = earlier.stamps, now.stamps
    return then != there and any(there.get(path) != stamp for path, stamp in then.items() if path not in anew)


def forget(seen: Look, paths: Iterable[str]) -> None:
    """Take in that files are written anew before each run, and are never known again."""
    for path in paths:
        seen.stamps[path] = ()
        while path := path.rpartition("/")[0]:
            seen.stamps[f"{path}/"] = ()


def settles(seen: Look) -> bool:
    """Wait until what is written from now on gets another time; gives whether it does: not where times are whole seconds, or ahead."""
    latest = max((stamp[-1] for stamp in seen.stamps.values() if stamp), default=1)
    time.sleep(max(0, min(latest + _TICKS - time.time_ns(), _TICKS)) / _SECOND)
    return latest % _SECOND != 0 and latest < time.time_ns()
