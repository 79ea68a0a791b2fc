"""`autotune restore`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, found
from autotune.core.outcome import escaped
from autotune.loop import experiment


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
    typer.echo(f"the changes of experiment {number} are open again: {', '.join(escaped(path) for path in paths)}")
    first = "`autotune resume`, then " if here.state.ended is not None else ""
    typer.echo(f"next: {first}`autotune try --description TEXT` measures them")
