"""A session on disk: found from any folder, read from its ledger, written one event at a time."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from autotune.core.codec import Malformed, decode, encode
from autotune.core.facts import Fact, Kind, quoted, refused
from autotune.core.ledger import state as states
from autotune.core.ledger.events import Event, Noticed, Ran, Result, SegmentOpened, from_line, to_line
from autotune.core.ledger.order import WORDS
from autotune.core.ledger.state import State, after, begin
from autotune.core.model import Direction
from autotune.core.trust.patterns import from_top
from autotune.edges import door, folders, git, ledger
from autotune.edges.git import Repository
from autotune.edges.ledger import Position
from autotune.edges.locks import data_folder
from autotune.edges.tree import View, apart
from autotune.errors import AutotuneError
from autotune.loop.session import feed

if TYPE_CHECKING:
    from socket import socket

BRANCHES = "autotune/"
LEDGER = "autotune.jsonl"
STATE_FILE = ".autotune.state"
CONFIG_FILE = "autotune.toml"
BENCHMARK_FILE = "autotune.sh"
CHECKS_FILE = "autotune.checks.sh"
NOTES_FILE = "autotune.md"
CLIENT_LOG = "headless.log"  # in the session's folder: what a client that is kept at work said and cost
IDEAS_FILE = "autotune.ideas.md"
SESSION_FILES = (BENCHMARK_FILE, CHECKS_FILE, NOTES_FILE, IDEAS_FILE, CONFIG_FILE, LEDGER, STATE_FILE)
OPENING, CLEARING = ".opening-", ".clearing-"  # what the folders of sessions are called that are not open yet, or not any more
UNFINISHED = ".autotune-*.tmp"  # what a file is called while it is written, with the process's id
CHECKPOINT = "checkpoint.json"  # in the session's folder: the state as it was at some line of the ledger
_CHECKPOINT_EVERY = 20  # events
_HEARD_WITHIN_S = 10.0  # words at the door of a closed ledger, which is looked at many times a second
_KNOCKS_AGAIN_AFTER_S = 0.02


def now() -> str:
    """Give the time as ISO text in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a session's own files are, under the git common directory."""

    path: Path

    @property
    def name(self) -> str:
        """The session's name."""
        return self.path.name

    @property
    def ledger(self) -> Path:
        """The truth."""
        return self.path / LEDGER

    @property
    def lock(self) -> Path:
        """Held by whoever changes the session: a command for a moment, a worker as long as it measures."""
        return self.path / "lock"

    @property
    def door(self) -> Path:
        """Says, while something runs and the ledger is closed, where words for it are handed in."""
        return self.path / "door"

    @property
    def mirror(self) -> Path:
        """Copies of the session files that people and agents write."""
        return self.path / "files"

    @property
    def set_aside(self) -> Path:
        """What was found in a session file's place and replaced."""
        return self.path / "set-aside"

    @property
    def lent(self) -> Path:
        """What was open in the checkout while it is measured in."""
        return self.path / "lent"

    @property
    def before(self) -> Path:
        """What was in their places before the session, and is the user's."""
        return self.set_aside / "before"

    def ref(self, name: object) -> str:
        """Name a ref of this session."""
        return f"refs/autotune/{self.name}/{name}"


Say = Callable[[Fact], None]  # how progress and news are told, as they come


