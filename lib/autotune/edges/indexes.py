"""Indexes, and the trees that are made of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from autotune.edges.git import ALL_THAT_IS_THERE, SUBMODULES, ask, encode_paths, tell


def staged(folder: Path, commit: str) -> tuple[str, ...]:
    """List the paths in which the working tree's own index differs from a commit; a file that is only intended to be added counts."""
    options = ("--cached", "-z", "--name-only", "--no-renames", "--ignore-submodules", "--ita-visible-in-index")
    return tell(folder, "diff-index", *options, commit).paths


def make_tree(folder: Path, entries: Mapping[str, tuple[str, str]], scratch: Path) -> str:
    """Make a tree of entries (path to mode and object id) and give its id."""
    scratch.unlink(missing_ok=True)
    set_entries(folder, scratch, entries, ())
    return write_tree(folder, scratch)


def unlike_index(folder: Path, index: Path | None, *, submodules: bool = False) -> tuple[str, ...]:
    """List the files that are not as an index (the working tree's own where None) has them: changed, missing, of another type.

    With `submodules` these too, where they are at another commit, and what is there though a sparse checkout leaves it out.
    """
    options = ("--no-ext-diff", "--name-only", "-z", "--no-renames", *(() if submodules else ("--ignore-submodules=all",)))
    seen = ALL_THAT_IS_THERE if submodules else ()
    found = tell(folder, *SUBMODULES, *seen, "-c", "diff.autoRefreshIndex=true", "diff", *options, index=index)
    return (*found.paths, *_behind_loops(folder, index)) if found.err else found.paths


def _behind_loops(folder: Path, index: Path | None) -> Iterator[str]:
    """Give the files above which there is a link that leads to itself. Git names them on stderr alone: it cannot look at them."""
    for path in tell(folder, "ls-files", "--deleted", "-z", index=index).paths:
        try:
            os.lstat(folder / path)
        except OSError as error:
            if error.errno == errno.ELOOP:
                yield path


def set_entries(folder: Path, index: Path | None, entries: Mapping[str, tuple[str, str]], removed: Iterable[str]) -> None:
    """Set and remove entries of an index (the working tree's own where None) without looking at files."""
    if gone := tuple(removed):
        tell(folder, "update-index", "-z", "--force-remove", "--stdin", index=index, stdin=encode_paths(gone))
    if there := [f"{mode} {sha}\t{path}" for path, (mode, sha) in entries.items()]:
        tell(folder, "update-index", "-z", "--index-info", index=index, stdin=encode_paths(there))


def mark_apart(folder: Path, index: Path | None, paths: Iterable[str]) -> None:
    """Have an index (the working tree's own where None) say of some of its files that nobody looks at them in the working tree."""
    tell(folder, "update-index", "-z", "--skip-worktree", "--stdin", index=index, stdin=encode_paths(paths))


def forget_files(folder: Path, written: Mapping[str, tuple[str, str]]) -> None:
    """Have the working tree's own index, where it holds these entries, look at their files anew and not at their sizes.

    Where git converts a file (line ends, say), one of another size may be the same to git, but it takes the size for an answer.
    """
    listed = (entry.partition("\t") for entry in tell(folder, "ls-files", "--stage", "-v", "-z").paths)
    entries = {path: (mode, sha) for head, _, path in listed for tag, mode, sha, _ in (head.split(" "),) if tag == "H"}
    set_entries(folder, None, {path: entry for path, entry in written.items() if entries.get(path) == entry}, ())


def refresh_index(folder: Path) -> None:
    """Have the working tree's own index take in what files are like now; where somebody has its lock, the next look does so."""
    ask(folder, "update-index", "-q", "--refresh", "--ignore-submodules")


def write_tree(folder: Path, index: Path) -> str:
    """Write an index as a tree and give its id; a partial clone need not have the files that its sparse checkout leaves out."""
    return tell(folder, "write-tree", "--missing-ok", index=index).text
