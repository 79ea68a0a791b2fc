"""`autotune check`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from autotune.commands.options import AsJson, SessionName
from autotune.core.codec import encode
from autotune.core.escaping import escaped
from autotune.core.facts import Fact, Kind
from autotune.core.findings import Answer
from autotune.core.tell.words import told
from autotune.loop.experiment import own_hooks
from autotune.loop.inspect import auditing
from autotune.loop.measure.accounting import Disagreement
from autotune.loop.session import layout, sessions


def main(as_json: AsJson = False, session: SessionName = None) -> None:
    """Compare log, branch, candidates, protected files and copies with each other.

    Names each thing that does not agree, with what to do. It mends nothing. Exit code 1 where there is any. A note is no finding: it names
    what could not be looked at, and hooks of yours that are not run.
    """
    repository, name, _ = sessions.choose(Path.cwd(), session)
    folder = layout.folder_of(repository, name)
    findings, notes = auditing.audit(repository, folder), [*auditing.decided_by_unknown_rules(folder)]
    notes += [Fact(Kind.OWN_HOOK_CHANGED, {"hook": one}) for one in own_hooks.changed(repository)]
    if as_json:
        typer.echo(json.dumps({"session": name, **as_json_values(findings, notes)}))
    else:
        tell(findings, notes)
        typer.echo(told(Fact(Answer.FINDINGS, {"session": name, "count": len(findings)})))
    if findings:
        raise typer.Exit(1)


def as_json_values(findings: Iterable[Disagreement], notes: Iterable[Fact]) -> dict[str, Any]:
    """Give what does not agree, and what could not be looked at, as JSON values."""
    found = [{"fact": encode(one.what), "what": told(one.what), "do": told(one.do)} for one in findings]
    return {"findings": found, "notes": [*map(told, notes)]}


def tell(findings: Iterable[Disagreement], notes: Iterable[Fact]) -> None:
    """Tell the same in lines."""
    for note in notes:
        typer.echo(f"note: {escaped(told(note))}")
    for one in findings:
        typer.echo(f"finding: {escaped(told(one.what))}")
        typer.echo(f"  hint: {escaped(told(one.do))}")
