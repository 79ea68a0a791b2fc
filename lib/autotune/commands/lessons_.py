"""`autotune lessons`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from autotune.commands.options import AsJson, reply
from autotune.commands.printing import print_lines
from autotune.core.codec import encode
from autotune.core.tell import answers
from autotune.core.tell import lessons as told
from autotune.loop.session import sessions, teaching


def main(as_json: AsJson = False) -> None:
    """Say what the sessions of this repository that have ended teach: what is refuted, what was not shown, what broke.

    A new session gets some of them with its brief: the latest of its own metric. What a hold-out or cases showed is in none.
    """
    taught = teaching.lessons(sessions.repository_at(Path.cwd()))
    if as_json:
        typer.echo(json.dumps({"lessons": [encode(one) for one in taught]}, ensure_ascii=False))
    elif taught:
        print_lines(told.lines(taught))
    else:
        reply(answers.NO_LESSONS)
