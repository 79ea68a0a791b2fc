"""The place where runs happen: a working tree of its own that holds candidate and incumbent in turn, or the checkout itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from autotune.edges import caches, copies, git, indexes, looks, submodules, tree, worktrees
from autotune.edges.carried import Carried
from autotune.edges.looks import Look
from autotune.edges.tree import View


@dataclass(frozen=True, slots=True)
class Place:
    """Where runs happen. `settled` lists what stays between runs (paths, whole folders with a slash); None in the checkout: all.

    `verbatim` are the files that get the bytes that git holds, whatever it is set up to make of them (line ends, say). `note` is where
    the time of what was put in place last is kept, beside the index unless it is named.
    """

    view: View
    settled: frozenset[str] | None
    carried: Carried = field(default_factory=lambda: Carried({}))
    verbatim: frozenset[str] = frozenset()
    note: Path | None = None

    @property
    def top(self) -> Path:
        """The place's folder."""
        return self.view.top


@dataclass(frozen=True, slots=True)
class Known:
    """A place as a run found it: the tree that its files are of, what stays beside them, and all that was there.

    `untouched` is one in which nothing has run since.
    """

    held: Mapping[str, tuple[str, str]]
    settled: frozenset[str]
    look: Look
    untouched: bool = False


_known: dict[Path, Known] = {}  # by its folder, each place that has been looked at


def in_checkout(top: Path, index: Path, note: Path | None = None) -> Place:
    """Give the checkout itself as the place; only files that differ between the arms are ever touched."""
    return Place(View(top, index), None, note=note)


@dataclass(frozen=True, slots=True)
class Brought:
    """What a measuring worktree got from the checkout: copies, and submodules. `mended` are copies that are not as they are there."""

    copies: tuple[str, ...]
    submodules: tuple[str, ...]
    mended: tuple[str, ...]


def build(repository: git.Repository, place: Path, commit: str, carry: Sequence[str]) -> Brought:
    """Make the measuring worktree at a commit, without its files, with what comes from the checkout.

    That is what is carried, the files that Git LFS keeps, as they are there, and the files of submodules.
    """
    if place.exists():
        take_down(repository, place)
    place.parent.mkdir(parents=True, exist_ok=True)
    _index(place).unlink(missing_ok=True)
    worktrees.add_worktree(repository, place, commit)
    large = (path for path in sorted(tree.apart(repository.top, commit)) if os.path.lexists(repository.top / path))
    names = (*carry, *large)
    mended = tuple(path for name in names for path in copies.bring_copies(repository.top, place, name))
    return Brought(names, submodules.fill_submodules(repository.top, place, submodules.commits_recorded(repository.top, commit)), mended)


def take_down(repository: git.Repository, place: Path) -> None:
    """Remove a measuring worktree and all that is in it."""
    worktrees.remove_worktree(repository, place)
    shutil.rmtree(place, ignore_errors=True)


def private(
    place: Path,
    settled: Sequence[str] = (),
    carried: Carried | None = None,
    verbatim: Iterable[str] = (),
    apart: frozenset[str] = frozenset(),
    note: Path | None = None,
) -> Place:
    """Give a measuring worktree as a place; beside tracked files, `settled` is what each run finds. `apart` is as in a view."""
    return Place(View(place, _index(place), apart=apart), frozenset(settled), carried or Carried({}), frozenset(verbatim), note)


def moorings(place: Place) -> tuple[Path, ...]:
    """List what ties a measuring worktree to its repository: its link to git's folder for it, and what git reads first in there."""
    link = place.top / ".git"
    if not link.is_file():
        return ()
    folder = place.top / os.fsdecode(link.read_bytes().removeprefix(b"gitdir:").strip())
    return (link, *(folder / name for name in ("commondir", "gitdir", "config.worktree")))


def exchange(place: Place, away: Path, other: Path) -> None:
    """Put another tree into a place, so that both are run at one path: `other`, or a copy of what stands there; that goes to `away`."""
    _known.pop(place.top, None)
    if not other.exists():
        shutil.copytree(place.top, other, symlinks=True)
    for source, target in ((place.top, away), (other, place.top)):
        source.rename(target)
        index, goes_to = (path.with_name(f"{path.name}.index") for path in (source, target))
        goes_to.unlink(missing_ok=True)
        if index.exists():
            index.rename(goes_to)


def beside(view: View) -> tuple[str, ...]:
    """List what is there and not in the private index, ignored or not; a folder that holds nothing else is one entry that ends in a slash.

    The worktree's own index is empty, for it was made without files.
    """
    return git.tell(view.top, "ls-files", "--others", "--directory", "-z", index=view.index).paths


def _index(top: Path) -> Path:
    return top.with_name(f"{top.name}.index")


