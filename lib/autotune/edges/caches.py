"""Caches that outlive a run: the times and folders by which none of them serves one arm what it holds of the other.

Some know a file by its size and its time in whole seconds (Python's byte code). Others take a file for unchanged if it is older than
what was made of it (make, cargo). So what is put in place gets, each time, a second that nothing put there before had,
later than all that the last run wrote. What is known by its content needs nothing.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from autotune.edges.tree import look

SECOND = 1_000_000_000  # in nanoseconds
AHEAD_S = 60.0  # of the clock that a time may be: runs of less than a second need more seconds than there are

_BYTE_CODE = "PYTHONPYCACHEPREFIX"
# By these, caches lie in one folder for all working trees. Those of others are known by content, or hold what every arm shares.
_MOVED = {_BYTE_CODE: "python", "NUMBA_CACHE_DIR": "numba"}
# By these, what is built lies in one folder for all working trees.
_BUILT = ("CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "MIX_BUILD_ROOT", "MIX_BUILD_PATH")


def first_time(note: Path, content: str, files: Iterable[Path | str]) -> int:
    """Give the first time, in nanoseconds, that the files of a tree may have: their own last, or the second after another's.

    The last is noted, or that of the latest of `files` where the note is gone. One that is further ahead of the clock than any of ours
    can be is none of ours: the clock was set back, or a run wrote it.
    """
    found = [_time(note)] if note.exists() else [_time(file) for file in files]
    latest = time.time_ns() + round((AHEAD_S + 1) * SECOND)
    last = max((one for one in found if one <= latest), default=0)
    same = note.exists() and note.read_bytes() == os.fsencode(content)
    return last if same else (last // SECOND + 1) * SECOND


def _time(path: Path | str) -> int:
    found = look(path)
    return 0 if found is None else found.st_mtime_ns


def note_time(note: Path, content: str, time_ns: int) -> None:
    """Note the time of what was put in place last, as that of the note, and the tree that it is of."""
    note.write_bytes(os.fsencode(content))
    set_time(note, time_ns)


def now_at(folder: Path) -> int:
    """Give what a folder's file system takes for now, in nanoseconds, by setting the folder's time where that is allowed."""
    try:
        os.utime(folder)
    except PermissionError:
        return time.time_ns()
    return folder.stat().st_mtime_ns


def set_time(path: Path | str, time_ns: int) -> None:
    """Set the time of a file or folder; a folder that is somebody else's keeps its own."""
    with suppress(PermissionError):
        os.utime(path, ns=(time_ns, time_ns), follow_symlinks=False)


def wait_for(time_ns: int, *, ahead_s: float) -> None:
    """Wait until a time is at most so far ahead of the clock."""
    time.sleep(max(0.0, (time_ns - time.time_ns()) / SECOND - ahead_s))


def moved(environment: Mapping[str, str], top: Path, folder: Path) -> dict[str, str]:
    """Give an environment in which caches that lie outside a place, in one folder for all that runs, lie below `folder`."""
    return dict(environment) | {name: str(folder / _MOVED[name]) for name in _MOVED if _leads_outside(environment.get(name, ""), top)}


def built_outside(environment: Mapping[str, str], top: Path) -> str | None:
    """Name the variable by which what is built lies outside of a place; None where there is none."""
    return next((name for name in _BUILT if _leads_outside(environment.get(name, ""), top)), None)


def _leads_outside(value: str, top: Path) -> bool:
    return Path(value).is_absolute() and not Path(os.path.realpath(value)).is_relative_to(os.path.realpath(top))


def forget(folder: Path, top: Path) -> None:
    """Remove what is in the caches below `folder` of the files of a place. Byte code of what is elsewhere stays: no arm has its own."""
    for name, inside in _MOVED.items():
        shutil.rmtree(folder / inside / top.relative_to(top.anchor) if name == _BYTE_CODE else folder / inside, ignore_errors=True)
