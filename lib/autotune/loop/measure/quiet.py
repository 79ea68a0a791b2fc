"""Waiting while others use the machine: for as long as a person has allowed, and never for longer than what is measured takes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from autotune.core.facts import Fact, Kind
from autotune.core.ledger.state import seconds_between
from autotune.edges import machine
from autotune.edges.clock import now
from autotune.loop.session.session import Session

SAMPLE_S = 0.2
POLL_S = 1.0
REMEMBERED_S = 600.0  # how long a wait in vain speaks for the next: whoever uses the machine for minutes goes on
LEFT = 0.1  # of the patience then
BUSY_ABOVE = 0.75  # the share of all cores that others may use


@dataclass(slots=True)
class Quiet:
    """The quiet of one measurement. `waited_s` is what was spent on it so far, `busy` what a verdict has to say of the machine."""

    session: Session
    waited_s: float = 0.0
    busy: Fact | None = None
    _sought: bool = True

    def wait(self, takes_s: float) -> None:
        """Wait before a stage until others use less of the machine, `busy_wait_s` at most in the whole measurement.

        `takes_s` is what the measurement's runs take, those of the stage ahead among them: all waits together come to no more than that.
        Where the machine has been busy for minutes, only a tenth of `busy_wait_s` is waited.
        Once the machine was found quiet, nobody looks again. Nobody looks at all where a look takes longer than a run, or where
        the machine does not matter: values are no times, or always the same.
        """
        config, began = self.session.state.config, time.monotonic()
        left = LEFT if has_been_busy(self.session) else 1.0
        patience_s = min(left * config.busy_wait_s, takes_s) - self.waited_s
        if self._sought and _matters(self.session) and (self.busy is None or patience_s >= SAMPLE_S):
            self._sought = self._stayed_busy(began + patience_s)
            self.waited_s += time.monotonic() - began

    def _stayed_busy(self, until: float) -> bool:
        """Wait until the machine is quiet, or until a time; gives whether it was busy to the end."""
        began, told = time.monotonic(), False
        while (share := machine.busy_share(SAMPLE_S)) is not None and share > BUSY_ABOVE:
            left = until - time.monotonic()
            if left <= 0 and self.busy is None:
                self.busy = Fact(Kind.BUSY, {"share": round(share, 4), "above": BUSY_ABOVE})
                self.session.notice(Fact(Kind.STAYED_BUSY, {"waited_s": round(time.monotonic() - began, 1)}, self.busy))
            if left <= 0 or self.session.interrupted() is not None:
                return True
            if not told and left >= POLL_S:
                self.session.going_on(Kind.WAITING_FOR_QUIET, share=round(share, 4), wait_s=round(left, 1))
                told = True
            time.sleep(min(POLL_S, left))
        return False


def wait_for_quiet(session: Session, takes_s: float) -> Fact | None:
    """Wait once, before a measurement that takes so long; gives what a verdict has to say of the machine."""
    quiet = Quiet(session)
    quiet.wait(takes_s)
    return quiet.busy


def has_been_busy(session: Session) -> bool:
    """Whether others have used the machine for minutes: a wait was in vain lately, or, before the first, the load was as high."""
    state = session.state
    if state.segment.baseline is None and (load := machine.load_average(minutes=5)) is not None:
        return load > BUSY_ABOVE * machine.usable_cpus()
    waited = (notice.timestamp for notice in state.recent.notices if notice.found.kind is Kind.STAYED_BUSY)
    return any(seconds_between(when, now()) < REMEMBERED_S for when in waited)


def is_quiet(session: Session) -> bool:
    """Whether others leave enough of the machine now, as far as that matters and can be seen."""
    share = machine.busy_share(SAMPLE_S) if _matters(session) else None
    return share is None or share <= BUSY_ABOVE


def _matters(session: Session) -> bool:
    state = session.state
    return (state.segment.baseline_wall_s or 0.0) >= SAMPLE_S and state.timed and not state.exact
