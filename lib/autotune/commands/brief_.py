"""`autotune brief`."""

from __future__ import annotations

import json

import typer

from autotune.commands.options import AsJson, SessionName, looked_at
from autotune.loop.session import projection


def main(as_json: AsJson = False, session: SessionName = None) -> None:
    """Print everything that a proposer with no memory has to know, on one page."""
    page = projection.page(looked_at(session))
    typer.echo(json.dumps({"brief": page}) if as_json else page, nl=as_json)
