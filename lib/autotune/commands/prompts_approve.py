"""`autotune prompts approve`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import rolling
from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.rolling import One
from autotune.commands.workshop import At
from autotune.core.tell.rollouts import deployed
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError


def approve(
    behavior: One = None,
    reject: Annotated[bool, typer.Option("--reject", help="Drop what waits. It is not proposed again.")] = False,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let a canary begin that waits for you, or let one be promoted.

    It shows what changes and what speaks for it.
    """
    from autotune.prompts import deploying

    with rolling.known(at) as (settings, store):
        name = rolling.only(settings, behavior)
        found = deploying.approve(settings, store, name, now_ms(), reject=reject, dry=dry_run)
    if found["action"] == "nothing":
        raise AutotuneError(f"Nothing of {name} waits.", "`autotune prompts deploy` proposes a pack")
    answered(deployed(found), found, as_json=as_json)
