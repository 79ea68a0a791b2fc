"""What the system refuses for a reason that lies outside autotune (a full disk, missing rights), made into a refusal."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from autotune.errors import AutotuneError

_NO_ROOM = "make room there, then run the command again: it finishes what was begun"
_NOT_ALLOWED = "make it accessible for you (`ls -ld` shows whose it is), then run the command again"
_CONDITIONS = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EROFS: "make it writable, then run the command again",
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.EIO: "look at the disk that it lies on",
    errno.ESTALE: "look at the file server that it lies on, then run the command again",
    errno.EMFILE: "raise the limit with `ulimit -n`, then run the command again",
    errno.ENFILE: "end the program that holds so many files open, then run the command again",
    errno.ENOMEM: "end the program that takes the memory, then run the command again",
    errno.EAGAIN: "end other processes, or raise the limit with `ulimit -u`, then run the command again",
}


def refused_by_system(problem: BaseException) -> AutotuneError | None:
    """Word what the system refused for a reason that lies outside autotune (a full disk, missing rights); None for anything else."""
    if isinstance(problem, UnicodeEncodeError) and problem.reason == "surrogates not allowed":
        held = ascii(problem.object[problem.start : problem.end]).strip("'")
        return AutotuneError(f"A setting or a file name holds {held}, which is not text.", "write it in UTF-8, then run the command again")
    if not isinstance(problem, OSError):
        return None
    where, said = os.fsdecode(problem.filename or ""), problem.strerror or str(problem)
    if problem.errno in _CONDITIONS:
        return AutotuneError(f"{where or 'Something could not be written or started'}: {said}.", _CONDITIONS[problem.errno])
    if problem.errno == errno.ENOENT and said.startswith("No usable temporary directory"):
        return AutotuneError(f"{said}.", "make room in one of them, or set TMPDIR to another")
    folder = os.path.dirname(where)  # noqa: PTH120 - a name that is no text is looked at as it is
    if problem.errno == errno.ENOENT and folder and not os.path.isdir(folder):  # noqa: PTH112
        return AutotuneError(f"There is no folder {folder}.", "make it, or name another; if it was moved, go to where it is now")
    return None


@contextmanager
def conditions() -> Iterator[None]:
    """Have what the system refuses within for a reason that lies outside autotune raised as `AutotuneError`."""
    try:
        yield
    except (OSError, UnicodeError) as problem:
        if (known := refused_by_system(problem)) is None:
            raise
        raise known from problem