@dataclass(slots=True)
class Session:
    """A session that commands work with. `state` is as of `position` in the ledger; `append` and `refresh` move both on.

    `beside` is the session that this one is a rehearsal for. `content` holds the ledger's bytes while this process has runs made.
    """

    repository: Repository
    folder: Folder
    state: State
    position: Position
    say: Say = lambda _: None
    interrupted: Callable[[], Fact | None] = lambda: None  # by whom a worker was told to end, asked while it measures
    beside: Session | None = None
    content: bytearray = field(default_factory=bytearray)

    @property
    def name(self) -> str:
        """The session's name, which is its branch's after `autotune/`."""
        return self.folder.name

    @property
    def branch(self) -> str:
        """The session's branch."""
        return self.state.segment.opened.branch

    @property
    def top(self) -> Path:
        """The top of the working tree that the session lives in."""
        return self.repository.top

    @property
    def workdir(self) -> Path:
        """The session's working directory: where its files are and its benchmark runs."""
        return self.top / self.state.segment.opened.workdir

    @property
    def view(self) -> View:
        """The session's working tree, looked at through the session's own index."""
        return View(self.top, self.folder.path / "index", self.folder.path / "exclude", apart(self.top, self.state.incumbent))

    @property
    def cache(self) -> Path:
        """This session's folder for its measuring worktree, while it is being opened too."""
        return session_cache(self.repository, self.state.segment.opened.session)

    @property
    def hidden(self) -> Path:
        """This session's folder outside the repository, for what no proposer is shown."""
        return data_folder() / _known(self.repository) / self.state.segment.opened.session

    def inside(self, path: str) -> str:
        """Make a path relative to the working directory into one relative to the top."""
        return from_top(path, self.state.segment.opened.workdir)

    def append(self, *events: Event) -> None:
        """Write events to the ledger, in one go, and take them in; at its door while somebody else keeps it closed."""
        until = time.monotonic() + _HEARD_WITHIN_S
        while not self._written(events, until):
            time.sleep(_KNOCKS_AGAIN_AFTER_S)

    def _written(self, events: Sequence[Event], until: float) -> bool:
        """Write events, or hand them in; false where neither can be done just now."""
        durable = not all(isinstance(one, Ran) for one in events)  # those alone may be lost with the power, and what was seen must not be
        try:
            with ExitStack() as stack:
                callers: list[socket] = []

                def lines(prev: str) -> bytes:
                    callers.extend(filter(None, [stack.enter_context(door.knocked(self.folder.door))]))
                    return b"" if callers else lines_of(events, prev)

                torn = ledger.append(self.folder.ledger, lines, durable=durable)
                if callers:
                    return self._handed_in(callers[0], events, until)
        except TimeoutError:
            return _again(until)
        self.refresh()
        if durable:
            _write_seen(self.folder, self.position)
        if torn is not None:
            self._tell_torn(torn)
        return True

    def _handed_in(self, caller: socket, events: Sequence[Event], until: float) -> bool:
        before = self.position
        taken = door.hand_in(caller, lines_of(events, ledger.FIRST), max(_KNOCKS_AGAIN_AFTER_S, until - time.monotonic()))
        if taken is None:
            return _again(until)
        came = tuple(feed.events(self.folder.ledger, since=before)) if taken else ()
        if any(event not in came for event in events):
            raise _not_heard()
        self.refresh()
        return True

    def mend(self) -> None:
        """Make good what a process that was killed left: a torn last line of the ledger, a door. The session is held.

        Where something ran when it was killed, the state is read anew from the ledger's lines: that may have written a checkpoint.
        """
        if self.folder.door.exists():
            (self.folder.path / CHECKPOINT).unlink(missing_ok=True)
            self.folder.door.unlink()
            with suppress(AutotuneError, OSError):  # a session that is cleared may have no ledger that can be read
                self.state, self.position = _fold(self.folder.ledger, None, Position())
        if _size(self.folder.ledger) > self.position.offset and (torn := ledger.mend(self.folder.ledger)) is not None:
            self._tell_torn(torn)

    def take_back(self, line: int, why: Fact) -> None:
        """Set the ledger's lines aside from one on, but for words, and say what that one has wrong. The session is held."""
        path = self.folder.ledger
        with ledger.locked(path):
            lines = path.read_bytes().splitlines(keepends=True)
            aside = free_name(path, "forged")
            aside.write_bytes(b"".join(lines[line - 1 :]))
            replace_file(path, b"".join(lines[: line - 1]))
        self.state, self.position = _fold(path, None, Position())
        self.append(*(event for event in map(from_line, lines[line - 1 :]) if isinstance(event, WORDS)))
        self.notice(Fact(Kind.LINES_SET_ASIDE, {"line": line, "aside": str(aside)}, why))

    def _tell_torn(self, torn: bytes) -> None:
        self.notice(Fact(Kind.LINE_TORN, {"bytes": len(torn)}))

    def going_on(self, kind: Kind, **figures: object) -> None:
        """Say what begins now, and lasts until something else is said to go on."""
        self.say(Fact(kind, {**figures, "since": now()}))

    def notice(self, found: Fact) -> None:
        """Put on the ledger, and say, that something was found changed and what was done."""
        self.say(found)
        self.append(Noticed(found=found, timestamp=now()))

    def refresh(self) -> None:
        """Take in what has come to the ledger since, whoever wrote it."""
        size = _size(self.folder.ledger)
        if size < self.position.offset:
            ledger.require(self.folder.ledger, self.position)
        if size > self.position.offset:
            self.state, self.position = _fold(self.folder.ledger, self.state, self.position)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _again(until: float) -> bool:
    """Say that it is to be tried again; raises `AutotuneError` once that was tried for long enough."""
    if time.monotonic() > until:
        raise _not_heard()
    return False


