"""`autotune prompts demo`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.printing import print_lines, width
from autotune.core.facts import Fact, Kind
from autotune.core.tell import demos as words
from autotune.core.tell.lines import wrapped
from autotune.version import PACKAGE

if TYPE_CHECKING:
    from autotune.prompts.passing import Did

_MAIN = PACKAGE / "__main__.py"


def main(
    folder: Annotated[Path | None, typer.Option("--folder", metavar="DIR", help="Make it here, not in a temporary folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """The life of two packs in under a minute, with no model and no key: one is promoted, one is rolled back.

    All that it writes is in one folder, which you can delete.
    """
    from autotune.prompts import demonstration

    telling = _Telling(silent=as_json)
    shop = demonstration.opened(folder)
    telling.part(*words.SHOP)
    days = []
    for number, done in demonstration.lived(shop, telling.hear):
        days.append({"day": number, "steps": [one.values() for one in done]})
        telling.day(number, done)
        if shop.takes_over:
            telling.part(*words.PLAYS)
    if as_json:
        typer.echo(json.dumps({"folder": str(shop.folder), "ends": shop.ends, "days": days}, ensure_ascii=False))
    else:
        _look(shop.folder)
    raise typer.Exit(0 if shop.is_over else 1)


class _Telling:
    """What is told while it happens, with the seconds since the start."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._begun = time.monotonic()

    def part(self, title: str, text: str) -> None:
        """Begin a part."""
        if not self._silent:
            typer.secho(f"\n{title}", bold=True)
            typer.echo("\n".join(f"  {line}" for line in wrapped(text, width() - 2)))

    def hear(self, fact: Fact) -> None:
        """Tell how an experiment of a session ended."""
        if not self._silent and fact.kind is Kind.RESULT:
            from autotune.core.tell.words import told

            typer.echo("\n".join(f"  {line}" for line in wrapped(told(fact), width() - 2)))

    def day(self, number: int, done: Sequence[Did]) -> None:
        """Tell of a day what its pass did."""
        if self._silent:
            return
        head, lines = words.day(number, [(one.values(), () if one.found is None else one.part.told(one.found)) for one in done])
        typer.secho(f"{time.monotonic() - self._begun:6.1f} s  {head}", bold=bool(lines))
        if lines:
            print_lines(lines)


def _look(folder: Path) -> None:
    """Show it again, with the commands that you would use."""
    workshop = folder / "workshop"
    typer.secho(f"\n{words.LOOK}", bold=True)
    for command in words.COMMANDS:
        typer.secho(f"\n$ {' '.join(command)}", bold=True)
        sys.stdout.flush()
        program = [sys.executable, "-I", str(_MAIN)] if command[0] == "autotune" else [command[0], "--no-pager"]
        subprocess.run([*program, *command[1:]], cwd=workshop, check=False, stdin=subprocess.DEVNULL)
    typer.echo()
    print_lines(words.left(str(folder)))
