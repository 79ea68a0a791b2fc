"""`autotune clear`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName
from autotune.errors import AutotuneError
from autotune.loop import clearing, work


def main(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    refs: Annotated[bool, typer.Option("--refs", help="Delete the snapshots of candidates too.")] = False,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Forget a session: its log, state and worktrees. Its branch and commits stay, and in your own checkout notes and ideas.

    What is deleted is named first.
    """
    if as_json and not yes:
        raise AutotuneError("An answer in JSON cannot ask first.", "add --yes")
    here = clearing.find(Path.cwd(), session)
    with work.held(here, "clear"):
        doomed = clearing.doomed(here, refs=refs)
        if as_json:
            clearing.clear(here, doomed)
            typer.echo(json.dumps({"session": here.name, "deleted": doomed.described}))
            return
        typer.echo(f"This deletes, of session {here.name}:")
        for line in doomed.described:
            typer.echo(f"  {line}")
        typer.echo(f"The branch {here.branch} and its commits stay{'' if refs else ', and the snapshots of candidates'}.")
        if not yes and not _agreed():
            typer.echo("nothing was deleted")
            return
        clearing.clear(here, doomed)
    typer.echo(f"{here.name} is cleared")


def _agreed() -> bool:
    try:
        return typer.confirm("Delete these?")
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        typer.echo()
        raise AutotuneError("Nobody is there to be asked, so nothing was deleted.", "add --yes") from None