def _not_heard() -> AutotuneError:
    return AutotuneError(
        "What runs just now keeps the log closed, and whoever has it run did not take this in.",
        "`autotune wait` waits for the result, `autotune cancel` ends it; then say it again",
    )


def lines_of(events: Iterable[Event], prev: str) -> bytes:
    """Give the ledger's lines of events that follow the line of which `prev` is the hash."""
    lines = []
    for event in events:
        lines.append(to_line(event, prev))
        prev = ledger.digest(lines[-1])
    return b"".join(lines)


def session_cache(repository: Repository, name: str) -> Path:
    """Give a session's folder among the measuring worktrees: `REPOSITORY/SESSION`, neither of which begins with a dot."""
    return folders.worktrees() / _known(repository).lstrip(".") / name


def made_cache(repository: Repository, name: str) -> Path:
    """Give a session's folder among the measuring worktrees; raises `AutotuneError` where there may be none."""
    owner = repository.common.parent if repository.common.name == ".git" else repository.common
    folders.make_worktrees(repository.top, repository.common, owner)
    return session_cache(repository, name)


def session_tree(repository: Repository, name: str) -> Path:
    """Give the working tree of a session that has one of its own."""
    return folders.trees() / _known(repository).lstrip(".") / name


def is_own_tree(home: Path, name: str) -> bool:
    """Whether a session's working tree was made for it: `…/REPOSITORY/SESSION`, or that with `/tree`, as in the cache before."""
    return is_cache(home.parent, name) if home.name == "tree" else is_cache(home, name)


def is_cache(folder: Path, name: str) -> bool:
    """Whether a folder is called what one of a session's is, wherever it lies: `…/REPOSITORY/SESSION`."""
    return folder.name == name and re.search(r"-[0-9a-f]{10}$", folder.parent.name) is not None


def _known(repository: Repository) -> str:
    """Name a repository among all of the user's."""
    import hashlib

    owner = repository.common.parent if repository.common.name == ".git" else repository.common
    return f"{owner.name}-{hashlib.sha256(os.fsencode(repository.common)).hexdigest()[:10]}"


def root(repository: Repository) -> Path:
    """Give the folder that holds all sessions of a repository."""
    return repository.common / "autotune"


def remove_leftovers(repository: Repository) -> None:
    """Delete what is left of sessions whose opening or clearing was cut off."""
    for path in (*root(repository).glob(f"{OPENING}*"), *root(repository).glob(f"{CLEARING}*")):
        if not lives(path.name.rpartition("-")[2]):
            shutil.rmtree(path, ignore_errors=True)


def names(repository: Repository) -> tuple[str, ...]:
    """List the repository's sessions, the oldest first."""
    found = [path.parent for path in root(repository).glob(f"*/{LEDGER}") if not path.parent.name.startswith(".")]
    return tuple(path.name for path in sorted(found, key=lambda path: path.joinpath(LEDGER).stat().st_ctime_ns))


def without_ledger(repository: Repository) -> frozenset[str]:
    """Name the repository's sessions of which the ledger is gone."""
    return frozenset(path.parent.name for path in root(repository).glob("*/seen.json")) - {*names(repository)}


def repository_at(folder: Path) -> Repository:
    """Find the repository of a folder; raises `AutotuneError` where there is none."""
    found = git.discover(folder)
    if found is None:
        cut_off = next((one for one in (folder, *folder.parents) if _is_cut_off(one)), None)
        if cut_off is not None:
            raise AutotuneError(
                f"{cut_off} is a working tree of a repository that is not where it was.",
                f"where that was moved, run `git worktree repair {quote(str(cut_off))}` in its new place",
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
    if not known:
        raise AutotuneError("There is no autotune session in this repository.", "open one with `autotune init --name NAME --metric METRIC`")
    if name is not None and name not in known:
        raise AutotuneError(f"There is no session {name!r} in this repository.", f"its sessions: {', '.join(known)}")
    trees = git.checked_out(repository)
    return repository, name or _choose(repository, known, trees), trees


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
        truth = Folder(root(repository) / gone).ledger
        raise AutotuneError(
            f"The log of session {gone}, {truth}, is gone.",
            f"put its copy back: `cp {quote(str(repository.top / LEDGER))} {quote(str(truth))}`; where there is none, "
            f"`autotune clear --session {gone}` forgets the session",
        )


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
    folder = Folder(root(repository) / name)
    state, position = read_session(folder)
    branches = git.checked_out(repository) if trees is None else trees
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
            f"The working tree of session {name}, {home}, does not know where the repository is by now.",
            f"tell it with `git -C {quote(str(repository.top))} worktree repair {quote(str(home))}`{forget}",
        )
    moved = "(where it was moved, `git worktree repair NEW_PLACE`)"
    return (
        f"The working tree of session {name}, {home}, is gone.",
        f"bring it back with `git worktree add --force {quote(str(home))} {branch}` {moved}{forget}",
    )


