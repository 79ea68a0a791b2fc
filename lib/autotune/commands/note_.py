"""`autotune note`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import words
from autotune.commands.options import SessionName, found
from autotune.core.events import Noted
from autotune.loop.session import now


def main(text: Annotated[str, typer.Argument(help="What the proposer should know.")], session: SessionName = None) -> None:
    """Tell the proposer something: it comes with the next result and stays in the brief."""
    here = found(session)
    here.append(Noted(text=words.description(text), timestamp=now()))
    typer.echo("noted; it comes with the next result")
