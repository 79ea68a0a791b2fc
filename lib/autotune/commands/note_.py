"""`autotune note`."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from autotune.commands import given
from autotune.commands.options import AsJson, SessionName, looked_at, reply
from autotune.core.ledger.events import Noted
from autotune.core.tell import answers
from autotune.edges.clock import now
from autotune.loop.experiment import work


def main(
    text: Annotated[str, typer.Argument(help="What the proposer should know.")], as_json: AsJson = False, session: SessionName = None
) -> None:
    """Tell the proposer something: it comes with the next result and stays in the brief.

    An agent's own notes are in its brief too, told apart from yours.
    """
    here = looked_at(session)
    work.refuse_from_a_run(here)
    event = Noted(text=given.note(text), timestamp=now(), own="CLAUDECODE" in os.environ)  # set where the client's agent runs it
    here.append(event)
    if as_json:
        typer.echo(json.dumps({"session": here.name, "note": event.text}, ensure_ascii=False))
        return
    reply(answers.NOTED)
