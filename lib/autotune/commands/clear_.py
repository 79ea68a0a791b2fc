"""`autotune clear`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName
from autotune.core.tell.words import told
from autotune.errors import AutotuneError
from autotune.loop import clearing, lending, work
from autotune.loop import session as sessions
from autotune.loop.clearing import Doomed
from autotune.loop.session import Session


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
    here = clearing.to_clear(Path.cwd(), session)
    with work.held(here, "clear"):
        if sessions.elsewhere(here) is None:
            lending.give_back(here, cut_off=True)
        doomed = clearing.doomed(here, refs=refs)
        if as_json:
            clearing.clear(here, doomed)
            put_back, kept = [str(path) for path in doomed.put_back], str(doomed.keeping) if doomed.kept else None
            stays = {"tree": str(here.top), "for": [*map(told, doomed.staying)]} if doomed.staying else None
            typer.echo(
                json.dumps(
                    {"session": here.name, "deleted": [*map(told, doomed.described)], "put_back": put_back, "kept": kept, "stays": stays}
                )
            )
            return
        _tell(here, doomed, refs=refs)
        if not yes and not _agreed():
            typer.echo("nothing was deleted")
            return
        clearing.clear(here, doomed)
    typer.echo(f"{here.name} is cleared")


def _tell(here: Session, doomed: Doomed, *, refs: bool) -> None:
    if (damaged := clearing.beyond_reading(here)) is not None:
        typer.echo(told(damaged))
    typer.echo(f"This deletes, of session {here.name}:")
    for one in doomed.described:
        typer.echo(f"  {told(one)}")
    typer.echo(f"The branch {here.branch} and its commits stay{'' if refs else ', and the snapshots of candidates'}.")
    if doomed.staying:
        typer.echo(f"Its working tree {here.top} stays, for it holds what is nowhere else:")
        for one in doomed.staying:
            typer.echo(f"  {told(one)}")
        typer.echo(f"  (`git worktree remove --force {shlex.quote(str(here.top))}` deletes it with all of that)")
    if doomed.put_back:
        typer.echo(f"It puts back: {', '.join(map(str, doomed.put_back))}")
    if doomed.kept:
        typer.echo(f"What was set aside stays, in {doomed.keeping}/:")
        for path in doomed.kept:
            typer.echo(f"  {path.name}")


def _agreed() -> bool:
    try:
        return typer.confirm("Delete these?")
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        typer.echo()
        raise AutotuneError("Nobody is there to be asked, so nothing was deleted.", "add --yes") from None
