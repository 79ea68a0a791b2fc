"""`autotune finalize`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from autotune.commands.options import AsJson, Progress, SessionName, found, live, reply
from autotune.core.handover.plan import Standing
from autotune.core.tell import answers
from autotune.core.tell import handover as words
from autotune.core.tell.handover import Part
from autotune.loop.experiment import work
from autotune.loop.handover import handover, making, publishing
from autotune.loop.handover.handover import Asked, Handover
from autotune.loop.session import files
from autotune.loop.session.session import Session


def main(  # noqa: PLR0913, PLR0917 - an option table
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show which branches there would be, and make none.")] = False,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="A file that says which changes make which branch; written, if it is not there."),
    ] = None,
    independent: Annotated[bool, typer.Option("--independent", help="Put apart what can stand alone; the rest is stacked.")] = False,
    onto: Annotated[str | None, typer.Option("--onto", metavar="REF", help="Begin at another commit, a newer `main` say.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What the branches' names begin with, not the session's.")
    ] = None,
    measure: Annotated[bool, typer.Option("--measure", help="Measure each branch, and whether it gains without the others.")] = False,
    pr_body: Annotated[bool, typer.Option("--pr-body", help="Print the text of a pull request for each branch.")] = False,
    push: Annotated[bool, typer.Option("--push", help="Push the branches.")] = False,
    pr: Annotated[bool, typer.Option("--pr", help="Push them, and open pull requests with `gh`.")] = False,
    remote: Annotated[str | None, typer.Option("--remote", metavar="NAME", help="Where they are pushed to.")] = None,
    as_json: AsJson = False,
    progress: Progress = False,
    session: SessionName = None,
) -> None:
    """Make branches that a maintainer can review: a stack, each kept change on the one before, which ends with just what the session has.

    Your checkout, your index and your other branches stay as they are.
    """
    if dry_run and (measure or push or pr):
        raise typer.BadParameter("--dry-run makes nothing that could be measured or pushed.")
    here = found(session)
    asked = Asked(independent, onto, name, plan)
    with live(as_json=as_json, progress=progress) as here.say, work.held(here, "finalize"):
        handover.settle(here)
        if plan is not None and handover.write_plan(here, plan):
            typer.echo(json.dumps({"plan": str(plan)})) if as_json else reply(answers.PLAN_WRITTEN, path=str(plan))
            return
        base = publishing.base_branch(here, onto) if pr else ""
        to = publishing.remote(here, remote) if push or pr else None
        made = handover.make(here, asked)
        if measure:
            made = handover.measured(here, made)
            files.project(here)
        if not dry_run:
            making.set_branches(here, made.made)
    parts = handover.parts(here, made, made=not dry_run)
    bodies = [words.body(parts, place, made.gathered.rows, here.state) for place in range(len(parts))]
    if to is not None:
        publishing.push(here, made.made, to)
    requests = publishing.open_requests(here, made.made, base, bodies.__getitem__) if pr else {}
    if as_json:
        typer.echo(json.dumps(_encoded(made, parts, bodies if pr_body else None, to, requests), ensure_ascii=False))
        return
    _tell(here, made, parts, bodies if pr_body else None, dry_run=dry_run)
    if to is not None:
        reply(answers.BRANCHES_PUSHED, remote=to)
    for branch, (url, fresh) in requests.items():
        reply(answers.REQUEST_OPENED if fresh else answers.REQUEST_THERE, branch=branch, url=url)


def _tell(here: Session, made: Handover, parts: tuple[Part, ...], bodies: list[str] | None, *, dry_run: bool) -> None:
    for part, body in zip(parts, bodies or ["" for _ in parts], strict=True):
        for line in words.lines(part, made.gathered.rows, here.state.metric.unit):
            typer.echo(line)
        if body and part.standing is not Standing.EMPTY:
            typer.echo(f"\n{body}")
    if any(part.standing is not Standing.EMPTY and part.measured is None and part.commit != part.changes[-1].commit for part in parts):
        reply(answers.GAINS_OF_SESSION)
    fresh = sum(part.standing is Standing.MADE for part in parts)
    if dry_run:
        reply(answers.BRANCHES_PLANNED)
    elif not fresh:
        reply(answers.BRANCHES_THERE)
    else:
        there = sum(part.standing is Standing.THERE for part in parts)
        typer.echo(answers.branches_made(fresh, there, made.names.prefix, made.start.commit[:12]))


def _encoded(
    made: Handover, parts: tuple[Part, ...], bodies: list[str] | None, to: str | None, requests: dict[str, tuple[str, bool]]
) -> dict[str, Any]:
    return {
        "base": made.start.commit,
        "tip": made.gathered.tip,
        "branches": [
            {
                "name": part.name,
                "title": part.title,
                "standing": part.standing,
                "commit": None if part.standing is Standing.EMPTY else part.commit,
                "on": part.on or part.parent,
                "shared": part.shared,
                "changes": [one.key for one in part.changes],
                "files": sorted({path for one in part.changes for path in one.touched}),
                "measured": None if part.measured is None else part.measured.words,
                "needs": [] if part.measured is None else part.measured.needs,
                "checks": None if part.measured is None else part.measured.checks or None,
                **({} if bodies is None else {"body": bodies[place]}),
                **({"pull_request": requests[part.name][0]} if part.name in requests else {}),
            }
            for place, part in enumerate(parts)
        ],
        "pushed_to": to,
    }
