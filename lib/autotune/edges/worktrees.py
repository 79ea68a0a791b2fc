"""Working trees and branches of a repository."""

from __future__ import annotations

from pathlib import Path

from autotune.edges.git import Repository, ask, current_branch, decode_paths, resolve, tell


def move_submodule(folder: Path, path: str, commit: str) -> None:
    """Check another commit of a submodule out, where nothing that is edited within is in the way."""
    if (folder / path / ".git").exists():
        ask(folder / path, "checkout", "-q", "--detach", commit)


def switch_to_new(repository: Repository, branch: str) -> None:
    """Have a branch checked out without touching a file or an index entry: it points where HEAD does, or the files are still to come.

    `git switch -` leads back: it goes by these words of git's own.
    """
    before = current_branch(repository) or resolve(repository.top, "HEAD")
    tell(repository.top, "symbolic-ref", "-m", f"checkout: moving from {before} to {branch}", "HEAD", f"refs/heads/{branch}")


def add_worktree(repository: Repository, place: Path, commit: str) -> None:
    """Add a working tree, detached and without its files, so that no hook runs."""
    tell(repository.top, "worktree", "add", "-q", "-f", "-f", "--detach", "--no-checkout", str(place), commit)


def remove_worktree(repository: Repository, place: Path) -> None:
    """Remove a working tree with all that is in it, and what git knows of others that are gone."""
    ask(repository.top, "worktree", "remove", "--force", "--force", str(place))
    ask(repository.top, "worktree", "prune")


def checked_out(repository: Repository) -> dict[Path, str | None]:
    """Map every working tree of the repository to its branch (None where HEAD is detached).

    Git names its own folder for the main one where that folder lies elsewhere; then that one is listed only where `repository` is it.
    """
    listed = decode_paths(tell(repository.top, "worktree", "list", "--porcelain", "-z").out).split("\0")
    found: dict[Path, str | None] = {}
    tree = repository.top
    for line in listed:
        if line.startswith("worktree "):
            tree = Path(line[9:])
            found[tree] = None
        elif line.startswith("branch refs/heads/"):
            found[tree] = line[18:]
    if repository.common in found:
        branch = found.pop(repository.common)
        return {repository.top: branch, **found} if repository.folder == repository.common else found
    return found
