"""The place where runs happen: a working tree of its own that holds candidate and incumbent in turn, or the checkout itself."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autotune.edges import git, tree
from autotune.edges.tree import View
from autotune.errors import AutotuneError


@dataclass(frozen=True, slots=True)
class Carried:
    """What was brought along from the checkout: each file's size, time and mode once the place was ready, and where it came from."""

    stamps: Mapping[str, Sequence[int]]
    source: Path = Path()


@dataclass(frozen=True, slots=True)
class Place:
    """Where runs happen. `settled` lists what stays between runs (paths, whole folders with a slash); None in the checkout: all."""

    view: View
    settled: frozenset[str] | None
    carried: Carried = field(default_factory=lambda: Carried({}))

    @property
    def top(self) -> Path:
        """The place's folder."""
        return self.view.top


def in_checkout(top: Path, index: Path) -> Place:
    """Give the checkout itself as the place; only files that differ between the arms are ever touched."""
    return Place(View(top, index), None)


def build(repository: git.Repository, place: Path, commit: str, carry: Sequence[str]) -> Path:
    """Make the measuring worktree at a commit, without its files, with copies of what is carried over from the checkout."""
    if place.exists():
        remove(repository, place)
    place.parent.mkdir(parents=True, exist_ok=True)
    git.add_worktree(repository, place, commit, files=False)
    for name in carry:
        _carry(repository.top / name, place / name)
    return place


def _carry(source: Path, target: Path) -> None:
    if not source.exists() and not source.is_symlink():
        raise AutotuneError(f"`carry` names {source}, which does not exist.", "make it, or take it out of `carry` in autotune.toml")
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def remove(repository: git.Repository, place: Path) -> None:
    """Remove a measuring worktree and all that is in it."""
    git.remove_worktree(repository, place)
    shutil.rmtree(place, ignore_errors=True)


def private(place: Path, settled: Sequence[str] = (), carried: Carried | None = None) -> Place:
    """Give a measuring worktree as a place; beside tracked files, `settled` is what each run finds."""
    return Place(View(place, place.with_name(f"{place.name}.index")), frozenset(settled), carried or Carried({}))


def carried_now(top: Path, carry: Sequence[str]) -> dict[str, list[int]]:
    """Map what is carried (files and links, those in folders too) to size, time and mode: what tells cheaply that it was written."""
    found = {}
    for name in carry:
        target = top / name
        inside = target.is_dir() and not target.is_symlink()
        for path in target.rglob("*") if inside else (target,):
            if (path.is_symlink() or not path.is_dir()) and path.name and (path.is_symlink() or path.exists()):
                seen = path.lstat()
                found[path.relative_to(top).as_posix()] = [seen.st_size, seen.st_mtime_ns, seen.st_mode]
    return found


def reset_carried(place: Place, carry: Sequence[str]) -> tuple[str, ...]:
    """Undo what a run did to what is carried: new files go, others come from the checkout again; gives those of which it cannot be had."""
    if not place.carried.stamps:
        return ()
    wanted, now = place.carried.stamps, carried_now(place.top, carry)
    for path in now.keys() - wanted.keys():
        (place.top / path).unlink(missing_ok=True)
    astray = [path for path, stamp in wanted.items() if now.get(path) != list(stamp)]
    lost = []
    for path in astray:
        source, target = place.carried.source / path, place.top / path
        if not (source.exists() or source.is_symlink()) or carried_now(place.carried.source, [path]).get(path) != list(wanted[path]):
            lost.append(path)
            continue
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    return tuple(lost)


def exchange(place: Place, away: Path, other: Path) -> None:
    """Put another tree into a place, so that both are run at one path: `other`, or a copy of what stands there; that goes to `away`."""
    if not other.exists():
        shutil.copytree(place.top, other, symlinks=True)
    for source, target in ((place.top, away), (other, place.top)):
        source.rename(target)
        index, goes_to = (path.with_name(f"{path.name}.index") for path in (source, target))
        goes_to.unlink(missing_ok=True)
        if index.exists():
            index.rename(goes_to)


def stamps(top: Path, names: Sequence[str]) -> dict[str, list[int]]:
    """Map what lies at some paths to size, times and mode. The time of its last change, unlike that of its last write, cannot be set."""
    found = carried_now(top, names)
    return {path: [*stamp, (top / path).lstat().st_ctime_ns] for path, stamp in found.items()}


def beside(view: View) -> tuple[str, ...]:
    """List what is there and not in the private index, ignored or not; a folder that holds nothing else is one entry that ends in a slash.

    The worktree's own index is empty, for it was made without files.
    """
    return git.tell(view.top, "ls-files", "--others", "--directory", "-z", index=view.index).paths


def occupy(place: Place, content: str, alternating: Sequence[str]) -> None:
    """Put a tree's files in place for one run.

    Whatever ran before, `alternating` (the paths in which the arms differ) are written anew, what a run changed is put back, and what
    it left beside the tracked files is removed. So both arms start from the same state, and neither from what its own last run left.
    """
    tree.point_at(place.view, content)
    held = git.tracked(place.top, content)
    anew = {path for path in alternating if path in held}
    if place.settled is None:
        for path in {*alternating} - anew:
            tree.remove(place.top, path)
    else:
        tree.unlink_all(place.top, {*alternating} - anew)  # in a folder of what stays, `_clean` does not see them
        _clean(place, place.settled)
        anew |= {*git.unlike_index(place.top, place.view.index)}
    wanted = sorted(anew)
    tree.unlink_all(place.top, wanted)
    tree.write(place.view, wanted)


def left_beside(place: Place) -> tuple[str, ...]:
    """List what lies in a place beside tracked files and what is settled; a folder without either is one entry that ends in a slash."""
    settled, listed = place.settled or frozenset(), beside(place.view)
    return tuple(path for path in listed if path not in settled and not any(path.startswith(one) for one in settled if one.endswith("/")))


def _clean(place: Place, settled: frozenset[str]) -> None:
    for path in left_beside(place):
        _discard(place.top / path, settled, path)


def _discard(target: Path, settled: frozenset[str], path: str) -> None:
    """Remove a path; a folder that holds something settled is gone through instead."""
    if path.endswith("/") and any(one.startswith(path) for one in settled):
        for inner in target.iterdir():
            name = path + inner.name + ("/" if inner.is_dir() and not inner.is_symlink() else "")
            if name not in settled:
                _discard(inner, settled, name)
    elif target.is_symlink() or not target.is_dir():
        target.unlink(missing_ok=True)
    else:
        shutil.rmtree(target)


def write_files(top: Path, files: Mapping[str, tuple[bytes, bool]]) -> None:
    """Write files (path to content and whether it can be executed) where they differ."""
    for path, (content, executable) in files.items():
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != content:
            target.write_bytes(content)
        target.chmod(0o755 if executable else 0o644)
