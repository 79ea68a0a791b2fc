"""A candidate of a skill that a repository tracks, merged where you are: the merge made first, then taken up by a fast-forward.

Nothing of the working tree is touched until the merge is known to be clean, and what it makes of the skill's folder is kept.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from autotune.edges import commits, git
from autotune.errors import AutotuneError


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that is made and not yet taken up: `commit` onto `onto`, the commit that is checked out, of the branch `branch`."""

    repository: Path
    branch: str
    onto: str
    commit: str


def inner_path(top: Path, folder: Path) -> str:
    """A folder's path in its repository."""
    return folder.resolve().relative_to(top.resolve()).as_posix()


def refuse_unclean(repository: git.Repository, folder: Path) -> None:
    """Raise AutotuneError unless the index and the skill's folder are as they were committed."""
    if (what := git.unfinished(repository)) is not None:
        raise AutotuneError(f"A {what} is going on in {repository.top}.", git.undoing(what))
    if git.query(repository.top, "diff", "--cached", "--quiet") is None:
        raise AutotuneError(f"Something is staged in {repository.top}.", "commit it, or unstage it with `git restore --staged .`")
    changed = git.tell(repository.top, "status", "--porcelain", "--untracked-files=no", "--", inner_path(repository.top, folder))
    if changed.out.strip():
        raise AutotuneError(
            f"{folder} has changes that are not committed.", "commit them, or take them back; a deployment overwrites nothing"
        )


def planned(repository: git.Repository, candidate: str, words: str) -> Merge:
    """Make the merge of a candidate's commit into what is checked out. Raises AutotuneError where both changed the same lines."""
    branch = git.current_branch(repository)
    onto = git.resolve(repository.top, "HEAD")
    if branch is None or onto is None:
        raise AutotuneError("No branch is checked out.", "check out the branch that the skill is to be deployed on")
    if commits.is_ancestor(repository.top, candidate, onto):
        raise AutotuneError(f"{branch} has this candidate already.", "there is nothing to merge")
    if commits.is_ancestor(repository.top, onto, candidate):
        return Merge(repository.top, branch, onto, candidate)
    merged = git.ask(repository.top, "merge-tree", "--write-tree", "--no-messages", "--name-only", onto, candidate)
    tree, *files = merged.text.split("\n")
    if merged.code != 0:
        named = ", ".join(files) or merged.err.strip()
        raise AutotuneError(
            f"The candidate and {branch} changed the same lines: {named}.", f"merge it by hand: `git merge {candidate[:12]}`"
        )
    own = {} if commits.has_identity(repository) else git.OWN_IDENTITY
    made = git.tell(repository.top, "commit-tree", tree, "-p", onto, "-p", candidate, stdin=words.encode(), environment=own)
    return Merge(repository.top, branch, onto, made.text)


def take_up(merge: Merge) -> None:
    """Have the merge checked out; once it is, this does nothing. Raises AutotuneError where the branch has moved since it was made."""
    repository = git.discover(merge.repository)
    if repository is None:
        raise AutotuneError(f"{merge.repository} is gone.", "bring it back, then run the command again")
    now = git.resolve(merge.repository, "HEAD")
    if now is not None and commits.is_ancestor(merge.repository, merge.commit, now):
        return
    if now != merge.onto or git.current_branch(repository) != merge.branch:
        raise AutotuneError(f"{merge.branch} has moved since the merge was made.", "run `autotune skills deploy` again")
    git.tell(merge.repository, "merge", "--ff-only", "--no-stat", merge.commit)


def differing(repository: git.Repository, folder: Path) -> frozenset[str]:
    """The paths in a skill's folder that are not as they were committed, those that git does not know too."""
    lines = git.tell(
        repository.top, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", inner_path(repository.top, folder)
    )
    return frozenset(path[3:] for path in lines.paths)


def commit(repository: git.Repository, paths: frozenset[str], words: str) -> None:
    """Commit paths as they are, and nothing else, as you would."""
    git.tell(repository.top, "add", "--all", "--", *sorted(paths))
    git.tell(repository.top, "commit", "-q", "-m", words, "--", *sorted(paths))


def folder_as_merged(repository: git.Repository, folder: Path, commit: str, scratch: Path) -> Path:
    """The skill's folder as it will be with a commit checked out: its tracked files from there, what git does not track as it is."""
    inner, copied = inner_path(repository.top, folder), scratch / "folder"
    shutil.copytree(folder, copied, symlinks=True)
    for tracked in git.tell(repository.top, "ls-files", "-z", "--", inner).paths:
        (copied / Path(tracked).relative_to(inner)).unlink(missing_ok=True)
    taken = checked_out(repository.top, inner, commit, scratch)
    shutil.copytree(taken, copied, symlinks=True, dirs_exist_ok=True)
    for path in sorted(copied.rglob("*"), reverse=True):  # a folder that the merge leaves empty goes, as git has it
        there = folder / path.relative_to(copied)
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()) and there.is_dir() and any(there.iterdir()):
            path.rmdir()
    return copied


def checked_out(top: Path, inner: str, commit: str, scratch: Path) -> Path:
    """A folder of a commit as git writes it into a working tree, below a folder of ours. Raises AutotuneError where the commit has none."""
    if git.query(top, "rev-parse", "--verify", "-q", f"{commit}:{inner}") is None:
        raise AutotuneError(f"{commit[:12]} has no {inner}.", "name a commit or a branch that has the skill")
    tree = Path(tempfile.mkdtemp(prefix="tree-", dir=scratch))
    git.tell(top, "--work-tree", str(tree), "checkout", commit, "--", inner, index=scratch / "index")
    return tree / inner
