"""`autotune hooks`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import AsJson, reply
from autotune.commands.terminal import require_person
from autotune.core.codec import encode
from autotune.core.ledger.occasions import Occasion
from autotune.core.tell import answers
from autotune.loop.experiment import own_hooks
from autotune.loop.session import sessions

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Your own programs, run when something happens.")
Event = Annotated[Occasion, typer.Argument(metavar="EVENT", help=f"One of {', '.join(Occasion)}.", show_default=False)]


@app.command()
def add(event: Event, file: Annotated[Path, typer.Argument(metavar="FILE", help="An executable file outside the working tree.")]) -> None:
    """Copy an executable and run the copy at each EVENT; only you can, at a terminal.

    It gets JSON on its standard input, 30 seconds, and 64 KiB of output that the brief may quote. It changes no verdict.
    """
    repository = sessions.repository_at(Path.cwd())
    require_person(repository, "which programs run")
    hook = own_hooks.add(repository, event, file)
    reply(answers.HOOK_ADDED, hook=hook.called, sha256=hook.sha256, path=str(own_hooks.place(repository, hook)))


@app.command(name="list")
def listed(as_json: AsJson = False) -> None:
    """Name the hooks, and those whose file has changed and is not run."""
    repository = sessions.repository_at(Path.cwd())
    hooks, changed = own_hooks.pinned(repository), own_hooks.changed(repository)
    if as_json:
        typer.echo(json.dumps({"hooks": [encode(one) for one in hooks], "changed": changed}))
        return
    for hook in hooks:
        if hook.called not in changed:
            typer.echo(f"{hook.called}  {hook.sha256[:12]}")
    for name in changed:
        reply(answers.HOOK_CHANGED, hook=name)
    if not hooks and not changed:
        reply(answers.NO_HOOKS)


@app.command()
def remove(
    event: Event, name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One of them; else all of the event.")] = None
) -> None:
    """Delete an event's hooks; only you can, at a terminal."""
    repository = sessions.repository_at(Path.cwd())
    require_person(repository, "which programs run")
    for hook in own_hooks.remove(repository, event, name):
        reply(answers.HOOK_REMOVED, hook=hook.called)
