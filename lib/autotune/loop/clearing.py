"""Forgetting a session: what is deleted, named first, and what never is."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from autotune.edges import git, place
from autotune.errors import AutotuneError
from autotune.loop import session as sessions
from autotune.loop.session import LEDGER, STATE_FILE, Session


@dataclass(frozen=True, slots=True)
class Doomed:
    """What clearing a session deletes. `ignored` goes with a working tree of the session's own: notes and ideas, say."""

    files: tuple[Path, ...]
    ignored: tuple[Path, ...]
    folder: Path
    worktrees: tuple[Path, ...]
    refs: tuple[str, ...]
    hidden: tuple[Path, ...] = ()

    @property
    def described(self) -> tuple[str, ...]:
        """One line for each thing."""
        refs = (f"{len(self.refs)} snapshots under {self.refs[0].rpartition('/')[0]}/",) if self.refs else ()
        return (*map(str, (*self.files, *self.ignored)), *(f"{path}/" for path in (self.folder, *self.worktrees, *self.hidden)), *refs)


def find(folder: Path, name: str | None) -> Session:
    """Find the session to clear, also one whose ledger was damaged or whose working tree is gone."""
    try:
        return sessions.find(folder, name)
    except AutotuneError:
        repository, chosen, _ = sessions.choose(folder, name)
        return sessions.load_beginning(repository, chosen)


def doomed(session: Session, *, refs: bool) -> Doomed:
    """Say what clearing would delete. A working tree of the session's own stays while it holds what is not committed."""
    files = tuple(path for name in (LEDGER, STATE_FILE) if (path := session.workdir / name).exists())
    measuring = session.cache / "measure"
    own = session.cache / "tree"
    worktrees = [measuring] if measuring.exists() else []
    ignored: tuple[Path, ...] = ()
    if own.exists() and session.top == own and not git.tell(own, "status", "--porcelain", "--ignore-submodules").out:
        worktrees.append(own)
        ignored = tuple(path for name in git.ignored(own) if (path := own / name) not in files)
    names = tuple(git.refs(session.repository.common, session.folder.ref("").rstrip("/"))) if refs else ()
    hidden = (session.hidden,) if session.hidden.exists() else ()
    return Doomed(files, ignored, session.folder.path, tuple(worktrees), names, hidden)


def clear(session: Session, what: Doomed) -> None:
    """Delete it, its folder last: until then the session can be found and cleared again."""
    common = session.repository.common
    for name in what.refs:
        git.delete_ref(common, name)
    for path in what.files:
        path.unlink(missing_ok=True)
    for path in what.hidden:
        shutil.rmtree(path, ignore_errors=True)
    for path in what.worktrees:
        place.remove(git.Repository(common, common, common), path)
    if not (session.cache / "tree").exists():
        shutil.rmtree(session.cache, ignore_errors=True)
    leaving = session.folder.path.with_name(f"{sessions.CLEARING}{session.name}-{os.getpid()}")
    session.folder.path.rename(leaving)
    shutil.rmtree(leaving)
