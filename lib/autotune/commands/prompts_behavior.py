"""`autotune prompts behavior`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.workshop import At, settled
from autotune.core.tell import behaving as words
from autotune.edges.clock import now_ms


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

    known = settled(at)
    found = behaving.undo(known, dry=dry_run) if undo else behaving.tune(known, now_ms(), dry=dry_run)
    answered(words.told(found), found, as_json=as_json)
