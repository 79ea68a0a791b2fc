"""`autotune clear`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import SessionName
from autotune.loop import clearing, work


def main(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    refs: Annotated[bool, typer.Option("--refs", help="Delete the snapshots of candidates too.")] = False,
    session: SessionName = None,
) -> None:
    """Forget a session: its log, state and worktrees. Its branch and commits stay, and in your own checkout notes and ideas.

    What is deleted is named first.
    """
    here = clearing.find(Path.cwd(), session)
    with work.held(here, "clear"):
        doomed = clearing.doomed(here, refs=refs)
        typer.echo(f"This deletes, of session {here.name}:")
        for line in doomed.described:
            typer.echo(f"  {line}")
        typer.echo(f"The branch {here.branch} and its commits stay{'' if refs else ', and the snapshots of candidates'}.")
        if not yes and not typer.confirm("Delete these?"):
            typer.echo("nothing was deleted")
            return
        clearing.clear(here, doomed)
    typer.echo(f"{here.name} is cleared")
