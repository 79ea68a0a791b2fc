"""`autotune try`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import answer, given
from autotune.commands.options import AsJson, Progress, SessionName, WaitSeconds, found, live
from autotune.loop.candidate.tried import Repeats
from autotune.loop.experiment import experiment


def main(
    description: Annotated[str, typer.Option("--description", "-d", help="What was changed and why, in 1 to 2,000 characters.")],
    asi: Annotated[
        str | None, typer.Option("--asi", metavar="JSON", help="Side information, saved even if the change is taken back: one JSON object.")
    ] = None,
    wait: WaitSeconds = 100.0,
    force: Annotated[bool, typer.Option("--force", help="Keep it without enough evidence. The log says so. Yours to decide.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Measure it even if the same was tried before.")] = False,
    as_json: AsJson = False,
    progress: Progress = False,
    session: SessionName = None,
) -> None:
    """Measure what differs in scope side by side with the incumbent, then keep it as a commit or take it back.

    The metric comes from runs that autotune makes itself. What was tried before, and is refuted or not shown, is refused: --again
    insists. A measurement that takes longer than --wait goes on by itself: `autotune wait`.
    """
    said = given.description(description)
    about = given.side_information(asi)
    here = found(session)
    repeats = Repeats.MEASURED if again or force else Repeats.REFUSED
    with live(as_json=as_json, progress=progress) as here.say, experiment.attended(here, cancels=True):
        number = experiment.measure(here, wait, settles=True, description=said, asi=about, force=force, repeats=repeats)
    answer.tell_answer(here, as_json=as_json, settled=number)
