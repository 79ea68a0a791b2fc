"""`autotune stop`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, looked_at, reply
from autotune.core.facts import Fact, Kind, quoted
from autotune.core.tell import answers
from autotune.core.tell.snapshot import snapshot
from autotune.edges.clock import now
from autotune.loop.experiment import experiment, work
from autotune.loop.experiment.looking import worker_of
from autotune.loop.session import files
from autotune.loop.session.session import Session


def main(
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for the log.")] = None,
    after_current: Annotated[
        bool, typer.Option("--after-current", help="Finish and settle the experiment that is under way first.")
    ] = False,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Stop the loop; nothing is lost.

    A measurement that is running ends as not measured; edits that nobody has measured stay in the working tree. `autotune resume` goes on.
    With --after-current, what is measured or edited now is measured and settled first.
    """
    here = looked_at(session)
    work.refuse_from_a_run(here)
    why = quoted(reason) if reason else Fact(Kind.STOPPED_BY_PERSON)
    if after_current and (after := work.stop_after_current(here, why)) is not None:
        _stops_later(here, after, as_json=as_json)
        return
    work.stop(here, why)
    experiment.finish(here, 30.0)
    files.project(here)
    state = here.state
    if as_json:
        typer.echo(json.dumps(snapshot(state, now(), measuring=worker_of(here) is not None)))
        return
    reply(answers.SESSION_STOPPED, session=here.name, experiments=state.count, kept=state.all_keeps)
    reply(answers.COMMITS_ARE, branch=here.branch)


def _stops_later(session: Session, after: int, *, as_json: bool) -> None:
    busy = worker_of(session) is not None
    if not busy:
        files.project(session)
    state = session.state
    if as_json:
        typer.echo(json.dumps(snapshot(state, now(), measuring=busy)))
    else:
        reply(answers.STOPS_AFTER if after > state.count else answers.STOPS_AFTER_THIS, session=session.name, experiment=after)
