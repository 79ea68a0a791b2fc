"""The ledger's file: lines in, lines out, each holding the hash of the one before."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from autotune.edges.atomic import free_name
from autotune.edges.locks import is_still
from autotune.errors import AutotuneError

FIRST = "0" * 64  # what stands in place of a hash on the first line
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Position:
    """How far a ledger has been read: bytes, lines, and the hash of the last line."""

    offset: int = 0
    lines: int = 0
    prev: str = FIRST


def digest(line: bytes) -> str:
    """Give the hash of a ledger line, newline included."""
    return hashlib.sha256(line).hexdigest()


def append(path: Path, make_line: Callable[[str], bytes], *, durable: bool = True) -> bytes | None:
    """Append one line, made from the hash of the line before; with `durable` it is on the disk before this returns.

    A torn last line is set aside first; its bytes are given back, None where there was none.
    """
    with locked(path) as file:
        torn = _set_aside_torn(file, path)
        last = _last_line(file)
        line = make_line(FIRST if last is None else digest(last))
        file.seek(0, os.SEEK_END)
        file.write(line)
        file.flush()
        if durable:
            os.fdatasync(file.fileno()) if hasattr(os, "fdatasync") else os.fsync(file.fileno())
    return torn


def mend(path: Path) -> bytes | None:
    """Set a torn last line aside, in a file of its own beside the ledger, and give its bytes; None where the last line is whole."""
    with locked(path) as file:
        return _set_aside_torn(file, path)


def read(path: Path, position: Position, *marks: bytes, until: Position | None = None) -> Iterator[tuple[bytes, Position]]:
    """Give each whole line after `position` with the position behind it; a last line without its newline is not given.

    With `marks`, only lines that hold one of them are given; none behind `until`.
    Raises `AutotuneError` naming the line where one does not hold the hash of the one before it.
    """
    with path.open("rb") as file:
        file.seek(position.offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            if not _follows(line, position.prev):
                raise AutotuneError(
                    f"Line {position.lines + 1} of {path} does not follow from the line before it: the ledger was changed.",
                    "`autotune check` says what is wrong; the copy in the working directory may still hold the original line",
                )
            position = Position(position.offset + len(line), position.lines + 1, digest(line))
            if not marks or any(mark in line for mark in marks):
                yield line, position
            if position == until:
                return


def require(path: Path, position: Position) -> None:
    """Raise `AutotuneError` unless the ledger still has, where `position` says, the line whose hash it holds."""
    if position.offset == 0:
        return
    with path.open("rb") as file:
        last = _last_line(file, position.offset)
    if last is None or digest(last) != position.prev:
        raise AutotuneError(
            f"{path} is not as it was: line {position.lines} is gone or was changed. Somebody rewrote the ledger, or cut it off.",
            "`autotune check` compares it with commits, refs and copies, and says what to do",
        )


def _follows(line: bytes, prev: str) -> bool:
    if line.endswith(b'"prev":"' + prev.encode() + b'"}\n'):
        return True
    try:
        return bool(json.loads(line).get("prev") == prev)
    except (ValueError, AttributeError):
        return False


@contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    """Keep everybody else who appends to the ledger waiting for a moment."""
    while True:
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if is_still(path, file.fileno()):
                yield file
                return


def _set_aside_torn(file: BinaryIO, path: Path) -> bytes | None:
    last = _last_line(file)
    if last is None or last.endswith(b"\n"):
        return None
    free_name(path, "torn").write_bytes(last)
    file.truncate(file.seek(0, os.SEEK_END) - len(last))
    return last


def _last_line(file: BinaryIO, end: int | None = None) -> bytes | None:
    """Give the bytes after the last newline but one before byte `end` (so that a whole last line is given with its newline)."""
    size = file.seek(0, os.SEEK_END)
    end = size if end is None else end
    tail = b""
    while len(tail) < end <= size:
        start = max(0, end - len(tail) - _CHUNK)
        file.seek(start)
        tail = file.read(end - len(tail) - start) + tail
        cut = tail.rfind(b"\n", 0, len(tail) - 1)
        if cut >= 0:
            return tail[cut + 1 :]
    return tail or None
