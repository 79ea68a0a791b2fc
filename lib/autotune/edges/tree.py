"""A working tree: what differs in it from a commit, and how its files are put back.

Everything goes through a private index, so that the user's own is never in the way and never changed by looking.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autotune.edges import git, indexes, status

_MANY = 500  # files, from which on it takes long to read all of them
_VERY_MANY = 2000  # files, from which on several processes write them sooner than one
_BY_SEVERAL = ("-c", "checkout.workers=4")
_pointed: dict[Path, tuple[str, str]] = {}  # the commit that a private index was last made that of, and the index then
_bare: dict[Path, tuple[str, str]] = {}  # the commit or tree that an index which knows nothing of files is of, and the index then


@dataclass(frozen=True, slots=True)
class View:
    """A working tree seen through a private index. `excludes` holds ignore patterns as they were when the session opened.

    `apart` are tracked files that are none of the view's business, whether they are there or not.
    """

    top: Path
    index: Path
    excludes: Path | None = None
    apart: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """A path that differs from a commit; `added` ones are not in the commit."""

    path: str
    added: bool


def apart(checkout: Path, commit: str) -> frozenset[str]:
    """What is tracked and does not come from git's objects: what a sparse checkout leaves out, and what Git LFS keeps."""
    return status.left_out(checkout) | status.kept_by_lfs(checkout, commit)


def point_at(view: View, commit: str) -> None:
    """Make the private index that of a commit (by its id), keeping what it knows of files that have not changed."""
    if _pointed.get(view.index) == (commit, _identity(view.index)):
        return
    _forget_others_apart(view)
    if not view.index.exists() or git.ask(view.top, "read-tree", "-i", "-m", commit, index=view.index).code != 0:
        _read(view.top, commit, view.index)
        if len(git.tracked(view.top, commit)) >= _MANY:
            _young(view).touch()
    if view.apart and (held := view.apart & git.tracked(view.top, commit).keys()):
        indexes.mark_apart(view.top, view.index, sorted(held))
    _pointed[view.index] = commit, _identity(view.index)


def write_index(view: View, commit: str, index: Path) -> None:
    """Make another index, that of a commit, which knows of files what the private one does: git need not read them all again."""
    point_at(view, commit)
    shutil.copyfile(view.index, index)


def _read(folder: Path, commit: str, index: Path) -> None:
    """Make an index anew, that of a commit or tree: a copy of another, where one is known to be that."""
    alike = next((path for path, known in _bare.items() if known == (commit, _identity(path))), None)
    if alike is None:
        index.unlink(missing_ok=True)
        git.tell(folder, "read-tree", commit, index=index)
    elif alike != index:
        shutil.copyfile(alike, index)
    _bare[index] = commit, _identity(index)


def _identity(path: Path) -> str:
    return identity(path.parent, path.name)


@contextmanager
def _pointing_alike(view: View) -> Iterator[None]:
    """Have the private index, where it is known of which commit it is, be known as that when what it says of files is written anew."""
    commit, known = _pointed.get(view.index, ("", ""))
    as_known = known == _identity(view.index)
    yield
    if as_known:
        _pointed[view.index] = commit, _identity(view.index)


def refresh(view: View) -> None:
    """Have the private index take note of files that are as it has them, all at once: much faster than to have each looked at by a diff."""
    with _pointing_alike(view):
        git.ask(view.top, "update-index", "-q", "--refresh", index=view.index)
    _young(view).touch()


def refresh_aged(view: View) -> None:
    """Have the private index written once more where many files are as young as it is: until then git reads each of them at every look."""
    mark = _young(view)
    if mark.exists() and view.index.exists() and time.time() >= int(view.index.stat().st_mtime) + 2:  # files may be a second ahead
        refresh(view)
        mark.unlink()


def _young(view: View) -> Path:
    """Name the mark of an index that knows nothing yet of many files, or is as young as they are."""
    return view.index.with_name(f"{view.index.name}.young")


