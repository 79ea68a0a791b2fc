"""The verbs of `autotune prompts` on rollouts: deploy, watch, approve, promote, rollback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Annotated, Any

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.workshop import At, chosen, known
from autotune.core.records.behaviors import Behavior
from autotune.core.tell.rollouts import deployed, kept, reverted, watched
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError
from autotune.prompts import deploying, reverting, watching
from autotune.prompts.settings import Settings

Which = Annotated[
    list[Behavior] | None, typer.Option("--behavior", metavar="NAME", help="Of this behaviour; can be repeated. Without it: of all.")
]
One = Annotated[Behavior | None, typer.Option("--behavior", metavar="NAME", help="Of this behaviour. Needed where there are several.")]
Adopt = Annotated[bool, typer.Option("--adopt", help="Keep what somebody changed as a version of its own.")]


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
    with known(at) as (settings, store):
        behaviors = chosen(settings, behavior)
        if commit is not None and len(behaviors) != 1:
            raise AutotuneError("--commit is about one behaviour.", "name it with --behavior")

        def of(name: str) -> dict[str, Any]:
            return deploying.deploy(settings, store, name, now_ms(), commit=commit, adopt=adopt, dry=dry_run)

        found = _each(behaviors, "action", of)
    answered(chain.from_iterable(map(deployed, found)), {"behaviors": found}, as_json=as_json)
    raise typer.Exit(int(any(one["action"] == "refused" for one in found)))


def watch(behavior: Which = None, at: At = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Look at each canary, and promote it, roll it back or let it go on.

    A promoted pack is watched for some days, and taken back if it does worse than the one before.
    """
    with known(at) as (settings, store):
        behaviors = chosen(settings, behavior)
        found = _each(behaviors, "state", lambda name: watching.watch(settings, store, name, now_ms(), dry=dry_run))
    answered(chain.from_iterable(map(watched, found)), {"behaviors": found}, as_json=as_json)
    raise typer.Exit(int(any(one["state"] == "refused" for one in found)))


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
    with known(at) as (settings, store):
        name = _only(settings, behavior)
        found = deploying.approve(settings, store, name, now_ms(), reject=reject, dry=dry_run)
    if found["action"] == "nothing":
        raise AutotuneError(f"No pack of {name} waits for approval.", "`autotune prompts deploy` proposes a pack")
    answered(deployed(found), found, as_json=as_json)


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
    with known(at) as (settings, store):
        name = _only(settings, behavior)
        found = reverting.promote(settings, store, name, now_ms(), version=version, dry=dry_run)
    answered(watched(found), found, as_json=as_json)


def rollback(
    version: Annotated[
        str | None, typer.Argument(help="An earlier pack: its version, or the number of its deployment. Without it, the last.")
    ] = None,
    behavior: One = None,
    show: Annotated[bool, typer.Option("--list", help="Show the packs that are kept, and change nothing.")] = False,
    adopt: Adopt = False,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """End the canary that runs, or take up an earlier pack again, byte for byte."""
    with known(at) as (settings, _):
        name = _only(settings, behavior)
        if show:
            there = reverting.kept(settings, name)
            answered(kept(there), there, as_json=as_json)
            return
        found = reverting.rollback(settings, name, now_ms(), version=version, adopt=adopt, dry=dry_run)
    answered(reverted(found), found, as_json=as_json)


def _each(behaviors: Sequence[Behavior], key: str, of: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
    """Do something for each behaviour. Where there are several, a refusal of one is an answer, and the others go on."""
    found = []
    for behavior in behaviors:
        try:
            found.append(of(behavior))
        except AutotuneError as refusal:
            if len(behaviors) == 1:
                raise
            found.append({"behavior": str(behavior), key: "refused", "error": refusal.message, "hint": refusal.hint})
    return found


def _only(found: Settings, named: Behavior | None) -> Behavior:
    """Give the one behaviour that is meant. Raises AutotuneError where that is not clear."""
    if named is None and len(found["behaviors"]) != 1:
        raise AutotuneError("There are several behaviours.", f"name one with --behavior: {', '.join(found['behaviors'])}")
    return named or Behavior(found["behaviors"][0])
