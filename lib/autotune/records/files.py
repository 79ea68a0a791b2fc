"""Files that grow, read on from where they were left: known again after a rename, read afresh where they were cut or replaced.

A file is known by device, inode and a hash of its first line (its first 4 KiB where that is longer). How it goes on is checked by a hash of
the bytes before the place where reading ended: a file that was cut, or overwritten, is read from its start again.

A last line without an end is half written, unless it is a whole object or list of JSON: nothing can be missing from that.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from autotune.core.codec import read_json

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


def others_in(place: Path, *, deep: bool) -> int:
    """How many files of a folder are no logs by their names; hidden ones do not count."""
    if deep or not place.is_dir():
        return 0
    return sum(not (entry.name.startswith(".") or _LOG.search(entry.name)) and entry.is_file() for entry in os.scandir(place))


def known(file: BinaryIO) -> Known | None:
    """By what an open file is known again; None while its first line is not whole."""
    found = os.fstat(file.fileno())
    file.seek(0)
    head = file.read(_HEAD)
    end = head.find(b"\n") + 1
    if not end and _is_whole(head):
        head, end = head + b"\n", len(head) + 1
    if not stat.S_ISREG(found.st_mode) or (not end and len(head) < _HEAD):
        return None
    return Known(f"{found.st_dev}:{found.st_ino}", _digest(head[: end or _HEAD]))


def document(file: BinaryIO, longest: int = LONGEST_LINE) -> tuple[Line, ...] | None:
    """The parts of a file that is no log but one JSON document: the entries of its list, or all of it, as if each were a line.

    None where it is a log; nothing where it is broken, or half written. `position` is the number of the entry. A document that is longer
    than the longest line is too long.
    """
    size = file.seek(0, 2)
    file.seek(0)
    first = file.readline(_LONGEST_SKIPPED).strip()
    begun = first in {b"[", b"{"}
    if not first.startswith((b"[", b"{")) or isinstance(_parsed(first), dict):
        return None
    if size > longest:
        return (Line(0, size, None),) if begun else None
    file.seek(0)
    said = _parsed(file.read())
    if not said or not isinstance(said, (list, dict)):
        return () if begun else None
    entries = said if isinstance(said, list) else [said]
    return tuple(Line(at, 0, f"{json.dumps(one)}\n".encode()) for at, one in enumerate(entries))


def shown(path: Path) -> str:
    """A path as text, also where its bytes are none."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def tail(file: BinaryIO, position: int) -> str:
    """A hash of the bytes before a place in a file; of fewer where the file is shorter."""
    start = max(0, position - _TAIL)
    file.seek(start)
    return _digest(file.read(position - start))


def lines(file: BinaryIO, position: int, longest: int = LONGEST_LINE) -> Iterator[Line]:
    """The whole lines from a place on; no more than the longest line is held at a time. A last line that is half written is left."""
    file.seek(position)
    while raw := file.readline(longest + 1):
        size = len(raw)
        if raw.endswith(b"\n"):
            yield Line(position, size, raw)
        elif size <= longest:
            if _is_whole(raw):
                yield Line(position, size, raw + b"\n")
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


def _is_whole(raw: bytes) -> bool:
    return raw.rstrip().endswith((b"}", b"]")) and isinstance(_parsed(raw), (dict, list))


def _parsed(raw: bytes) -> Any:  # noqa: ANN401 - any JSON
    """What is said in JSON; None where it is none."""
    try:
        return read_json(raw)
    except ValueError:
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST]
