"""`autotune repair`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import answer
from autotune.commands.options import AsJson, SessionName, WaitSeconds, found, live
from autotune.core.health.recovery import Playbook
from autotune.core.ledger.events import RepairAsked
from autotune.core.ledger.state import Ending
from autotune.core.tell.words import told
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.experiment import work


def main(
    playbook: Annotated[str, typer.Option("--playbook", help="rebaseline, shrink_scope or diagnose.")] = "diagnose",
    wait: WaitSeconds = 100.0,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Heal the loop now: repair mode, with a fresh recovery budget; goes on from a pause or a stop too."""
    choices = [one.value for one in Playbook if one is not Playbook.PAUSE]
    if playbook not in choices:
        raise AutotuneError(f"There is no playbook {playbook!r} to repair with.", f"one of: {', '.join(choices)}")
    here = found(session)
    with work.changing(here, "repair") as lock:
        if here.state.ended is not None and here.state.ended.ending is Ending.FINISHED:
            raise AutotuneError(f"{here.name} is finished: {told(here.state.ended.reason)}.", "`autotune explain` says how it can go on")
        here.append(RepairAsked(timestamp=now(), playbook=playbook))
        work.carry_on(here, lock)
    with live() as here.say:
        work.wait(here, wait)
    ended = here.state.last_playbook
    if not as_json and ended is not None and ended.report and here.state.last_playbook_is_news:
        typer.echo(f"report: {ended.report}")
    answer.tell_answer(here, as_json=as_json)
