"""`autotune holdout`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, found, looked_at, reply
from autotune.core.tell import answers
from autotune.loop.experiment import work
from autotune.loop.measure import holdout

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Hidden checks: a keep has to pass them, and no proposer sees them.",
)


@app.command("set")
def put(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files or folders; they are copied.")],
    session: SessionName = None,
) -> None:
    """Copy files to a folder outside the repository, where the `holdout` command finds them as $AUTOTUNE_HOLDOUT."""
    here = found(session)
    with work.held(here, "holdout"):
        held = holdout.copy_files(here, files)
    reply(answers.HOLDOUT_MADE, count=len(held))
    if not here.state.config.holdout:
        typer.echo(answers.HOLDOUT_UNUSED, err=True)


@app.command()
def status(as_json: AsJson = False, session: SessionName = None) -> None:
    """Say whether there is a hold-out, and how many files it has, but never which."""
    here = looked_at(session)
    configured, files = bool(here.state.config.holdout), len(holdout.held_files(here))
    if as_json:
        typer.echo(json.dumps({"files": files, "configured": configured}))
        return
    if not configured and not files:
        reply(answers.NO_HOLDOUT)
        return
    reply(answers.HOLDOUT_RUNS if configured else answers.HOLDOUT_NOT_CONFIGURED, count=files)


@app.command()
def clear(session: SessionName = None) -> None:
    """Delete the copies."""
    here = found(session)
    with work.held(here, "holdout"):
        reply(answers.HOLDOUT_DELETED, count=holdout.delete_files(here))
