"""`autotune resume`."""

from __future__ import annotations

import typer

from autotune.commands import answer
from autotune.commands.options import AsJson, SessionName, found
from autotune.core.events import Resumed
from autotune.core.tell.words import told
from autotune.loop import files, work
from autotune.loop.session import now


def main(as_json: AsJson = False, session: SessionName = None) -> None:
    """Go on after a pause, a stop or a finish; streaks and the recovery budget begin anew, limits of the whole session hold."""
    here = found(session)
    with work.changing(here, "resume") as lock:
        going = here.state.ended is None
        if not going:
            here.append(Resumed(timestamp=now()))
        started = work.carry_on(here, lock)
    if not started:
        files.project(here)
    if not as_json:
        ended = here.state.ended
        words = "was not stopped, and goes on as before" if going else "goes on"
        typer.echo(f"{here.name} {words if ended is None else f'is {ended.ending} again at once: {told(ended.reason)}'}")
    answer.tell_answer(here, as_json=as_json)
