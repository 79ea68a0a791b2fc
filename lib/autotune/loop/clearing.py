"""Forgetting a session: what is deleted, named first, and what never is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from autotune.edges import git, place
from autotune.errors import AutotuneError
from autotune.loop import places
from autotune.loop import session as sessions
from autotune.loop.files import PROJECTIONS, is_projection
from autotune.loop.session import LEDGER, Session


@dataclass(frozen=True, slots=True)
class Doomed:
    """What clearing a session deletes. `ignored` goes with a working tree of the session's own: notes and ideas, say.

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

    @property
    def described(self) -> tuple[str, ...]:
        """One line for each thing."""
        refs = (f"{len(self.refs)} snapshots under {self.refs[0].rpartition('/')[0]}/",) if self.refs else ()
        return (*map(str, (*self.files, *self.ignored)), *(f"{path}/" for path in (self.folder, *self.worktrees, *self.hidden)), *refs)


def find(folder: Path, name: str | None) -> Session:
    """Find the session to clear, also one whose ledger was damaged, emptied or is gone, or whose working tree is gone."""
    try:
        return sessions.find(folder, name)
    except (AutotuneError, OSError):
        repository = sessions.repository_at(folder)
        chosen = sessions.lost(repository, sessions.names(repository), name) or sessions.choose(folder, name)[1]
        return sessions.load_beginning(repository, chosen, folder)


def damaged(session: Session) -> str | None:
    """Say what is wrong with a session's ledger, and where a copy of it is; None where it can be read."""
    try:
        sessions.read(session.folder)
    except (AutotuneError, OSError):
        found = "is damaged" if session.folder.ledger.exists() else "is gone"
        copy = session.workdir / LEDGER
        kept = f"; {copy} may still be whole, and `cp {copy} {session.folder.ledger}` puts it back" if copy.is_file() else ""
        return f"The log of session {session.name} {found}{kept}."
    return None


def doomed(session: Session, *, refs: bool) -> Doomed:
    """Say what clearing would delete. A working tree of the session's own stays while it holds what is not committed."""
    files = tuple(path for name in PROJECTIONS if is_projection(path := session.workdir / name, session.folder))
    own = Path(session.state.segment.tree)
    worktrees = [path for cache in places.caches(session) if (path := cache / "measure").exists()]
    ignored: tuple[Path, ...] = ()
    its_own = sessions.is_own_tree(own, session.name)
    if its_own and own.exists() and session.top == own and not git.tell(own, "status", "--porcelain", "--ignore-submodules").out:
        worktrees.append(own)
        ignored = tuple(path for name in git.ignored(own) if (path := own / name) not in files)
    names = tuple(git.refs(session.repository.common, session.folder.ref("").rstrip("/"))) if refs else ()
    hidden = (session.hidden,) if session.hidden.exists() else ()
    put_back = () if own in worktrees else tuple(_put_back(session, files))
    returning = [session.folder.before / path.name for path in put_back]
    kept = tuple(path for path in _set_aside(session) if not any(path.is_relative_to(one) for one in returning))
    return Doomed(files, ignored, session.folder.path, tuple(worktrees), names, hidden, put_back, kept, _keeping(session))


def _put_back(session: Session, freed: Container[Path]) -> Iterator[Path]:
    """Give where files that were there before the session go again: where their names are free, or are by then."""
    for path in (session.workdir / one.name for one in sorted(session.folder.before.glob("*"))):
        if path.parent.is_dir() and (path in freed or not os.path.lexists(path)):
            yield path


def _set_aside(session: Session) -> Iterator[Path]:
    """List what was found in a session file's place, or was put away while the checkout was measured in and could not be given back."""
    for folder in (session.folder.set_aside, session.folder.lent):
        yield from (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())


def _keeping(session: Session) -> Path:
    """Name a folder that is free for what stays of a session."""
    names = (session.name, *(f"{session.name}-{number}" for number in range(2, 10_000)))
    return next(path for name in names if not (path := sessions.root(session.repository) / "set-aside" / name).exists())


def _keep(path: Path, session: Session, keeping: Path) -> None:
    aside = session.folder.set_aside
    target = keeping / path.relative_to(aside if path.is_relative_to(aside) else session.folder.path)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)


def clear(session: Session, what: Doomed) -> None:
    """Delete it, its folder last: until then the session can be found and cleared again."""
    common = session.repository.common
    for name in what.refs:
        git.delete_ref(common, name)
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
        place.remove(repository, path)
        places.remove_empty(path.parent, path.parent.parent)
    for cache in caches:
        places.remove(repository, cache)
    leaving = session.folder.path.with_name(f"{sessions.CLEARING}{session.name}-{os.getpid()}")
    session.folder.path.rename(leaving)
    shutil.rmtree(leaving)
