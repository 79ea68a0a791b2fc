"""`autotune status`."""

from __future__ import annotations

import json

import typer

from autotune.commands.options import AsJson, SessionName, looked_at
from autotune.commands.printing import print_lines
from autotune.core.tell import report
from autotune.core.tell.lines import Line
from autotune.core.tell.snapshot import snapshot
from autotune.core.tell.words import told
from autotune.edges.clock import now
from autotune.loop.experiment.looking import worker_of
from autotune.loop.measure import confirmations
from autotune.loop.session import feed


def main(as_json: AsJson = False, session: SessionName = None) -> None:
    """Say how the session stands, in a few lines."""
    here = looked_at(session)
    busy = worker_of(here)
    if as_json:
        typer.echo(json.dumps(snapshot(here.state, now(), measuring=busy is not None, doing=feed.going_on(here))))
        return
    lines = report.in_short(here.state, now(), busy.what if busy else None, busy.since if busy else None, feed.going_on(here))
    spent = confirmations.spent(here) if here.state.scores is not None else None
    lines = (*lines, *([] if spent is None else [Line("cases", told(spent))]))
    print_lines(lines)
