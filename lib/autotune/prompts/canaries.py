"""How the packs of a behaviour are deployed: what runs, what waits, what is watched, by the log of its target.

target_of(settings, behavior)     where its active file and its canary file lie
standing(state)                   the canary that runs, the proposal that waits, the promotion that is watched
"""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autotune.core.codec import decode, read_json
from autotune.core.records.places import letters
from autotune.core.rollout.events import Intent, State
from autotune.core.rollout.look import NEEDED, Mode
from autotune.errors import AutotuneError
from autotune.prompts.settings import Settings
from autotune.rollout import snapshots
from autotune.rollout.deploying import FOUND, Target, read

ACTIVE, CANARY = "active", "canary"
DEFAULT, BEGUN, PROMOTED, FORCED = "default", "canary", "promoted", "promoted by hand"
TAKEN_BACK, RESTORED = "taken back", "rolled back by hand"
QUEUED, APPROVED, DROPPED, CHECKED = "queued", "approved", "dropped", "watch over"
_SALT_LETTERS, _PLACE_LETTERS = 16, 8


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pack that is to have a canary, known by its salt: which commit, how it is drawn and decided, and what speaks for it.

    `since_ms`, `expires_ms` and what the history was like are set when it begins; `parent` is the active version then.
    """

    salt: str
    version: str
    commit: str
    main: str
    session: str | None
    experiment: int | None
    proven: bool
    evidence: str
    share: float
    mode: Mode = Mode.GAIN
    margin: float = 0.0
    needed: float = NEEDED
    fewest: int = 50
    max_days: float = 60.0
    max_units: int | None = None
    unit: str = "auto"
    parent: str = ""
    since_ms: int = 0
    expires_ms: int = 0
    mean: float | None = None
    unscored: float | None = None
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a behaviour stands: a proposal that waits, a canary that runs, a promotion that is watched; which versions were tried.

    `approved` and `promotable` are the salts of what a person approved to begin, and to be promoted.
    """

    waiting: Proposal | None
    approved: frozenset[str]
    promotable: frozenset[str]
    running: Proposal | None
    watched: Intent | None
    tried: frozenset[str]


def target_of(settings: Settings, behavior: str) -> Target:
    """Where the packs of a behaviour are read. Two agents with folders of their own have logs of their own."""
    folder = settings.output_dir
    digest = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    places = {ACTIVE: folder / f"{behavior}.json", CANARY: folder / f"{behavior}.canary.json"}
    return Target("pack", f"{behavior}-{letters(digest[:_PLACE_LETTERS])}", places)


def workshop_of(settings: Settings) -> Path:
    """The workshop's folder. Raises AutotuneError where there is none."""
    if settings.file is None:
        raise AutotuneError("There is no workshop.", "`autotune prompts init` makes one")
    return settings.file.parent


def drawn_salt() -> str:
    """A salt: letters, so that no masker takes it for a number."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(_SALT_LETTERS))


def standing(state: State) -> Standing:
    """How a behaviour stands by its log."""
    begun = [decode(Proposal, one.data) for one in state.deployments if one.why == BEGUN]
    queued = [decode(Proposal, note.data) for note in state.notes if note.what == QUEUED]
    gone = {one.salt for one in begun} | {note.data["salt"] for note in state.notes if note.what == DROPPED}
    waiting = queued[-1] if queued and queued[-1].salt not in gone else None
    words = [note.data for note in state.notes if note.what == APPROVED]
    approved, promotable = (frozenset(one["salt"] for one in words if one["promotion"] is late) for late in (False, True))
    running = begun[-1] if begun and state.placed.get(CANARY) is not None else None
    over = {note.data["number"] for note in state.notes if note.what == CHECKED}
    moved = [one for one in state.deployments if any(change.slot == ACTIVE for change in one.changes)]
    last = moved[-1] if moved and moved[-1].why in {PROMOTED, FORCED} and moved[-1].number not in over else None
    tried = frozenset(one.version for one in begun) | {note.data["version"] for note in state.notes if note.what == DROPPED}
    return Standing(waiting, approved, promotable, running, last, tried)


def standing_of(settings: Settings, behavior: str) -> Standing:
    """How a behaviour stands now."""
    return standing(read(target_of(settings, behavior)))


def periods(settings: Settings, behavior: str, now_ms: int) -> tuple[tuple[int, int], ...]:
    """The times of all canaries of a behaviour, in milliseconds: what was seen then must not confirm."""
    found: list[tuple[int, int]] = []
    since_ms: int | None = None
    for one in read(target_of(settings, behavior)).deployments:
        for change in one.changes:
            if change.slot == CANARY and change.after is not None:
                since_ms = one.at_ms
            elif change.slot == CANARY and since_ms is not None:
                found.append((since_ms, one.at_ms))
                since_ms = None
    return (*found, *(() if since_ms is None else ((since_ms, now_ms),)))


def version_in(content: bytes) -> str | None:
    """The version that a pack's file names, which records show; None where it names none."""
    try:
        found = read_json(content).get("version")
    except (ValueError, AttributeError):
        return None
    return None if found is None else str(found)


def active_version(target: Target, state: State) -> str | None:
    """The version of the active pack, by the log; None where there is no active pack."""
    snapshot = state.placed.get(ACTIVE)
    return None if snapshot is None else version_in(snapshots.content(target.store, snapshot).read_bytes())


def active_since(state: State, now_ms: int) -> int:
    """Since when the active pack is active. One that was found has been for long."""
    moved = [one for one in state.deployments if any(change.slot == ACTIVE for change in one.changes)]
    return 0 if moved and moved[-1].why == FOUND else moved[-1].at_ms if moved else now_ms


def versions(target: Target, state: State) -> list[tuple[int, str, str | None]]:
    """Every pack that was active, oldest first: the number of its deployment, its snapshot, its version."""
    moved = [(one.number, change.after) for one in state.deployments for change in one.changes if change.slot == ACTIVE]
    there = [(number, snapshot) for number, snapshot in moved if snapshot is not None and snapshots.has(target.store, snapshot)]
    return [(number, snapshot, version_in(snapshots.content(target.store, snapshot).read_bytes())) for number, snapshot in there]


def known(target: Target, state: State) -> frozenset[str]:
    """The versions that had their chance: tried as canaries, or active once."""
    return standing(state).tried | {version for *_, version in versions(target, state) if version is not None}
