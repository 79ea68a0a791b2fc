"""Temporary folders, each with the mark of its process, and those that killed processes left."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path

from autotune.edges.atomic import lives

MARK = ".autotune-"


@contextmanager
def temporary(prefix: str) -> Iterator[Path]:
    """Give a fresh temporary folder, deleted with the context; what killed processes left under the same prefix goes before.

    Only what has the mark is deleted: others may have folders of that name.
    """
    above = Path(tempfile.gettempdir())
    left = glob(f"{prefix}*/{MARK}*", root_dir=above)  # noqa: PTH207 - Path.glob fails where a folder goes meanwhile
    for mark in map(above.joinpath, left):
        if not lives(mark.name.removeprefix(MARK)):
            shutil.rmtree(mark.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    try:
        (folder / f"{MARK}{os.getpid()}").touch()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
