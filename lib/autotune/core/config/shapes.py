"""What values look like in autotune.toml: read strictly, or refused with what was expected."""

# ruff: noqa: TRY004 - a shape raises ValueError alone: a wrong type is as much the file's fault as a wrong value

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autotune.core.cases.listed import line_of, listed
from autotune.core.cases.split import Case
from autotune.core.decide import guards
from autotune.core.output import sources
from autotune.core.output.metrics import is_name, normalised
from autotune.core.trust.patterns import components, flaw

VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
LONGEST_SHOWN = 80  # characters of a refused value that an error repeats
LONGEST_TIMEOUT_S = 1_000_000  # over eleven days; what waits for a process counts milliseconds in 32 bits, which is twice as much


@dataclass(frozen=True, slots=True)
class Shape:
    """What a key's value looks like.

    `read` makes what Config holds of a value. It raises ValueError with what is wrong in particular, if there is
    more to say than `expected`.
    `write` makes a value for JSON and TOML of what Config holds.
    """

    expected: str
    read: Callable[[object], object]
    write: Callable[[Any], object] = lambda held: held


def _text_of(value: object) -> str:
    """A value that is text which a file and a command line can hold."""
    if not isinstance(value, str):
        raise ValueError
    if re.search("[\0\ud800-\udfff]", value):
        raise ValueError("it holds a character that is not text")
    return value


def text(expected: str, accepts: str) -> Shape:
    """Text that a regular expression accepts as a whole."""

    def read(value: object) -> str:
        text = _text_of(value)
        if not re.fullmatch(accepts, text, re.DOTALL):
            raise ValueError
        return text

    return Shape(expected, read)


def one_of(*words: str) -> Shape:
    """One of a few words."""
    shape = text("one of " + ", ".join(f'"{word}"' for word in words), "|".join(words))
    return Shape(shape.expected, shape.read, str)


def flag(words: Mapping[str, bool] | None = None) -> Shape:
    """True or false, or a word that an older version had for one."""

    def read(value: object) -> bool:
        meant = words.get(value, value) if words and isinstance(value, str) else value
        if not isinstance(meant, bool):
            raise ValueError
        return meant

    return Shape("true or false", read)


def whole_number(low: int, high: int | None = None) -> Shape:
    """A whole number in a range whose ends belong to it."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < low or (high is not None and value > high):
            raise ValueError
        return value

    return Shape(f"a whole number from {low} to {high}" if high is not None else f"a whole number, {low} or more", read)


def number(
    what: str, *, at_least: float = -math.inf, above: float = -math.inf, at_most: float = math.inf, below: float = math.inf
) -> Shape:
    """A finite number, whole or not, within bounds."""

    def read(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError
        try:
            number = float(value)
        except OverflowError:
            raise ValueError("it is too large") from None
        # With no bound given these are infinite, and so refuse what is not finite; not-a-number fails any comparison.
        if not (at_least <= number <= at_most and above < number < below):
            raise ValueError
        return number

    bounds = {"at least": at_least, "above": above, "at most": at_most, "below": below}
    words = " and ".join(f"{word} {bound:,}" for word, bound in bounds.items() if math.isfinite(bound))
    return Shape(f"{what} {words}".rstrip(), read, _as_short_as_it_is)


def _as_short_as_it_is(held: float) -> float:
    """A whole number without a point, unless its digits say more than is known."""
    return int(held) if held.is_integer() and abs(held) < 1e15 else held  # noqa: PLR2004 - the last digits are lost beyond


def seconds() -> Shape:
    """How long one process may take."""
    return number("a number of seconds", above=0, at_most=LONGEST_TIMEOUT_S)


def list_of(expected: str, read_one: Callable[[str], str], *, at_least: int = 0, unique: bool = False) -> Shape:
    """A list of texts, each read by `read_one`, which raises ValueError with what is wrong."""

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or len(value) < at_least:
            raise ValueError
        texts = tuple(read_one(_text_of(one)) for one in value)
        if unique and len(set(texts)) < len(texts):
            raise ValueError("a name stands in it twice")
        return texts

    return Shape(expected, read, list)


def pattern(text: str) -> str:
    """A path pattern."""
    reason = flaw(text)
    if reason:
        raise ValueError(f"in {shown(text)}, {reason}")
    return text


def relative_path(text: str) -> str:
    """A relative path, in its shortest form."""
    try:
        path = "/".join(components(text))
    except ValueError as flawed:
        raise ValueError(f"in {shown(text)}, {flawed}") from None
    if "\\" in path or "*" in path:
        raise ValueError(f'in {shown(text)}, there is a "\\" or "*"; write "/" between folders and name each path')
    return path


def guardrail(text: str) -> str:
    """A guardrail, as it is written."""
    try:
        return guards.read_guard(text).text
    except ValueError as wrong:
        raise ValueError(f"in {shown(text)}, expected {wrong}") from None


def cases() -> Shape:
    """The command that prints cases, or a list of them: held as lines, each with its end, which no command has."""

    def read(value: object) -> str:
        if isinstance(value, list | tuple):
            return "".join(f"{line_of(case)}\n" for case in _listed([_text_of(one) for one in value]))
        text = _text_of(value)
        if "\n" in text:
            raise ValueError
        return text

    return Shape(
        "a list of ids, or a command that prints one a line", read, lambda held: held.splitlines() if held.endswith("\n") else held
    )


def _listed(lines: Sequence[str]) -> tuple[Case, ...]:
    """The cases of a list. A group of an older ledger may look like a side; a new session refuses sides in some lines alone."""
    try:
        return listed(lines)
    except ValueError:
        return listed(lines, sided=False)


def score_range() -> Shape:
    """The lowest and the highest score that there can be."""

    def read(value: object) -> tuple[float, float]:
        if not isinstance(value, list | tuple) or len(value) != len(("low", "high")):
            raise ValueError
        low, high = (_FINITE.read(one) for one in value)
        if not isinstance(low, float) or not isinstance(high, float) or not low < high or math.isinf(high - low):
            raise ValueError
        return low, high

    return Shape("two numbers, the lowest score and the highest", read, lambda held: [_as_short_as_it_is(one) for one in held])


_FINITE = number("a number")


def context_name(text: str) -> str:
    """A name of a CONTEXT line, which is one that a metric could have."""
    name = normalised(text)
    if not is_name(name):
        raise ValueError(f"{shown(text)} is not a name")
    return name


def among(words: Iterable[str]) -> Callable[[str], str]:
    """One of some words, as an item of a list."""
    known = frozenset(words)

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"{shown(text)} is none of them")
        return text

    return read


def metric_name(*, none: bool = False) -> Shape:
    """A metric's name, normalised as the names that a benchmark prints are; with `none`, an empty text too."""

    def read(value: object) -> str:
        name = normalised(_text_of(value))
        if not is_name(name) and not (none and not name):
            raise ValueError
        return name

    return Shape("a metric's name: letters, digits and _ . - / % µ [ ], beginning with a letter, a digit or _", read)


