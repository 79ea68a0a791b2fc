"""`autotune explain`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, looked_at
from autotune.commands.printing import print_lines, width
from autotune.commands.terminal import require_person
from autotune.core.codec import encode
from autotune.core.escaping import escaped
from autotune.core.tell import by_case, imported
from autotune.core.tell.explain import explain
from autotune.core.tell.lines import Line
from autotune.core.tell.snapshot import snapshot
from autotune.core.tell.story import LABELS, Story, lines, metric_of, story_of
from autotune.edges import case_files
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.experiment.looking import worker_of
from autotune.loop.measure import confirmations
from autotune.loop.session import feed, logs
from autotune.loop.session.session import Session


def main(
    number: Annotated[int | None, typer.Argument(metavar="[N]", min=1, help="An experiment's number.", show_default=False)] = None,
    as_json: AsJson = False,
    session: SessionName = None,
    cases: Annotated[
        bool, typer.Option("--cases", help="With N: name the cases that decided. They decide no more; only you can, at a terminal.")
    ] = False,
) -> None:
    """Say why: health, the last decision and its reason, the evidence, what happens next, what you can do.

    With N, one experiment: what was changed, every sample of both sides, the verdict and why.
    """
    here = looked_at(session)
    if cases and number is None:
        raise AutotuneError("--cases is about one experiment.", "give its number: `autotune explain N --cases`")
    if cases:
        require_person(here.repository, "who sees cases")
    if number is not None:
        story = _story(here, number)
        printed = [str(path) for path in logs.proposers(here.folder.path, number)]
        kept = _written(here, story)
        decided_on = by_case.decided_on(story.runs, metric_of(story, here.state)) if cases else {}
        if decided_on:
            confirmations.mark_seen(here, decided_on)
        if as_json:
            named = {"decided_on": decided_on} if cases else {}
            typer.echo(json.dumps({**story.as_json(), "proposer": printed, "case_output": _as_json(story, kept), **named}))
            return
        said = [Line("proposer", f"what it printed: {', '.join(map(escaped, printed))}")] if printed else []
        written = by_case.written(story.runs, metric_of(story, here.state), here.state, kept)
        print_lines([*lines(story, here.state, width() - LABELS), *written, *by_case.each(decided_on), *said])
        return
    busy = worker_of(here)
    moment = now()
    found_out = explain(here.state, moment, busy.what if busy else None, busy.since if busy else None)
    if as_json:
        held = snapshot(here.state, moment, measuring=busy is not None)
        typer.echo(json.dumps({**held, "explanation": found_out.as_json(), "earlier": [encode(one) for one in here.state.imports.rows]}))
    else:
        print_lines([*found_out.lines(), *imported.lines(here.state.imports)])


def _written(session: Session, story: Story) -> dict[str, tuple[str, list[str]]]:
    """Give the folder and the files of what cases wrote, by the log of each run that left any."""
    folders = {run.log: session.folder.path / logs.of_cases(run.log) for run in by_case.open_to_all(story.runs)}
    return {log: (str(folder), files) for log, folder in folders.items() if (files := [*case_files.found(folder)])}


def _as_json(story: Story, kept: Mapping[str, tuple[str, list[str]]]) -> list[dict[str, object]]:
    found = ((run, kept[run.log]) for run in story.runs if run.log in kept)
    return [{"run": run.number, "arm": run.arm, "folder": folder, "files": files} for run, (folder, files) in found]


def _story(session: Session, number: int) -> Story:
    story = story_of(feed.of_experiment(session, number), number)
    if story is None:
        latest = f"the latest is {session.state.count}" if session.state.count else "none has been made yet"
        raise AutotuneError(f"There is no experiment {number} in session {session.name}.", latest)
    return story
