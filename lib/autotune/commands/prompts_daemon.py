"""`autotune prompts daemon`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autotune.commands import prompts_once
from autotune.commands.flags import AsJson, DryRun
from autotune.commands.prompts_once import SIGNALLED
from autotune.commands.workshop import At, Behaviors, chosen
from autotune.core.records.behaviors import Behavior
from autotune.core.tell import passing as words
from autotune.edges.signals import Ending, ToldToEndError, ended_gently
from autotune.errors import AutotuneError
from autotune.prompts import settings

if TYPE_CHECKING:
    from autotune.prompts.daemon import Health

_S_PER_MINUTE = 60


def main(
    behavior: Behaviors = None,
    at: At = None,
    passes: Annotated[int | None, typer.Option("--passes", metavar="N", min=1, help="End after so many passes.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Do what `once` does, again and again.

    It waits interval_minutes between two passes, a little more or less by chance, and longer while passes fail. It reads prompts.toml again
    before each pass. A first signal ends it after the step that runs, a second one at once. daemon.json beside the database says how it is.
    """
    if dry_run:
        prompts_once.main(behavior, at, dry_run=True, as_json=as_json)
        return
    from autotune.prompts import daemon
    from autotune.prompts.ingesting import database

    place = settings.found(at)
    known = settings.read(place, os.environ)
    try:
        with ended_gently(lambda: typer.echo(words.ENDING, err=True)) as ending:
            daemon.run(
                database(known).parent,
                lambda: _pass(place, behavior, ending),
                _interval(place, known),
                ending,
                partial(_say, as_json=as_json),
                passes,
            )
    except ToldToEndError as told:
        raise typer.Exit(SIGNALLED + told.number) from None


def _pass(place: Path | None, behavior: Sequence[Behavior] | None, ending: Ending) -> Mapping[str, Any]:
    from autotune.prompts import passing, pipeline

    known = settings.read(place, os.environ)
    parts = list(pipeline.parts(pipeline.Desk(known), chosen(known, behavior)))
    return passing.values(passing.once(known, parts, stopped=lambda: ending.number is not None, said=lambda _: None))


def _interval(place: Path | None, known: settings.Settings) -> Callable[[], float]:
    """The interval as the file says it now; as long as it is broken, as it said before."""
    last = [known["interval_minutes"]]

    def now() -> float:
        with suppress(AutotuneError):
            last[0] = settings.read(place, os.environ)["interval_minutes"]
        return float(last[0]) * _S_PER_MINUTE

    return now


def _say(health: Health, *, as_json: bool) -> None:
    found = {**asdict(health), "path": str(health.path)}
    typer.echo(json.dumps(found) if as_json else words.waiting(found))
