"""The rights that a working tree's owner has taken from themselves, given back."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from autotune.edges import tree

_LOOKED_INTO, _CHANGED, _EDITED = os.R_OK | os.X_OK, os.R_OK | os.W_OK | os.X_OK, os.R_OK | os.W_OK


def open_folders(top: Path, paths: Iterable[str], *, changed: bool = False) -> tuple[str, ...]:
    """Let the owner look into the folders above some paths, and with `changed` write in them; gives those that were shut, outer ones first.

    Never through a link. What belongs to somebody else stays as it is.
    """
    need = _CHANGED if changed else _LOOKED_INTO
    folders = {str(folder) for inner in {path.rstrip("/").rpartition("/")[0] for path in paths} for folder in (inner, *Path(inner).parents)}
    return tuple(one for one in sorted(folders - {"", "."}) if not os.access(top / one, need) and _given(top, one, stat.S_IFDIR, need))


def open_files(top: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Let the owner read and edit some files that cannot be read, never through a link; gives those."""
    return tuple(one for one in paths if not os.access(top / one, os.R_OK) and _given(top, one, stat.S_IFREG, _EDITED))


def _given(top: Path, path: str, kind: int, need: int) -> bool:
    with suppress(OSError):
        found = os.lstat(top / path)
        if stat.S_IFMT(found.st_mode) == kind and not tree.is_out_of_reach(top, path):
            (top / path).chmod(stat.S_IMODE(found.st_mode) | need << 6)  # R_OK, W_OK and X_OK are the bits of a mode
            return True
    return False
