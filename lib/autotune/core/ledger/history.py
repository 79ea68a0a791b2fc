"""All that a session's log has said so far, where the state holds the latest alone: rows, segments, playbooks, turns of health."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from autotune.core.facts import Fact
from autotune.core.health.transitions import Health
from autotune.core.ledger.events import Claimed, PlaybookBegun, PlaybookEnded, Result, SegmentOpened
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.lines import Event
from autotune.core.ledger.state import Row, State


@dataclass(frozen=True, slots=True)
class Begun:
    """A segment, and how many experiments there were when it began."""

    after: int
    opened: SegmentOpened


@dataclass(frozen=True, slots=True)
class Played:
    """A playbook, how many experiments there were when it began, and its end; None while it is under way, or where it was cut off."""

    after: int
    begun: PlaybookBegun
    ended: PlaybookEnded | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """The loop's health from now on, its word (a stop is told from a pause), why, and how many experiments there were then."""

    after: int
    health: Health
    word: str
    why: Fact


@dataclass(slots=True)
class History:
    """What was said so far. `state` is None before the first event; `rows` has each settled experiment, by its number."""

    state: State | None = None
    rows: dict[int, Row] = field(default_factory=dict)
    segments: list[Begun] = field(default_factory=list)
    playbooks: list[Played] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Take in one more event; all that comes before a segment is opened is left out."""
        state = after(self.state, event) if self.state is not None else begin(event) if isinstance(event, SegmentOpened) else None
        if state is None:
            return
        self.state = state
        health, why = state.vitals.health, state.vitals.why
        word, why = (str(health), why) if state.ended is None else (str(state.ended.ending), state.ended.reason)
        if not self.turns or self.turns[-1].word != word:
            self.turns.append(Turn(state.count, health, word, why))
        match event:
            case SegmentOpened():
                self.segments.append(Begun(state.count, event))
            case PlaybookBegun():
                self.playbooks.append(Played(state.count, event))
            case PlaybookEnded() if self.playbooks:
                self.playbooks[-1] = replace(self.playbooks[-1], ended=event)
            case Result() | Claimed():
                self._settle(state, event)
            case _:
                pass

    def _settle(self, state: State, event: Result | Claimed) -> None:
        self.rows |= {row.index: row for row in (*state.recent.kept, *state.recent.rows)}  # a claim lifts labels
        if isinstance(event, Claimed) and event.improved and event.experiment in self.rows:
            self.rows[event.experiment] = replace(self.rows[event.experiment], confirmed=True)

    def in_order(self) -> tuple[Row, ...]:
        """Give the rows, the first experiment first."""
        return tuple(self.rows[number] for number in sorted(self.rows))
