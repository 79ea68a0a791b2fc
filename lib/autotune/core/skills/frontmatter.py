"""The head of a SKILL.md: its fields, read as the part of YAML that skills are written in, and the text below it.

What the open specification's own validator (skills-ref, which reads with StrictYAML) refuses and hosts accept is read too, and named
as a `Doubt`. What no reader makes sense of raises `Unreadable`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = "str | tuple[Value, ...] | Mapping[str, Value]"

_FENCE = "---"
_KEY = re.compile(r"(?P<key>[^\s:#'\"\[\]{}&*!|>%@`,-][^:]*?|-[^\s:][^:]*?|\"[^\"]*\"|'[^']*')\s*:(?=\s|$)")
_BLOCK = re.compile(r"(?P<kind>[|>])(?P<chomp>[+-]?)\d?(?P<again>[+-]?)\s*(?:#.*)?")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"', "/": "/", "e": "\x1b", " ": " ", "_": "\xa0"}
_RESERVED = re.compile(r"[&*!%@`|>,\]}]|[-?](\s|$)")
_DEEPEST = 50  # of values below values, which nobody needs
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")  # what YAML allows in no place


class Doubt(StrEnum):
    """What the validator refuses and hosts accept."""

    FLOW = "flow"  # [a, b] or {a: b}
    COLON = "colon"  # a colon and a blank in a value without quotes
    TWICE = "twice"  # a field that is there a second time
    RESERVED = "reserved"  # a value that begins with a sign that YAML keeps for itself
    CONTROL = "control"  # a character that cannot be printed
    FENCE = "fence"  # three dashes within the head: validator and hosts take it to end there, and the rest for text


class Unreadable(ValueError):  # noqa: N818 - says it of the text
    """No fields can be read. `line` is its number in the file, from 1; `what` says which way."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(f"{what} in line {line}")
        self.what = what
        self.line = line


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """The fields, the text below them, on which line that begins, and what is in doubt, by the number of its line.

    `places` are the lines of each field, by their numbers too.
    """

    fields: Mapping[str, Value]
    body: str
    body_line: int
    doubts: tuple[tuple[Doubt, int], ...] = ()
    places: tuple[tuple[str, range], ...] = ()

    def text(self, name: str) -> str:
        """A field's text; empty where it is not there or is no text."""
        value = self.fields.get(name, "")
        return value.strip() if isinstance(value, str) else ""


def read(text: str) -> Frontmatter:
    """Read a SKILL.md. Raises `Unreadable`."""
    lines = [line.rstrip("\r\n") for line in lines_of(text.removeprefix("\ufeff"))]
    if not lines or lines[0].rstrip() != _FENCE:
        raise Unreadable("no head", 1)
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == _FENCE), None)
    if end is None:
        raise Unreadable("a head without an end", len(lines))
    reading = _Reading(lines[1:end])
    fields = reading.mapping(0)
    unprintable = [(Doubt.CONTROL, number + 1) for number, line in enumerate(lines[:end]) if _CONTROL.search(line)]
    cut = [(Doubt.FENCE, number + 1) for number, line in enumerate(lines[:end]) if number and _FENCE in line]
    doubts = tuple(cut or unprintable or reading.doubts)
    return Frontmatter(fields, "\n".join(lines[end + 1 :]).strip("\n"), end + 2, doubts, tuple(reading.places))


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends; those of YAML and JSON alone, which are fewer than `str.splitlines` knows."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


