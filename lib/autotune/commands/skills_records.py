"""`autotune skills workflows`, `skills export` and `skills recover`: what the records hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.printing import answered, print_lines
from autotune.commands.skills_seen import all_seen, records
from autotune.core.codec import encode
from autotune.core.skills.workflows import LEAST
from autotune.core.tell import skill_folders as words
from autotune.edges.atomic import replace_privately


def workflows(
    least: Annotated[int, typer.Option("--min", min=2, metavar="N", help="In how many sessions it has to recur.")] = LEAST,
    as_json: AsJson = False,
) -> None:
    """Show skills that fire one after the other, again and again. Each such sequence can become a skill."""
    from autotune.core.skills import workflows as mined

    found = mined.workflows(all_seen().turns, least)
    said = [{**encode(one), "consistency": one.consistency} for one in found]
    answered(words.workflows(found), {"workflows": said}, as_json=as_json)


def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; usually stdout.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Only what is from this day on.")] = None,
) -> None:
    """Write what is kept of skills as lines of JSON: what was seen, labels, results.

    `skills recover FILE` reads it back.
    """
    from autotune.skills import exporting

    since_ms = 0 if since is None else int(since.replace(tzinfo=UTC).timestamp() * 1000)
    with records() as store:
        if output is None:
            for line in exporting.lines(store, since_ms):
                typer.echo(line)
            return
        written = replace_privately(output, (f"{line}\n".encode() for line in exporting.lines(store, since_ms)))
    print_lines([words.exported(written, str(output))])


def recover(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="An export to read back.")] = None,
    as_json: AsJson = False,
) -> None:
    """Work out again what is derived from the records; with FILE, read an export back in first."""
    from autotune.skills import exporting

    with records(write=True) as store:
        added, sessions = exporting.recover(store, file)
    answered([words.recovered(added, sessions)], {"added": added, "sessions": sessions}, as_json=as_json)
