"""`autotune bundle`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, found, reply
from autotune.core.escaping import escaped
from autotune.core.tell import answers
from autotune.edges import archive
from autotune.loop.inspect import bundling
from autotune.loop.inspect.bundling import Packing


def main(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to write it; else in the session's folder.")] = None,
    with_output: Annotated[bool, typer.Option("--with-output", help="Pack what runs printed, too.")] = False,
    public: Annotated[list[str] | None, typer.Option("--public", metavar="NAME", help="Pack the value of this variable of [env].")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would hold; write nothing.")] = False,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Pack what somebody else needs to verify a session, in one file: `autotune verify FILE`, on another clone.

    It has log, samples, environment, commits and the benchmark. It has no value below [env], no hold-out, and no output of runs. What it
    holds and lacks is listed first.
    """
    here = found(session)
    target = (file or bundling.usual(here)).resolve()
    if not overwrite and not dry_run:
        archive.refuse_over(target)
    with bundling.gathered(here, with_output=with_output, public=public or ()) as packing:
        if not as_json:
            _tell(packing)
        if not dry_run:
            packing.write(target, over=overwrite)
    if as_json:
        typer.echo(json.dumps(_as_json(packing, None if dry_run else target)))
    elif dry_run:
        reply(answers.NOT_WRITTEN_YET, path=str(target))
    else:
        reply(answers.WRITTEN, path=str(target))
        reply(answers.VERIFIED_ELSEWHERE, name=target.name)


def _tell(packing: Packing) -> None:
    """List what is in it before it is written."""
    for line in (answers.BUNDLE_HOLDS, *packing.holds, answers.BUNDLE_LACKS, *packing.lacks):
        typer.echo(line)


def _as_json(packing: Packing, target: Path | None) -> dict[str, object]:
    made = packing.manifest
    said = {"path": None if target is None else str(target), "session": made.session, "chain": made.chain, "base": made.base}
    missing = {"carry": [*made.carried], "env": [*made.variables]}
    return {
        **said,
        "files": {name: one.size for name, one in made.files.items()},
        "refs": dict(made.refs),
        "missing": missing,
        "holds": [escaped(one.strip()) for one in packing.holds],
        "lacks": [escaped(one.strip()) for one in packing.lacks],
    }
