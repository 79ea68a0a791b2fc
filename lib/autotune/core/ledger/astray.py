"""What a line of somebody else's log may not name: what is no commit, and what lies elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import normpath

from autotune.core.config import reading
from autotune.core.facts import Fact
from autotune.core.findings import Contradiction
from autotune.core.ledger.events import Charged, Ran, SegmentOpened, SettingsChanged
from autotune.core.ledger.lines import Event
from autotune.errors import AutotuneError

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_COMMITS = ("commit", "incumbent", "base", "pins", "first", "last", "snapshot")
_OUTPUT = re.compile(r"(?:runs|proposals)(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_DEEP = "/".join("x" * 99)  # for settings that an edit changed: in these, no path is another one than the segment began with


def astray(event: Event, session: str) -> Fact | None:
    """Say what a line of a session's log names that cannot be, or lies elsewhere; None where it names nothing such."""
    for name in _COMMITS:
        value = getattr(event, name, None)
        if value and not _ID.fullmatch(value):
            return _named(name, value)
    match event:
        case SegmentOpened():
            return _opening(event, session)
        case SettingsChanged():
            return None if _is_inside(event.config, _DEEP) else _named("config", "")
        case Ran() | Charged() if not _OUTPUT.fullmatch(event.log) or ".." in event.log:
            return _named("log", event.log)
    return None


def _opening(event: SegmentOpened, session: str) -> Fact | None:
    folder = event.workdir
    if folder and (normpath(folder) != folder or folder.startswith(("/", "..")) or ".git" in folder.lower().split("/")):
        return _named("workdir", folder)
    if (event.session, event.branch) != (session, f"autotune/{session}"):
        return _named("session", event.session)
    return None if _is_inside(event.config, folder) else _named("config", "")


def _is_inside(config: Mapping[str, object], folder: str) -> bool:
    """Whether settings can be read and, seen from a folder, name nothing that lies outside the repository."""
    try:
        reading.refuse_beyond(reading.parse(config), folder)
    except AutotuneError:
        return False
    return True


def _named(what: str, value: str) -> Fact:
    return Fact(Contradiction.ASTRAY, {"what": what, "value": value[:200]})