def load_beginning(repository: Repository, name: str, here: Path) -> Session:
    """Read a session as it was when it opened, whatever has become of its ledger and its working tree since: enough to clear it.

    Where the ledger does not say any more how that was, its checkpoint or its copy does, looked for in `here` too.
    """
    folder = Folder(root(repository) / name)
    copies = (tree / LEDGER for tree in (here, *git.checked_out(repository)))
    said = (opening(path, name) for path in (folder.ledger, *copies))
    event = _opening_of_checkpoint(folder) or next(filter(None, said), None) or _unknown_opening(repository, name, here)
    home = Path(event.tree)
    own = git.discover(home) if home.is_dir() else None
    gone = Repository(home, repository.common, repository.common)
    return Session(own or gone, folder, begin(event), Position(_size(folder.ledger)))


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


def require_branch(session: Session) -> None:
    """Refuse to go on while the session's working tree is on another branch or in the middle of something."""
    if doing := git.unfinished(session.repository):
        raise AutotuneError(
            f"In {session.top}, a `git {doing}` is in progress.", f"finish it, or undo it with `{git.undoing(doing)}`, then try again"
        )
    branch = git.current_branch(session.repository)
    if branch != session.branch:
        raise AutotuneError(
            f"{session.top} is on {branch or 'a detached HEAD'}, but session {session.name} lives on {session.branch}.",
            f"switch back with `git -C {quote(str(session.top))} switch {session.branch}`; autotune never switches a checkout by itself",
        )


def elsewhere(session: Session) -> Fact | None:
    """Say that the session's working tree is on another branch, or in the middle of something; None where it is not."""
    try:
        require_branch(session)
    except AutotuneError as found:
        return refused(found)
    return None


def read_session(folder: Folder) -> tuple[State, Position]:
    """Read a session's ledger, from its checkpoint on where there is one.

    Raises `AutotuneError` where it is not what earlier commands saw: that is told, not read over.
    """
    if (seen := last_seen(folder)) is not None:
        ledger.require(folder.ledger, seen)
        _verify_if_written(folder, seen)
    started = checkpoint(folder)
    state, position = started or (None, Position())
    state, position = _fold(folder.ledger, state, position)
    if started is None or position.lines - started[1].lines >= _CHECKPOINT_EVERY:
        _write_checkpoint(folder, state, position)
    return state, position


def last_seen(folder: Folder, name: str = "seen.json") -> Position | None:
    """Give how far the ledger had come when autotune wrote to it last (or, by its name, when its checkpoint was written)."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return decode(Position, json.loads((folder.path / name).read_bytes())["position"])
    return None


def _write_seen(folder: Folder, position: Position, stamp: list[int] | None = None) -> None:
    held = {"position": encode(position), "stamp": stamp or _stamp(folder)}
    replace_file(folder.path / "seen.json", json.dumps(held, separators=(",", ":")).encode())


def _stamp(folder: Folder) -> list[int]:
    found = folder.ledger.stat()
    return [found.st_size, found.st_ctime_ns]


def _verify_if_written(folder: Folder, seen: Position) -> None:
    """Where the ledger's file was written since autotune wrote it last, look at every line of it, once."""
    stamp = _stamp(folder)
    with suppress(OSError, ValueError, KeyError):
        if json.loads((folder.path / "seen.json").read_bytes())["stamp"] == stamp:
            return
    for _ in ledger.read(folder.ledger, Position()):
        pass
    _write_seen(folder, seen, stamp)


def _fold(path: Path, state: State | None, position: Position) -> tuple[State, Position]:
    for line, reached in ledger.read(path, position):
        position = reached
        try:
            event = from_line(line)
        except Malformed as error:
            raise _damaged(path, position.lines, str(error)) from None
        if isinstance(event, SegmentOpened) and state is None:
            state = begin(event)
        elif event is not None and state is not None:
            if isinstance(event, Result) and not _follows(event, state):
                raise _damaged(
                    path, position.lines, f"it is a result of experiment {event.index}, which was not measured and decided before it"
                )
            state = after(state, event)
    if state is None:
        raise _damaged(path, 1, "it does not open a session")
    return state, position


