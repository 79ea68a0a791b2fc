"""Labelled lines of text, safe to show and laid out in columns of a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rich.cells import cell_len, chop_cells

Values = Mapping[str, Any]
"""What `--json` gives, from which lines are made."""
WIDEST = 110  # columns from which lines of prose are no longer read with ease
LEAST_TEXT = 20  # columns that a text gets beside its label, however narrow the surface


class Tone(StrEnum):
    """What a line's colour should say, where there is colour."""

    PLAIN = "plain"
    GOOD = "good"
    FAIR = "fair"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Line:
    """A labelled text, safe to show; line ends in it are meant."""

    label: str
    text: str
    tone: Tone = Tone.PLAIN


def laid_out(lines: Iterable[Line], width: int) -> str:
    """Lines as plain text, labels in a column of their own, no line wider than `width` columns where that is 40 or more."""
    lines = list(lines)
    column = max((cell_len(line.label) for line in lines), default=0) + 2
    text_width = max(width - column, LEAST_TEXT)
    told = []
    for line in lines:
        pieces = wrapped(line.text, text_width)
        told.append(line.label + " " * (column - cell_len(line.label)) + pieces[0])
        told += [" " * column + piece for piece in pieces[1:]]
    return "\n".join(piece.rstrip() for piece in told) + "\n"


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines of at most `width` columns; a line that fits stays as it is, a word that is longer than a line is broken."""
    return [piece for line in text.split("\n") for piece in ([line] if cell_len(line) <= width else _filled(line, width))]


def _filled(text: str, width: int) -> list[str]:
    """One line that is too long, as several."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines += chop_cells(word, width)
    return lines if lines[0] else lines[1:]
