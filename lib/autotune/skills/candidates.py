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
from autotune.skills.merging import checked_out
from autotune.skills.suites import place_of

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


@dataclass(frozen=True, slots=True)
class Home:
    """Where a skill is worked on: a repository, and its folder in it. `workshop` is one of autotune's own, which has a copy."""

    repository: git.Repository
    inner: str
    workshop: bool


def home_of(skill: Skill) -> Home | None:
    """The repository that tracks a skill, else its workshop; None where there is neither."""
    place = place_of(skill, Path.home())
    repository = git.discover(place.top)
    return None if repository is None else Home(repository, place.inside, place.workshop)


def kept(home: Home, skill: Skill) -> tuple[Kept, ...]:
    """What sessions kept of a skill's folder by measuring it, and is not in the branch that is checked out, the newest first."""
    top, begins = home.repository.top, f"{BEGINS}{skill.short}-"
    head = None if home.workshop else git.resolve(top, "HEAD")
    found = []
    for one in standings(top):
        if one.state is None or not one.name.startswith(begins):
            continue
        rows = [row for row in one.state.recent.kept if row.index and not row.forced and all(_in(path, home.inner) for path in row.files)]
        commit = one.state.incumbent
        if rows and commit and (head is None or not commits.is_ancestor(top, commit, head)):
            found.append(Kept(one.name, commit, rows[-1]))
    return tuple(sorted(found, key=lambda one: one.row.timestamp, reverse=True))


def laid_out(home: Home, one: Kept, scratch: Path) -> Candidate:
    """What a session kept, put down where it can be read."""
    content = checked_out(home.repository.top, home.inner, one.commit, scratch)
    return Candidate(content, f"session {one.session}", one.commit, one.session, one.row.index, proven=True)


def named(said: str, skill: Skill, scratch: Path) -> Candidate:
    """The candidate that a folder, a branch or a commit is. Raises AutotuneError where it is none."""
    path, home = Path(said).expanduser(), home_of(skill)
    if (path / SKILL).is_file():
        return Candidate(path.resolve(), str(path.resolve()))
    commit = None if home is None else git.resolve(home.repository.top, f"{said}^{{commit}}")
    if home is None or commit is None:
        hint = f"name a folder that holds a {SKILL}, or a branch of the skill's repository"
        raise AutotuneError(f"{said} is neither a skill's folder nor a commit here.", hint)
    known = next((one for one in kept(home, skill) if one.commit == commit), None)
    if known is not None:
        return laid_out(home, known, scratch)
    return Candidate(checked_out(home.repository.top, home.inner, commit, scratch), said.removeprefix(BRANCHES), commit)


def _in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
