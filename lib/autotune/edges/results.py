"""The file, or the folder of files, in which a benchmark leaves its results: cleared away before a run, read after it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autotune.core.facts import UnreadError
from autotune.core.findings import Unread
from autotune.errors import AutotuneError

MOST_BYTES = 64 * 1024 * 1024  # of all that is read after one run
MOST_FILES = 20_000
_ENDINGS = (".json", ".xml")  # what is read of a folder


def clear(folder: Path, name: str) -> None:
    """Remove what is there by this name, and make the folder that it will be in. Raises AutotuneError where a link leads elsewhere."""
    path = _within(folder, name)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def set_aside(folder: Path, name: str, beside: Path) -> Iterator[None]:
    """Have nothing there by this name as the context begins; what was there is there again afterwards, unless something new is."""
    path, kept = _within(folder, name), beside / "set-aside"
    there = os.path.lexists(path)
    if there:
        shutil.move(path, kept)
    try:
        yield
    finally:
        if there and not os.path.lexists(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(kept, path)


def read(folder: Path, name: str) -> list[tuple[str, bytes]] | None:
    """Give name and content of what was written: one plain file, or those of a folder by their paths in it; None where nothing was.

    No link is followed. Raises UnreadError where it is something else, or more than is read.
    """
    path = _within(folder, name)
    if not os.path.lexists(path):
        return None
    if path.is_dir() and not path.is_symlink():
        return list(_files_in(path))
    return [(name, _content(path, MOST_BYTES))]


def _within(folder: Path, name: str) -> Path:
    """Give the path, no folder of which may be a link: what is removed and read lies in the place and nowhere else."""
    parts = name.split("/")
    for count in range(1, len(parts)):
        if folder.joinpath(*parts[:count]).is_symlink():
            raise AutotuneError(
                f"{'/'.join(parts[:count])} is a link, so {name} would lie elsewhere.", "name a path without links in `read`"
            )
    return folder / name


def _files_in(path: Path) -> Iterator[tuple[str, bytes]]:
    left, count = MOST_BYTES, 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(one for one in names if one.endswith(_ENDINGS)):
            count += 1
            if count > MOST_FILES:
                raise UnreadError(Unread.TOO_MANY_FILES, most=MOST_FILES)
            file = Path(folder, name)
            content = _content(file, left)
            left -= len(content)
            yield file.relative_to(path).as_posix(), content


def _content(path: Path, most: int) -> bytes:
    content = beginning(path, most + 1)
    if len(content) > most:
        raise UnreadError(Unread.TOO_LARGE, most=MOST_BYTES // 2**20)
    return content


def beginning(path: Path, most: int) -> bytes:
    """Read the first bytes of a plain file, through no link. Raises UnreadError where it is something else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe that nobody writes to would be waited for
    except OSError as problem:
        raise (UnreadError(Unread.A_LINK) if path.is_symlink() else UnreadError(Unread.CANNOT_BE_OPENED, error=problem.strerror)) from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UnreadError(Unread.NO_PLAIN_FILE)
        return file.read(most)
