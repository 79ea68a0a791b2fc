"""What killed commands left, cleaned up."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from autotune.edges.atomic import lives
from autotune.edges.git import Repository
from autotune.loop.session.layout import (
    CLEARING,
    OPENING,
    root,
)
from autotune.loop.session.session import Session


def remove_leftovers(repository: Repository) -> None:
    """Delete what is left of sessions whose opening or clearing was cut off, with the folders of their runs."""
    for path in (*root(repository).glob(f"{OPENING}*"), *root(repository).glob(f"{CLEARING}*")):
        if not lives(path.name.rpartition("-")[2]):
            _remove_private(path)
            shutil.rmtree(path, ignore_errors=True)


def clean_up(session: Session) -> None:
    """Delete what killed commands left that only a holder of the session uses: git's locks beside indexes, rehearsals, runs' folders."""
    remove_leftovers(session.repository)
    _remove_private(session.folder.path)
    for path in (*session.folder.path.glob("*.lock"), *session.cache.glob("*.lock")):
        path.unlink(missing_ok=True)


def _remove_private(folder: Path) -> None:
    """Delete what processes that are gone had for the runs of the session in this folder."""
    mine = private_prefix(folder)
    for path in Path(tempfile.gettempdir()).glob(f"{mine}*"):
        if not lives(path.name.removeprefix(mine).partition("-")[0]):
            shutil.rmtree(path, ignore_errors=True)


def private_prefix(folder: Path) -> str:
    """Give what the names of folders for a session's runs begin with, before a process's number: short, for sockets are put there."""
    import hashlib

    return f"autotune-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]}-"
