"""Forgetting a session: what is deleted, named first, and what never is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from autotune.core.escaping import escaped
from autotune.core.tell import answers
from autotune.core.tell.words import filled
from autotune.core.trust import patterns
from autotune.edges import commits, git, indexes, place, status, tree
from autotune.edges.tree import View
from autotune.errors import AutotuneError
from autotune.loop.measure import places
from autotune.loop.session import folding, layout, sessions
from autotune.loop.session.files import PROJECTIONS, is_projection
from autotune.loop.session.layout import LEDGER, SESSION_FILES
from autotune.loop.session.session import Session


@dataclass(frozen=True, slots=True)
class Doomed:
    """What clearing a session deletes. `ignored` goes with a working tree of the session's own: notes and ideas, say.

    `staying` is what such a tree holds that nobody else has; then it stays, and all in it.
    `put_back` is what was there before the session, and `kept`, in the folder `keeping`, what was set aside and stays.
    """

    files: tuple[Path, ...]
    ignored: tuple[Path, ...]
    folder: Path
    worktrees: tuple[Path, ...]
    refs: tuple[str, ...]
    hidden: tuple[Path, ...]
    put_back: tuple[Path, ...]
    kept: tuple[Path, ...]
    keeping: Path
    staying: tuple[str, ...]

    @property
    def described(self) -> tuple[str, ...]:
        """Each thing, for a person."""
        paths = (*map(str, (*self.files, *self.ignored)), *(f"{path}/" for path in (self.folder, *self.worktrees, *self.hidden)))
        refs = [filled(answers.SNAPSHOTS, count=len(self.refs), folder=self.refs[0].rpartition("/")[0])] if self.refs else []
        return (*map(escaped, paths), *refs)


def to_clear(folder: Path, name: str | None) -> Session:
    """Find the session to clear, also one whose ledger was damaged, emptied or is gone, or whose working tree is gone."""
    try:
        return sessions.find(folder, name)
    except (AutotuneError, OSError):
        repository = sessions.repository_at(folder)
        chosen = sessions.lost(repository, layout.names(repository), name) or sessions.choose(folder, name)[1]
        return sessions.load_beginning(repository, chosen, folder)


def beyond_reading(session: Session) -> str:
    """Say what is wrong with a session's ledger, and where a copy of it is; nothing where it can be read."""
    try:
        folding.read_session(session.folder)
    except (AutotuneError, OSError):
        copy, ledger = session.workdir / LEDGER, session.folder.ledger
        return answers.log_lost(session.name, str(ledger), str(copy) if copy.is_file() else None, damaged=ledger.exists())
    return ""


def doomed(session: Session, *, refs: bool) -> Doomed:
    """Say what clearing would delete. A working tree of the session's own stays while it holds what nobody else has."""
    files = tuple(path for name in PROJECTIONS if is_projection(path := session.workdir / name, session.folder))
    worktrees = [path for cache in places.caches(session) if (path := cache / "measure").exists()]
    ignored: tuple[Path, ...] = ()
    own = _own_tree(session)
    staying = _of_worth(session, own) if own is not None else ()
    if own is not None and not staying:
        worktrees.append(own)
        ignored = tuple(path for name in status.ignored(own) if (path := own / name) not in files)
    names = tuple(commits.refs(session.repository.common, session.folder.ref("").rstrip("/"))) if refs else ()
    hidden = (session.hidden,) if session.hidden.exists() else ()
    put_back = () if own in worktrees else tuple(_put_back(session, files))
    returning = [session.folder.before / path.name for path in put_back]
    kept = tuple(path for path in _set_aside(session) if not any(path.is_relative_to(one) for one in returning))
    return Doomed(files, ignored, session.folder.path, tuple(worktrees), names, hidden, put_back, kept, _keeping(session), staying)


def _own_tree(session: Session) -> Path | None:
    """Give the working tree that was made for the session, where it is there."""
    own = session.top
    made = layout.is_own_tree(own, session.name) and str(own) == session.state.segment.opened.tree
    return own if made and own.is_dir() and any(own.iterdir()) else None


