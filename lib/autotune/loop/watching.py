"""What a run did to what it may not touch: the ledger, the pins, the place's own index, the branch, git's settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autotune.core.events import (
    Calibrated,
    CandidateTaken,
    Claimed,
    Decided,
    Described,
    Event,
    Finished,
    Opened,
    PlaybookBegun,
    PlaybookEnded,
    Ran,
    Result,
    SegmentOpened,
    SettingsChanged,
    TargetChecked,
    from_line,
)
from autotune.core.figures import counted
from autotune.core.state import State
from autotune.edges import git, ledger
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError
from autotune.loop import settings
from autotune.loop.session import CONFIG_FILE, LEDGER, NOTES_FILE, Session

# Only whoever holds the session writes these, and while a run goes on that is whoever watches it.
_HOLDERS = (
    *(Calibrated, CandidateTaken, Claimed, Decided, Described, Finished, Opened, PlaybookBegun, PlaybookEnded),
    *(Ran, Result, SegmentOpened, SettingsChanged, TargetChecked),
)
# Of a session's folder, what nothing but its opening and its holder writes; other commands write the rest at any time.
_KEPT = ("untracked", "folders", "exclude", f"files/{CONFIG_FILE}", f"files/{NOTES_FILE}")

Stamp = tuple[int, int, int, int]


class Tampered(AutotuneError):  # noqa: N818 - says it of a run
    """A run wrote to what proves what runs say."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A session's proofs as they were before something ran."""

    session: Session
    stamps: dict[str, Stamp]
    proofs: dict[str, str]
    settings: Stamp | None

    def touched(self) -> str | None:
        """What of the session's own files and refs is no longer as it was, as the middle of a sentence; None where all is."""
        after = _stamps(self.session)
        changed = sorted(name for name in {*self.stamps, *after} if self.stamps.get(name) != after.get(name))
        refs = _proofs(self.session)
        changed += sorted(name for name in {*self.proofs, *refs} if self.proofs.get(name) != refs.get(name))
        if self.settings_replaced():
            changed.append(CONFIG_FILE)
        return ", ".join(changed[:5]) or None

    def settings_replaced(self) -> bool:
        """Whether what was written into autotune.toml meanwhile is something that an edit may not change."""
        written = stamp(self.session.workdir / CONFIG_FILE)
        return written not in (None, self.settings) and not settings.in_force(self.session)


def watch(session: Session) -> Watch:
    """Take down what a measurement may not change."""
    return Watch(session, _stamps(session), _proofs(session), stamp(session.workdir / CONFIG_FILE))


def _proofs(session: Session) -> dict[str, str]:
    return {
        name: sha for name, sha in git.refs(session.top, session.folder.ref("")).items() if name.rpartition("/")[2].partition(".")[2] == ""
    }


def _stamps(session: Session) -> dict[str, Stamp]:
    common = session.repository.common
    named = {f"the session's {name}": session.folder.path / name for name in _KEPT}
    named["the session's holdout"] = session.hidden / "holdout"
    named |= {f".git/{name}": common / name for name in ("config", "hooks", "info/attributes")}
    return {f"{name}{rest}": stamp for name, path in named.items() for rest, stamp in _walk(path)}


def _walk(path: Path) -> Iterator[tuple[str, Stamp]]:
    if (found := stamp(path)) is None:
        return
    if path.is_dir() and not path.is_symlink():
        yield from ((f"/{one.name}", found) for one in sorted(path.iterdir()) if (found := stamp(one)) is not None)
    else:
        yield "", found


def stamp(path: Path) -> Stamp | None:
    """Give what tells that a file was written anew, cheaply: its inode, size, time and mode; None where it is not there."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the ledger ended, and what it amounted to, before one run."""

    state: State
    position: Position


def mark(session: Session) -> Mark:
    """Take down where the ledger ends; everything that is on it is taken in first."""
    session.refresh()
    return Mark(session.state, session.position)


def refuse_forged(session: Session, before: Mark) -> None:
    """Look at what came to the ledger during a run. Lines that only the holder writes are set aside; then raises `Tampered`.

    Notes and stops of other commands stay. A ledger that is shorter, or another one, than before raises without any repair.
    """
    path = session.folder.ledger
    ledger.require(path, before.position)
    came = [(line, event) for line, _ in ledger.read(path, before.position) for event in (_read(line),)]
    if not any(isinstance(event, _HOLDERS) or event is None for _, event in came):
        session.refresh()
        return
    forged = ledger.cut(path, before.position)
    aside = next(name for number in range(1, 1000) if not (name := path.with_name(f"{LEDGER}.forged-{number}")).exists())
    aside.write_bytes(forged)
    session.state, session.position = before.state, before.position
    for _, event in came:
        if event is not None and not isinstance(event, _HOLDERS):
            session.append(event)
    count = sum(1 for _, event in came if event is None or isinstance(event, _HOLDERS))
    session.notice(f"While it was measured, {counted(count, 'line')} came to the ledger that autotune did not write: set aside at {aside}.")
    raise Tampered("a run wrote to the ledger", "`git show` the candidate; it is kept under refs/autotune")


def _read(line: bytes) -> Event | None:
    try:
        return from_line(line)
    except ValueError:
        return None
