"""`autotune idea`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from autotune.commands import given
from autotune.commands.options import AsJson, SessionName, looked_at, reply
from autotune.core.tell import answers
from autotune.loop.experiment import work
from autotune.loop.session import files
from autotune.loop.session.layout import IDEAS_FILE


def main(
    text: Annotated[str, typer.Argument(help="What could be tried.")],
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Put an idea at the end of autotune.ideas.md, where every proposer finds it in its brief."""
    here = looked_at(session)
    work.refuse_from_a_run(here)
    line = files.add_idea(here, given.note(text))
    if as_json:
        typer.echo(json.dumps({"idea": line}, ensure_ascii=False))
        return
    reply(answers.IDEA_WRITTEN, name=IDEAS_FILE)
