"""`autotune import`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, found, reply
from autotune.core.config import editing, foreign
from autotune.core.config.shapes import literal
from autotune.core.ledger.events import Imported
from autotune.core.tell import answers, imported
from autotune.edges import named
from autotune.edges.atomic import replace_file
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.experiment import work
from autotune.loop.session import files, layout, sessions
from autotune.loop.session.layout import CONFIG_FILE
from autotune.loop.session.session import Session
from autotune.readers import logs

LARGEST_BYTES = 64 * 1024 * 1024
MOST_ROWS = 2000


def main(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="autotune.jsonl, autoresearch.jsonl, results.tsv or autotune.config.json.")],
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Take what another loop has logged as this session's history, or its settings as keys of autotune.toml.

    History is told to proposers and shown apart. Its values are never evidence. Each line that is not taken is named.
    """
    content = _content(file)
    if (settings := foreign.settings_in(content)) is not None:
        _take_settings(settings, as_json=as_json)
        return
    try:
        log = logs.read(content)
    except logs.UnknownLogError:
        raise AutotuneError(
            f"{file} is no log that can be read.", "autotune.jsonl, autoresearch.jsonl, results.tsv and autotune.config.json can"
        ) from None
    here = _session(session, log.header)
    event = Imported(file.name, log.format, hashlib.sha256(content).hexdigest(), log.rows[-MOST_ROWS:], now())
    with work.held(here, "import"):
        if event.sha256 in here.state.imports.files:
            raise AutotuneError(f"{file} is in the history of {here.name} already.", "`autotune explain` shows the latest of it")
        if log.rows:
            here.append(event)
            files.project(here)
    if as_json:
        left = [asdict(one) for one in log.left]
        typer.echo(json.dumps({"format": log.format, "taken": len(event.rows), "not_taken": left, "header": asdict(log.header)}))
        return
    for one in log.left:
        typer.echo(imported.not_taken(one.line, one.why, one.found), err=True)
    typer.echo(answers.imported(here.name, log.format, len(event.rows), len(log.rows), len(log.left)))


def _content(file: Path) -> bytes:
    if file.is_file() and file.stat().st_size > LARGEST_BYTES:
        raise AutotuneError(f"{file} is larger than 64 MiB.", "cut off its first lines, then import the rest")
    return named.content(file)


def _session(name: str | None, header: logs.Header) -> Session:
    """Find the session; where there is none, say with what `init` would open one that fits."""
    repository = sessions.repository_at(Path.cwd())
    if name is None and not layout.names(repository):
        said = (("name", header.name), ("metric", header.metric), ("unit", header.unit), ("direction", header.direction))
        options = " ".join(f"--{option} {quote(value)}" for option, value in said if value)
        raise AutotuneError("There is no session to take this history.", f"open one, then import again: `autotune init {options}`")
    here = found(name)
    work.refuse_from_a_run(here)
    return here


def _take_settings(settings: dict[str, object], *, as_json: bool) -> None:
    """Write what another loop's settings mean to a new autotune.toml; in a session, say how to set it."""
    keys, left = foreign.converted(settings)
    repository, path = sessions.repository_at(Path.cwd()), Path.cwd() / CONFIG_FILE
    writes = not layout.names(repository)
    if writes:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for name, value in keys.items():
            text = editing.with_value(text, name, literal(value), whole=False)
        replace_file(path, text.encode())
    if as_json:
        typer.echo(json.dumps({"keys": keys, "not_taken": left, "written": str(path) if writes else None}))
        return
    for name in left:
        reply(answers.SETTING_LEFT, name=name)
    for name, value in keys.items():
        reply(answers.SETTING_TAKEN if writes else answers.SETTING_TO_SET, name=name, value=literal(value), quoted=quote(literal(value)))