def occupy(place: Place, content: str, alternating: Sequence[str], *, compared: bool = False) -> None:
    """Put a tree's files in place for one run.

    Whatever ran before, `alternating` (the paths in which the arms differ) are written anew, what a run changed is put back, and what
    it left beside the tracked files is removed. So both arms start from the same state, and neither from what its own last run left.
    What the private index is of is not said: where the place is known, nothing asks it.
    `compared` is for a run that goes by times itself (see `_at_a_new_time`).
    """
    held = git.tracked(place.top, content)
    turned = {path for path in alternating if path in held}
    anew, gone = turned, {*alternating} - turned
    known = _known.pop(place.top, None)
    bare = known is None and _is_bare(place, held)
    with _at_a_new_time(place, content, () if bare else held, compared=compared) as touched:
        if place.settled is None:
            tree.point_at(place.view, content)
            for path in gone:
                tree.remove(place.top, path)
        else:
            tree.unlink_all(place.top, gone)  # in a folder of what stays, `_clean` does not see them
            if known is not None and not gone and (moved := _known_again(place, known, held, turned)) is not None:
                turned = anew = turned | moved
            else:
                known = None
                tree.point_at(place.view, content)
                _clean(place, place.settled)
                anew = turned | (_written_by_git(place, held) if bare else _astray(place))
        if wanted := sorted(anew - place.view.apart):
            tree.unlink_all(place.top, () if bare else wanted)
            if known is None:
                tree.write(place.view, wanted)
            else:
                tree.write_alone(place.view, {path: held[path] for path in wanted})
            tree.undo_conversion(place.top, {path: held[path] for path in wanted if path in place.verbatim})
        touched.update(anew, gone)
    if place.settled is not None and (known := known or _known_now(place, held, place.settled)) is not None:
        looks.forget(known.look, turned)
        _known[place.top] = replace(known, held=held, untouched=False)


def vouch(place: Place) -> None:
    """Take it that nothing runs in a place, as it was put in place last, before the next tree is."""
    if (known := _known.get(place.top)) is not None:
        _known[place.top] = replace(known, untouched=True)


def _is_bare(place: Place, held: Iterable[str]) -> bool:
    """Whether nothing is there of some files and their folders."""
    return not any(os.path.lexists(place.top / name) for name in {path.partition("/")[0] for path in held})


def _known_again(place: Place, known: Known, held: Mapping[str, tuple[str, str]], turned: set[str]) -> set[str] | None:
    """Remove what came since a place was known; gives the files in which another tree is to be there. None where more is not as it was.

    Nothing is asked of the files that are written anew in any case, `turned`.
    """
    moved = {path for path, _ in held.items() ^ known.held.items()} if held is not known.held else set()
    if known.settled != place.settled or moved - held.keys():
        return None
    now = known.look if known.untouched else looks.look(place.top, known.settled)
    if now is None or looks.differs(known.look, now, turned | moved):
        return None
    known.look.read.update(now.read)
    for path in sorted(now.stamps.keys() - known.look.stamps.keys()):  # folders before what is in them
        if os.path.lexists(place.top / path):
            _discard(place.top / path, known.settled, path)
    return moved


def _known_now(place: Place, held: Mapping[str, tuple[str, str]], settled: frozenset[str]) -> Known | None:
    """Take in what a run finds, unless a change might not be seen: of a file that is not where it is tracked, or by its time."""
    seen = looks.look(place.top, settled)
    surely = seen is not None and seen.stamps.keys() >= _written_by_git(place, held) and looks.settles(seen)
    return Known(held, settled, seen) if seen is not None and surely else None


def _astray(place: Place) -> set[str]:
    """Give the tracked files that are not as the private index has them."""
    tree.refresh_aged(place.view)
    return {*indexes.unlike_index(place.top, place.view.index)}


def _written_by_git(place: Place, held: Mapping[str, tuple[str, str]]) -> set[str]:
    """Give the paths that git writes in a place: not submodules, nor what comes from elsewhere."""
    return {path for path, (mode, _) in held.items() if mode != git.SUBMODULE} - place.view.apart


def read_by_runs(place: Place) -> frozenset[str]:
    """Give the files that were read by the runs before the last, since they were put in place, as far as the file system notes that."""
    known = _known.get(place.top)
    return frozenset() if known is None else frozenset(known.look.read)


@contextmanager
def _at_a_new_time(place: Place, content: str, known: Iterable[str], *, compared: bool) -> Iterator[set[str]]:
    """Have what is written in the context, and the folders around what it writes and removes, no second of what another tree had.

    The context adds the paths. Where the clock has not come to a new second, their times are ahead of it, unless they are `compared` with
    what the next run makes of them: then this waits. `known` are paths by which the last time is found where it is not noted.
    """
    note = place.note or place.view.index.with_suffix(".time")
    first = caches.first_time(note, content, (f"{place.top}/{path}" for path in known))
    on_time = caches.now_at(place.top) >= first
    touched: set[str] = set()
    yield touched
    if touched and on_time:
        caches.note_time(note, content, caches.now_at(place.top))
    elif touched:
        caches.note_time(note, content, first)
        for path in _with_folders(place.top, touched):
            caches.set_time(path, first)
        caches.wait_for(first, ahead_s=0.0 if compared else caches.AHEAD_S)


