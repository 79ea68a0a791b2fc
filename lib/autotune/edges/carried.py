"""What was carried into a place, kept as it was."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autotune.edges import copies, tree

if TYPE_CHECKING:
    from autotune.edges.place import Place


@dataclass(frozen=True, slots=True)
class Carried:
    """What stays beside the tracked files, brought along or made by `setup`: each path's stamp once the place was ready, and who has it.

    A stamp is size, time, mode and time of change, of a folder the mode alone. Of `sources` the first that has a file as it was gives it.
    `names` are the files and folders that hold all of it.
    """

    stamps: dict[str, Sequence[int]]
    sources: Sequence[Path] = ()
    names: Sequence[str] = ()


def keep_copies(top: Path, names: Iterable[str], folder: Path) -> None:
    """Copy files and folders of a worktree to where a run has no business, to be had from there again."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in names:
        copies.copy(top / name.rstrip("/"), folder / name.rstrip("/"))


def carried_now(top: Path, names: Iterable[str]) -> dict[str, Sequence[int]]:
    """Map some paths, and all that is in those that are folders, to their stamps: what tells cheaply that something was written."""
    found: dict[str, Sequence[int]] = {}
    for name in names:
        path = top / name
        for one in (path, *copies.below(path)) if os.path.lexists(path) else ():
            found[one.relative_to(top).as_posix()] = _stamp(one)
    return found


def _stamp(path: Path) -> list[int]:
    """Of the times, that of the content can be set to anything, the other only by writing; a copy has the first alone."""
    seen = path.lstat()
    if stat.S_ISDIR(seen.st_mode):
        return [0, 0, seen.st_mode, 0]
    return [seen.st_size, seen.st_mtime_ns, seen.st_mode, seen.st_ctime_ns]


def reset_carried(place: Place) -> tuple[str, ...]:
    """Undo what a run did to what stays: new files go, others come from a source again; gives those that no source has as they were."""
    wanted = place.carried.stamps
    if not wanted:
        return ()
    now = carried_now(place.top, place.carried.names)
    for path in sorted(now.keys() - wanted.keys(), reverse=True):
        tree.delete(place.top, path)
    astray = [path for path, stamp in wanted.items() if now.get(path) != list(stamp)]
    return tuple(path for path in sorted(astray) if not _had_again(place, path))


def _had_again(place: Place, path: str) -> bool:
    stamp, target = place.carried.stamps[path], place.top / path
    folder = stat.S_ISDIR(stamp[2])
    source = None if folder else next((one / path for one in place.carried.sources if _has(one / path, stamp)), None)
    if source is None and not folder:
        return False
    if folder != (target.is_dir() and not target.is_symlink()):
        tree.delete(place.top, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if folder:
        target.mkdir(exist_ok=True)
        target.chmod(stat.S_IMODE(stamp[2]))
    elif source is not None:
        target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
        place.carried.stamps[path] = _stamp(target)
    return True


def _has(path: Path, stamp: Sequence[int]) -> bool:
    return os.path.lexists(path) and _stamp(path)[:3] == list(stamp[:3])
