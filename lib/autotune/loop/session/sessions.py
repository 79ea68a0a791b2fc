"""Sessions found, and read."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from shlex import quote

from autotune.core.codec import decode
from autotune.core.facts import Fact, quoted, refused
from autotune.core.ledger import kept_back
from autotune.core.ledger.events import SegmentOpened
from autotune.core.ledger.fold import begin
from autotune.core.ledger.lines import from_line
from autotune.core.ledger.state import State
from autotune.core.model import Direction
from autotune.edges import git, worktrees
from autotune.edges.clock import now
from autotune.edges.git import Repository
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError
from autotune.loop.session.folding import read_session
from autotune.loop.session.layout import (
    BRANCHES,
    CHECKPOINT,
    LEDGER,
    Folder,
    being_opened,
    folder_of,
    names,
    root,
    without_ledger,
)
from autotune.loop.session.session import Session, size


def repository_at(folder: Path) -> Repository:
    """Find the repository of a folder; raises `AutotuneError` where there is none."""
    found = git.discover(folder)
    if found is None:
        cut_off = next((one for one in (folder, *folder.parents) if _is_cut_off(one)), None)
        if cut_off is not None:
            raise AutotuneError(
                f"{cut_off} is a working tree, but its repository is no longer where it was.",
                f"if the repository was moved, run `git worktree repair {quote(str(cut_off))}` in its new place",
            )
        raise AutotuneError(f"{folder} is not in a git repository.", "change to your project's folder, or make one with `git init`")
    return found


def find(folder: Path, name: str | None = None) -> Session:
    """Find the session that a folder belongs to and read it.

    That is the one named, else the one whose branch is checked out here, else the latest of this working tree, else the only one
    of the repository. Raises `AutotuneError` where there is none, or more than one in question.
    """
    repository, chosen, trees = choose(folder, name)
    return load(repository, chosen, trees)


def choose(folder: Path, name: str | None = None) -> tuple[Repository, str, dict[Path, str | None]]:
    """Tell which session `find` finds, without reading it; raises `AutotuneError` as that does. Gives the working trees' branches too."""
    repository = repository_at(folder)
    known = names(repository)
    _refuse_lost(repository, known, name)
    if not known and (coming := being_opened(repository)) is not None:
        raise AutotuneError(f"Session {coming} is being opened.", "look again when `autotune init` has ended")
    if not known:
        raise AutotuneError("There is no autotune session in this repository.", "open one with `autotune init --name NAME --metric METRIC`")
    if name is not None and name not in known:
        raise AutotuneError(f"There is no session {name!r} in this repository.", f"its sessions: {', '.join(known)}")
    trees = worktrees.checked_out(repository)
    return repository, name or _choose(repository, known, trees), trees


def looked_for(folder: Path, name: str | None) -> str | None:
    """Tell which session `find` finds; None where it would ask which of several. Raises `AutotuneError` where there is none."""
    return meant(folder) if name is None and len(names(repository_at(folder))) > 1 else choose(folder, name)[1]


def meant(folder: Path) -> str | None:
    """Tell which session commands in a folder mean; None where there is none, or more than one in question."""
    with suppress(AutotuneError):
        return choose(folder)[1]
    return None


def lost(repository: Repository, known: tuple[str, ...], name: str | None) -> str | None:
    """Name the session that is meant, where it has all but its ledger."""
    gone = without_ledger(repository)
    wanted = name or (git.current_branch(repository) or "").removeprefix(BRANCHES) if gone else None
    if wanted in gone:
        return wanted
    return min(gone) if gone and not known and name is None else None


def _refuse_lost(repository: Repository, known: tuple[str, ...], name: str | None) -> None:
    """Refuse where the session that is meant has all but its ledger."""
    if (gone := lost(repository, known, name)) is not None:
        truth = folder_of(repository, gone).ledger
        copy, forgets = repository.top / LEDGER, f"`autotune clear --session {gone}` forgets the session"
        put_back = f"put its copy back: `cp {quote(str(copy))} {quote(str(truth))}`; if there is none, {forgets}"
        if copy.is_file() and kept_back.lacks(copy.read_bytes()):
            put_back = f"its copy lacks the scores of cases that decide, so it cannot take its place; put back a backup, or {forgets}"
        raise AutotuneError(f"The log of session {gone}, {truth}, is gone.", put_back)


def _choose(repository: Repository, known: tuple[str, ...], trees: dict[Path, str | None]) -> str:
    here = trees.get(repository.top) or ""
    if here.startswith(BRANCHES) and here.removeprefix(BRANCHES) in known:
        return here.removeprefix(BRANCHES)
    homes = {one: _home(root(repository) / one / LEDGER) for one in known}
    local = [one for one in known if homes[one] == str(repository.top)]
    if local:
        return local[-1]
    if len(known) == 1:
        return known[0]
    raise AutotuneError(
        f"This repository has {len(known)} sessions, none of them in this working tree.",
        f"say which with --session, one of: {', '.join(known)}",
    )


def _home(path: Path) -> str | None:
    with path.open("rb") as file:
        try:
            return str(json.loads(file.readline())["tree"])
        except (ValueError, KeyError, TypeError):
            return None


