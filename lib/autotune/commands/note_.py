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
    text: Annotated[str, typer.Argument(help="What the proposer should know.")],
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Tell the proposer something: it comes with the next result and stays in the brief."""
    here = found(session)
    said = words.description(text)
    here.append(Noted(text=said, timestamp=now()))
    typer.echo(json.dumps({"note": said}, ensure_ascii=False) if as_json else "noted; it comes with the next result")