@dataclass(slots=True)
class _Reading:
    lines: list[str]
    place: int = 0
    depth: int = 0
    doubts: list[tuple[Doubt, int]] = field(default_factory=list)
    places: list[tuple[str, range]] = field(default_factory=list)

    def mapping(self, indent: int) -> dict[str, Value]:
        fields = dict[str, Value]()
        while (line := self._next()) is not None and _indent(line) == indent:
            found = _KEY.match(line.strip())
            if found is None:
                raise self._unreadable("no field")
            key = found["key"].strip("\"'")
            self._doubt(Doubt.TWICE, key in fields)
            begun = self.place
            self.place += 1
            fields[key] = self._value(line.strip()[found.end() :].strip(), indent)
            if not indent:
                self.places.append((key, range(begun + 2, self.place + 2)))
        if line is not None and _indent(line) > indent:
            raise self._unreadable("an indentation that fits nothing")
        return fields

    def _sequence(self, indent: int) -> tuple[Value, ...]:
        items = list[Value]()
        while (line := self._next()) is not None and _indent(line) == indent and re.match(r"-(\s|$)", line.strip()):
            rest = line.strip()[1:].strip()
            if _KEY.match(rest):
                inner = indent + line.strip().index(rest)
                self.lines[self.place] = " " * inner + rest
                items.append(self.mapping(inner))
            else:
                self.place += 1
                items.append(self._value(rest, indent))
        return tuple(items)

    def _value(self, rest: str, indent: int) -> Value:
        """What stands behind a key, or below it; the reading is past the key's line."""
        if block := _BLOCK.fullmatch(rest):
            return self._block(block["kind"], block["chomp"] or block["again"], indent)
        if rest[:1] in ("'", '"'):
            return self._quoted(rest)
        if not rest or rest.startswith("#"):
            return self._below(indent)
        self._doubt(Doubt.FLOW, rest[0] in "[{", before=1)
        self._doubt(Doubt.RESERVED, _RESERVED.match(rest), before=1)
        plain = " ".join([_uncommented(rest), *self._folded(indent)])
        self._doubt(Doubt.COLON, rest[0] not in "[{" and re.search(r":(\s|$)", plain) is not None, before=1)
        return _flow(plain) if rest[0] == "[" and plain.endswith("]") else plain

    def _below(self, indent: int) -> Value:
        if self.depth == _DEEPEST:
            raise self._unreadable("lines nested too deeply")
        self.depth += 1
        value = self._of_lines_below(indent)
        self.depth -= 1
        return value

    def _of_lines_below(self, indent: int) -> Value:
        line = self._next()
        is_item = line is not None and re.match(r"-(\s|$)", line.strip()) is not None
        if line is None or _indent(line) < indent or (_indent(line) == indent and not is_item):
            return ""
        if is_item:
            return self._sequence(_indent(line))
        return self.mapping(_indent(line)) if _KEY.match(line.strip()) else " ".join(self._folded(indent))

    def _folded(self, indent: int) -> list[str]:
        """The lines that go on with a value without quotes."""
        more = list[str]()
        while self.place < len(self.lines) and (line := self.lines[self.place]).strip() and _indent(line) > indent:
            if line.strip().startswith("#"):
                break
            more.append(_uncommented(line.strip()))
            self.place += 1
        return more

    def _block(self, kind: str, chomp: str, indent: int) -> str:
        held = list[str]()
        while self.place < len(self.lines) and (not (line := self.lines[self.place]).strip() or _indent(line) > indent):
            held.append(line)
            self.place += 1
        while held and not held[-1].strip() and chomp != "+":
            held.pop()
        margin = min((_indent(line) for line in held if line.strip()), default=0)
        lines = [line[margin:].rstrip() for line in held]
        said = "\n".join(lines) if kind == "|" else _joined(lines)
        return said if chomp == "-" or not said else said + "\n"

    def _quoted(self, rest: str) -> str:
        sign, begun = rest[0], self.place
        while (end := _closing(rest, sign)) is None:
            if self.place >= len(self.lines):
                self.place = begun - 1
                raise self._unreadable("a quote without its end")
            rest = f"{rest} {self.lines[self.place].strip()}"
            self.place += 1
        if rest[end + 1 :].strip() and not rest[end + 1 :].strip().startswith("#"):
            self.place -= 1
            raise self._unreadable("words behind a quote")
        inner = rest[1:end]
        return inner.replace("''", "'") if sign == "'" else _unescaped(inner)

    def _next(self) -> str | None:
        """The next line that says something. Raises `Unreadable` where it is indented by tabs."""
        while self.place < len(self.lines):
            line = self.lines[self.place]
            if line.strip() and not line.strip().startswith("#"):
                if line[: _indent(line) + 1].endswith("\t"):
                    raise self._unreadable("a tab")
                return line
            self.place += 1
        return None

    def _doubt(self, doubt: Doubt, holds: object, *, before: int = 0) -> None:
        if holds:
            self.doubts.append((doubt, self.place + 2 - before))

    def _unreadable(self, what: str) -> Unreadable:
        return Unreadable(what, self.place + 2)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _uncommented(text: str) -> str:
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()


def _flow(text: str) -> tuple[Value, ...]:
    return tuple(part.strip().strip("\"'") for part in text[1:-1].split(",") if part.strip())


def _joined(lines: list[str]) -> str:
    """Lines folded as `>` does: a blank line is a line's end, a single end is a blank."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", "\n".join(lines)).replace("\n\n", "\n")


def _closing(text: str, sign: str) -> int | None:
    """Where a quote ends that begins a text."""
    place = 1
    while place < len(text):
        if sign == '"' and text[place] == "\\":
            place += 2
        elif text[place] == sign:
            if sign == '"' or text[place + 1 : place + 2] != "'":
                return place
            place += 2
        else:
            place += 1
    return None


def _unescaped(text: str) -> str:
    return re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", _escape, text)


def _escape(found: re.Match[str]) -> str:
    said = found[1]
    return chr(int(said[1:], 16)) if len(said) > 1 else _ESCAPES.get(said, said)
