"""What git sees in a working tree."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from autotune.edges.git import ALL_THAT_IS_THERE, SUBMODULE, SUBMODULES, Repository, encode_paths, query, tell, tracked


def modified(repository: Repository) -> tuple[str, ...]:
    """List tracked files that are modified or staged."""
    return _unlike_head(repository, "no")


def uncommitted(repository: Repository) -> tuple[str, ...]:
    """List the files that are not as HEAD has them, untracked ones too, without what git ignores."""
    return _unlike_head(repository, "all")


def _unlike_head(repository: Repository, untracked: str) -> tuple[str, ...]:
    options = ("--porcelain=v1", "-z", f"--untracked-files={untracked}", "--no-renames")
    return tuple(entry[3:] for entry in tell(repository.top, *SUBMODULES, *ALL_THAT_IS_THERE, "status", *options).paths)


def ignored(folder: Path) -> tuple[str, ...]:
    """List what git ignores below a folder, relative to it; a folder all of which it ignores is one entry that ends in a slash."""
    return tell(folder, "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z").paths


def flagged(repository: Repository) -> tuple[str, ...]:
    """List files marked assume-unchanged or skip-worktree, whose changes git does not see."""
    listed = tell(repository.top, "ls-files", "-v", "-z").paths
    return tuple(entry[2:] for entry in listed if entry[0].islower() or entry[0] == "S")


def mentioning(folder: Path, expression: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
    """List the tracked text files of the working tree with a line that an extended regular expression matches, whatever the case.

    With `paths` only those are looked through.
    """
    answer = query(folder, "grep", "--no-recurse-submodules", "-I", "-l", "-i", "-z", "-E", "-e", expression, "--", *paths)
    return () if answer is None else answer.paths


def submodules(folder: Path) -> tuple[str, ...]:
    """List the submodules that the working tree's index holds."""
    entries = (entry.partition("\t") for entry in tell(folder, "ls-files", "--stage", "-z").paths)
    return tuple(path for head, _, path in entries if head.startswith(SUBMODULE))


@lru_cache(maxsize=8)
def left_out(folder: Path) -> frozenset[str]:
    """The tracked files that a sparse checkout leaves out."""
    answer = query(folder, "config", "--type=bool", "core.sparseCheckout")
    if answer is None or answer.text != "true":
        return frozenset()
    return frozenset(entry[2:] for entry in tell(folder, "ls-files", "-v", "-z").paths if entry[0] in "Ss")


@lru_cache(maxsize=8)
def kept_by_lfs(folder: Path, commit: str) -> frozenset[str]:
    """The files of a commit (an object's id) whose content Git LFS keeps, by the attributes of the working tree."""
    held = tracked(folder, commit)
    if not any(_may_name_lfs(folder / path) for path in held if path.rpartition("/")[2] == ".gitattributes"):
        return frozenset()
    files = tuple(path for path, (mode, _) in held.items() if mode.startswith("100"))
    return frozenset(path for path, value in attribute(folder, "filter", files).items() if value == "lfs")


def _may_name_lfs(attributes: Path) -> bool:
    return not attributes.is_file() or b"lfs" in attributes.read_bytes()


def attribute(folder: Path, name: str, paths: Sequence[str]) -> dict[str, str]:
    """Map each path to the value of one git attribute, as git writes it (`unspecified` where there is none)."""
    if not paths:
        return {}
    fields = tell(folder, "check-attr", "-z", "--stdin", name, stdin=encode_paths(paths)).paths
    return dict(zip(fields[0::3], fields[2::3], strict=True))
