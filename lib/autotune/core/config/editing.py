"""One key set in the text of an autotune.toml, all else left as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from autotune.core.config.keys import SECTIONS, Key, key_named
from autotune.core.config.reading import parse, parse_part, read_value, toml_table
from autotune.core.config.shapes import literal, shown
from autotune.core.config.writing import assignment, example_of
from autotune.errors import AutotuneError


def with_value(text: str, name: str, value_text: str, *, whole: bool = True) -> str:
    """The text of an autotune.toml with one key set, all else left as it is: comments, order, spelling.

    `value_text` is a TOML value; text needs no quotes. A file that is not `whole` may lack what a session needs. Raises AutotuneError where
    the key, the value or the file that results is refused.
    """
    if name in SECTIONS:
        raise AutotuneError(
            f"{name} is a section, and only its keys have values.", f"Set one of them: autotune config set {name}.KEY VALUE."
        )
    key = key_named(name)
    toml_table(text)
    result = _edited(text, key, _given(key, value_text))
    (parse if whole else parse_part)(toml_table(result))
    return result


def _given(key: Key, value_text: str) -> object:
    """The value that a person has typed for a key: TOML, or text without quotes where the key takes it."""
    readings: list[object] = []
    try:
        said = toml_table(f"value = {value_text}")
    except AutotuneError:
        if value_text.lstrip().startswith(('"', "'")):
            raise AutotuneError(
                f"{shown(value_text)} begins with a quote and is not TOML text.", "Close the quote, or quote all of it."
            ) from None
    else:
        # More than one key: what was typed holds a line end and an assignment, and is no value.
        readings += [said["value"]] if len(said) == 1 else []
    readings.append(value_text)
    for reading in readings:
        try:
            return key.shape.write(key.shape.read(reading))
        except ValueError:
            continue
    return read_value(key, readings[0])


@dataclass(frozen=True, slots=True)
class _Statement:
    """A header, an assignment, or a line that is empty or a comment, of a TOML text; `start` and `end` of its lines count characters.

    `header` names the table that it stands in, `path` is the full key, empty for a comment. The value of an assignment stands from
    `value_start` to `value_end`; both are 0 for anything else.
    """

    start: int
    end: int
    header: tuple[str, ...]
    path: tuple[str, ...]
    value_start: int = 0
    value_end: int = 0


# Compiled where it is first used: most commands change no configuration.
PIECE = r"""
"{3} (?: \\. | [^\\] )*? "{3} (?!")  # text over several lines
| '{3} .*? '{3} (?!')
| " (?: \\. | [^\\"] )* "
| ' [^']* '
| \#[^\n]*
| [\[\]{}\n=]
| [^"'\#\[\]{}\n=]+
"""


def _lines(text: str) -> Iterator[tuple[int, int | None, int, int]]:
    """Where each line of a valid TOML text begins, has its `=`, begins its comment or ends, and ends with its line end.

    A value over several lines makes one line of them; the text's last line has its line end.
    """
    start = depth = 0
    equals = comment = None
    for piece in re.finditer(PIECE, text, re.VERBOSE | re.DOTALL):
        match piece[0][0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "=" if equals is None:
                equals = piece.end()
            case "#" if not depth:
                comment = piece.start()
            case "\n" if not depth:
                yield start, equals, piece.start() if comment is None else comment, piece.end()
                start, equals, comment = piece.end(), None, None


def _statements(text: str) -> Iterator[_Statement]:
    """The statements of a valid TOML text, in order."""
    header: tuple[str, ...] = ()
    for start, equals, stop, end in _lines(text):
        if equals is not None:
            value = text[equals:stop]
            value_start = equals + len(value) - len(value.lstrip())
            yield _Statement(start, end, header, header + _path(text[start:equals] + "0"), value_start, equals + len(value.rstrip()))
            continue
        if said := text[start:stop].strip():
            header = _path(said)
        yield _Statement(start, end, header, header if said else ())


def _path(line: str) -> tuple[str, ...]:
    """The names in a header, or in an assignment of a number."""
    table: object = toml_table(line)
    path = []
    while isinstance(table, dict) and table:
        [(name, table)] = table.items()
        path.append(name)
    return tuple(path)


def _edited(text: str, key: Key, value: object) -> str:
    """The text with one key set: its value replaced, else its example, else a line added behind the last of its section."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += line_end
    path, section = (*filter(None, [key.section]), key.leaf), tuple(filter(None, [key.section]))
    statements = list(_statements(text))
    line = f"{assignment(key.leaf, value)}{line_end}"
    for one in statements:
        if one.value_end and one.path == path:
            return text[: one.value_start] + literal(value) + text[one.value_end :]
        if one.value_end and section and one.path == section:
            table = toml_table(text)[key.section]
            return text[: one.value_start] + literal((table if isinstance(table, dict) else {}) | {key.leaf: value}) + text[one.value_end :]
    for one in statements:
        if not one.path and one.header == section and text[one.start : one.end].strip() == example_of(key):
            return text[: one.start] + line + text[one.end :]
    neighbours = [one for one in statements if (one.path[:-1] == section if one.value_end else section and one.path == section)]
    if neighbours:
        last = neighbours[-1]
        return text[: last.end] + ".".join((*path[len(last.header) : -1], line)) + text[last.end :]
    if section:
        return text + f"{line_end if text else ''}[{key.section}]{line_end}{line}"
    return line + text
