"""`autotune prompts rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import rolling
from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.rolling import Adopt, One
from autotune.commands.workshop import At
from autotune.core.tell.rollouts import reverted
from autotune.edges.clock import now_ms


def rollback(
    version: Annotated[
        str | None, typer.Argument(help="An earlier pack: its version, or the number of its deployment. Without it, the last.")
    ] = None,
    behavior: One = None,
    adopt: Adopt = False,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """End the canary that runs, or take up an earlier pack again, byte for byte."""
    from autotune.prompts import reverting

    with rolling.known(at) as (settings, _):
        name = rolling.only(settings, behavior)
        found = reverting.rollback(settings, name, now_ms(), version=version, adopt=adopt, dry=dry_run)
    answered(reverted(found), found, as_json=as_json)
