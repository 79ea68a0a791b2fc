"""`autotune calibrate`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, found
from autotune.core.codec import encode
from autotune.core.events import Calibrated
from autotune.loop import calibrating, files, work


def main(
    pairs: Annotated[int, typer.Option("--pairs", min=6, max=200, help="Pairs of runs of the same code.")] = calibrating.PAIRS,
    apply: Annotated[bool, typer.Option("--apply", help="Write the proposed min_effect to autotune.toml.")] = False,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Measure the unchanged code against itself, set up twice: what this benchmark can see on this machine, and what would help."""
    here = found(session)
    with work.changing(here, "calibrate"):
        here.say(f"{pairs + 1} pairs of runs of the unchanged code; Ctrl-C stops, nothing is lost")
        event = calibrating.calibrate(here, pairs)
        here.append(event)
        applied = apply and calibrating.apply(here, event)
        files.project(here)
    if as_json:
        typer.echo(json.dumps({**encode(event), "applied": applied}))
        return
    typer.echo("\n".join(_words(event, applied=applied, open_=calibrating.asks_for_more(here, event))))


def _words(event: Calibrated, *, applied: bool, open_: bool) -> list[str]:
    lines = list(event.findings)
    if event.advice:
        lines += ["what would help:", *(f"- {one}" for one in event.advice)]
    if applied:
        lines.append(f"written to autotune.toml: min_effect = {event.min_effect:g}")
    elif open_:
        lines.append("`autotune calibrate --apply` measures again and writes min_effect to autotune.toml")
    return lines
