"""`autotune prompts behavior`."""

from __future__ import annotations

import json
import os
import shutil
from typing import Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.workshop import At, DryRun
from autotune.core.tell import behaving as words
from autotune.core.tell.lines import WIDEST, laid_out
from autotune.edges.clock import now_ms
from autotune.prompts import settings


def main(
    undo: Annotated[bool, typer.Option("--undo", help="Take the last change back.")] = False,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Tune the numbers of behavior.json by what traces say.

    A number changes only where its figure is surely beyond a threshold. If errors become more frequent after a change, it is taken back.
    """
    from autotune.prompts import behaving

    known = settings.read(settings.found(at), os.environ)
    found = behaving.undo(known, dry=dry_run) if undo else behaving.tune(known, now_ms(), dry=dry_run)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    typer.echo(laid_out(words.told(found), min(shutil.get_terminal_size().columns, WIDEST)), nl=False)
