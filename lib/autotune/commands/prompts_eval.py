"""`autotune prompts eval`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.workshop import At, Behaviors, chosen, settled
from autotune.core.asking.failing import CAPS
from autotune.core.tell import scored
from autotune.edges.clock import now_ms


def main(
    behavior: Behaviors = None,
    probe: Annotated[int, typer.Option("--probe", metavar="N", min=0, help="Also measure the judge's bias on N scored cases.")] = 0,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Judge what your agent answered.

    Each behaviour judges only what applies to it, the newest first. A case that gets no score stays without one and is judged again later.
    The exit code is 1 if the judge does not answer.
    """
    from autotune.prompts import evaluating

    known = settled(at)
    behaviors = chosen(known, behavior)
    if dry_run:
        found = evaluating.plan(known, behaviors, now_ms())
        answered(scored.planned(found), found, as_json=as_json)
        return
    found = evaluating.evaluate(known, behaviors, now_ms(), probe=probe, said=_said if sys.stderr.isatty() else lambda _: None)
    answered(scored.evaluated(found), found, as_json=as_json)
    if found["ended"] is not None and found["ended"] not in CAPS:
        raise typer.Exit(1)


def _said(one: object) -> None:
    """Say on stderr how far it is."""
    typer.echo(scored.going_on(getattr(one, "behavior", ""), getattr(one, "judged", 0)), err=True)