def _follows(result: Result, state: State) -> bool:
    """Whether a result is a baseline's, or that of the experiment that is open and decided: nobody writes another."""
    return result.baseline or (
        state.experiment is not None and (state.experiment.number, bool(state.experiment.verdict)) == (result.index, True)
    )


def _damaged(path: Path, line: int, why: str) -> AutotuneError:
    return AutotuneError(f"Line {line} of {path} cannot be read: {why}.", "the copy in the working directory may still hold it whole")


def checkpoint(folder: Folder) -> tuple[State, Position] | None:
    """Read the state as it was at some line of the ledger, if that line is still there."""
    try:
        held: dict[str, Any] = json.loads((folder.path / CHECKPOINT).read_bytes())
        state, position = decode(State, held["state"]), decode(Position, held["position"])
        with folder.ledger.open("rb") as file:
            file.seek(position.offset - held["last"])
            whole = ledger.digest(file.read(held["last"])) == position.prev
    except (OSError, ValueError, KeyError, TypeError, AutotuneError):
        return None
    return (state, position) if whole and held.get("format") == _format() else None


def _write_checkpoint(folder: Folder, state: State, position: Position) -> None:
    with folder.ledger.open("rb") as file:
        start = max(0, position.offset - (1 << 20))
        file.seek(start)
        chunk = file.read(position.offset - start)
    last = len(chunk) - (chunk.rfind(b"\n", 0, len(chunk) - 1) + 1)
    held = {"format": _format(), "last": last, "position": encode(position), "state": encode(state)}
    replace_file(folder.path / CHECKPOINT, json.dumps(held, separators=(",", ":")).encode())


def is_unfinished(name: str) -> bool:
    """Whether this is a file's name while it is written."""
    return re.fullmatch(r"\.autotune-\d+\.tmp", name) is not None


def remove_unfinished(folder: Path) -> None:
    """Delete what processes that are gone did not finish writing."""
    for path in folder.glob(UNFINISHED):
        if not lives(path.name.split("-")[-1].removesuffix(".tmp")):
            path.unlink(missing_ok=True)


def clean_up(session: Session) -> None:
    """Delete what killed commands left that only a holder of the session uses: git's locks beside indexes, rehearsals, runs' folders."""
    remove_leftovers(session.repository)
    mine = private_prefix(session)
    for path in Path(tempfile.gettempdir()).glob(f"{mine}*"):
        if not lives(path.name.removeprefix(mine).partition("-")[0]):
            shutil.rmtree(path, ignore_errors=True)
    for path in (*session.folder.path.glob("*.lock"), *session.cache.glob("*.lock")):
        path.unlink(missing_ok=True)


def private_prefix(session: Session) -> str:
    """Give what the names of folders for a session's runs begin with, before a process's number: short, for sockets are put there."""
    import hashlib

    return f"autotune-{hashlib.sha256(os.fsencode(session.folder.path)).hexdigest()[:8]}-"


def lives(pid: str) -> bool:
    """Whether there is a process of this number, and it has not ended."""
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return not _has_ended(pid)


def _has_ended(pid: str) -> bool:
    """Whether a process only waits for its parent to take note of its end; where that cannot be told, it does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] in ("Z", "X")
    return False


def _format() -> str:
    """Name what a checkpoint is made of: what another version, or a state of other parts, has written is read from the ledger anew."""
    from autotune.version import version

    kinds = (kind for kind in vars(states).values() if isinstance(kind, type) and is_dataclass(kind))
    return "; ".join([f"{version()}/3", *(f"{kind.__name__} {' '.join(one.name for one in fields(kind))}" for kind in kinds)])


def free_name(path: Path, what: str) -> Path:
    """Name a file beside another one that is not there yet."""
    return next(name for number in range(1, 1000) if not os.path.lexists(name := path.with_name(f"{path.name}.{what}-{number}")))


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or as it was before, at any instant."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(UNFINISHED.replace("*", str(os.getpid())))
    fresh.write_bytes(content)
    with suppress(OSError):
        fresh.chmod(path.stat().st_mode & 0o777)
    fresh.replace(path)


def set_file_aside(session: Session, path: Path) -> Path:
    """Move what is in a session file's place to where it can be found."""
    aside = aside_for(session, path)
    shutil.move(path, aside)
    return aside


def aside_for(session: Session, path: Path) -> Path:
    """Name where something that is in a session file's place is put aside."""
    session.folder.set_aside.mkdir(exist_ok=True)
    return session.folder.set_aside / f"{path.name}.{now().replace(':', '')}"
