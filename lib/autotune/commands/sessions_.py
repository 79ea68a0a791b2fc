"""`autotune sessions`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import AsJson, found, reply, say
from autotune.commands.printing import print_lines
from autotune.core.ledger.state import State
from autotune.core.tell import answers, words
from autotune.core.tell import sessions as told
from autotune.edges.clock import now
from autotune.loop.experiment import switching
from autotune.loop.session.standings import Standing, standings

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=False, help="The sessions of this repository: list, take up, compare."
)


@app.callback(invoke_without_command=True)
def _listed(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sessions of this repository: list, take up, compare."""
    if context.invoked_subcommand is None:
        show(as_json=as_json)


@app.command("list")
def show(as_json: AsJson = False) -> None:
    """List them: what was asked, how each stands, what it gained and cost. A star marks the one that commands of this folder mean."""
    held, moment = standings(Path.cwd()), now()
    if as_json:
        typer.echo(json.dumps({"sessions": [told.as_json(*_of(one), moment, one.problem, meant=one.meant) for one in held]}))
    elif held:
        print_lines([told.line(*_of(one), moment, one.problem, meant=one.meant) for one in held])
    else:
        reply(answers.NO_SESSIONS)


@app.command()
def use(name: Annotated[str, typer.Argument(metavar="NAME", help="The session.")]) -> None:
    """Take a session up in this working tree: check out its branch, and put its own files in place.

    Tracked files must not be modified, and the session that is here must not be at work. If the session has a working tree of its own, you
    are told where that is.
    """
    typer.echo(words.told(switching.take_up(Path.cwd(), name, say)))


@app.command()
def compare(
    one: Annotated[str, typer.Argument(metavar="NAME", help="A session.")],
    other: Annotated[str, typer.Argument(metavar="NAME", help="Another.")],
    as_json: AsJson = False,
) -> None:
    """Hold two against each other: goal, experiments, keeps, gain with its interval, cost; and why their gains may not be compared."""
    states, moment = [found(name).state for name in (one, other)], now()
    if as_json:
        by_name = {standing.name: standing for standing in standings(Path.cwd())}
        shown = [told.as_json(*_of(by_name[name]), moment, meant=by_name[name].meant) for name in (one, other)]
        typer.echo(json.dumps({"sessions": shown, "mind": told.incomparable(*states)}))
        return
    print_lines(told.comparison(states[0], states[1], moment))


def _of(one: Standing) -> tuple[str, State | None, str | None]:
    return one.name, one.state, None if one.tree is None else str(one.tree)
