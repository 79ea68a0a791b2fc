"""`autotune verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import AsJson, Progress, SessionName, live, reply
from autotune.core.codec import encode
from autotune.core.findings import Answer, Verification
from autotune.core.output.outcome import escaped
from autotune.core.tell.words import told
from autotune.loop.inspect import verifying
from autotune.loop.inspect.verifying import Verified

EXIT_CODES = {Verification.CONFIRMED: 0, Verification.NOT_CONFIRMED: 4, Verification.CANNOT_TELL: 5}


def main(
    number: Annotated[int | None, typer.Argument(metavar="[N]", min=1, help="One kept experiment, against its parent.")] = None,
    as_json: AsJson = False,
    progress: Progress = False,
    session: SessionName = None,
) -> None:
    """Check the log, then measure the first state against the last, apart from the session.

    With a number, what one keep gained over its parent. The log does not change. Exit code 0: confirmed; 4: not confirmed; 5: cannot
    tell, because the log is not here, something does not agree with it, or nothing could be measured.
    """
    with live(as_json=as_json, progress=progress) as say:
        found = verifying.verify(Path.cwd(), session, number, say)
    if as_json:
        typer.echo(json.dumps(_as_json(found)))
    else:
        _tell(found)
    raise typer.Exit(EXIT_CODES[found.outcome])


def _as_json(found: Verified) -> dict[str, object]:
    findings = [{"fact": encode(one.what), "what": told(one.what), "do": told(one.do)} for one in found.findings]
    said = {
        "session": found.session,
        "outcome": found.outcome,
        "fact": encode(found.reason),
        "reason": told(found.reason),
        "experiment": found.experiment,
        "first": found.first,
        "last": found.last,
        "effect": None if found.effect is None else encode(found.effect),
        "runs": found.runs,
        "checks": found.checks,
        "chain": found.chain,
    }
    return {**said, "findings": findings, "notes": [*map(told, found.notes)]}


def _tell(found: Verified) -> None:
    for note in found.notes:
        typer.echo(f"note: {escaped(told(note))}")
    for one in found.findings:
        typer.echo(f"finding: {escaped(told(one.what))}")
        typer.echo(f"  hint: {escaped(told(one.do))}")
    typer.echo(escaped(told(found.reason)))
    if found.runs:
        reply(Answer.VERIFIED_BY, runs=found.runs, first=found.first, last=found.last)
    if found.checks:
        reply(Answer.CHECKS_HOLD, last=found.last)
    if found.commits is not None:
        typer.echo(told(found.commits))
    elif not found.findings:
        reply(Answer.LOG_AGREES, chain=found.chain)
