"""`autotune config`."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, found, looked_at, reply
from autotune.commands.terminal import require_person
from autotune.core.config import editing, keys
from autotune.core.config import reading as configuration
from autotune.core.config.keys import Fixed
from autotune.core.config.model import Config
from autotune.core.tell import answers
from autotune.core.tell.answers import CHANGED_BY
from autotune.core.tell.words import told
from autotune.edges.atomic import replace_file
from autotune.errors import AutotuneError
from autotune.loop.experiment import work
from autotune.loop.session import files, settings
from autotune.loop.session.layout import CONFIG_FILE
from autotune.loop.session.session import Session

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Show, read, set or check autotune.toml.")


def _file(session: Session) -> Path:
    return session.workdir / CONFIG_FILE


@app.command()
def show(as_json: AsJson = False, session: SessionName = None) -> None:
    """Show every key with its value and its purpose: the session's, or those of the file in this folder if there is no session."""
    config, lacking = _config(session)
    if as_json:
        typer.echo(json.dumps({key: value for key, value in configuration.to_mapping(config).items() if key not in lacking}))
        return
    for key, value in configuration.rows(config):
        if key.name not in lacking:
            held = "is not set" if value is None else f"= {_text(value, as_json=False)}"
            typer.echo(f"{key.name} {held}   {CHANGED_BY[key.fixed]}".rstrip() + f"\n    {key.comment}")


@app.command()
def get(key: str, as_json: AsJson = False, session: SessionName = None) -> None:
    """Print one key's value."""
    config, lacking = _config(session)
    if key in lacking:
        raise AutotuneError(
            f"{key} is not in {CONFIG_FILE} yet.", f"`autotune config set {key} VALUE` writes it, and so does `autotune init`"
        )
    value = configuration.value_of(config, key)
    typer.echo(_text(value, as_json=as_json))


def _text(value: object, *, as_json: bool) -> str:
    """A value as `config set` takes it."""
    return json.dumps(value) if as_json or not isinstance(value, str) else value


@app.command(name="set", context_settings={"ignore_unknown_options": True})  # a value may be a negative number
def put(
    key: str,
    value: Annotated[str, typer.Argument(help="As in TOML; text needs no quotes.")],
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Set one key in autotune.toml; it takes effect at once. A key that decides what is measured is refused: edit the file instead.

    Before there is a session, any key of the file in this folder can be set.
    """
    path, here = _checked(session)
    if (name := key.partition(".")[0]) in keys.BY_NAME and keys.BY_NAME[name].fixed is Fixed.PERSON:
        if here is None:
            raise AutotuneError(f"{key} is set in a session.", f"open one with `autotune init`, then `autotune config set {key} VALUE`")
        require_person(here.repository, f"what {key} is")
    if here is None:
        text = editing.with_value(settings.text_of(path), key, value, whole=False)
        replace_file(path, text.encode())
        written = _part(text)
        typer.echo(json.dumps({key: configuration.value_of(written, key)}) if as_json else f"{key} = {value}")
        return
    with work.held(here, "config set"):
        work.complete(here)
        files.guard(here)
        text = editing.with_value(settings.text_of(_file(here)), key, value)
        written = configuration.parse_toml(text)
        settings.refuse_another_name(here.state.config, written)
        if key.partition(".")[0] in keys.keys_changed(here.state.config, written, Fixed.SEGMENT):
            raise AutotuneError(
                f"{key} decides what is measured or compared, so it is fixed for the segment.",
                f"edit {CONFIG_FILE}, then `autotune rebaseline --accept` opens a new segment with it",
            )
        settings.take_in(here, (key,), text)
        files.keep_written(here)
        files.project(here)
    typer.echo(json.dumps({key: configuration.value_of(here.state.config, key)}) if as_json else f"{key} = {value}")


@app.command()
def check(as_json: AsJson = False, session: SessionName = None) -> None:
    """Check autotune.toml: the session's, or the one in this folder if there is no session."""
    path, here = _checked(session)
    text = settings.text_of(path)
    written, old = configuration.parse_toml(text), settings.old_keys(configuration.toml_table(text))
    differing = keys.fixed_differences(here.state.config, written) if here is not None else ()
    if as_json:
        typer.echo(json.dumps({"file": str(path), "in_order": True, "not_in_force": differing}))
        return
    reply(answers.IN_ORDER, path=str(path))
    if old is not None:
        typer.echo(told(old), err=True)
    for key in differing:
        reply(answers.NOT_IN_FORCE, key=key, command=keys.acceptance([key]))


def _config(session: str | None) -> tuple[Config, frozenset[str]]:
    """Give the session's settings, or before there is one, those of the file in this folder and what a session needs besides."""
    path, here = _checked(session)
    if here is not None:
        return looked_at(session).state.config, frozenset()
    text = settings.text_of(path)
    return _part(text), configuration.not_written(configuration.toml_table(text))


def _part(text: str) -> Config:
    return configuration.parse_part(configuration.toml_table(text))


def _checked(session: str | None) -> tuple[Path, Session | None]:
    """Give the file that is checked, and the session that it is of, where there is one."""
    path = Path.cwd() / CONFIG_FILE
    if session is None and path.is_file():
        with suppress(AutotuneError):
            here = found(None)
            return path, here if _file(here) == path else None
        return path, None
    here = found(session)
    return _file(here), here
