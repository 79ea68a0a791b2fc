"""Deployments of one target: intent before effect, fact after it, under one lock, in a chained log.

with opened(target, "autotune prompts deploy", now_ms) as rollout:     # finishes what was killed
    version = rollout.take(path)                                       # or rollout.keep(bytes)
    rollout.change({"active": version}, "promoted", now_ms, facts)     # None takes a slot's content away
state = read(target)                                                   # without the lock, for who only looks
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autotune.core.codec import Malformed
from autotune.core.rollout import events
from autotune.core.rollout.events import Abandoned, Change, Done, Event, Intent, Note, Snapshot, State
from autotune.edges import ledger
from autotune.edges.folders import data_folder
from autotune.edges.ledger import Position
from autotune.edges.locks import hold
from autotune.errors import AutotuneError
from autotune.rollout import placing, snapshots
from autotune.rollout.snapshots import hash_of

JOURNAL, LOCK, SNAPSHOTS = "journal.jsonl", "lock", "snapshots"
_REPLACED_S = 2.0  # within which whoever replaces a folder now has done so
FOUND, ADOPTED = "found", "adopted"
"""Why something is a version that no deployment brought: it was there before the first, or somebody changed it and you kept that."""
Besides = Callable[[Intent], None]
"""What a deployment does besides, before its places: such as moving a branch. It may be called again. It raises AutotuneError to refuse."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is deployed to: its kind ("pack", "skill"), its name, and the places of its slots, each a file or a folder, or nothing yet."""

    kind: str
    name: str
    places: Mapping[str, Path]

    @property
    def folder(self) -> Path:
        """Where its log and its snapshots lie."""
        return data_folder() / "rollouts" / self.kind / self.name

    @property
    def store(self) -> Path:
        """Where its snapshots lie."""
        return self.folder / SNAPSHOTS


def read(target: Target) -> State:
    """What the log of a target amounts to. Raises AutotuneError where its chain is broken."""
    path = target.folder / JOURNAL
    return events.state(_events(path)) if path.exists() else State()


def _events(path: Path) -> Iterator[Event]:
    for line, position in ledger.read(path, Position()):
        try:
            yield events.event(json.loads(line))
        except (Malformed, ValueError) as wrong:
            hint = "use the autotune that wrote it, or a newer one"
            raise AutotuneError(f"Line {position.lines} of {path} cannot be read: {wrong}.", hint) from None


def bring_back(target: Target, what: str) -> None:
    """Put back what a killed command took out of its places. Raises AutotuneError where another process has the target."""
    target.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with hold(target.folder / LOCK, what, wait_s=_REPLACED_S):
        for place in target.places.values():
            placing.bring_back(place)


@contextmanager
def opened(target: Target, what: str, now_ms: int, besides: Besides | None = None, *, adopt: bool = False) -> Iterator[Rollout]:
    """Hold a target while the context lasts; what was killed is finished first. Raises AutotuneError where another process has it.

    With `adopt`, what somebody else put into a slot is kept as a version.
    """
    target.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with hold(target.folder / LOCK, what):
        if (target.folder / JOURNAL).exists():
            ledger.mend(target.folder / JOURNAL)
        rollout = Rollout(target, read(target), besides)
        rollout.finish(now_ms, adopt=adopt)
        for slot in rollout.changed() if adopt else ():
            rollout.adopt(slot, now_ms)
        yield rollout


class Rollout:
    """A target that this process holds."""

    def __init__(self, target: Target, state: State, besides: Besides | None = None) -> None:
        self.target = target
        self.state = state
        self._besides = besides

    def take(self, path: Path) -> str:
        """Keep what is at a path as a snapshot."""
        return snapshots.take(self.target.store, path)

    def keep(self, content: bytes) -> str:
        """Keep a file's bytes as a snapshot."""
        return snapshots.keep(self.target.store, content)

    def changed(self) -> tuple[str, ...]:
        """The slots that do not hold what the log says."""
        return tuple(slot for slot, place in self.target.places.items() if hash_of(place) != self.state.placed.get(slot))

    def adopt(self, slot: str, now_ms: int, data: Mapping[str, Any] | None = None) -> Snapshot:
        """Make what is in a slot a version of its own, without touching it; gives its hash. What is known already is not written again."""
        place = self.target.places[slot]
        now = hash_of(place)
        if now == self.state.placed.get(slot):
            return now
        version = None if now is None else self.take(place)
        why = ADOPTED if slot in self.state.placed else FOUND
        self._write(Intent(self.state.numbered + 1, now_ms, why, (Change(slot, version, version),), data or {}))
        self._write(Done(self.state.numbered, now_ms))
        return version

    def change(self, to: Mapping[str, Snapshot], why: str, now_ms: int, data: Mapping[str, Any] | None = None) -> Intent:
        """Have these snapshots in these slots, and say why. Raises ChangedError, with nothing done, where a slot holds anything unknown."""
        for slot in to:
            if hash_of(self.target.places[slot]) != self.state.placed.get(slot):
                raise placing.changed(self.target.places[slot])
        for version in to.values():
            if version is not None:
                snapshots.content(self.target.store, version)
        changes = tuple(Change(slot, self.state.placed.get(slot), version) for slot, version in to.items())
        intent = Intent(self.state.numbered + 1, now_ms, why, changes, data or {})
        self._write(intent)
        self.finish(now_ms)
        return intent

    def note(self, what: str, now_ms: int, data: Mapping[str, Any] | None = None) -> None:
        """Write a line that changes nothing."""
        self._write(Note(now_ms, what, data or {}))

    def finish(self, now_ms: int, *, adopt: bool = False) -> None:
        """Do what is intended and not done. Where that is refused before anything was done, it is abandoned, and the refusal raised."""
        intent = self.state.pending
        if intent is None:
            return
        begun = False
        try:
            if self._besides is not None:
                self._besides(intent)
            for change in intent.changes:
                self._put(change, now_ms, adopt=adopt)
                begun = True
        except AutotuneError as refusal:
            if not begun:
                self._write(Abandoned(intent.number, now_ms, refusal.message))
            raise
        self._write(Done(intent.number, now_ms))

    def _put(self, change: Change, now_ms: int, *, adopt: bool) -> None:
        place, before = self.target.places[change.slot], change.before
        try:
            placing.put(self.target.store, change.after, place, before)
        except placing.ChangedError:
            if not adopt:
                raise
            before = None if hash_of(place) is None else self.take(place)
            self.note(ADOPTED, now_ms, {"slot": change.slot, "snapshot": before})
            placing.put(self.target.store, change.after, place, before)

    def _write(self, event: Event) -> None:
        def line(prev: str) -> bytes:
            return (json.dumps({**events.line(event), "prev": prev}, ensure_ascii=False, separators=(",", ":")) + "\n").encode()

        ledger.append(self.target.folder / JOURNAL, line)
        self.state = events.after(self.state, event)
