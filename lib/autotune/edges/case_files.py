"""What cases wrote in a run, each under its id: kept with the run, within bounds.

No link is followed. What stands under no id is left out, and so is what is beyond the bounds.
Of the file that reaches one, the beginning is kept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from autotune.core.cases.written import case_of
from autotune.core.facts import UnreadError
from autotune.edges.results import beginning
from autotune.errors import AutotuneError

MOST_OF_A_CASE = 1024 * 1024  # bytes
MOST_OF_A_RUN = 8 * 1024 * 1024  # bytes, as much as of what a run prints
MOST_FILES = 10_000  # of a run, that are looked at


def keep(written: Path, kept: Path, ids: Sequence[str]) -> None:
    """Copy what cases wrote into a folder that is made new: the file or folder named as the id, or a file named so with an ending.

    Cases come in their order until the bound of a run is reached. Raises `AutotuneError` where it cannot be written.
    """
    by_case, known = dict[str, list[str]](), frozenset(ids)
    for name in () if written.is_symlink() else found(written):
        if (case := case_of(name, known)) is not None:
            by_case.setdefault(case, []).append(name)
    try:
        if kept.is_dir():
            shutil.rmtree(kept)
        left = MOST_OF_A_RUN
        for case in ids:
            of_case = min(left, MOST_OF_A_CASE)
            for name in by_case.get(case, ()):
                if of_case:
                    taken = _copied(written / name, kept / name, of_case)
                    of_case, left = of_case - taken, left - taken
    except OSError as problem:
        message = f"What cases wrote cannot be kept in {kept}: {problem.strerror}."
        raise AutotuneError(message, "make room on that disk or make the folder writable, then try again") from problem


def found(folder: Path) -> Iterator[str]:
    """Give plain files by their paths in a folder, sorted, as many as are looked at."""
    count = 0
    for top, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > MOST_FILES:
                return
            path = Path(top, name)
            with contextlib.suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path.relative_to(folder).as_posix()


def _copied(source: Path, target: Path, most: int) -> int:
    """Copy the beginning of a plain file; gives how many bytes, 0 where it cannot be read."""
    try:
        content = beginning(source, most)
    except UnreadError:
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return len(content)
