"""`autotune rebaseline`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import answer
from autotune.commands.options import AsJson, SessionName, WaitSeconds, found, live, reply
from autotune.core.health.recovery import Playbook
from autotune.core.ledger.events import RepairAsked
from autotune.core.tell import answers
from autotune.edges.clock import now
from autotune.loop.experiment import segments, work


def main(
    accept: Annotated[
        bool, typer.Option("--accept", help="Take benchmark, checks and configuration as they are now. Yours to decide.")
    ] = False,
    wait: WaitSeconds = 100.0,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Measure the unchanged code again.

    A new segment begins where the machine or its noise has changed. With --accept one begins in any case, measured with benchmark, checks
    and fixed configuration keys as they are now; results before and after it are not compared.
    """
    here = found(session)
    if accept:
        with live() as here.say:
            lifted = segments.accept(here)
        if not as_json:
            reply(answers.SEGMENT_BEGUN, here.state.segment.opened.reason, segment=here.state.segment.opened.segment)
        if lifted and not as_json:
            reply(answers.PASSES_AGAIN)
    else:
        with work.changing(here, "rebaseline") as lock:
            here.append(RepairAsked(timestamp=now(), playbook=Playbook.REBASELINE))
            work.carry_on(here, lock)
        with live() as here.say:
            work.wait(here, wait)
    answer.tell_answer(here, as_json=as_json)