def _with_folders(top: Path, paths: Collection[str]) -> Iterator[str]:
    """Give files and the folders above them, as far as they are there; never through a link."""
    within = tree.within_reach(top, (*paths, *_above(paths), "."))
    return (f"{top}/{path}" for path in within if os.path.lexists(f"{top}/{path}"))


def empty(place: Place, content: str, entries: Mapping[str, tuple[str, str]], away: Path, *, compared: bool = False) -> Mapping[str, str]:
    """Move files, by their modes and blobs, out of a place, leaving empty ones there, as `content` has them; gives where each is now.

    That is much cheaper than to write all of them anew, twice. A folder goes as a whole where it may. Empty files are links to the folder's
    first: where thousands of files were deleted lately, the file system takes long to make new ones. What cannot be moved or made, `occupy`
    finds.
    """
    _known.pop(place.top, None)
    shutil.rmtree(away, ignore_errors=True)
    away.mkdir(parents=True)
    moved: dict[str, str] = {}
    first: dict[tuple[str, str], str] = {}
    wholes = _wholes(place, git.tracked(place.top, content).keys() - entries.keys(), entries)
    with _at_a_new_time(place, content, entries, compared=compared) as touched:
        for number, (whole, paths) in enumerate(wholes.items()):
            if next(tree.within_reach(place.top, [whole]), None):
                with suppress(OSError):
                    os.rename(f"{place.top}/{whole}", f"{away}/{number}")  # noqa: PTH104 - for each of thousands, pathlib takes too long
                    moved[whole] = f"{away}/{number}"
                    touched.update(paths)
                    _make_empty(place.top, {path: entries[path][0] for path in paths}, first)
    tree.point_at(place.view, content)
    tree.refresh(place.view)
    return moved


def _wholes(place: Place, others: Iterable[str], paths: Iterable[str]) -> Mapping[str, list[str]]:
    """Map what can be moved as a whole, to move all of `paths`, to those it is or holds: files, folders without `others` or what stays."""
    apart = {"", *_above((*others, *(path.rstrip("/") for path in place.settled or ())))}
    uppermost: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for path in paths:
        folder = path.rpartition("/")[0]
        if folder not in uppermost:
            free = (one for one in _upwards(folder) if one not in apart)
            uppermost[folder] = min(free, key=len, default="")
        found.setdefault(uppermost[folder] or path, []).append(path)
    return found


def _above(paths: Iterable[str]) -> set[str]:
    return {one for folder in {path.rpartition("/")[0] for path in paths} for one in _upwards(folder)}


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def _make_empty(top: Path, modes: Mapping[str, str], first: dict[tuple[str, str], str]) -> None:
    """Make empty files, by their modes, with the folders that they need; `first` is each folder's first of a mode."""
    for path, mode in modes.items():
        folder, target = path.rpartition("/")[0], f"{top}/{path}"
        if (folder, mode) not in first:
            os.makedirs(f"{top}/{folder}", exist_ok=True)  # noqa: PTH103
        try:
            os.link(first.setdefault((folder, mode), target), target)
        except OSError:  # it is the first, or has as many links as it may have, or there are none on this file system
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, int(mode[-3:], 8) | 0o022))


def fill(place: Place, content: str, moved: Mapping[str, str], paths: Collection[str], *, compared: bool = False) -> None:
    """Bring back what `empty` moved, as `content` has it, `paths` as if just written: nothing made of the empty files is younger."""
    _known.pop(place.top, None)
    with _at_a_new_time(place, content, paths, compared=compared) as touched:
        for whole in tree.within_reach(place.top, moved):
            target = f"{place.top}/{whole}"
            with suppress(OSError):
                if os.path.isdir(moved[whole]) and os.path.lexists(target):  # noqa: PTH112
                    os.rename(target, f"{moved[whole]}-emptied")  # noqa: PTH104
                os.replace(moved[whole], target)  # noqa: PTH105
        for path in tree.within_reach(place.top, paths):
            with suppress(OSError):
                os.utime(f"{place.top}/{path}", follow_symlinks=False)
        touched.update(paths)
    tree.point_at(place.view, content)
    tree.refresh(place.view)


def left_beside(place: Place) -> tuple[str, ...]:
    """List what lies in a place beside tracked files and what is settled; a folder without either is one entry that ends in a slash."""
    settled, listed = place.settled or frozenset(), beside(place.view)
    return tuple(path for path in listed if path not in settled and not any(path.startswith(one) for one in settled if one.endswith("/")))


def _clean(place: Place, settled: frozenset[str]) -> None:
    for path in left_beside(place):
        _discard(place.top / path, settled, path)
    for path in _unseen_by_git(place.top, settled):
        (place.top / path).unlink()


def _unseen_by_git(top: Path, settled: Collection[str], inside: str = "") -> Iterator[str]:
    """Give what git never lists: sockets, pipes and devices, by whose names a run could tell its next one something."""
    folders = []
    with os.scandir(f"{top}/{inside}") as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(f"{inside}{entry.name}/")
            elif not (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
                yield f"{inside}{entry.name}"
    for folder in folders:
        if folder not in settled and folder != ".git/":
            yield from _unseen_by_git(top, settled, folder)


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
