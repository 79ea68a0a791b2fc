"""`autotune stop`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, looked_at, reply
from autotune.core.facts import Fact, Kind, quoted
from autotune.core.findings import Answer
from autotune.core.tell.snapshot import snapshot
from autotune.edges.clock import now
from autotune.loop.experiment import experiment, work
from autotune.loop.session import files


def main(
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for the log.")] = None,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Stop the loop; nothing is lost.

    A measurement that is running ends as not measured; edits that nobody has measured stay in the working tree. `autotune resume` goes on.
    """
    here = looked_at(session)
    work.refuse_from_a_run(here)
    work.stop(here, quoted(reason) if reason else Fact(Kind.STOPPED_BY_PERSON))
    work.wait(here, 30.0)
    experiment.finish_unsettled(here)
    files.project(here)
    state = here.state
    if as_json:
        typer.echo(json.dumps(snapshot(state, now(), measuring=work.worker_of(here) is not None)))
        return
    reply(Answer.SESSION_STOPPED, session=here.name, experiments=state.count, kept=state.all_keeps)
    reply(Answer.COMMITS_ARE, branch=here.branch)