def load(repository: Repository, name: str, trees: dict[Path, str | None] | None = None) -> Session:
    """Read a session by its name, in the working tree that has its branch checked out, else in the one where it was opened."""
    folder = folder_of(repository, name)
    state, position = read_session(folder)
    branches = worktrees.checked_out(repository) if trees is None else trees
    home = next((tree for tree, branch in branches.items() if branch == state.segment.opened.branch), Path(state.segment.opened.tree))
    own = repository if home == repository.top else git.discover(home) if home.is_dir() else None
    if own is None and not state.opened:
        own = repository  # whatever finishes the opening makes the working tree
    if own is None:
        raise AutotuneError(*out_of_reach(repository, name, home, state.segment.opened.branch))
    return Session(own, folder, state, position)


def _is_cut_off(tree: Path) -> bool:
    """Whether a working tree belongs to a repository that is not where it was."""
    mark = tree / ".git"
    return mark.is_file() and not (tree / os.fsdecode(mark.read_bytes().removeprefix(b"gitdir: ").removesuffix(b"\n"))).exists()


def out_of_reach(repository: Repository, name: str, home: Path, branch: str) -> tuple[str, str]:
    """Say of a session's working tree that it is gone, or that it was cut off from the repository, and how it is brought back."""
    forget = f", or forget the session with `autotune clear --session {name}`"
    if _is_cut_off(home):
        return (
            f"The working tree of session {name}, {home}, does not know where the repository is now.",
            f"tell it with `git -C {quote(str(repository.top))} worktree repair {quote(str(home))}`{forget}",
        )
    moved = "(if it was moved, `git worktree repair NEW_PLACE`)"
    return (
        f"The working tree of session {name}, {home}, is gone.",
        f"bring it back with `git worktree add --force {quote(str(home))} {branch}` {moved}{forget}",
    )


def load_beginning(repository: Repository, name: str, here: Path) -> Session:
    """Read a session as it was when it opened, whatever has become of its ledger and its working tree since: enough to clear it.

    Where the ledger does not say any more how that was, its checkpoint or its copy does, looked for in `here` too.
    """
    folder = folder_of(repository, name)
    copies = (tree / LEDGER for tree in (here, *worktrees.checked_out(repository)))
    said = (opening(path, name) for path in (folder.ledger, *copies))
    event = _opening_of_checkpoint(folder) or next(filter(None, said), None) or _unknown_opening(repository, name, here)
    home = Path(event.tree)
    own = git.discover(home) if home.is_dir() else None
    gone = Repository(home, repository.common, repository.common)
    return Session(own or gone, folder, begin(event), Position(size(folder.ledger)))


def opening(path: Path, name: str) -> SegmentOpened | None:
    """Read the line that opened a session from its ledger, or a copy of it; None where it is not there, or another session's."""
    with suppress(OSError, ValueError, AutotuneError):
        with path.open("rb") as file:
            event = from_line(file.readline())
        if isinstance(event, SegmentOpened) and event.session == name:
            begin(event)  # raises where its settings are none
            return event
    return None


def _opening_of_checkpoint(folder: Folder) -> SegmentOpened | None:
    with suppress(OSError, ValueError, KeyError, TypeError, AutotuneError):
        return decode(State, json.loads((folder.path / CHECKPOINT).read_bytes())["state"]).segment.opened
    return None


def _unknown_opening(repository: Repository, name: str, here: Path) -> SegmentOpened:
    """Stand in for a line that nothing has any more: what a session's name says, and where the command is called."""
    inside = here.relative_to(repository.top).as_posix() if here.is_relative_to(repository.top) else "."
    return SegmentOpened(
        name=name,
        metric_name="unknown",
        metric_unit="",
        direction=Direction.LOWER,
        segment=1,
        mode="",
        timestamp=now(),
        session=name,
        version="",
        branch=f"{BRANCHES}{name}",
        started_on="",
        base=git.resolve(repository.top, f"refs/heads/{BRANCHES}{name}") or "",
        tree=str(repository.top),
        workdir="" if inside == "." else inside,
        pins="",
        in_place=False,
        config={"name": name, "metric": "unknown", "direction": "lower"},
        machine={},
        environment={},
        reason=quoted(""),
    )


def refuse_unfinished(repository: Repository) -> None:
    """Refuse a working tree that is in the middle of something."""
    if doing := git.unfinished(repository):
        raise AutotuneError(
            f"In {repository.top}, a `git {doing}` is in progress.", f"finish it, or undo it with `{git.undoing(doing)}`, then try again"
        )


def require_branch(session: Session) -> None:
    """Refuse to go on while the session's working tree is on another branch or in the middle of something."""
    refuse_unfinished(session.repository)
    branch = git.current_branch(session.repository)
    if branch != session.branch:
        raise AutotuneError(
            f"{session.top} is on {branch or 'a detached HEAD'}, but session {session.name} lives on {session.branch}.",
            f"switch back with `git -C {quote(str(session.top))} switch {session.branch}`; if another session is there, say "
            f"`autotune sessions use {session.name}` there instead, which brings its files too",
        )


def elsewhere(session: Session) -> Fact | None:
    """Say that the session's working tree is on another branch, or in the middle of something; None where it is not."""
    try:
        require_branch(session)
    except AutotuneError as found:
        return refused(found)
    return None
