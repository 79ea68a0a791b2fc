"""`autotune resume`."""

from __future__ import annotations

from autotune.commands import answer
from autotune.commands.options import AsJson, SessionName, found, reply
from autotune.core.ledger.events import Resumed
from autotune.core.tell import answers
from autotune.edges.clock import now
from autotune.loop.experiment import work
from autotune.loop.session import files


def main(as_json: AsJson = False, session: SessionName = None) -> None:
    """Go on after a pause, a stop or a finish; streaks and the recovery budget begin again, limits of the whole session hold."""
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
        if ended is not None:
            reply(answers.STANDS_STILL_AGAIN, ended.reason, session=here.name, condition=ended.ending)
        else:
            reply(answers.WENT_ON_ALREADY if going else answers.GOES_ON, session=here.name)
    answer.tell_answer(here, as_json=as_json)
