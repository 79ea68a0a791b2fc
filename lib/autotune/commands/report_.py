"""`autotune report`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from autotune.commands.confirm_ import confirmed
from autotune.commands.options import AsJson, SessionName, live, looked_at
from autotune.core.tell import answers, full_report, openmetrics
from autotune.core.tell.full_report import Gathered
from autotune.core.tell.words import filled
from autotune.edges.atomic import replace_file
from autotune.edges.clock import now
from autotune.loop.inspect import exporting, reporting
from autotune.loop.session.session import Session
from autotune.views import markdown, page

PAGE = "report.html"  # in the session's folder: in the working tree it could become part of a candidate
_STDOUT = Path("-")


def main(  # noqa: PLR0913, PLR0917 - an option table
    as_markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown, for a pull request.")] = False,
    as_json: AsJson = False,
    as_openmetrics: Annotated[bool, typer.Option("--openmetrics", help="The session's figures as OpenMetrics text.")] = False,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Where to write it; - is stdout.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="DIR", help="Write results.csv and samples.csv there as well.")] = None,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="DIR", help="Write results.parquet and samples.parquet there as well.")
    ] = None,
    mlflow: Annotated[
        Path | None, typer.Option("--mlflow", metavar="DIR", help="Write an MLflow run into a local store there as well.")
    ] = None,
    claim: Annotated[bool, typer.Option("--claim", help="First measure what was gained, as `confirm` does, if that is due.")] = False,
    session: SessionName = None,
) -> None:
    """Write a report that stands alone: what was asked, what was gained and how sure that is, each kept change, and how to verify it.

    It is one file of HTML, in the session's folder if you name no other. It needs no network and no script. Markdown, JSON and OpenMetrics
    go to stdout. --parquet and --mlflow need a library of their own, which is installed when you first ask for it.
    """
    if as_markdown + as_json + as_openmetrics > 1:
        raise typer.BadParameter("a report is of one kind: --markdown, --json or --openmetrics")
    here = looked_at(session)
    if claim:
        _claim(here, as_json=as_json)
    found = reporting.gathered(here)
    text = _text(here, found, as_markdown=as_markdown, as_json=as_json, as_openmetrics=as_openmetrics)
    tables: list[Path] = [] if csv is None else [*reporting.write_tables(here, found.rows, csv)]
    tables += () if parquet is None else exporting.write_parquet(here, found.rows, parquet)
    is_page = not (as_markdown or as_json or as_openmetrics)
    target = output or (here.folder.path / PAGE if is_page else _STDOUT)
    if target == _STDOUT:
        typer.echo(text, nl=False)
    else:
        replace_file(target, text.encode("utf-8", "replace"))
    for path in (*tables, *([] if target == _STDOUT else [target])):
        typer.echo(filled(answers.WRITTEN, path=str(path.resolve())), err=target == _STDOUT)
    if mlflow is not None:
        drawn = page.html(full_report.full_report(here.state, now(), found))
        run = exporting.write_mlflow(here, found, drawn, mlflow)
        template = answers.RUN_THERE if run["there"] else answers.RUN_WRITTEN
        typer.echo(filled(template, run=run["run"], store=quote(run["store"])), err=target == _STDOUT)


def _claim(session: Session, *, as_json: bool) -> None:
    """Measure what was gained, where something was kept that no measurement knows of."""
    claim = session.state.claim
    if session.state.all_keeps and (claim is None or not claim.pairs or claim.keeps < session.state.all_keeps):
        with live(as_json=as_json) as session.say:
            confirmed(session, None)


def _text(session: Session, found: Gathered, *, as_markdown: bool, as_json: bool, as_openmetrics: bool) -> str:
    state, moment = session.state, now()
    if as_json:
        return json.dumps(full_report.as_json(state, moment, found), ensure_ascii=False) + "\n"
    if as_openmetrics:
        return openmetrics.text(state, moment)
    if as_markdown:
        return markdown.for_pull_request(partial(full_report.full_report, state, moment, found))
    return page.html(full_report.full_report(state, moment, found))
