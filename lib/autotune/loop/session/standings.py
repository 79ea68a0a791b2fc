"""All sessions of a repository, each as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autotune.core.ledger.state import State
from autotune.edges import worktrees
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.session import layout, sessions
from autotune.loop.session.folding import read_session


@dataclass(frozen=True, slots=True)
class Standing:
    """A session, where it is worked on, and whether commands of this folder mean it; `state` is None where `problem` says why.

    `tree` is the working tree that has its branch checked out, None where none has.
    """

    name: str
    state: State | None
    tree: Path | None
    meant: bool
    problem: str = ""


def standings(folder: Path) -> tuple[Standing, ...]:
    """Give the sessions of a folder's repository, the oldest first; raises `AutotuneError` where there is no repository."""
    repository = sessions.repository_at(folder)
    trees = worktrees.checked_out(repository)
    meant = sessions.meant(folder)
    return tuple(_standing(repository, name, trees, meant=name == meant) for name in layout.names(repository))


def _standing(repository: Repository, name: str, trees: dict[Path, str | None], *, meant: bool) -> Standing:
    tree = next((tree for tree, branch in trees.items() if branch == layout.BRANCHES + name), None)
    try:
        state, _ = read_session(layout.folder_of(repository, name))
    except AutotuneError as error:
        return Standing(name, None, tree, meant, error.message)
    return Standing(name, state, tree, meant)