def _forget_others_apart(view: View) -> None:
    """Have the private index made anew where it leaves out other files than the view does now."""
    record, now = view.index.with_name(f"{view.index.name}.apart"), git.encode_paths(sorted(view.apart))
    if now != (record.read_bytes() if record.exists() else b""):
        view.index.unlink(missing_ok=True)
        record.write_bytes(now)


def differences(view: View, commit: str) -> tuple[Difference, ...]:
    """List what differs from a commit: changed, missing and retyped files, moved submodules, and files neither in it nor ignored."""
    point_at(view, commit)
    if _young(view).exists():
        refresh(view)
        _young(view).unlink()
    changed, added = indexes.unlike_index(view.top, view.index, submodules=True), untracked(view)
    uncovered = _uncovered(view, commit, changed, added)
    return (
        *(Difference(path, added=False) for path in changed),
        *(Difference(path, added=True) for path in added if path not in uncovered),
    )


def _uncovered(view: View, commit: str, changed: Collection[str], added: Collection[str]) -> frozenset[str]:
    """Give what is seen as added only because of a .gitignore that is not as in a commit: by that commit's own it is ignored."""
    held = git.tracked(view.top, commit)
    rules = {(folder / ".gitignore").as_posix() for path in added for folder in PurePosixPath(path).parents}
    if all(rule not in changed if rule in held else _kind(view.top / rule) == 0 for rule in rules):
        return frozenset()
    with tempfile.TemporaryDirectory(dir=view.index.parent) as folder:
        blobs = {rule: held[rule][1] for rule in rules & held.keys()}
        for path in {*blobs, *(path for path in added if not path.endswith("/"))}:
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_bytes(git.content(view.top, blobs[path]) if path in blobs else b"")
        there = {"GIT_DIR": git.tell(view.top, "rev-parse", "--absolute-git-dir").text, "GIT_WORK_TREE": folder}
        words = ("ls-files", "--others", "--ignored", "-z", *_standard(view))
        return frozenset(git.tell(Path(folder), *words, index=view.index.with_name("no-index"), environment=there).paths)


def untracked(view: View) -> tuple[str, ...]:
    """List the files that the private index does not hold and no ignore pattern covers; a nested repository ends in a slash."""
    return git.tell(view.top, "ls-files", "--others", "-z", *_standard(view), index=view.index).paths


def untracked_folders(view: View, held: Iterable[str]) -> tuple[str, ...]:
    """List the folders that hold none of the files of the private index, `held`, empty ones too, but not what is in ignored folders."""
    left_out = git.tell(view.top, "ls-files", "--others", "--ignored", "--directory", "-z", *_standard(view), index=view.index).paths
    ignored = {path[:-1] for path in left_out if path.endswith("/")}
    holding = {str(folder) for inner in {path.rpartition("/")[0] for path in held} for folder in (inner, *Path(inner).parents)}
    return tuple(path for path in _folders(view.top, "", ignored) if path not in holding)


def _folders(top: Path, inside: str, ignored: Container[str]) -> Iterator[str]:
    """Give the folders in a folder, those in them included; not git's own, nor what is in other repositories."""
    with os.scandir(top / inside) as entries:
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name != ".git"]
    for name in names:
        path = f"{inside}/{name}" if inside else name
        if path not in ignored and not (top / path / ".git").exists():
            yield path
            yield from _folders(top, path, ignored)


def _standard(view: View) -> tuple[str, ...]:
    return ("--exclude-standard",) if view.excludes is None else ("--exclude-per-directory=.gitignore", f"--exclude-from={view.excludes}")


