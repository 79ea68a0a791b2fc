"""What changed from one state to another, brought into a third, without a working tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autotune.edges import git
from autotune.loop.candidate.candidate import Entry


@dataclass(frozen=True, slots=True)
class Merged:
    """What the third state gets: paths with their entries, paths that go, and paths where both sides changed the same place."""

    entries: Mapping[str, tuple[str, str]]
    removed: tuple[str, ...]
    contradicting: tuple[str, ...]


def merge(top: Path, base: str, theirs: str, ours: str, scratch: Path) -> Merged:
    """Bring into `ours` what changed from `base` to `theirs`; all three are ids of commits or trees."""
    before, after, there = (git.tracked(top, one) for one in (base, theirs, ours))
    found: dict[str, tuple[str, str]] = {}
    removed, contradicting = [], []
    for path in git.differing(top, base, theirs):
        try:
            entry = _merged(top, before.get(path), there.get(path), after.get(path), scratch)
        except _ContradictionError:
            contradicting.append(path)
            continue
        if entry is None:
            removed.append(path)
        else:
            found[path] = entry
    left = there.keys() - {*removed}
    contradicting += [path for path in found if path not in there and _is_in_the_way(path, left)]
    return Merged(found, tuple(path for path in removed if path in there), tuple(contradicting))


class _ContradictionError(Exception):
    """Both sides changed the same place."""


def _merged(top: Path, before: Entry, ours: Entry, theirs: Entry, scratch: Path) -> Entry:
    if ours in (before, theirs):
        return theirs
    if theirs == before:
        return ours
    if before is None or ours is None or theirs is None or not all(one[0].startswith("100") for one in (before, ours, theirs)):
        raise _ContradictionError
    mode = theirs[0] if ours[0] == before[0] else ours[0]
    if before[1] in (ours[1], theirs[1]) or ours[1] == theirs[1]:
        return mode, theirs[1] if ours[1] == before[1] else ours[1]
    merged = git.merge_contents(top, ours[1], before[1], theirs[1], scratch)
    if merged is None:
        raise _ContradictionError
    return mode, git.store(top, merged)


def _is_in_the_way(path: str, there: set[str]) -> bool:
    """Whether a file stands where a folder has to be, or the other way round."""
    parts = path.split("/")
    if any("/".join(parts[:depth]) in there for depth in range(1, len(parts))):
        return True
    return any(one.startswith(f"{path}/") for one in there)
