"""A file or a folder put in its place at once, where what is there is what is expected; nothing of anybody else's is overwritten.

A file is replaced by a rename, so that a reader finds the one or the other. A folder takes two renames, old one out and new one in, between
folders beside its parent, on the same file system: a client that watches the parent sees neither. What was killed in between is finished by
doing the same again.
"""

from __future__ import annotations

import glob
import shutil
from collections.abc import Iterator
from pathlib import Path

from autotune.edges.atomic import remove_unfinished, replace_file
from autotune.errors import AutotuneError
from autotune.rollout import snapshots
from autotune.rollout.snapshots import hash_of

STAGED, ASIDE = ".autotune-staged-", ".autotune-aside-"


class ChangedError(AutotuneError):
    """What is in a place is not what was put there."""


def put(store: Path, snapshot: str | None, place: Path, before: str | None) -> None:
    """Have a snapshot (None: nothing) in a place that holds `before`. Doing it twice is doing it once. Raises ChangedError."""
    place = place.resolve()
    now = hash_of(place)
    aside = _beside(place, ASIDE)
    if now is None and before is not None and hash_of(aside) == before:
        now = before  # it was taken out, and the process killed
    if now not in {before, snapshot}:
        raise changed(place)
    if now != snapshot:
        _into(store, snapshot, place)
    remove_unfinished(place.parent)
    for left in (aside, _beside(place, STAGED)):
        shutil.rmtree(left, ignore_errors=True)


def bring_back(place: Path) -> None:
    """Put a folder back that a process took out of its place before it was killed, where there is one."""
    if is_out(place):
        _beside(place.resolve(), ASIDE).rename(place.resolve())


def is_out(place: Path) -> bool:
    """Whether a folder is out of its place: a process replaces it, or was killed while it did."""
    return not place.exists() and _beside(place.resolve(), ASIDE).is_dir()


def out_of(parent: Path) -> Iterator[Path]:
    """Give the places in a folder, or behind links in it, that such a folder belongs to."""
    name = f"{ASIDE}{parent.resolve().name}-"
    places = [parent / aside.name.removeprefix(name) for aside in parent.resolve().parent.glob(f"{glob.escape(name)}*")]
    links = [path for path in parent.iterdir() if path.is_symlink()] if parent.is_dir() else []
    yield from sorted(place for place in {*places, *links} if is_out(place))


def changed(place: Path) -> ChangedError:
    """The refusal of a place that somebody else has changed."""
    return ChangedError(
        f"{place} was changed since it was put there, by you or by another program.",
        "undo that change, or keep it with --adopt: it becomes a version of its own",
    )


def _into(store: Path, snapshot: str | None, place: Path) -> None:
    content = None if snapshot is None else snapshots.content(store, snapshot)
    if content is not None and not content.is_dir():
        replace_file(place, content.read_bytes())
    elif content is None and not place.is_dir():
        place.unlink(missing_ok=True)
    else:
        _swap(content, place)


def _swap(content: Path | None, place: Path) -> None:
    """Take a folder out of its place, and put another in, where there is one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    staged, aside = _beside(place, STAGED), _beside(place, ASIDE)
    if content is not None:
        shutil.rmtree(staged, ignore_errors=True)
        snapshots.copy(content, staged)
    if place.exists():
        shutil.rmtree(aside, ignore_errors=True)
        place.rename(aside)
    if content is not None:
        staged.rename(place)


def _beside(place: Path, what: str) -> Path:
    """A name outside the folder that a place lies in."""
    return place.parent.parent / f"{what}{place.parent.name}-{place.name}"
