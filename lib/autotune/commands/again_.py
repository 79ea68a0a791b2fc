"""`autotune again`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import answer
from autotune.commands.options import AsJson, Progress, SessionName, WaitSeconds, found, live
from autotune.loop.experiment import experiment


def main(
    number: Annotated[
        int | None,
        typer.Argument(metavar="[N]", min=1, show_default=False, help="The inconclusive experiment; without it, the first that waits."),
    ] = None,
    wait: WaitSeconds = 100.0,
    as_json: AsJson = False,
    progress: Progress = False,
    session: SessionName = None,
) -> None:
    """Measure the changes of an inconclusive experiment again, side by side with the code as it is now.

    It is an experiment of its own, with evidence of its own and a share of its own of the error budget. Each is looked at again once.
    A quiet machine sees more. A measurement that takes longer than --wait goes on by itself: `autotune wait`.
    """
    here = found(session)
    with live(as_json=as_json, progress=progress) as here.say, experiment.attended(here, cancels=True):
        settled = experiment.look_again(here, number, wait)
    answer.tell_answer(here, as_json=as_json, settled=settled)
