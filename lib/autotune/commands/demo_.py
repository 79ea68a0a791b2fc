"""`autotune demo`."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands import report_
from autotune.commands.showing import heading, indented, show
from autotune.core.facts import GOING_ON, Fact, Kind
from autotune.core.model import Status
from autotune.core.tell import answers
from autotune.core.tell.words import filled, told
from autotune.loop.drive import demonstration
from autotune.loop.session.session import Session
from autotune.version import ROOT

LAUNCHER = ROOT / "bin" / "autotune"
_COLOURS = {Status.KEEP: typer.colors.GREEN, Status.CRASH: typer.colors.RED, Status.CHECKS_FAILED: typer.colors.RED}

_PROJECT, _SESSION, _LOOP, _RESULT, _PLACE, _OWN, _REPORT = answers.PARTS


def main(
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Make the project here, not in a temporary folder.")
    ] = None,
) -> None:
    """The whole loop in under a minute, on a small project of its own, with no model and no key.

    The project is a program that is slow in a few places, with a benchmark and checks. A model or any program could propose changes to it;
    here prepared patches are proposed: gains, one that does nothing, a regression, one that crashes, one that is wrong, one that cheats.
    Everything else is the real thing: every figure is measured on this machine, now.
    """
    begun = time.monotonic()

    def say(fact: Fact) -> None:
        """Tell one piece of news, and for whom the machine is waited for, with the seconds since the start."""
        if fact.kind in GOING_ON and fact.kind is not Kind.WAITING_FOR_MACHINE:
            return
        elapsed = f"{time.monotonic() - begun:6.1f} s  "
        colour = _COLOURS.get(fact.figures["status"]) if fact.kind is Kind.RESULT else None
        typer.secho(elapsed + indented(told(fact), " " * len(elapsed)).lstrip(), fg=colour)

    top = demonstration.make_project(folder)
    heading(_PROJECT, filled(answers.DEMO_PROJECT, folder=str(top)))
    heading(_SESSION, answers.DEMO_SESSION)
    session = demonstration.open_demo(top, say)
    heading(_LOOP, answers.DEMO_LOOP)
    demonstration.drive(session, say)
    heading(_RESULT, _healing(session))
    log, change = ("git", "log", "--oneline", session.branch), ("git", "show", "--stat", session.branch)
    show((("autotune", "dashboard"), log, change, ("autotune", "explain"), ("autotune", "report")), session.workdir)
    _say_what_next(session)


def _healing(session: Session) -> str:
    """Say what the loop did when it was stuck."""
    healed = session.state.last_playbook
    return "" if healed is None else filled(answers.HEALED, healed.result, playbook=healed.playbook)


def _say_what_next(session: Session) -> None:
    heading(_PLACE, filled(answers.DEMO_LEFT, folder=str(session.workdir), branch=session.branch))
    heading(_OWN)
    if shutil.which("autotune") is None:
        typer.echo(f"  {filled(answers.PUT_ON_PATH, link=shlex.join([str(LAUNCHER), 'link']))}")
    for line in answers.OF_YOUR_OWN:
        typer.echo(f"  {line}")
    heading(_REPORT, answers.DEMO_REPORT)
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    typer.echo(f"  {shlex.join([opener, str(session.folder.path / report_.PAGE)])}")
