"""`autotune prompts watch`."""

from __future__ import annotations

from itertools import chain

import typer

from autotune.commands import rolling
from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.rolling import Which
from autotune.commands.workshop import At
from autotune.core.tell.rollouts import watched
from autotune.edges.clock import now_ms


def watch(behavior: Which = None, at: At = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Look at each canary, and promote it, roll it back or let it go on.

    A promoted pack is watched for some days, and taken back if it does worse than the one before.
    """
    from autotune.prompts import watching

    with rolling.known(at) as (settings, store):
        behaviors = rolling.chosen(settings, behavior)
        found = rolling.each(behaviors, "state", lambda name: watching.watch(settings, store, name, now_ms(), dry=dry_run))
    answered(chain.from_iterable(map(watched, found)), {"behaviors": found}, as_json=as_json)
    raise typer.Exit(int(any(one["state"] == "refused" for one in found)))
