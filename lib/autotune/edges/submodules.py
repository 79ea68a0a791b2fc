"""A submodule's files in another working tree: those of the commit that is recorded, from the checkout's own repository of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from autotune.edges import copies, git, indexes, status

# Nothing is fetched, no hook runs, and Git LFS, whose files are copied, is left out of it.
_QUIETLY = (
    *("-c", "protocol.file.allow=always", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"),
    *("-c", "filter.lfs.process=", "-c", "filter.lfs.smudge=", "-c", "filter.lfs.required=false"),
)


def commits_recorded(folder: Path, commit: str) -> Mapping[str, str]:
    """Map the submodules of a commit, by their paths, to their own commits."""
    return {path: sha for path, (mode, sha) in git.tracked(folder, commit).items() if mode == git.SUBMODULE}


def fill_submodules(here: Path, there: Path, wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Give the submodules of the tree `there` their files, as far as those of the tree `here` have theirs; gives the paths of these.

    Each is a repository of its own that borrows the other's objects, with those that it holds itself; what Git LFS keeps is as it is there.
    One without files stays so. Raises `AutotuneError` where its commit is not to be had.
    """
    present = [path for path in wanted if (here / path / ".git").exists()]
    for path in wanted:
        (there / path).mkdir(parents=True, exist_ok=True)
    for path in present:
        source, target = here / path, there / path
        git.tell(source, *_QUIETLY, "clone", "-q", "--shared", "--no-checkout", "--template=", str(source), str(target))
        git.tell(target, *_QUIETLY, "checkout", "-q", "--detach", wanted[path])
        large = [name for name in status.kept_by_lfs(source, wanted[path]) if (source / name).is_file()]
        for name in large:
            copies.copy(source / name, target / name)
        indexes.mark_apart(target, None, large)
        fill_submodules(source, target, commits_recorded(target, wanted[path]))
    return tuple(present)
