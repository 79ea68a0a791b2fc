"""`autotune clear`."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, live, reply
from autotune.commands.terminal import agrees
from autotune.core.facts import Kind
from autotune.core.tell import answers
from autotune.errors import AutotuneError
from autotune.loop.candidate import lending
from autotune.loop.experiment import work
from autotune.loop.opening import clearing
from autotune.loop.opening.clearing import Doomed
from autotune.loop.session import sessions
from autotune.loop.session.session import Session


def main(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    refs: Annotated[bool, typer.Option("--refs", help="Delete the snapshots of candidates too.")] = False,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Forget a session: its log, state and worktrees. Its branch and commits stay. In your own checkout, notes and ideas stay too.

    What is deleted is named first.
    """
    if as_json and not yes:
        raise AutotuneError("With --json, nothing can be asked first.", "add --yes")
    here = clearing.to_clear(Path.cwd(), session)
    with work.held(here, "clear"):
        if sessions.elsewhere(here) is None:
            lending.give_back(here, cut_off=True)
        doomed = clearing.doomed(here, refs=refs)
        if as_json:
            _clear(here, doomed)
            put_back, kept = [str(path) for path in doomed.put_back], str(doomed.keeping) if doomed.kept else None
            stays = {"tree": str(here.top), "for": [*doomed.staying]} if doomed.staying else None
            said = {"session": here.name, "deleted": [*doomed.described], "put_back": put_back, "kept": kept, "stays": stays}
            typer.echo(json.dumps(said))
            return
        _tell(here, doomed, refs=refs)
        agreed = yes or agrees("Delete these?")
        if agreed is None:
            raise AutotuneError("Nobody is there to answer, so nothing was deleted.", "add --yes")
        if not agreed:
            reply(answers.NOTHING_DELETED)
            return
        _clear(here, doomed)
    reply(answers.CLEARED, session=here.name)


def _clear(here: Session, doomed: Doomed) -> None:
    with live() as here.say:
        here.going_on(Kind.REMOVING_PLACE)
        clearing.clear(here, doomed)


def _tell(here: Session, doomed: Doomed, *, refs: bool) -> None:
    if damaged := clearing.beyond_reading(here):
        typer.echo(damaged)
    reply(answers.DELETES, session=here.name)
    for one in doomed.described:
        typer.echo(f"  {one}")
    reply(answers.BRANCH_STAYS if refs else answers.BRANCH_AND_SNAPSHOTS_STAY, branch=here.branch)
    if doomed.staying:
        reply(answers.TREE_STAYS, tree=str(here.top))
        for one in doomed.staying:
            typer.echo(f"  {one}")
        typer.echo("  ", nl=False)
        reply(answers.TREE_GOES, quoted=quote(str(here.top)))
    if doomed.put_back:
        reply(answers.PUTS_BACK, paths=[*map(str, doomed.put_back)])
    if doomed.kept:
        reply(answers.ASIDE_STAYS, folder=str(doomed.keeping))
        for path in doomed.kept:
            typer.echo(f"  {path.name}")
