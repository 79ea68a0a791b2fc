"""`autotune confirm`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands.options import AsJson, Progress, SessionName, found, live
from autotune.core.codec import encode
from autotune.core.tell.words import told
from autotune.errors import AutotuneError
from autotune.loop.experiment import work
from autotune.loop.measure import claiming
from autotune.loop.session import files


def main(
    number: Annotated[int | None, typer.Argument(metavar="[N]", min=1, help="One kept experiment, against its parent.")] = None,
    as_json: AsJson = False,
    progress: Progress = False,
    session: SessionName = None,
) -> None:
    """Measure what the session has gained: its first state against its last, side by side.

    With a number, what one keep gained over its parent. Nothing else is ever claimed as a total.
    """
    here = found(session)
    with live(as_json=as_json, progress=progress) as here.say, work.changing(here, "confirm"), work.in_this_process(here):
        if number is None and here.state.first == here.state.incumbent:
            raise AutotuneError(
                "Nothing has been kept, so there is no gain to confirm.", "`autotune calibrate` measures the unchanged code against itself"
            )
        here.say(claiming.ahead(here))
        claimed = claiming.claim(here) if number is None else claiming.confirm(here, number)
        here.append(claimed)
        files.project(here)
    words = told(claimed.told(here.state.metric.unit))
    typer.echo(json.dumps({**encode(claimed), "reason": words}) if as_json else words)
