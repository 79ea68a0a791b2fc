"""`autotune confirm`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands.options import AsJson, Progress, SessionName, found, live
from autotune.core.codec import encode
from autotune.core.ledger.events import Claimed
from autotune.core.tell.words import told
from autotune.loop.experiment import work
from autotune.loop.measure import claiming
from autotune.loop.session import files
from autotune.loop.session.session import Session


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
    with live(as_json=as_json, progress=progress) as here.say:
        claimed = confirmed(here, number)
    words = told(claimed.told(here.state.metric.unit))
    typer.echo(json.dumps({**encode(claimed), "reason": words}) if as_json else words)


def confirmed(session: Session, number: int | None) -> Claimed:
    """Measure what the session has gained, or one of its keeps, and write it to the log."""
    with work.changing(session, "confirm"), work.in_this_process(session):
        claiming.states(session, number)
        session.say(claiming.ahead(session))
        claimed = claiming.claim(session) if number is None else claiming.confirm(session, number)
        session.append(claimed)
        files.project(session)
        return claimed
