"""`autotune confirm`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, found
from autotune.core.codec import encode
from autotune.loop import claiming, files, work


def main(
    number: Annotated[int | None, typer.Argument(metavar="[N]", min=1, help="One kept experiment, against its parent.")] = None,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Measure afresh what the session has gained: its first state against its last, 20 pairs side by side (6 in economy).

    With a number, what one keep gained over its parent. Nothing else is ever claimed as a total.
    """
    here = found(session)
    with work.changing(here, "confirm"):
        work.end_when_stopped(here)
        here.say(f"{claiming.pairs_of(here)} pairs of runs; Ctrl-C stops, nothing is lost")
        claimed = claiming.claim(here) if number is None else claiming.confirm(here, number)
        here.append(claimed)
        files.project(here)
    typer.echo(json.dumps(encode(claimed)) if as_json else claimed.reason)
