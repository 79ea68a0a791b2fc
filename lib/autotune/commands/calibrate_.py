"""`autotune calibrate`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands.answer import calibration, findings
from autotune.commands.options import AsJson, Progress, SessionName, found, live, reply
from autotune.core.codec import encode
from autotune.core.facts import Fact, Kind
from autotune.core.tell import advice, answers
from autotune.loop.experiment import work
from autotune.loop.measure import calibrating
from autotune.loop.session import files


def main(
    pairs: Annotated[int, typer.Option("--pairs", min=6, max=200, help="Pairs of runs of the same code.")] = calibrating.PAIRS,
    apply: Annotated[
        bool, typer.Option("--apply/--no-apply", help="Write a min_effect above the bias to autotune.toml, if that asks for less.")
    ] = True,
    as_json: AsJson = False,
    progress: Progress = False,
    session: SessionName = None,
) -> None:
    """Measure the unchanged code against itself, set up twice: what this benchmark can see on this machine, and what would help.

    Where two builds or places of the same code differ, min_effect is set above that: no statistics tell such a difference from a gain.
    """
    here = found(session)
    with live(as_json=as_json, progress=progress) as here.say, work.changing(here, "calibrate"), work.in_this_process(here):
        here.say(Fact(Kind.PAIRS_OF_UNCHANGED, {"pairs": pairs + 1, "takes_s": 2 * (pairs + 1) * here.state.segment.run_s}))
        event = calibrating.calibrate(here, pairs)
        here.append(event)
        applied = apply and calibrating.apply(here, event)
        files.project(here)
    if as_json:
        found_out = {"findings": findings(here.state, event), "advice": advice.advice(event, here.state.config)}
        typer.echo(json.dumps({**encode(event), **found_out, "applied": applied}))
        return
    typer.echo("\n".join(calibration(here)))
    if applied:
        reply(answers.MIN_EFFECT_WRITTEN, min_effect=event.min_effect)
