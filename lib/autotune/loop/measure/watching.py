"""What a run did to what it may not touch: the ledger, the pins, the place's own index, the branch, git's settings."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Finished, Noted, Paused, Spent, StopAsked, Stopped
from autotune.core.ledger.lines import Event, from_line
from autotune.core.ledger.state import State
from autotune.core.output.outcome import Executed
from autotune.core.tell.words import told
from autotune.edges import atomic, commits, door, family, ledger, process
from autotune.edges.atomic import replace_file
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError
from autotune.loop.session import leftovers, session, settings
from autotune.loop.session.layout import CHECKPOINT, CONFIG_FILE, NOTES_FILE
from autotune.loop.session.session import Session

# What a person, or whoever keeps a proposer at work, may say while something runs: at the door. Nothing else comes to the ledger then.
WORDS = (Noted, Stopped, StopAsked, Paused, Finished, Spent)
# Of a session's folder, what nothing but its opening and its holder writes; other commands write the rest at any time.
_KEPT = ("untracked", "folders", "exclude", f"files/{CONFIG_FILE}", f"files/{NOTES_FILE}")

Stamp = tuple[int, int, int, int]


class Tampered(AutotuneError):  # noqa: N818 - says it of a run
    """A run wrote to what proves what runs say: `what`, as a fact."""

    def __init__(self, what: Fact, hint: str) -> None:
        super().__init__(told(what), hint)
        self.what = what


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
        name: sha
        for name, sha in commits.refs(session.top, session.folder.ref("")).items()
        if name.rpartition("/")[2].partition(".")[2] == ""
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
    """Give what tells that a file was written again, cheaply: its inode, size, time and mode; None where it is not there."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode


@contextmanager
def closed(session: Session) -> Iterator[Callable[[], None]]:
    """Close a session's ledger while something runs; gives what lets in who has knocked at its door since.

    Whatever else has become of the ledger by the end is set aside and put back, and raises `Tampered`. Of a rehearsal beside another
    session both ledgers are closed, and the door is the other session's.
    """
    sessions_closed = [one for one in (session.beside, session) if one is not None]
    path, address = sessions_closed[0].folder.ledger, sessions_closed[0].folder.door
    with ExitStack() as stack:
        with ledger.locked(path):
            entrance = stack.enter_context(door.opened(address, f"{leftovers.private_prefix(session.folder.path)}{os.getpid()}-"))
            kept = [Closed.as_it_is(one) for one in sessions_closed]
        try:
            yield lambda: entrance.let_in(family.is_outside, kept[0].take)
        finally:
            for one in kept:
                one.clear_the_way()
            with ledger.locked(path):
                stack.close()
                changed = [one for one in kept if one.put_back()]
            for one in kept:
                one.forget_checkpoint()
            for one in changed:
                one.tell()
            if changed:
                raise Tampered(Fact(Kind.LEDGER_WRITTEN), "`git show` the candidate; it is saved under refs/autotune")


def execute_closed(session: Session, command: str, variables: Mapping[str, str], cwd: Path, log: Path) -> Executed:
    """Run one of the user's hooks, or what makes a commit with them, while the ledger is closed as it is for what is measured."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with closed(session) as let_in:

        def stopped() -> bool:
            let_in()
            return False

        environment = {**os.environ, **variables}
        limit_s = session.state.config.checks_timeout_s
        return process.execute(command, cwd=cwd, environment=environment, timeout_s=limit_s, log=log, stopped=stopped)


@dataclass(slots=True)
class Closed:
    """A ledger while something runs: what it was before, what was taken at the door since, and where anything else was put."""

    session: Session
    state: State
    position: Position
    stamp: tuple[int, ...]
    checkpoint: Stamp | None
    taken: list[Event] = field(default_factory=list)
    spoilt: bool = False
    aside: Path | None = None
    forged: int | None = None

    @classmethod
    def as_it_is(cls, session: Session) -> Closed:
        """Take in everything that is on a session's ledger."""
        session.refresh()
        with session.folder.ledger.open("rb") as file:
            file.seek(len(session.content))
            session.content += file.read(session.position.offset - len(session.content))
        return cls(session, session.state, session.position, _written(session.folder.ledger), stamp(session.folder.path / CHECKPOINT))

    @property
    def path(self) -> Path:
        """The ledger's file."""
        return self.session.folder.ledger

    def take(self, words: bytes) -> bool:
        """Write down what somebody says at the door; gives whether they may say it."""
        events = [_read(line) for line in words.splitlines(keepends=True)]
        said = [event for event in events if isinstance(event, WORDS)]
        if len(said) < len(events):
            return False
        torn = ledger.append(self.path, lambda prev: session.lines_of(said, prev))
        self.spoilt |= torn is not None
        self.taken += said
        return True

    def clear_the_way(self) -> None:
        """Put aside what is in the ledger's place and is no file."""
        if os.path.lexists(self.path) and not stat.S_ISREG(self.path.lstat().st_mode):
            self.path.rename(atomic.free_name(self.path, "forged"))

    def put_back(self) -> bool:
        """Put the ledger back as it was where anything came to it but what was taken; gives whether it did."""
        if not self.taken and not self.spoilt and _written(self.path) == self.stamp:
            return False
        before, found = bytes(self.session.content), self.path.read_bytes()
        if not self.spoilt and found == before + session.lines_of(self.taken, self.position.prev):
            self.session.refresh()
            return False
        self.aside = atomic.free_name(self.path, "forged")
        came = found.removeprefix(before) if found.startswith(before) else None
        self.aside.write_bytes(found if came is None else came)
        self.forged = None if came is None else len(came.splitlines()) - len(self.taken)
        replace_file(self.path, before)
        self.session.state, self.session.position = self.state, self.position
        return True

    def forget_checkpoint(self) -> None:
        """Delete a checkpoint that was written meanwhile: by a command that only looked, perhaps, and it is made again."""
        path = self.session.folder.path / CHECKPOINT
        if stamp(path) != self.checkpoint:
            path.unlink(missing_ok=True)

    def tell(self) -> None:
        """Write down again what was taken at the door, and say what else had come."""
        for event in self.taken:
            self.session.append(event)
        self.session.notice(Fact(Kind.LEDGER_PUT_BACK, {"lines": self.forged, "aside": str(self.aside)}))


def _written(path: Path) -> tuple[int, ...]:
    """Give what tells, with the time that only the system sets, that a file was written since."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(line: bytes) -> Event | None:
    try:
        return from_line(line)
    except ValueError:
        return None
