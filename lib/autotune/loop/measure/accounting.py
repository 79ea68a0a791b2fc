"""The log's lines made again, and what nothing made set aside."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from autotune.core.codec import UnknownWord
from autotune.core.config.reading import NewerError
from autotune.core.facts import Fact
from autotune.core.findings import Amiss, Contradiction, Remedy
from autotune.core.ledger import order, replay
from autotune.core.ledger.events import Ran, SegmentOpened
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.lines import Event, from_line
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.state import State
from autotune.core.model import Outcome
from autotune.edges import ledger
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.measure.measuring import policy_for
from autotune.loop.session.folding import last_seen
from autotune.loop.session.layout import Folder
from autotune.loop.session.session import Session
from autotune.version import version

E = TypeVar("E", bound=Event)
_NONE: Mapping[int, str] = MappingProxyType({})
_DISTRUST = Fact(Remedy.TRUST_ANOTHER_COPY)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Something that does not agree, and what to do about it: where nothing else helps, another copy of the ledger."""

    what: Fact
    do: Fact = _DISTRUST


def amiss(kind: Amiss, do: Fact = _DISTRUST, **figures: object) -> Disagreement:
    """Say what is amiss, and what to do about it."""
    return Disagreement(Fact(kind, figures), do)


@dataclass(slots=True)
class Account:
    """What the ledger's lines say, as far as they can be read; `hashes` of its lines, in order, with the line number of each."""

    hashes: dict[str, int] = field(default_factory=dict)
    events: list[tuple[int, Event]] = field(default_factory=list)

    def of(self, kind: type[E]) -> Iterator[E]:
        """The events of one kind, in order."""
        return (event for _, event in self.events if isinstance(event, kind))


def chain(folder: Folder, story: Account, hashes: Mapping[int, str] = _NONE) -> Iterator[Disagreement]:
    """Read every line, whatever is wrong with those before, and say where one does not follow from its predecessor.

    `hashes` are those of lines of which something was taken out, by their numbers.
    """
    prev = ledger.FIRST
    for number, line in enumerate(folder.ledger.read_bytes().splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            yield amiss(Amiss.LAST_LINE_TORN, Fact(Remedy.SET_ASIDE_NEXT), line=number)
            return
        if _prev_of(line) != prev:
            yield amiss(Amiss.CHAIN_BROKEN, line=number)
        prev = hashes.get(number) or ledger.digest(line)
        story.hashes[prev] = number
        try:
            event = from_line(line)
        except ValueError as error:
            do = Fact(Remedy.USE_NEWER) if isinstance(error, UnknownWord) else _DISTRUST
            yield amiss(Amiss.LINE_UNREADABLE, do, line=number, problem=str(error))
            continue
        if event is not None:
            story.events.append((number, event))


def _prev_of(line: bytes) -> str | None:
    try:
        return str(json.loads(line)["prev"])
    except (ValueError, KeyError, TypeError):
        return None


def state_at(story: Account, line: int) -> State | None:
    """Give what the lines up to one amount to."""
    state: State | None = None
    with suppress(AutotuneError, ValueError):
        for number, event in story.events:
            if number <= line:
                state = after(state, event) if state is not None else begin(event) if isinstance(event, SegmentOpened) else None
    return state


def contradictions(repository: Repository, story: Account) -> Iterator[tuple[int, Fact]]:
    """Give the number of each line that cannot be what it says, and what is wrong with it."""
    state: State | None = None
    runs: dict[Purpose, list[Ran]] = {}
    for number, event in story.events:
        if isinstance(event, SegmentOpened):
            runs = {}
        if isinstance(event, Ran) and event.outcome is Outcome.OK:
            runs.setdefault(event.purpose, []).append(event)
        try:
            if state is None:
                state = begin(event) if isinstance(event, SegmentOpened) else None
                continue
            same = state.segment.opened.version == version()
            wrong = order.misplaced(state, event, runs) if same else None
            wrong = wrong or replay.contradiction(state, event, runs, partial(policy_for, repository.top), same_version=same)
            state = after(state, event)
            runs = {purpose: made for purpose, made in runs.items() if purpose is not order.USES.get(type(event))}
        except (AutotuneError, ValueError, KeyError) as error:
            kind = Contradiction.NEWER if isinstance(error, NewerError) else Contradiction.UNFIT
            yield number, Fact(kind, {"problem": str(error).removesuffix(".")})
            return
        if wrong is not None:
            yield number, wrong


def set_aside_forged(session: Session) -> None:
    """Set aside what came to the ledger since autotune wrote to it last, from the first line on that nothing made; words stay.

    A command that was killed before it noted how far it had come leaves such lines too, but they have before them what they need.
    """
    seen = last_seen(session.folder)
    if seen is None or session.position.offset <= seen.offset:
        return
    try:
        came = [from_line(line) for line, _ in ledger.read(session.folder.ledger, seen)]
    except (AutotuneError, ValueError):
        return  # whatever reads it says so
    if all(isinstance(event, (Ran, *order.WORDS)) for event in came):
        return
    story = Account()
    deque(chain(session.folder, story), maxlen=0)
    wrong = next((found for found in contradictions(session.repository, story) if found[0] > seen.lines), None)
    if wrong is not None:
        session.take_back(*wrong)