def tree_with(view: View, commit: str, paths: Sequence[str]) -> str:
    """Write the tree of a commit in which `paths` are as they are in the working tree; what is neither file nor link counts as missing."""
    scratch = view.index.with_name("scratch-index")
    point_at(view, commit)
    shutil.copy2(view.index, scratch)  # with its time, by which git knows for which files it has to look at the content
    there = [path for path in paths if is_storable(view.top, path)]
    indexes.set_entries(view.top, scratch, {}, set(paths) - set(there))
    git.tell(view.top, "update-index", "-z", "--add", "--replace", "--stdin", index=scratch, stdin=git.encode_paths(there))
    return indexes.write_tree(view.top, scratch)


def tree_having(folder: Path, commit: str, scratch: Path, entries: Mapping[str, tuple[str, str]], removed: Iterable[str] = ()) -> str:
    """Write the tree of a commit or tree in which some paths have other modes and blobs, and others are missing; gives its id."""
    _read(folder, commit, scratch)
    indexes.set_entries(folder, scratch, entries, removed)
    made = indexes.write_tree(folder, scratch)
    _bare[scratch] = made, _identity(scratch)
    git.tracked(folder, made, like=commit)
    return made


def unstorable(top: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """List the paths at which there is something that git cannot hold: a pipe, a socket, a device."""
    return tuple(path for path in paths if _kind(top / path) not in (0, stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR))


def is_storable(top: Path, path: str) -> bool:
    """Whether there is a file or a link at a path."""
    return _kind(top / path) in (stat.S_IFREG, stat.S_IFLNK) and not is_out_of_reach(top, path)


def _kind(path: Path | str) -> int:
    """Tell what is at a path, as the part of its mode that says so; 0 where nothing is."""
    found = look(path)
    return 0 if found is None else stat.S_IFMT(found.st_mode)


def look(path: Path | str) -> os.stat_result | None:
    """Look at what is at a path, a link itself; None where nothing is, be it that a file or a link that leads to itself is above it."""
    try:
        return os.lstat(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def put_back(view: View, commit: str, changes: Iterable[Difference], spare: Callable[[str], bool]) -> None:
    """Make differing paths what they are in a commit; added ones are deleted, with the folders they leave empty unless `spare` says not."""
    sides: tuple[list[str], list[str]] = ([], [])
    for one in changes:
        sides[one.added].append(one.path)
    bring(view, commit, *sides, spare)


def bring(view: View, commit: str, written: Sequence[str], removed: Sequence[str], spare: Callable[[str], bool]) -> None:
    """Write files as they are in a commit (or tree) and delete others, with the folders that are empty then unless `spare` says not."""
    for path in removed:
        delete(view.top, path)
    if written:
        point_at(view, commit)
        write(view, written)
    for path in removed:  # not earlier: a folder that is needed again stays as it is
        _prune(view.top, path, spare)


def write(view: View, paths: Sequence[str]) -> None:
    """Write files anew as the private index has them; all of `paths`, at least one, are in it."""
    with _pointing_alike(view):
        _check_out(view.top, view.index, paths, "-u", settings=_BY_SEVERAL if len(paths) >= _VERY_MANY else ())
    if len(paths) >= _MANY:
        _young(view).touch()


def write_alone(view: View, entries: Mapping[str, tuple[str, str]]) -> None:
    """Write files anew by their modes and blobs, whatever the private index has: where many are tracked, that takes long to write."""
    scratch = view.index.with_name(f"{view.index.name}.alone")
    scratch.unlink(missing_ok=True)
    indexes.set_entries(view.top, scratch, entries, ())
    _check_out(view.top, scratch, entries)
    scratch.unlink()


def _check_out(top: Path, index: Path, paths: Collection[str], *options: str, settings: Sequence[str] = ()) -> None:
    git.tell(top, *settings, "checkout-index", "-f", "-q", *options, "-z", "--stdin", index=index, stdin=git.encode_paths(paths))
    compiled = {folder for folder in {path.rpartition("/")[0] for path in paths} if (top / folder / "__pycache__").is_dir()}
    for path in paths if compiled else ():
        if path.rpartition("/")[0] in compiled:
            forget_compiled(top / path)


def undo_conversion(top: Path, entries: Mapping[str, tuple[str, str]]) -> None:
    """Give files just written, by their modes and blobs, the bytes that git holds where it made others of them."""
    for path, (mode, sha) in entries.items():
        if mode.startswith("100") and git.hash_of((top / path).read_bytes(), sha) != sha:
            (top / path).write_bytes(git.content(top, sha))


def delete(top: Path, path: str) -> None:
    """Delete a file, or a folder with all that is in it; never through a link."""
    if is_out_of_reach(top, path):
        return
    target = top / path
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        forget_compiled(target)
        target.unlink(missing_ok=True)


def remove(top: Path, path: str) -> None:
    """Delete a file, never through a link, and the folders that it leaves empty."""
    delete(top, path)
    _prune(top, path, lambda _: False)


def _prune(top: Path, path: str, spare: Callable[[str], bool]) -> None:
    for folder in Path(path).parents[:-1]:
        if is_out_of_reach(top, str(folder)) or spare(str(folder)) or not _remove_empty(top / folder):
            return


def forget_compiled(source: Path) -> None:
    """Delete what Python would take for compiled from a source file as it is now, though it may have been another with the same name.

    Python tells versions apart by size and whole seconds only.
    """
    cached = source.parent / "__pycache__"
    if source.suffix != ".py" or not cached.is_dir() or source.is_symlink() or not source.is_file():
        return
    found = source.stat()
    claim = b"".join((number & 0xFFFFFFFF).to_bytes(4, "little") for number in (0, int(found.st_mtime), found.st_size))
    for compiled in cached.glob(f"{glob.escape(source.stem)}.*.pyc"):
        with compiled.open("rb") as file:
            claimed = file.read(16)[4:]
        if claimed == claim:
            compiled.unlink()


def identity(top: Path, path: str) -> str:
    """Tell a file apart from others, whatever it is called, as long as nobody writes to it."""
    found = look(top / path)
    return f"none at {path}" if found is None else f"{found.st_ino} {found.st_size} {found.st_mtime_ns}"


def in_the_way(top: Path, written: Iterable[str], held: Container[str]) -> tuple[str, ...]:
    """List what is where files are to be written and is none of `held`: files in their place, in a folder in their place, or above them."""
    found: dict[str, None] = {}
    for path in written:
        steps = [top / above for above in (*reversed(Path(path).parents[:-1]), Path(path))]
        inside = steps[-1].rglob("*") if _kind(steps[-1]) == stat.S_IFDIR else ()
        there = (str(one.relative_to(top)) for one in (*steps, *inside) if _kind(one) not in (0, stat.S_IFDIR))
        found |= dict.fromkeys(one for one in there if one not in held and not is_out_of_reach(top, one))
    return tuple(found)


def unlink_all(top: Path, paths: Iterable[str]) -> None:
    """Delete files so that they are written anew, never through a link."""
    for path in within_reach(top, paths):
        if _kind(f"{top}/{path}") not in (0, stat.S_IFDIR):
            os.unlink(f"{top}/{path}")  # noqa: PTH108 - for each of thousands, pathlib takes longer than the file system


def within_reach(top: Path, paths: Iterable[str]) -> Iterator[str]:
    """Give the paths above which there is neither link nor file; looked at once a folder."""
    shut: dict[str, bool] = {}
    for path in paths:
        folder = path.rpartition("/")[0]
        if folder not in shut:
            shut[folder] = is_out_of_reach(top, path)
        if not shut[folder]:
            yield path


def is_out_of_reach(top: Path, path: str) -> bool:
    """Whether there is a link, or a file, where a folder above a path would be: nothing of this tree is there then."""
    return any(_kind(top / parent) not in (0, stat.S_IFDIR) for parent in Path(path).parents[:-1])


def _remove_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True
