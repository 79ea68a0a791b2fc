"""Settings that a variable sets before a file does: what a variable's text means, and what is wrong or unknown, refused by name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

from autotune.core.config.shapes import Shape, shown
from autotune.errors import AutotuneError

_NO, _YES = frozenset(("0", "false", "no", "off")), frozenset(("1", "true", "yes", "on"))


def of_variable(default: object, said: str) -> object:
    """What a variable's text means, by what its key holds; what it cannot mean is left for the shape to refuse."""
    text = said.strip()
    match default:
        case bool():
            return False if text.lower() in _NO else True if text.lower() in _YES else text
        case tuple():
            return [part.strip() for part in text.split(",") if part.strip()]
        case int() | float():
            try:
                number = float(text)
            except ValueError:
                return text
            return int(number) if number.is_integer() else number
        case _:
            return text


def checked(shape: Shape, value: object, where: str) -> object:
    """A value as its shape has it. Raises AutotuneError that says where it stands."""
    try:
        return shape.read(value)
    except ValueError as wrong:
        more = f": {wrong}" if str(wrong) else ""
        raise AutotuneError(f"{where} is {shown(value)}{more}.", f"give it {shape.expected}") from None


def refuse_unknown(name: str, where: str, known: Iterable[str], page: str) -> NoReturn:
    """Raise AutotuneError for a key that there is not, naming the nearest one or the page that lists all."""
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"{page} lists every key"
    raise AutotuneError(f"{where} has the key {name}, and there is no such key.", hint)
