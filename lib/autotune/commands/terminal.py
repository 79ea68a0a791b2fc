"""What only you at a terminal may do, and what you are asked there."""

from __future__ import annotations

import os
import sys

import typer

from autotune.edges import family, locks
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.session import layout
from autotune.loop.session.feed import PROPOSING_LOCK

AGENTS = ("CLAUDECODE", "AI_AGENT", "CODEX_CI")  # variables that clients set for what their agents run


def require_person(repository: Repository, what: str) -> None:
    """Refuse what only a person decides, where no person types it: without a terminal, from an agent, from within a run or a proposer."""
    if not sys.stdin.isatty() or any(os.environ.get(name) for name in AGENTS) or _is_within(repository):
        raise AutotuneError(f"Only you decide {what}, at a terminal.", "type it yourself in a terminal of your own")


def agrees(question: str) -> bool | None:
    """Ask, and give the answer; None where nobody is there to answer."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        typer.echo()
        return None


def _is_within(repository: Repository) -> bool:
    """Whether this process descends from a run, a worker or a proposer of any of the repository's sessions."""
    folders = [layout.root(repository) / name for name in layout.names(repository)]
    holders = (locks.holder(folder / lock) for folder in folders for lock in ("lock", PROPOSING_LOCK))
    return family.within(None) or any(family.within(one.pid) for one in holders if one is not None)
