"""Another session taken up in a working tree."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from autotune.core.facts import Fact
from autotune.core.findings import Answer
from autotune.edges import git, locks, status
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.candidate import candidate
from autotune.loop.experiment import work
from autotune.loop.session import feed, files, layout, sessions
from autotune.loop.session.session import Say, Session


def take_up(folder: Path, name: str, say: Say) -> Fact:
    """Check a session's branch out where the session was opened in this working tree, with the files that people wrote for it.

    Where a working tree has it checked out already, nothing is done, and the answer names that one. Raises `AutotuneError` where files
    are modified, or where the session that is here is at work.
    """
    repository, _, trees = sessions.choose(folder, name)
    wanted = sessions.load(repository, name, trees)
    wanted.say = say
    there = next((tree for tree, branch in trees.items() if branch == wanted.branch), None)
    if there is not None:
        kind = Answer.SESSION_HERE if there == repository.top else Answer.SESSION_ELSEWHERE
        return Fact(kind, {"session": name, "folder": quote(str(there / wanted.state.segment.opened.workdir))})
    home = Path(wanted.state.segment.opened.tree)
    if home != repository.top:
        raise AutotuneError(
            f"Session {name} was opened in another working tree, {home}.",
            f"take it up there: `cd {quote(str(home))}`, then run the command again",
        )
    _refuse_unclean(repository)
    here = _owner(repository, trees)
    if here is None:
        _switch(wanted)
    else:
        here.say = say
        _switch_from(here, wanted)
    return Fact(Answer.SESSION_TAKEN_UP, {"session": name, "branch": wanted.branch, "folder": str(wanted.workdir)})


def _refuse_unclean(repository: Repository) -> None:
    if doing := git.unfinished(repository):
        raise AutotuneError(f"In {repository.top}, a `git {doing}` is in progress.", f"finish it, or undo it with `{git.undoing(doing)}`")
    if changed := status.modified(repository):
        named = ", ".join(changed[: candidate.NAMED])
        raise AutotuneError(f"Tracked files are modified or staged: {named}.", "measure, commit or stash them first")


def _owner(repository: Repository, trees: dict[Path, str | None]) -> Session | None:
    """Give the session whose files are in this working tree: that of its branch, else the one whose state lies there."""
    branch = trees.get(repository.top) or ""
    folders = layout.folders_of(repository)
    name = branch.removeprefix(layout.BRANCHES) if branch.startswith(layout.BRANCHES) else None
    of_branch = [one.name for one in folders if one.name == name]
    found = of_branch or [one.name for one in folders if files.lie_in(repository.top, one)]
    return sessions.load(repository, found[-1], trees) if found else None


def _switch_from(here: Session, wanted: Session) -> None:
    if locks.holder(here.folder.path / feed.PROPOSING_LOCK) is not None:
        raise AutotuneError(f"A proposer is at work on session {here.name}.", f"`autotune stop --session {here.name}` ends it")
    if git.current_branch(here.repository) != here.branch:
        with work.held(here, "switch"):
            _exchange(here, wanted)
        return
    with work.changing(here, "switch"):
        if here.state.experiment is not None:
            raise AutotuneError(
                f"Experiment {here.state.experiment.number} of session {here.name} is open.",
                "settle it first: `autotune log --description TEXT`",
            )
        if opened := candidate.look(here).paths:
            raise AutotuneError(
                f"Changes are open in scope: {', '.join(opened[: candidate.NAMED])}.",
                "measure them with `autotune try`, or take them back, first",
            )
        _exchange(here, wanted)


def _exchange(here: Session, wanted: Session) -> None:
    """Put the files of one session away and bring those of the other; where git refuses, all is as it was."""
    files.keep_written(here)
    left = files.put_away(here)
    try:
        _refuse_left(here, left)
        _switch(wanted)
    except BaseException:
        files.bring(here)
        raise


def _refuse_left(here: Session, left: tuple[str, ...]) -> None:
    if left:
        raise AutotuneError(
            f"{', '.join(left)} {'has' if len(left) == 1 else 'have'} edits that session {here.name} does not know.",
            f"`autotune config validate --session {here.name}` says what is wrong with them; mend that, or move the file away",
        )


def _switch(wanted: Session) -> None:
    git.tell(wanted.top, "switch", "-q", wanted.branch)
    files.bring(wanted)
