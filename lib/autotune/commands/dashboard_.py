"""`autotune dashboard`."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, looked_at
from autotune.views import dashboard


def main(
    watch: Annotated[bool, typer.Option("--watch", help="Keep it up to date until q or Ctrl-C; without a terminal, show it once.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Every experiment, not only the latest.")] = False,
    width: Annotated[int | None, typer.Option("--width", metavar="COLUMNS", min=40, help="Instead of the terminal's.")] = None,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Show the session on one screen: goal, health, value, confidence, chart, experiments, budget."""
    here = looked_at(session)
    if as_json:
        typer.echo(json.dumps(dashboard.as_json(here, full=full)))
    elif watch and sys.stdout.isatty():
        dashboard.show_live(here, width)
    else:
        dashboard.draw(here, full=full, width=width)
