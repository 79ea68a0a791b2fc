"""`autotune prompts promote`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import rolling
from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.rolling import One
from autotune.commands.workshop import At
from autotune.core.tell.rollouts import watched
from autotune.edges.clock import now_ms


def promote(
    version: Annotated[str | None, typer.Argument(help="The canary's version, to be sure; its beginning is enough.")] = None,
    behavior: One = None,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Promote a canary now, whatever its odds.

    The log says that you did.
    """
    from autotune.prompts import reverting

    with rolling.known(at) as (settings, store):
        name = rolling.only(settings, behavior)
        found = reverting.promote(settings, store, name, now_ms(), version=version, dry=dry_run)
    answered(watched(found), found, as_json=as_json)
