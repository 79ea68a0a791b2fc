"""`autotune prompts deploy`."""

from __future__ import annotations

from itertools import chain
from typing import Annotated, Any

import typer

from autotune.commands import rolling
from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.rolling import Adopt, Which
from autotune.commands.workshop import At
from autotune.core.tell.rollouts import deployed
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError


def deploy(
    behavior: Which = None,
    commit: Annotated[str | None, typer.Option("--commit", help="The pack at this commit, in place of what a session kept.")] = None,
    adopt: Adopt = False,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put the newest pack that a session kept beside the active one, as a canary.

    It shows what changes, what speaks for it, and about how long that takes. A canary that runs is never overwritten.
    """
    from autotune.prompts import deploying

    with rolling.known(at) as (settings, store):
        behaviors = rolling.chosen(settings, behavior)
        if commit is not None and len(behaviors) != 1:
            raise AutotuneError("--commit is about one behaviour.", "name it with --behavior")

        def of(name: str) -> dict[str, Any]:
            return deploying.deploy(settings, store, name, now_ms(), commit=commit, adopt=adopt, dry=dry_run)

        found = rolling.each(behaviors, "action", of)
    answered(chain.from_iterable(map(deployed, found)), {"behaviors": found}, as_json=as_json)
    raise typer.Exit(int(any(one["action"] == "refused" for one in found)))
