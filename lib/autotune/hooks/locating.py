"""Where a client works: the working tree, found by git's own files, and the session that belongs to it, as the loop left it on disk."""

from __future__ import annotations

import os
import time

from autotune.hooks.values import read_object, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

BRANCHES = "refs/heads/autotune/"
LEDGER = "autotune.jsonl"
PROJECTION = "hook.json"
OWNER = "owner.json"
CLIENTS = ".clients"


class WorkingTree:
    """A working tree: its top, the branch that is checked out (a full ref's name, or nothing), and where its repository's sessions are."""

    __slots__ = ("branch", "sessions", "top")

    def __init__(self, top: str, branch: str, sessions: str) -> None:
        self.top = top
        self.branch = branch
        self.sessions = sessions


class Known:
    """A session as the loop left it on disk: its folder, and what `loop/session/projection.py` made of it."""

    __slots__ = ("folder", "now")

    def __init__(self, folder: str, now: Mapping[str, Any]) -> None:
        self.folder = folder
        self.now = now

    @property
    def name(self) -> str:
        """The session's name."""
        return os.path.basename(self.folder)

    @property
    def tree(self) -> str:
        """The top of the working tree that the session lives in."""
        return str(self.now["tree"])

    @property
    def workdir(self) -> str:
        """The folder that the session's patterns are relative to."""
        return os.path.join(self.tree, str(self.now["workdir"])).rstrip("/")

    @property
    def stands_still(self) -> bool:
        """Whether it is paused, stopped or finished."""
        return self.now["ended"] is not None

    @property
    def active_since_then_s(self) -> float:
        """How many seconds it has been active since the time that its values are told for."""
        return 0.0 if self.stands_still else max(0.0, time.time() - self.now["as_of_s"])


def may_matter(raw: bytes) -> bool:
    """Whether a payload could be of a session: there are sessions where this process is, or the client works somewhere else."""
    here = os.getcwd()
    if b'"cwd":"' + os.fsencode(here) + b'"' not in raw:
        return True
    place = working_tree_of(here)
    return place is not None and os.path.isdir(place.sessions)


def working_tree_of(folder: str) -> WorkingTree | None:
    """Find the working tree that holds a folder; None where there is none."""
    top = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(top, ".git")):
        above = os.path.dirname(top)
        if above == top:
            return None
        top = above
    own = os.path.join(top, ".git")
    if not os.path.isdir(own):
        own = os.path.normpath(os.path.join(top, _first_line(own).removeprefix("gitdir: ")))
    shared = _first_line(os.path.join(own, "commondir"))
    common = os.path.realpath(os.path.join(own, shared)) if shared else own
    return WorkingTree(top, _first_line(os.path.join(own, "HEAD")).removeprefix("ref: "), os.path.join(common, "autotune"))


def found_at(folder: str) -> tuple[WorkingTree | None, Known | None]:
    """Find the working tree that holds a folder, and its session."""
    place = working_tree_of(folder)
    return place, None if place is None else session_of(place)


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline().rstrip("\n")
    except OSError:
        return ""


def session_of(place: WorkingTree) -> Known | None:
    """Find a working tree's session, by the rule of every command: its branch is checked out, else it lives here, else it is the only one.

    None where there is none, or where the loop has not written down yet what hooks need.
    """
    named = place.branch.removeprefix(BRANCHES) if place.branch.startswith(BRANCHES) else ""
    if named and os.path.isfile(os.path.join(place.sessions, named, LEDGER)):
        return _read(os.path.join(place.sessions, named))
    found = [session for name in _names(place) if (session := _read(os.path.join(place.sessions, name))) is not None]
    local = [session for session in found if os.path.realpath(session.tree) == place.top]
    return local[-1] if local else found[0] if len(found) == 1 else None


def _names(place: WorkingTree) -> list[str]:
    """The names of the repository's sessions, the oldest first."""
    try:
        names = [name for name in os.listdir(place.sessions) if not name.startswith(".")]
    except OSError:
        return []
    ledgers = {name: os.path.join(place.sessions, name, LEDGER) for name in names}
    known = [name for name in names if os.path.isfile(ledgers[name])]
    return sorted(known, key=lambda name: os.stat(ledgers[name]).st_ctime_ns)


def _read(folder: str) -> Known | None:
    now = read_object(os.path.join(folder, PROJECTION))
    return Known(folder, now) if now else None


def keep(path: str, found: dict[str, Any]) -> None:
    """Write a JSON object, so that the file is whole or as it was at any instant."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fresh = f"{path}.{os.getpid()}"
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(written(found))
    os.replace(fresh, path)
