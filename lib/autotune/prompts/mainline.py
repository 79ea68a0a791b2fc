"""The workshop's branch main, which says what is deployed: brought to a pack that was promoted, or to one that was taken up again."""

from __future__ import annotations

from pathlib import Path

from autotune.core.judging import packs
from autotune.core.tell.rollouts import PROMOTED, RESTORED
from autotune.edges import commits, git, worktrees
from autotune.errors import AutotuneError

MAIN = "refs/heads/main"
_FILE = "100644"


def tip(top: Path) -> str:
    """The commit that main is at. Raises AutotuneError where there is no such branch."""
    found = git.resolve(top, MAIN)
    if found is None:
        raise AutotuneError(f"{top} has no branch main.", "make it at the commit that is deployed: `git branch main COMMIT`")
    return found


def text_at(top: Path, commit: str, behavior: str) -> str | None:
    """The text of a behaviour's pack at a commit; None where there is none."""
    blob = git.resolve(top, f"{commit}:{packs.path_of(behavior)}")
    return None if blob is None else git.content(top, blob).decode("utf-8", "replace")


def require_unmoved(top: Path, commit: str, behavior: str) -> None:
    """Refuse a commit whose pack main no longer stands behind. Other packs may have moved on."""
    main = tip(top)
    if commits.is_ancestor(top, main, commit) or commits.is_ancestor(top, commit, main):
        return
    base = commits.merge_base(top, main, commit)
    if base is None or text_at(top, base, behavior) != text_at(top, main, behavior):
        raise AutotuneError(
            f"main has moved: its {packs.path_of(behavior)} is not the one that {commit[:12]} was compared with.",
            f"`autotune prompts rollback --behavior {behavior}` ends the canary; then optimize again, from main as it is now",
        )


def bring(top: Path, commit: str, behavior: str) -> None:
    """Bring main to a pack that was promoted: forward to its commit, or, where other packs moved on, by a merge. Twice is once."""
    main = tip(top)
    if commits.is_ancestor(top, commit, main):
        return
    require_unmoved(top, commit, behavior)
    if commits.is_ancestor(top, main, commit):
        _move(top, main, commit)
        return
    tree = _with_file(top, main, behavior, git.resolve(top, f"{commit}:{packs.path_of(behavior)}") or "")
    _move(top, main, commits.commit_tree(top, tree, [main, commit], PROMOTED.format(behavior=behavior)))


def restore(top: Path, behavior: str, content: bytes) -> None:
    """Have main say a pack that was taken up again, by a commit of its own. What is no pack of ours is left alone. Twice is once."""
    main = tip(top)
    try:
        pack, now = packs.read(content.decode(), behavior), packs.read(text_at(top, main, behavior) or "{}", behavior)
    except ValueError:
        return
    if pack != now:
        tree = _with_file(top, main, behavior, git.store(top, packs.rendered(pack).encode()))
        _move(top, main, commits.commit_tree(top, tree, [main], RESTORED.format(behavior=behavior)))


def beside(top: Path, behavior: str, text: str, words: str) -> str:
    """A commit beside main with another pack of a behaviour, which a ref of its own keeps; gives the commit."""
    main = tip(top)
    made = commits.commit_tree(top, _with_file(top, main, behavior, git.store(top, text.encode())), [main], words)
    commits.set_ref(top, f"refs/autotune/behavior/{behavior}", made, words)
    return made


def _with_file(top: Path, commit: str, behavior: str, blob: str) -> str:
    """The tree of a commit with another pack in it."""
    repository = git.discover(top)
    index = (top / ".git" if repository is None else repository.folder) / "autotune-rollout.index"
    git.tell(top, "read-tree", commit, index=index)
    git.tell(top, "update-index", "--add", "--cacheinfo", f"{_FILE},{blob},{packs.path_of(behavior)}", index=index)
    tree = git.tell(top, "write-tree", index=index).text
    index.unlink(missing_ok=True)
    return tree


def _move(top: Path, old: str, new: str) -> None:
    """Move main, with the working tree that has it checked out, where nothing that is edited there is in the way."""
    repository = git.discover(top)
    trees = {} if repository is None else worktrees.checked_out(repository)
    place = next((tree for tree, branch in trees.items() if branch == "main"), None)
    if place is None:
        commits.set_ref(top, MAIN, new, "what is deployed", old)
    else:
        git.tell(place, "-c", "core.hooksPath=/dev/null", "merge", "-q", "--ff-only", "--no-verify", new)
