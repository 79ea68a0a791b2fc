"""Packs that may be deployed: what a session in the workshop has kept, or what a commit holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from autotune.core.judging import packs
from autotune.core.judging.packs import Pack
from autotune.core.ledger.state import Row
from autotune.core.model import Status
from autotune.core.tell.words import told
from autotune.edges import git
from autotune.errors import AutotuneError
from autotune.loop.session import feed, layout
from autotune.loop.session.folding import read_session
from autotune.loop.session.layout import Folder
from autotune.prompts import mainline


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pack at a commit. `session` and `experiment` kept it, where one did; `proven`: by measurement; `evidence` says how, in words."""

    commit: str
    pack: Pack
    session: str | None = None
    experiment: int | None = None
    proven: bool = False
    evidence: str = ""
    effect: float | None = None

    @property
    def version(self) -> str:
        """The version of its pack."""
        return packs.version_of(self.pack)


def newest(top: Path, behavior: str, known: Collection[str]) -> Candidate | None:
    """The newest pack of a behaviour that a session has kept and whose version is not among those `known`; None without any."""
    found = [one for one in _kept(top, behavior) if one[1].version not in known]
    return max(found, key=lambda one: one[0])[1] if found else None


def at(top: Path, name: str, behavior: str) -> Candidate:
    """The pack at a commit that is named. Raises AutotuneError."""
    commit = git.resolve(top, f"{name}^{{commit}}")
    if commit is None:
        raise AutotuneError(f"{top} has no commit {name}.", "`git log --all` lists them")
    kept = next((one for _, one in _kept(top, behavior) if one.commit == commit), None)
    return kept or Candidate(commit, _pack(top, commit, behavior))


def _kept(top: Path, behavior: str) -> list[tuple[str, Candidate]]:
    """What each session keeps of a behaviour now, with the time."""
    repository, found = git.discover(top), []
    for folder in () if repository is None else [Folder(layout.root(repository) / name) for name in layout.names(repository)]:
        state, _ = read_session(folder)
        if not state.incumbent or state.incumbent == state.first:
            continue
        if packs.path_of(behavior) in git.changed(top, state.first, state.incumbent):
            rows = [row for row in feed.rows_of(folder.ledger) if row.status is Status.KEEP]
            found.append(_candidate(top, behavior, folder.name, state.incumbent, rows))
    return found


def _candidate(top: Path, behavior: str, session: str, commit: str, rows: list[Row]) -> tuple[str, Candidate]:
    pack, row = _pack(top, commit, behavior), rows[-1] if rows else None
    if row is None:
        return "", Candidate(commit, pack, session)
    proven = not any(one.forced for one in rows)
    effect = None if row.effect is None else row.effect.estimate
    return row.timestamp, Candidate(commit, pack, session, row.index, proven, told(row.reason), effect)


def _pack(top: Path, commit: str, behavior: str) -> Pack:
    try:
        return packs.read(mainline.text_at(top, commit, behavior) or "{}", behavior)
    except ValueError as wrong:
        raise AutotuneError(
            f"{packs.path_of(behavior)} at {commit[:12]} is no pack: {wrong}.", "correct it there, or name another commit"
        ) from None
