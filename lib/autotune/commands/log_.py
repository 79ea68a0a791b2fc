"""`autotune log`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import answer, given
from autotune.commands.options import AsJson, SessionName, WaitSeconds, found, live
from autotune.errors import AutotuneError
from autotune.loop.experiment import experiment


def main(
    description: Annotated[str, typer.Option("--description", "-d", help="What was changed and why, in 1 to 2,000 characters.")],
    asi: Annotated[
        str | None, typer.Option("--asi", metavar="JSON", help="Side information, saved even if the change is taken back: one JSON object.")
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="`discard` takes it back even if it would be kept; nothing else is accepted.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Keep it without enough evidence. The log says so. Yours to decide.")] = False,
    wait: WaitSeconds = 100.0,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Settle what `autotune run` measured: commit it or take it back, as was decided.

    With `--status discard`, take back what is open though nothing was measured: a candidate that was refused, or an idea given up.
    """
    if status not in (None, "discard"):
        raise AutotuneError(
            f"--status {status} is not for the caller to say.",
            "leave it out: the measurement decides. Only `--status discard` can be said, and takes back",
        )
    if status and force:
        raise AutotuneError("--status discard and --force contradict each other.", "leave one of them out")
    said = given.description(description)
    about = given.side_information(asi)
    here = found(session)
    if status and experiment.drop(here, said):
        answer.tell_answer(here, as_json=as_json)
        return
    with live() as here.say, experiment.attended(here):
        number = experiment.describe(here, wait, said, about, discard=status == "discard", force=force)
    answer.tell_answer(here, as_json=as_json, settled=number)
