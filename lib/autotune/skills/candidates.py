"""What may be deployed of a skill: what a session kept, a commit or branch of its repository, or a folder.

Whether a session kept it is read in the session's own log; what a commit's message says of itself proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autotune.core.ledger.state import Row
from autotune.core.skills.package import SKILL
from autotune.edges import commits, git
from autotune.errors import AutotuneError
from autotune.loop.session.layout import BRANCHES
from autotune.loop.session.standings import standings
from autotune.skills.installed import Skill
from autotune.skills.merging import checked_out, inner_path

BEGINS = "improve-"
"""How the sessions that improve skills are named: then the skill, then a day."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version of a skill that may be deployed. `commit` is of a repository that has it; `proven` says that a session kept it."""

    content: Path
    origin: str
    commit: str | None = None
    session: str | None = None
    experiment: int | None = None
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What a session of a repository kept last of a folder in it."""

    session: str
    commit: str
    row: Row


def kept(repository: git.Repository, inner: str, skill: str) -> tuple[Kept, ...]:
    """What sessions kept of a skill's folder by measuring it, and is not in the branch that is checked out, the newest first."""
    head = git.resolve(repository.top, "HEAD")
    found = []
    for one in standings(repository.top):
        if one.state is None or not one.name.startswith(f"{BEGINS}{skill}-"):
            continue
        rows = [row for row in one.state.recent.kept if row.index and not row.forced and all(_in(path, inner) for path in row.files)]
        commit = one.state.incumbent
        if rows and commit and (head is None or not commits.is_ancestor(repository.top, commit, head)):
            found.append(Kept(one.name, commit, rows[-1]))
    return tuple(sorted(found, key=lambda one: one.row.timestamp, reverse=True))


def newest(skill: Skill, repository: git.Repository | None, inner: str, scratch: Path) -> Candidate | None:
    """The newest version that a session kept and nobody deployed, None where there is none. `inner` is the skill's folder there."""
    if repository is None:
        return None
    name = skill.name.rpartition(":")[2]
    one = next(iter(kept(repository, inner, name)), None)
    if one is None:
        return None
    content = checked_out(repository.top, inner, one.commit, scratch)
    return Candidate(content, f"session {one.session}", one.commit, one.session, one.row.index, proven=True)


def named(said: str, skill: Skill, repository: git.Repository | None, scratch: Path) -> Candidate:
    """The candidate that a folder, a branch or a commit is. Raises AutotuneError where it is none."""
    path = Path(said).expanduser()
    if (path / SKILL).is_file():
        return Candidate(path.resolve(), str(path.resolve()))
    commit = None if repository is None else git.resolve(repository.top, f"{said}^{{commit}}")
    if repository is None or commit is None:
        hint = f"name a folder that holds a {SKILL}, or a branch of the skill's repository"
        raise AutotuneError(f"{said} is neither a skill's folder nor a commit here.", hint)
    inner = inner_path(repository.top, skill.folder)
    known = next((one for one in kept(repository, inner, skill.name.rpartition(":")[2]) if one.commit == commit), None)
    content = checked_out(repository.top, inner, commit, scratch)
    if known is None:
        return Candidate(content, said.removeprefix(BRANCHES), commit)
    return Candidate(content, f"session {known.session}", commit, known.session, known.row.index, proven=True)


def _in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
