"""What demos share: headings, and commands shown as you would call them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer

from autotune.commands.printing import width
from autotune.core.tell.lines import wrapped
from autotune.version import PROGRAM


def heading(title: str, words: str = "") -> None:
    """Begin a part."""
    typer.echo()
    typer.secho(title, bold=True)
    if words:
        typer.echo(indented(words))


def indented(words: str, indent: str = "  ") -> str:
    """Lay words out below each other, each line after an indent."""
    return "\n".join(indent + line for line in wrapped(words, width() - len(indent)))


def show(commands: Iterable[Sequence[str]], folder: Path) -> None:
    """Run commands of autotune or git in a folder, each below itself."""
    for command in commands:
        heading(f"$ {shlex.join(command)}")
        sys.stdout.flush()
        program = PROGRAM if command[0] == "autotune" else (command[0], "--no-pager")
        subprocess.run([*program, *command[1:]], cwd=folder, check=False, stdin=subprocess.DEVNULL)
