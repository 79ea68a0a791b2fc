"""`autotune completion`."""

from __future__ import annotations

from typing import Annotated

import click
import typer

from autotune.commands import app as front_door
from autotune.core.config.keys import KEYS
from autotune.views.completion import Place, Shell, Word, script

_KEYED = {("config", "get"), ("config", "set")}  # whose first argument is a key


def main(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)]) -> None:
    """Print a script with which your shell completes verbs, options and keys.

    bash: save it as ~/.local/share/bash-completion/completions/autotune. zsh: as _autotune in a folder of your fpath.
    fish: as ~/.config/fish/completions/autotune.fish. Save it again after an update.
    """
    typer.echo(script(shell, places()), nl=False)


def places() -> list[Place]:
    """Give what can follow each verb, and each part of one; the first is the command itself."""
    verbs = front_door.Verbs()
    context = click.Context(verbs)
    about = {verb: text for section in front_door.VERBS.values() for verb, text in section.items()}
    always = (Word("--help", "its help page"),)
    found = [Place((), tuple(Word(verb, text) for verb, text in about.items()), (*always, Word("--version", "the version")))]
    for verb in verbs.list_commands(context):
        command = verbs.get_command(context, verb)
        parts = front_door.parts(command)
        described = tuple(Word(name, (part.help or "").partition("\n")[0]) for name, part in parts.items())
        found.append(Place((verb,), described or _first(command), (*_options(command), *always)))
        for name, part in parts.items():
            first = tuple(Word(key.name) for key in KEYS) if (verb, name) in _KEYED else _first(part)
            found.append(Place((verb, name), first, (*_options(part), *always)))
    return found


def _options(command: click.Command | None) -> tuple[Word, ...]:
    options = [one for one in command.params if isinstance(one, click.Option)] if command is not None else []
    named = [(one, name) for one in options for name in (*one.opts, *one.secondary_opts) if name != "--help" and not one.hidden]
    return tuple(Word(name, one.help or "", _values(one)) for one, name in named)


def _first(command: click.Command | None) -> tuple[Word, ...]:
    """Give the words for a verb's first argument, where they are few."""
    arguments = [one for one in command.params if isinstance(one, click.Argument)] if command is not None else []
    return tuple(map(Word, _values(arguments[0]))) if arguments else ()


def _values(parameter: click.Parameter) -> tuple[str, ...]:
    kind = parameter.type
    return tuple(str(one) for one in kind.choices) if isinstance(kind, click.Choice) else ()
