"""Waiting while others use the machine, for as long as a person has allowed."""

from __future__ import annotations

import time

from autotune.core.facts import Fact, Kind
from autotune.edges import machine
from autotune.loop.session import Session

SAMPLE_S = 0.2
POLL_S = 1.0


def wait_for_quiet(session: Session) -> Fact | None:
    """Wait until others use no more of the machine than `busy_above`, `busy_wait_s` at most; gives what a verdict has to say of it.

    Nobody looks where a look takes longer than a run, or where the benchmark repeats exactly, whatever the machine does.
    """
    state = session.state
    if (state.segment.baseline_wall_s or 0.0) < SAMPLE_S or (state.segment.pool and not any(state.segment.pool)):
        return None
    until = time.monotonic() + state.config.busy_wait_s
    told = False
    while (busy := machine.busy_share(SAMPLE_S)) is not None and busy > state.config.busy_above:
        if session.interrupted() is not None:
            return None
        if time.monotonic() >= until:
            seen = Fact(Kind.BUSY, {"share": round(busy, 4), "above": state.config.busy_above})
            session.notice(Fact(Kind.STAYED_BUSY, {"waited_s": state.config.busy_wait_s}, seen))
            return seen
        if not told:
            session.say(Fact(Kind.WAITING_FOR_QUIET, {"share": round(busy, 4), "wait_s": state.config.busy_wait_s}))
            told = True
        time.sleep(min(POLL_S, max(0.0, until - time.monotonic())))
    return None
