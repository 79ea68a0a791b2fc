"""`autotune prompts once`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.workshop import At, Behaviors, chosen, settled
from autotune.core.facts import Fact
from autotune.core.scheduling.passing import Step
from autotune.core.tell import passing as words
from autotune.edges.signals import ToldToEndError, ended_gently

if TYPE_CHECKING:
    from autotune.prompts.passing import Did, Part

SIGNALLED = 128


def main(behavior: Behaviors = None, at: At = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Do everything that is due: ingest, eval, optimize, deploy, watch.

    Run it as often as you like. What was begun is finished, and what is done is not done again. The exit code is 1 if a step failed.
    """
    from autotune.prompts import passing, pipeline

    known = settled(at)
    parts = list(pipeline.parts(pipeline.Desk(known, say=_hear), chosen(known, behavior)))
    if dry_run:
        _answer(passing.planned(parts), dry=True, as_json=as_json)
        return
    try:
        with ended_gently(lambda: typer.echo(words.ENDING, err=True)) as ending:
            done = passing.once(known, parts, stopped=lambda: ending.number is not None, said=_said)
            number = ending.number
    except ToldToEndError as told:
        raise typer.Exit(SIGNALLED + told.number) from None
    _answer(done, dry=False, as_json=as_json)
    if number is not None:
        raise typer.Exit(SIGNALLED + number)
    raise typer.Exit(0 if all(one.ok for one in done) else 1)


def _hear(fact: Fact) -> None:
    """Say how a session goes, to somebody who watches."""
    if sys.stderr.isatty():
        from autotune.core.tell.words import told

        typer.echo(told(fact), err=True)


def _said(part: Part) -> None:
    """Say which step begins, and before models are asked, how many calls and how much money that may take."""
    found = part.plan() if part.step in (Step.EVAL, Step.OPTIMIZE) else None
    typer.echo(words.begins(str(part.step), part.behavior, found if isinstance(found, Mapping) else None), err=True)


def _answer(done: Sequence[Did], *, dry: bool, as_json: bool) -> None:
    from autotune.prompts import passing

    found = passing.values(done, dry=dry)
    lines = words.told([(one.values(), () if one.found is None else one.part.told(one.found)) for one in done])
    money = words.spending(found)
    answered([money, *lines] if dry else [*lines, money], found, as_json=as_json)
