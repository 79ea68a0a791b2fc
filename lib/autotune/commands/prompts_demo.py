"""`autotune prompts demo`."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.printing import print_lines
from autotune.commands.showing import heading, indented, show
from autotune.core.facts import Fact, Kind
from autotune.core.tell import demos as words

if TYPE_CHECKING:
    from autotune.prompts.passing import Did


def main(
    folder: Annotated[Path | None, typer.Option("--folder", metavar="DIR", help="Make it here, not in a temporary folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """The life of two packs in about a minute, with no model and no key: one is promoted, one is rolled back.

    All that it writes is in one folder, which you can delete.
    """
    from autotune.prompts import demonstration

    begun, shop, days = time.monotonic(), demonstration.opened(folder), []
    if not as_json:
        heading(*words.SHOP)
    for number, done in demonstration.lived(shop, (lambda _: None) if as_json else _hear):
        days.append({"day": number, "steps": [one.values() for one in done]})
        if not as_json:
            _tell(number, done, time.monotonic() - begun)
        if shop.takes_over and not as_json:
            heading(*words.PLAYS)
    if as_json:
        typer.echo(json.dumps({"folder": str(shop.folder), "ends": shop.ends, "days": days}, ensure_ascii=False))
    else:
        _look(shop.folder)
    raise typer.Exit(0 if shop.is_over else 1)


def _hear(fact: Fact) -> None:
    """Tell how an experiment of a session ended."""
    if fact.kind is Kind.RESULT:
        from autotune.core.tell.words import told

        typer.echo(indented(told(fact)))


def _tell(number: int, done: Sequence[Did], elapsed_s: float) -> None:
    """Tell of a day what its pass did."""
    head, lines = words.day(number, [(one.values(), () if one.found is None else one.part.told(one.found)) for one in done])
    typer.secho(f"{elapsed_s:6.1f} s  {head}", bold=bool(lines))
    if lines:
        print_lines(lines)


def _look(folder: Path) -> None:
    """Show it again, with the commands that you would use."""
    heading(words.LOOK)
    show(words.COMMANDS, folder / "workshop")
    typer.echo()
    print_lines(words.left(str(folder)))
