"""`autotune demo`."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands import report_
from autotune.commands.printing import width
from autotune.core.facts import GOING_ON, Fact, Kind
from autotune.core.model import Status
from autotune.core.tell import answers
from autotune.core.tell.lines import wrapped
from autotune.core.tell.words import filled, told
from autotune.loop.drive import demonstration
from autotune.loop.session.session import Session
from autotune.version import PACKAGE, ROOT

MAIN = PACKAGE / "__main__.py"
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
    teller = _Telling()
    top = demonstration.make_project(folder)
    teller.heading(_PROJECT, filled(answers.DEMO_PROJECT, folder=str(top)))
    teller.heading(_SESSION, answers.DEMO_SESSION)
    session = demonstration.open_demo(top, teller.say)
    teller.heading(_LOOP, answers.DEMO_LOOP)
    demonstration.drive(session, teller.say)
    teller.heading(_RESULT, _healing(session))
    _show(session)
    _say_what_next(session)


class _Telling:
    """What is told while it happens, with the seconds since the start."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def heading(self, title: str, words: str = "") -> None:
        """Begin a part."""
        typer.echo()
        typer.secho(title, bold=True)
        if words:
            typer.echo(_wrapped(words, "  "))

    def say(self, fact: Fact) -> None:
        """Tell one piece of news, and for whom the machine is waited for."""
        if fact.kind in GOING_ON and fact.kind is not Kind.WAITING_FOR_MACHINE:
            return
        elapsed = f"{time.monotonic() - self._begun:6.1f} s  "
        colour = _COLOURS.get(fact.figures["status"]) if fact.kind is Kind.RESULT else None
        typer.secho(elapsed + _wrapped(told(fact), " " * len(elapsed)).lstrip(), fg=colour)


def _wrapped(words: str, indent: str) -> str:
    return "\n".join(indent + line for line in wrapped(words, width() - len(indent)))


def _healing(session: Session) -> str:
    """Say what the loop did when it was stuck."""
    healed = session.state.last_playbook
    return "" if healed is None else filled(answers.HEALED, healed.result, playbook=healed.playbook)


def _show(session: Session) -> None:
    """Show the session with the commands that a person would use."""
    for command in (
        ("autotune", "dashboard"),
        ("git", "log", "--oneline", session.branch),
        ("git", "show", "--stat", session.branch),
        ("autotune", "explain"),
        ("autotune", "report"),
    ):
        typer.echo()
        typer.secho(f"$ {shlex.join(command)}", bold=True)
        sys.stdout.flush()
        program = [sys.executable, "-I", str(MAIN)] if command[0] == "autotune" else ["git", "--no-pager"]
        subprocess.run([*program, *command[1:]], cwd=session.workdir, check=False, stdin=subprocess.DEVNULL)


def _say_what_next(session: Session) -> None:
    typer.echo()
    typer.secho(_PLACE, bold=True)
    left = filled(answers.DEMO_LEFT, folder=str(session.workdir), branch=session.branch)
    typer.echo(_wrapped(left, "  "))
    typer.echo()
    typer.secho(_OWN, bold=True)
    if shutil.which("autotune") is None:
        typer.echo(f"  alias autotune={shlex.quote(str(LAUNCHER))}")
    for line in answers.OF_YOUR_OWN:
        typer.echo(f"  {line}")
    typer.echo()
    typer.secho(_REPORT, bold=True)
    typer.echo(_wrapped(answers.DEMO_REPORT, "  "))
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    typer.echo(f"  {shlex.join([opener, str(session.folder.path / report_.PAGE)])}")
