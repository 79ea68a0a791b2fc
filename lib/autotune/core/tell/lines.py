"""Labelled lines of text, safe to show and laid out in columns of a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.output.outcome import escaped

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


def laid_out(lines: Sequence[Line], width: int) -> str:
    """Lines as plain text, labels in a column of their own, no line wider than `width` columns where that is 40 or more."""
    column = max((cells(line.label) for line in lines), default=0) + 2
    text_width = max(width - column, LEAST_TEXT)
    told = []
    for line in lines:
        pieces = wrapped(line.text, text_width)
        told.append(line.label + " " * (column - cells(line.label)) + pieces[0])
        told += [" " * column + piece for piece in pieces[1:]]
    return "\n".join(piece.rstrip() for piece in told) + "\n"


def shortened(text: str, limit: int) -> str:
    """Text from elsewhere on one line of at most `limit` characters, safe to show."""
    text = escaped(text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines of at most `width` columns; a line that fits stays as it is, a word that is longer than a line is broken."""
    return [piece for line in text.split("\n") for piece in ([line] if cells(line) <= width else _filled(line, width))]


def _filled(text: str, width: int) -> list[str]:
    """One line that is too long, as several."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cells(joined) <= width:
            lines[-1] = joined
        else:
            lines += _broken(word, width)
    return lines if lines[0] else lines[1:]


def _broken(word: str, width: int) -> list[str]:
    """A long word in pieces of at most `width` columns."""
    pieces = [""]
    for character in word:
        if pieces[-1] and cells(pieces[-1]) + _cells_of(character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
