"""`autotune note`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands import words
from autotune.commands.options import AsJson, SessionName, found
from autotune.core.events import Noted
from autotune.loop.session import now


def main(
    text: Annotated[str, typer.Argument(help="What the proposer should know.")], as_json: AsJson = False, session: SessionName = None
) -> None:
    """Tell the proposer something: it comes with the next result and stays in the brief."""
    here = found(session)
    event = Noted(text=words.description(text), timestamp=now())
    here.append(event)
    typer.echo(
        json.dumps({"session": here.name, "note": event.text}, ensure_ascii=False) if as_json else "noted; it comes with the next result"
    )
