"""Waiting while others use the machine, for as long as a person has allowed."""

from __future__ import annotations

import time

from autotune.edges import machine
from autotune.loop.session import Session

SAMPLE_S = 0.2
POLL_S = 1.0


def wait(session: Session) -> str:
    """Wait until others use no more of the machine than `busy_above`, `busy_wait_s` at most; gives what a verdict has to say of it.

    Nobody looks where a look takes longer than a run, or where the benchmark repeats exactly, whatever the machine does.
    """
    state = session.state
    if (state.baseline_wall_s or 0.0) < SAMPLE_S or (state.pool and not any(state.pool)):
        return ""
    until = time.monotonic() + state.config.busy_wait_s
    told = False
    while (busy := machine.busy_share(SAMPLE_S)) is not None and busy > state.config.busy_above:
        if session.interrupted() is not None:
            return ""
        if time.monotonic() >= until:
            words = f"others used {busy:.0%} of all cores when it was measured (busy_above is {state.config.busy_above:.0%})"
            session.notice(f"The machine stayed busy for {state.config.busy_wait_s:g} s, so measuring went on: {words}.")
            return words
        if not told:
            session.say(f"the machine is busy: others use {busy:.0%} of all cores; waiting up to {state.config.busy_wait_s:g} s")
            told = True
        time.sleep(min(POLL_S, max(0.0, until - time.monotonic())))
    return ""
