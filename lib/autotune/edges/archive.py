"""An archive that is only data: written the same each time, and read within bounds."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from autotune.edges.atomic import UNFINISHED, remove_unfinished
from autotune.errors import AutotuneError

MOST_PACKED_BYTES = 512 * 1024 * 1024  # of an archive
MOST_BYTES = 1024 * 1024 * 1024  # of all that is in one
MOST_FILES = 50_000
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip archive knows
_PLAIN = stat.S_IFREG | 0o644
_CHUNK = 1 << 20
_AGAIN = "get it from its maker once more"


def sum_of(file: Path) -> str:
    """Give the SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write(target: Path, members: Mapping[str, bytes | Path], *, over: bool) -> None:
    """Write an archive of these files, whole or not at all. The same content gives the same bytes.

    Raises `AutotuneError` where there is something at `target` already, unless it may be written `over`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(target.parent)
    fresh = target.with_name(UNFINISHED.replace("*", str(os.getpid())))
    try:
        with zipfile.ZipFile(fresh, "w") as made:
            for name, content in members.items():
                _add(made, name, content)
        with fresh.open("rb") as whole:
            os.fsync(whole.fileno())
        if over:
            fresh.replace(target)
        else:
            _place(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def refuse_over(target: Path) -> None:
    """Raise `AutotuneError` where something is at a path."""
    if os.path.lexists(target):
        raise AutotuneError(f"{target} is there already.", "name another file, or add --overwrite")


def _place(fresh: Path, target: Path) -> None:
    try:
        os.link(fresh, target)
    except FileExistsError:
        refuse_over(target)
        raise
    except OSError:  # a file system without links
        refuse_over(target)
        fresh.replace(target)


def _add(made: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    about = zipfile.ZipInfo(name, _EARLIEST)
    about.create_system, about.external_attr = 3, _PLAIN << 16
    about.compress_type = zipfile.ZIP_DEFLATED
    if isinstance(content, bytes):
        made.writestr(about, content, compresslevel=6)
        return
    about.file_size = content.stat().st_size
    with content.open("rb") as source, made.open(about, "w") as into:
        while chunk := source.read(_CHUNK):
            into.write(chunk)


def unpack(archive: Path, folder: Path, accepts: Callable[[str], bool]) -> tuple[str, ...]:
    """Unpack an archive into an empty folder, and give the names of its files.

    Raises `AutotuneError` where it is none, is too large, or holds anything but plain files whose names are accepted; then nothing of it
    was unpacked.
    """
    if not archive.is_file():
        raise AutotuneError(f"{archive} is no file.", "name a bundle that `autotune bundle` wrote")
    try:
        with archive.open("rb") as file:
            size = os.fstat(file.fileno())
            if size.st_size > MOST_PACKED_BYTES:
                raise AutotuneError(f"{archive} is larger than {MOST_PACKED_BYTES >> 20} MiB.", _AGAIN)
            return _unpacked(archive, file, folder, accepts)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OverflowError, RuntimeError) as problem:
        raise AutotuneError(f"{archive} is no archive that can be read: {problem}.", _AGAIN) from None


def _unpacked(archive: Path, file: BinaryIO, folder: Path, accepts: Callable[[str], bool]) -> tuple[str, ...]:
    with zipfile.ZipFile(file) as opened:
        members = opened.infolist()
        names = [one.filename for one in members]
        wrong = next(filter(None, (_amiss(one, accepts) for one in members)), None)
        if wrong is None and len({*names}) < len(names):
            wrong = "it has two files of one name"
        if wrong is None and (len(names) > MOST_FILES or sum(one.file_size for one in members) > MOST_BYTES):
            wrong = f"it holds more than {MOST_FILES} files, or {MOST_BYTES >> 20} MiB"
        if wrong is not None:
            raise AutotuneError(f"{archive} is not unpacked: {wrong}.", _AGAIN)
        for one in members:
            _take_out(opened, one, folder / one.filename)
    return tuple(names)


def _amiss(member: zipfile.ZipInfo, accepts: Callable[[str], bool]) -> str | None:
    """Say why a member is not unpacked."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    shown = ascii(member.orig_filename)
    if kind not in (0, stat.S_IFREG) or member.is_dir():
        return f"{shown} is not a plain file"
    if member.filename != member.orig_filename or not accepts(member.filename):
        return f"{shown} is no part of a bundle"
    if member.flag_bits & 1:
        return f"{shown} is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"{shown} is packed in another way"
    return None


def _take_out(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with opened.open(member) as source, target.open("xb") as into:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                with suppress(OSError):
                    target.unlink()
                raise zipfile.BadZipFile(ascii(member.filename))
            into.write(chunk)
    if left:
        raise zipfile.BadZipFile(ascii(member.filename))
