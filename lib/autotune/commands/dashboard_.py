"""`autotune dashboard`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from autotune.commands.options import AsJson, SessionName, looked_at, reply
from autotune.core.tell import answers
from autotune.views import dashboard, live


def main(  # noqa: PLR0913, PLR0917 - options
    watch: Annotated[bool, typer.Option("--watch", help="Keep it up to date until q or Ctrl-C; without a terminal, show it once.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Every experiment, not only the latest.")] = False,
    width: Annotated[int | None, typer.Option("--width", metavar="COLUMNS", min=40, help="Instead of the terminal's.")] = None,
    web: Annotated[bool, typer.Option("--web", help="Serve it as a page on this machine until Ctrl-C, and open a browser.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="With --web: leave the page's server running.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="With --web: end the page's server.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="With --web: open no browser, only say the address.")] = False,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Show the session on one screen: goal, health, value, confidence, chart, experiments, budget."""
    if (keep or stop or no_open) and not web:
        raise typer.BadParameter("--keep, --stop and --no-open need --web.")
    if web and (watch or full or width is not None or as_json):
        raise typer.BadParameter("--web needs none of --watch, --full, --width and --json: the page shows all, live.")
    if web:
        _serve(session, keep=keep, stop=stop, opens=not no_open)
        return
    if session is None and _without_sessions() and (beside := _beside()):
        if as_json:
            typer.echo(json.dumps({"panels": beside}))
        else:
            dashboard.draw_beside(beside, width)
        return
    here = looked_at(session)
    if as_json:
        beside = _beside()
        typer.echo(json.dumps({**dashboard.as_json(here, full=full), **({"panels": beside} if beside else {})}))
    elif watch and sys.stdout.isatty():
        live.show_live(here, width)
    else:
        dashboard.draw(here, full=full, width=width)
        dashboard.draw_beside(_beside(), width)


def _without_sessions() -> bool:
    """Whether the repository here has no session, nor what is left of one."""
    from autotune.edges import git
    from autotune.loop.session import layout

    repository = git.discover(Path.cwd())
    return repository is not None and not layout.names(repository) and not layout.without_ledger(repository)


def _beside() -> list[dict[str, Any]]:
    """Give what stands beside the sessions of the repository here: a workshop's packs, the skills in it."""
    from autotune.edges import git
    from autotune.views import panels

    repository = git.discover(Path.cwd())
    return [] if repository is None else panels.gathered(repository.top)


def _serve(session: str | None, *, keep: bool, stop: bool, opens: bool) -> None:
    """Serve the page, or say where it is served; what it needs is in an environment of its own, in which this command begins again."""
    from autotune.loop.session import sessions
    from autotune.views.web import running

    repository = sessions.repository_at(Path.cwd())
    place = running.Place.of(repository)
    if stop:
        reply(answers.PAGE_ENDED if running.stopped(place) else answers.NO_PAGE)
        return
    alone = session is None and _without_sessions() and _beside()
    name = None if alone else sessions.looked_for(Path.cwd(), session)

    def say(template: str) -> None:
        reply(template, address=place.link(name))
        if opens:
            running.open_browser(place.link(name))

    if running.is_running(place):
        say(answers.PAGE_KEPT)
    elif keep:
        running.left_running(place, session)
        say(answers.PAGE_KEPT)
    else:
        running.go_over(sys.argv[1:])
        running.serve(repository, place, name, lambda: say(answers.PAGE_SERVED))
