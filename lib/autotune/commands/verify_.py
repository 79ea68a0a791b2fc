"""`autotune verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands import check_
from autotune.commands.options import AsJson, Progress, SessionName, live, reply
from autotune.commands.terminal import agrees
from autotune.core.codec import encode
from autotune.core.escaping import escaped
from autotune.core.findings import Verification
from autotune.core.tell import answers
from autotune.core.tell.words import told
from autotune.loop.inspect import unpacking, verifying
from autotune.loop.inspect.unpacking import Bundle
from autotune.loop.inspect.verifying import Verified
from autotune.loop.session.session import Session

EXIT_CODES = {Verification.CONFIRMED: 0, Verification.NOT_CONFIRMED: 4, Verification.CANNOT_TELL: 5}


def main(
    what: Annotated[str | None, typer.Argument(metavar="[BUNDLE]", help="A file that `autotune bundle` wrote.")] = None,
    number: Annotated[str | None, typer.Argument(metavar="[N]", help="One kept experiment, against its parent.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Run what a bundle brings; do not ask.")] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Run what a bundle brings in the sandbox.")] = False,
    as_json: AsJson = False,
    progress: Progress = False,
    session: SessionName = None,
) -> None:
    """Check the log, then measure the first state against the last, apart from the session.

    With a number, what one keep gained over its parent. With a bundle, all this from another clone: you see the commands that it brings,
    and nothing runs until you say yes. The log does not change. Exit code 0: confirmed; 4: not confirmed; 5: cannot tell, because the log
    is not here, something does not agree with it, nobody said yes, or nothing could be measured.
    """
    path, keep = _asked(what, number)
    if path is None and (yes or sandbox):
        raise typer.BadParameter("--yes and --sandbox are for a bundle")
    offered: dict[str, object] = {}
    if path is None:
        with live(as_json=as_json, progress=progress) as say:
            found = verifying.verify(Path.cwd(), session, keep, say)
    else:
        if session is not None:
            raise typer.BadParameter("a bundle is of one session: leave --session out")
        found, offered = _from_bundle(path, keep, yes=yes, sandbox=sandbox, as_json=as_json, progress=progress)
    if as_json:
        typer.echo(json.dumps({**_as_json(found), **offered}))
    else:
        _tell(found)
    raise typer.Exit(EXIT_CODES[found.outcome])


def _asked(what: str | None, number: str | None) -> tuple[Path | None, int | None]:
    """Tell a bundle from a number: a file whose name is a number is written with its folder."""
    if what is not None and number is None and what.isdecimal():
        what, number = None, what
    if number is not None and not (number.isdecimal() and int(number) > 0):
        raise typer.BadParameter(f"{number!r} is not the number of an experiment")
    return (None if what is None else Path(what)), (None if number is None else int(number))


def _from_bundle(
    path: Path, keep: int | None, *, yes: bool, sandbox: bool, as_json: bool, progress: bool
) -> tuple[Verified, dict[str, object]]:
    """Verify a bundle; gives what a program is told of it besides."""
    offered: dict[str, object] = {}
    with unpacking.opened(Path.cwd(), path) as bundle:

        def agreed(session: Session) -> bool:
            missing = {
                "env": unpacking.missing_values(bundle, session),
                "carry": unpacking.missing_carried(bundle, session),
                "submodules": unpacking.missing_submodules(bundle, session),
            }
            offered.update(would_run=dict(unpacking.would_run(session)), missing=missing)
            if not as_json:
                _offer(bundle, session)
            return yes or (not as_json and bool(agrees("Run this?")))

        ready = verifying.ready(bundle, keep, agreed, sandbox=sandbox)
        if isinstance(ready, Verified):
            return ready, offered
        with live(as_json=as_json, progress=progress) as say:
            return verifying.verify_bundle(bundle, ready, keep, say), offered


def _offer(bundle: Bundle, session: Session) -> None:
    """Show what would run."""
    for line in unpacking.offer(bundle, session):
        typer.echo(line)


def _as_json(found: Verified) -> dict[str, object]:
    as_it_is = ("session", "outcome", "experiment", "first", "last", "effect", "runs", "checks", "chain", "cost_usd")
    said = {name: encode(getattr(found, name)) for name in as_it_is}
    return {**said, "fact": encode(found.reason), "reason": told(found.reason), **check_.as_json_values(found.findings, found.notes)}


def _tell(found: Verified) -> None:
    check_.tell(found.findings, found.notes)
    typer.echo(escaped(told(found.reason)))
    if found.runs:
        reply(answers.VERIFIED_BY, runs=found.runs, first=found.first, last=found.last)
    if found.checks:
        reply(answers.CHECKS_HOLD, last=found.last)
    if found.cost_usd:
        reply(answers.VERIFICATION_COST, cost_usd=found.cost_usd)
    if found.commits is not None:
        typer.echo(told(found.commits))
    elif not found.findings:
        reply(answers.LOG_AGREES, chain=found.chain)
