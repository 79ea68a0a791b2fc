"""Files that grow, read on from where they were left: known again after a rename, read afresh where they were cut or replaced.

A file is known by device, inode and a hash of its first line (its first 4 KiB where that is longer). How it goes on is checked by a hash of
the bytes before the place where reading ended: a file that was cut, or overwritten, is read from its start again.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

_HEAD = 4096  # bytes
_TAIL = 256  # bytes
_DIGEST = 24  # hexadecimal digits
_LONGEST_SKIPPED = 1 << 20  # bytes at a time
LONGEST_LINE = 16 << 20  # bytes
_LOG = re.compile(r"\.jsonl(?:\.\d+)?$")


class Line(NamedTuple):
    """A whole line: where it begins (bytes), how long it is with its end, and what it says; None where it is too long to be held."""

    position: int
    size: int
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Known:
    """By what a file is known again."""

    identity: str
    head: str


def logs_in(place: Path, *, deep: bool) -> tuple[Path, ...]:
    """The logs of a place, by name: the file itself, or what ends in `.jsonl` (with a number after it, once rotated) in a folder.

    With `deep`, in folders below as well, but for those of subagents.
    """
    if not place.is_dir():
        return (place,) if place.is_file() else ()
    if not deep:
        names = [entry.name for entry in os.scandir(place) if _LOG.search(entry.name)]
        return tuple(path for name in sorted(names) if (path := place / name).is_file())
    found = [path for path in place.rglob("*.jsonl") if "subagents" not in path.relative_to(place).parts and path.is_file()]
    return tuple(sorted(found))


def known(file: BinaryIO) -> Known | None:
    """By what an open file is known again; None while its first line is not whole."""
    found = os.fstat(file.fileno())
    file.seek(0)
    head = file.read(_HEAD)
    end = head.find(b"\n") + 1
    if not stat.S_ISREG(found.st_mode) or (not end and len(head) < _HEAD):
        return None
    return Known(f"{found.st_dev}:{found.st_ino}", _digest(head[: end or _HEAD]))


def tail(file: BinaryIO, position: int) -> str:
    """A hash of the bytes before a place in a file; of fewer where the file is shorter."""
    start = max(0, position - _TAIL)
    file.seek(start)
    return _digest(file.read(position - start))


def lines(file: BinaryIO, position: int, longest: int = LONGEST_LINE) -> Iterator[Line]:
    """The whole lines from a place on; no more than the longest line is held at a time. What comes after the last line's end is left."""
    file.seek(position)
    while raw := file.readline(longest + 1):
        size = len(raw)
        if raw.endswith(b"\n"):
            yield Line(position, size, raw)
        elif size <= longest:
            return
        else:
            more = _skipped(file)
            if more is None:
                return
            size += more
            yield Line(position, size, None)
        position += size


def _skipped(file: BinaryIO) -> int | None:
    """How many bytes the line goes on for; None where it does not end."""
    size = 0
    while raw := file.readline(_LONGEST_SKIPPED):
        size += len(raw)
        if raw.endswith(b"\n"):
            return size
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST]
