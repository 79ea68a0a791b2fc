"""The machine to itself, for one measurement at a time: waited for in order, and handed on between stages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from autotune.core.config.model import Config
from autotune.core.facts import Fact, Kind, quoted
from autotune.core.tell.words import told
from autotune.edges import locks, tickets
from autotune.edges.clock import now
from autotune.edges.locks import Lock
from autotune.errors import AutotuneError
from autotune.loop.session import layout
from autotune.loop.session.session import Session

TOLD_AFTER_S = 0.5  # a shorter wait is not worth a word
SHORTEST_POLL_S, LONGEST_POLL_S = 0.02, 0.2


class Interrupted(Exception):  # noqa: N818 - not an error
    """The measurement was told to end before it had an answer; `why` says by whom."""

    def __init__(self, why: Fact) -> None:
        super().__init__(told(why))
        self.why = why


def ended_by(error: AutotuneError | Interrupted) -> Fact:
    """Why a measurement came to nothing: who ended it, or an error's words."""
    return error.why if isinstance(error, Interrupted) else quoted(error.message)


@dataclass(slots=True)
class Turn:
    """A measurement that has the machine, where it needs it to itself; `what` it is, others are told."""

    session: Session
    what: str
    held: Lock | None = None
    lent_s: float = 0.0  # how long others had the machine between this one's stages
    _used: bool = False

    def begin_stage(self) -> None:
        """Say that a stage begins: runs between which the machine is not handed on. Before it, but for the first, who waits has a turn."""
        if self.held is not None and self._used and tickets.is_waited_for(locks.measuring_lock()):
            began = time.monotonic()
            self.wait()
            self.lent_s += time.monotonic() - began
        self._used = True

    def expect(self, stage_s: float) -> None:
        """Tell those who wait about how long it takes until they may have a turn; 0 where nobody knows."""
        if self.held is not None and stage_s:
            self.held.expect(stage_s)

    def wait(self) -> None:
        """Take the machine, behind all who asked for it earlier; raises `Interrupted` where the measurement is told to end first."""
        with tickets.ticket(locks.measuring_lock(), self.what) as mine:
            self.release()
            since, began, pause_s, told_of = now(), time.monotonic(), SHORTEST_POLL_S, None
            while (held := mine.take()) is None:
                if (why := self.session.interrupted()) is not None:
                    raise Interrupted(why)
                if time.monotonic() - began > TOLD_AFTER_S and (ahead := mine.ahead()) and (first := ahead[0]) != told_of:
                    figures = {"what": first.what, "process": first.pid, "more": len(ahead) - 1, "until": first.until, "since": since}
                    self.session.say(Fact(Kind.WAITING_FOR_MACHINE, figures))
                    told_of = first
                time.sleep(pause_s)
                pause_s = min(1.1 * pause_s, LONGEST_POLL_S)
            self.held, self._used = held, False

    def pace_s(self, run_s: float, ran: int) -> float:
        """About how long a run takes of which there were so many, with what others take between the stages; 0 while nobody knows."""
        return run_s + self.lent_s / max(ran, 1)

    def release(self) -> None:
        """Let go of the machine."""
        if self.held is not None:
            self.held.release()
            self.held = None


@contextmanager
def alone(session: Session, what: str, config: Config | None = None) -> Iterator[Turn]:
    """Have the machine for one measurement, as long as the context lasts: two at once would measure each other.

    What is not timed needs no machine to itself, by the session, or by a `config` that is to be measured with.
    """
    name, repository = (session.beside or session).state.segment.opened.session, layout.main_folder(session.repository)
    turn = Turn(session, f"{what} of {name} in {repository.name}")
    try:
        if session.state.timed if config is None else config.measures_time:
            turn.wait()
        yield turn
    finally:
        turn.release()
