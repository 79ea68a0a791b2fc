"""`autotune skills improve`, and what its session calls."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered, print_lines
from autotune.commands.skills_create import NameOrPath
from autotune.core.skills.package import SKILL
from autotune.core.skills.probing import Client, Measures
from autotune.core.skills.surfaces import Scope, texts_of, with_texts
from autotune.core.tell import improving as words
from autotune.errors import AutotuneError

RunFolder = Annotated[Path, typer.Argument(help="The folder of the run.")]


def improve(  # noqa: PLR0913, PLR0917 - an option table
    name: NameOrPath,
    scope: Annotated[Scope, typer.Option("--scope", help="What may change; auto takes the smallest that can help.")] = Scope.AUTO,
    model: Annotated[
        str, typer.Option("--model", metavar="BACKEND:MODEL", help="The model that proposes, and invents missing cases.")
    ] = "",
    host: Annotated[Client | None, typer.Option("--host", help="The client that is probed.")] = None,
    client_model: Annotated[str, typer.Option("--client-model", metavar="MODEL", help="The client's model; usually its own choice.")] = "",
    judge: Annotated[str, typer.Option("--judge", metavar="BACKEND:MODEL", help="The model that judges tasks, or routing.")] = "",
    instrument: Annotated[
        Measures | None, typer.Option("--instrument", help="What measures routing: routing-judge is cheap, and only proposes.")
    ] = None,
    proposals: Annotated[int, typer.Option("--proposals", min=1, metavar="N", help="How many texts to propose at most.")] = 4,
    samples: Annotated[int, typer.Option("--samples", min=1, metavar="N", help="How often each query is put.")] = 3,
    max_usd: Annotated[float | None, typer.Option("--max-usd", min=0.0, metavar="USD", help="The most that it may cost.")] = None,
    invent: Annotated[bool, typer.Option("--invent/--no-invent", help="Have a model invent the queries that are missing.")] = True,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same.")] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="Begin from the start, also where a run is not finished.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Begin without asking.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Look for a better version of a skill: say what it takes, search, and have a session decide.

    It ends with at most one keep, on a branch; `skills deploy` takes it. With too few cases it only proposes. What is not said is as in
    skills.toml.
    """
    from autotune.commands.options import live
    from autotune.edges.clock import now_ms
    from autotune.skills import improving, installed, measuring, settings

    skill = installed.named(name, Path.home(), Path.cwd())
    asked = {"scope": scope, "model": model, "host": host, "client_model": client_model, "judge": judge, "instrument": instrument}
    within = {"proposals": proposals, "samples": samples, "max_usd": max_usd, "invent": invent, "seed": seed, "restart": restart}
    wish = improving.wished(settings.read(settings.found(), os.environ), **asked, **within)
    if not (yes or dry_run or sys.stdin.isatty()):
        raise AutotuneError(
            "`improve` asks before it spends anything, and this is no terminal.", "say --yes, or --dry-run to see what it takes"
        )
    with live(as_json=as_json) as say, measuring.telling(say):
        found = improving.improve(skill, wish, now_ms(), dry=dry_run, agreed=lambda plan: yes or _agreed(plan), say=say)
    answered(words.plan(found) if found["state"] == "planned" else words.ended(found), found, as_json=as_json)


def propose_text(folder: RunFolder) -> None:
    """Put the text that a run's search found best into place: the proposer of its session."""
    from autotune.edges import run_folders
    from autotune.loop.session import sessions
    from autotune.skills import improve_runs, packages, searching

    run, search = improve_runs.read(folder), run_folders.read_search(folder)
    session = sessions.find(Path.cwd())
    found = None if search is None or session.state.count else searching.best(search)
    if found is None:
        return
    texts, line = found
    place = Path(run.inside)
    (place / SKILL).write_bytes(with_texts(packages.read(place), texts).files[SKILL])
    typer.echo(line)


def check_text(folder: RunFolder) -> None:
    """Check a skill's text that is proposed: what it may not say, and what `skills check` stops. The checks of a run's session."""
    from autotune.skills import improve_runs, packages, searching, suites

    run = improve_runs.read(folder)
    base, now = (packages.read(one, run.skill) for one in (folder / improve_runs.BASE / run.skill, Path(run.inside)))
    spoken = [case.query for case in suites.read_file(folder / improve_runs.SUITE).routing]
    found = searching.flaw_of(base, texts_of(now, run.scope), texts_of(base, run.scope), spoken)
    if found is not None:
        typer.echo(found)
    raise typer.Exit(1 if found else 0)


def _agreed(plan: Mapping[str, Any]) -> bool:
    print_lines(words.plan(plan))
    return typer.confirm("begin")