def source() -> Shape:
    """How `read` names a format and a file."""

    def read(value: object) -> str:
        text = _text_of(value)
        sources.source(text)
        return text

    return Shape(f"nothing, FORMAT or FORMAT:FILE, with one of the formats {', '.join(sources.FORMATS)}", read)


def variables() -> Shape:
    """A table of environment variables."""

    def read(value: object) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise ValueError
        for name, text in value.items():
            if not re.fullmatch(VARIABLE, name):
                raise ValueError(f"{shown(name)} is not the name of a variable")
            if not isinstance(text, str):
                raise ValueError(f"{name} is {shown(text)}; quote it")
            _text_of(text)
        return dict(value)

    return Shape('a table of texts by variable name, such as { TZ = "UTC" }', read, dict)


UNITS_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def duration() -> Shape:
    """A length of time above zero, in seconds; written with whole days, hours, minutes and seconds."""

    def read(value: object) -> float:
        parts = re.fullmatch("".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in UNITS_S), _text_of(value))
        seconds = sum(int(count or 0) * unit_s for count, unit_s in zip(parts.groups(), UNITS_S.values(), strict=True)) if parts else 0
        if not seconds:
            raise ValueError
        return float(seconds)

    def write(held: float) -> str:
        rest, text = int(held), ""
        # A day is written as 24 hours: people who plan a night count in those.
        for unit, unit_s in list(UNITS_S.items())[1:]:
            count, rest = divmod(rest, unit_s)
            text += f"{count}{unit}" if count else ""
        return text

    return Shape('a length of time such as "8h", "90m", "1h30m" or "45s"', read, write)


def message() -> Shape:
    """How a message is sent: nothing, `desktop`, an https address, or a command."""

    def read(value: object) -> str:
        text = _text_of(value)
        if re.search(r"[\r\n]", text):
            raise ValueError("it is more than one line")
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) and not re.fullmatch(r"https://[^\s/@?#]+(?:[/?][!-~]*)?", text):
            raise ValueError("an address must be https, with a host and without a name or password")
        return text

    return Shape('nothing, "desktop", an https address, or a shell command', read)


COMMAND = text("a shell command, or nothing", ".*")
PATTERNS = "a list of path patterns relative to the session's working directory"


def literal(value: object) -> str:
    """A value in TOML, on one line: JSON's spelling of it, but for the sign in tables and one character."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", " = "), default=str).replace("\x7f", "\\u007f")


def shown(value: object) -> str:
    """A value for people, at most about 80 characters of it."""
    try:
        text = literal(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        text = "a number of thousands of digits"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
