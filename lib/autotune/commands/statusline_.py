"""`autotune statusline`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

from autotune.commands import link_
from autotune.commands.options import reply
from autotune.core.codec import read_json
from autotune.core.tell import answers
from autotune.edges.atomic import replace_file
from autotune.errors import AutotuneError
from autotune.hooks import line

KEY = "statusLine"


def main(
    install: Annotated[bool, typer.Option("--install", help="Make it the status line of the client.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take it out of the client's settings again.")] = False,
) -> None:
    """Print the session in one line, for the client's status line; nothing where there is no session.

    The client gives what it knows on standard input; in a terminal the current folder counts. --install writes to the client's settings for
    all projects, and to nothing else but the link that `autotune link` makes.
    """
    if install or remove:
        (_install if install else _remove)()
        return
    told = line.of_folder(str(Path.cwd())) if sys.stdin.isatty() else _of_client(sys.stdin.read())
    if told:
        typer.echo(told, nl=False)


def _of_client(text: str) -> str | None:
    try:
        return line.of_client({"cwd": str(Path.cwd()), **read_json(text)})
    except (ValueError, TypeError):
        raise AutotuneError("Standard input is not what the client tells a status line.", "in a terminal, call it without input") from None


def _settings() -> Path:
    """Give the client's settings; where they are a link, what it leads to, so that it stays one."""
    return (Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude") / "settings.json").resolve()


def _ours() -> dict[str, str]:
    # `hook` goes past what every other command loads first: the client calls this several times a minute.
    return {"type": "command", "command": f"{quote(str(link_.place()))} hook StatusLine"}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        raise AutotuneError(f"{path} is not JSON: {error}.", "mend it, then try again") from None
    if not isinstance(found, dict):
        raise AutotuneError(f"{path} holds no JSON object.", "mend it, then try again")
    return found


def _install() -> None:
    path = _settings()
    found = _read(path)
    if found.get(KEY) not in (None, _ours()):
        raise AutotuneError(
            f"{path} has a status line already, which autotune leaves alone.",
            f"to show both, let its script call `{_ours()['command']}` with the same standard input",
        )
    link_.put(link_.place())
    _write(path, {**found, KEY: _ours()})
    reply(answers.STATUS_LINE_SET, path=str(path), link=str(link_.place()))


def _remove() -> None:
    path = _settings()
    found = _read(path)
    if found.get(KEY) != _ours():
        reply(answers.NO_STATUS_LINE, path=str(path))
        return
    _write(path, {key: value for key, value in found.items() if key != KEY})
    reply(answers.STATUS_LINE_GONE, path=str(path))


def _write(path: Path, found: dict[str, Any]) -> None:
    if found:
        replace_file(path, (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode())
    else:
        path.unlink(missing_ok=True)
