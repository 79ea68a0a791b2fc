"""`autotune restore`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, found, reply
from autotune.core.tell import answers
from autotune.loop.experiment import experiment


def main(
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="The experiment's number.")],
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Bring back an earlier experiment's changes, as the open candidate. Refused while other changes are open in scope."""
    here = found(session)
    paths = experiment.bring_back(here, number)
    if as_json:
        typer.echo(json.dumps({"experiment": number, "files": list(paths)}))
        return
    reply(answers.CHANGES_OPEN, experiment=number, paths=[*paths])
    reply(answers.NEXT_TRY if here.state.ended is None else answers.NEXT_RESUME)
