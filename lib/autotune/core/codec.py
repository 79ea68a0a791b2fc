"""JSON and TOML read, and a frozen dataclass made into JSON values and back, strictly, by its annotations."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
DEEPEST = 200  # of values within values: nobody nests so deeply, and all that walks through them may call itself for each
LONGEST = 1_000_000  # characters of a TOML text: a person writes it
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
# For a key of n parts tomllib keeps n * n / 2 of them.
_LONG_KEY = re.compile(rf"^[ \t]*+\[{{0,2}}[ \t]*+{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{50}}", re.MULTILINE)
Json = Any  # what json.loads gives: None, bool, int, float, str, list, dict


class Malformed(ValueError):  # noqa: N818 - says it of the value
    """A JSON value is not what the annotation asks for; the text names the key and what was expected."""


class UnknownWord(Malformed):
    """A JSON value is a word, and none of the set that the annotation asks for; a newer version may have more of them."""


class TooDeep(ValueError):  # noqa: N818 - says it of the text
    """A text holds values within values beyond all use."""

    def __init__(self) -> None:
        super().__init__("nested too deeply")


class TooLong(ValueError):  # noqa: N818 - says it of the text
    """A text that a person writes is longer than anybody writes."""

    def __init__(self) -> None:
        super().__init__(f"longer than {LONGEST:,} characters")


def read_json(text: str | bytes, **hooks: Any) -> Json:  # noqa: ANN401 - those of json.loads
    """Read a JSON text. Raises ValueError where it is none, `TooDeep` where it is nested beyond `DEEPEST`."""
    return _not_too_deep(text, lambda: json.loads(text, **hooks))


def read_toml(text: str) -> dict[str, Any]:
    """Read a TOML text. Raises ValueError where it is none, `TooLong`, or `TooDeep` where it or a key is nested beyond use."""
    import tomllib

    if len(text) > LONGEST:
        raise TooLong
    if _LONG_KEY.search(text):
        raise TooDeep
    return _not_too_deep(text, lambda: tomllib.loads(text))


def _not_too_deep(text: str | bytes, read: Callable[[], T]) -> T:
    try:
        held = read()
    except RecursionError:
        raise TooDeep from None
    signs = "[{." if isinstance(text, str) else b"[{"  # in TOML a dot nests, too
    inner: list[object] = [held] if sum(map(text.count, signs)) >= DEEPEST else []  # type: ignore[arg-type] # a text's signs, or bytes'
    depth = 0
    while inner := [one for outer in inner for one in _within(outer) if isinstance(one, dict | list)]:
        depth += 1
        if depth >= DEEPEST:
            raise TooDeep
    return held


def _within(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def mapping_in(text: str | bytes) -> dict[str, Any] | None:
    """Read a text that should be a JSON object; None for anything else."""
    try:
        held = read_json(text)
    except ValueError:
        return None
    return held if isinstance(held, dict) else None


def encode(value: object) -> Json:
    """Make a dataclass (or any value of one) into JSON values; a field that may be left out is, where it is None or empty."""
    if is_dataclass(value):
        pairs = ((one, getattr(value, one.name)) for one in fields(value))
        return {one.name: encode(item) for one, item in pairs if not _goes_without_saying(one, item)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


def _goes_without_saying(field: Field[Any], value: object) -> bool:
    """Whether a field that may be left out holds nothing: None, or an empty tuple or mapping."""
    if isinstance(value, Mapping) and not value:
        return field.default_factory is not MISSING
    return value in (None, ()) and field.default == value


def decode(kind: type[T], value: Json) -> T:
    """Make JSON values into the dataclass `kind`; unknown keys are let through unread, so that newer lines stay readable.

    Raises `Malformed` where a key is missing or its value is of another type.
    """
    return cast("T", _reader(cast("Any", kind))(value, kind.__name__))


@cache
def _reader(kind: Any) -> Callable[[Json, str], object]:  # noqa: ANN401 - an annotation can be anything
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda value, _: value
    if origin in (Union, types.UnionType):
        others = [one for one in inner if one is not type(None)]
        return _optional(others[0]) if len(others) < len(inner) else _enum(*others)
    if origin is tuple:
        return _sequence(_reader(inner[0])) if inner[-1] is Ellipsis else _fixed(tuple(_reader(one) for one in inner))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_reader(inner[1]))
    if is_dataclass(kind):
        return _dataclass(cast("type[object]", kind))
    return _enum(kind) if issubclass(kind, StrEnum) else _plain(kind)


def _plain(kind: type) -> Callable[[Json, str], object]:
    def read(value: Json, where: str) -> object:
        if kind is float and type(value) is int:
            return _as_float(value, where)
        if type(value) is not kind:
            raise Malformed(f"{where} is {type(value).__name__}, expected {kind.__name__}")
        return value

    return read


def _as_float(value: int, where: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise Malformed(f"{where} is a whole number beyond all floats") from None


def _enum(*kinds: type[StrEnum]) -> Callable[[Json, str], object]:
    """Read a value of a closed set, or of one of several that share none."""
    known = {str(one): one for kind in kinds for one in kind}

    def read(value: Json, where: str) -> object:
        if not isinstance(value, str) or value not in known:
            raise (UnknownWord if isinstance(value, str) else Malformed)(f"{where} is {value!r}, expected one of {', '.join(known)}")
        return known[value]

    return read


def _optional(inner: Any) -> Callable[[Json, str], object]:  # noqa: ANN401 - an annotation can be anything
    reader = _reader(inner)
    return lambda value, where: None if value is None else reader(value, where)


def _sequence(reader: Callable[[Json, str], object]) -> Callable[[Json, str], object]:
    def read(value: Json, where: str) -> object:
        if type(value) is not list:
            raise Malformed(f"{where} is {type(value).__name__}, expected a list")
        return tuple(reader(item, where) for item in value)

    return read


def _fixed(readers: tuple[Callable[[Json, str], object], ...]) -> Callable[[Json, str], object]:
    def read(value: Json, where: str) -> object:
        if type(value) is not list or len(value) != len(readers):
            raise Malformed(f"{where} is {value!r}, expected a list of {len(readers)}")
        return tuple(reader(item, where) for reader, item in zip(readers, value, strict=True))

    return read


def _mapping(reader: Callable[[Json, str], object]) -> Callable[[Json, str], object]:
    def read(value: Json, where: str) -> object:
        if type(value) is not dict:
            raise Malformed(f"{where} is {type(value).__name__}, expected a mapping")
        return {key: reader(item, f"{where}.{key}") for key, item in value.items()}

    return read


def _dataclass(kind: type[object]) -> Callable[[Json, str], object]:
    @cache
    def shape() -> tuple[dict[str, Any], dict[str, Callable[[Json, str], object]], list[str]]:  # when first read: a kind may hold itself
        hints = get_type_hints(kind)
        readers = {one.name: _reader(hints[one.name]) for one in fields(kind)}  # type: ignore[arg-type]
        needed = [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]  # type: ignore[arg-type]
        return hints, readers, needed

    def read(value: Json, where: str) -> object:
        hints, readers, needed = shape()
        if type(value) is not dict:
            raise Malformed(f"{where} is {type(value).__name__}, expected a mapping")
        if missing := [name for name in needed if name not in value and not _may_be_none(hints[name])]:
            raise Malformed(f"{where} lacks {missing[0]}")
        known = {name: reader(value.get(name), f"{where}.{name}") for name, reader in readers.items() if name in value or name in needed}
        return kind(**known)

    return read


def _may_be_none(hint: Any) -> bool:  # noqa: ANN401 - an annotation can be anything
    return type(None) in get_args(hint)