def _of_worth(session: Session, own: Path) -> tuple[str, ...]:
    """Name what is in a working tree of the session's own and nowhere else, whatever git was told not to look at.

    Those are edits, files that are untracked or ignored, repositories in it, an unfinished operation, and commits without a branch; not
    what autotune wrote, what `carry` names, and Python's byte code.
    """
    if not (own / ".git").is_file() or git.discover(own) is None:
        return (answers.ALL_OF_A_TREE,)
    config, prefix = session.state.config, session.state.segment.opened.workdir
    expected = patterns.matcher([*SESSION_FILES, *config.carry])
    ignored = [name for name in status.ignored(own) if not _is_compiled(name) and not expected(name.removeprefix(f"{prefix}/").rstrip("/"))]
    head, doing = git.resolve(own, "HEAD"), git.unfinished(session.repository)
    loose = git.current_branch(session.repository) is None and not git.tell(own, "for-each-ref", "--contains", "HEAD").out
    return (
        *map(escaped, (*_edited(session, own, head or ""), *ignored)),
        *(escaped(path) for path in status.submodules(own) if (own / path / ".git").exists()),
        *([filled(answers.UNFINISHED, operation=doing)] if doing else []),
        *([filled(answers.LOOSE_COMMITS, commit=str(head))] if loose else []),
    )


def _edited(session: Session, own: Path, head: str) -> tuple[str, ...]:
    """List what differs from a commit or is staged, through an index without flags; what a sparse checkout leaves out is no edit."""
    view = View(own, session.folder.path / "clear-index")
    hidden = {path for path in status.flagged(session.repository) if not os.path.lexists(own / path)}
    found = dict.fromkeys((*(one.path for one in tree.differences(view, head)), *indexes.staged(own, head)))
    return tuple(path for path in found if path not in hidden)


def _is_compiled(name: str) -> bool:
    return "__pycache__" in Path(name).parts


def _put_back(session: Session, freed: Container[Path]) -> Iterator[Path]:
    """Give where files that were there before the session go again: where their names are free, or are by then."""
    for path in (session.workdir / one.name for one in sorted(session.folder.before.glob("*"))):
        if path.parent.is_dir() and (path in freed or not os.path.lexists(path)):
            yield path


def _set_aside(session: Session) -> Iterator[Path]:
    """List what was found in a session file's place, or was put away while the checkout was measured in and could not be given back."""
    for folder in (session.folder.set_aside, session.folder.lent):
        yield from _in(folder)


def _in(folder: Path) -> Iterator[Path]:
    """Give the files and links in a folder and those in it; a repository is given whole, for git needs its empty folders too."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_symlink() or not path.is_dir() or (path / ".git").exists():
            yield path
        else:
            yield from _in(path)


def _keeping(session: Session) -> Path:
    """Name a folder that is free for what stays of a session."""
    names = (session.name, *(f"{session.name}-{number}" for number in range(2, 10_000)))
    return next(path for name in names if not (path := layout.root(session.repository) / "set-aside" / name).exists())


def _keep(path: Path, session: Session, keeping: Path) -> None:
    aside = session.folder.set_aside
    target = keeping / path.relative_to(aside if path.is_relative_to(aside) else session.folder.path)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)


def clear(session: Session, what: Doomed) -> None:
    """Delete it, its folder last: until then the session can be found and cleared again."""
    common = session.repository.common
    for name in what.refs:
        commits.delete_ref(common, name)
    for path in what.files:
        path.unlink(missing_ok=True)
    for path in what.put_back:
        shutil.move(session.folder.before / path.name, path)
    for path in what.kept:
        _keep(path, session, what.keeping)
    for path in what.hidden:
        shutil.rmtree(path, ignore_errors=True)
    repository = git.Repository(common, common, common)
    caches = places.caches(session)
    for path in what.worktrees:
        if path == _own_tree(session) and _of_worth(session, path):
            continue  # somebody was at work there since it was named
        place.take_down(repository, path)
        places.remove_empty(path.parent, path.parent.parent)
    for cache in caches:
        places.remove_places(repository, cache)
    leaving = session.folder.path.with_name(f"{layout.CLEARING}{session.name}-{os.getpid()}")
    session.folder.path.rename(leaving)
    shutil.rmtree(leaving)
