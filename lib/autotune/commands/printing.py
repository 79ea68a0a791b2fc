"""How a verb answers: in lines for people, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from shutil import get_terminal_size

import typer

from autotune.core.tell.lines import WIDEST, Line, laid_out


def width() -> int:
    """Give the columns that lines may take: the terminal's, as far as prose is read with ease."""
    return min(get_terminal_size().columns, WIDEST)


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines, labels in a column of their own."""
    typer.echo(laid_out(lines, width()), nl=False)


def answered(lines: Iterable[Line], said: object, *, as_json: bool) -> None:
    """Print an answer: as lines, or what is said as JSON."""
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
    else:
        print_lines(lines)
