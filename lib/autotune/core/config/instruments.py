"""What the file of an instrument says, read strictly: its keys are the fields of a dataclass, and a field's type tells what it may hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from typing import Any, get_args, get_type_hints

from autotune.core.asking.limits import NONE
from autotune.errors import AutotuneError

Reader = Callable[[object, str], object]
"""Reads a value of a file that is named. Raises AutotuneError."""

_SHARES = ("share", "unsure_below", "most_failed")
_FROM_0 = ("seed", "temperature")  # and every cap; other numbers begin at 1


def values(table: Mapping[str, Any], where: str, *kinds: type, **own: Reader) -> dict[str, Any]:
    """The values of a table by fields of dataclasses, of which `own` reads some. Raises AutotuneError with file and key."""
    hints = {name: hint for kind in kinds for name, hint in get_type_hints(kind).items() if not is_dataclass(hint)}
    known: dict[str, Field[Any]] = {one.name: one for kind in kinds for one in fields(kind) if one.name in hints}
    unknown = next((key for key in table if key not in known), None)
    if unknown is not None:
        raise AutotuneError(f"{where} has an unknown key {unknown}.", f"the keys are {', '.join(known)}")
    needed = [key for key, one in known.items() if one.default is MISSING and one.default_factory is MISSING]
    for key in needed:
        if key not in table:
            raise AutotuneError(f"{where} lacks {key}.", f"it needs {', '.join(needed)}")
    return {key: own[key](value, where) if key in own else _read(known[key], hints[key], value, where) for key, value in table.items()}


def _read(field: Field[Any], hint: Any, value: object, where: str) -> object:  # noqa: ANN401 - an annotation can be anything
    kind = next(one for one in (*get_args(hint), hint) if one is not type(None))
    if issubclass(kind, StrEnum):
        if value not in {str(one) for one in kind}:
            raise AutotuneError(f"{field.name} in {where} is `{value}`.", f"it can be {', '.join(kind)}")
        return kind(str(value))
    if kind is bool:
        if not isinstance(value, bool):
            raise AutotuneError(f"{field.name} in {where} is neither true nor false.", "write true or false")
        return value
    if kind is str:
        if not isinstance(value, str) or (field.default != "" and not value.strip()):
            raise AutotuneError(f"{field.name} in {where} is no text.", "write it in quotes")
        return value
    return _number(field.name, value, where, whole=kind is int)


def _number(key: str, value: object, where: str, *, whole: bool) -> float:
    if value == "none" and key == "max_usd_per_day":
        return NONE
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise AutotuneError(f"{key} in {where} is no number.", "write a whole number" if whole else "write a number")
    least, most = (0.0, 1.0) if key in _SHARES else (0.0 if key in _FROM_0 or key.startswith("max_") else 1.0, math.inf)
    if not least <= value <= most or math.isinf(value):
        bounds = f"from {least:g} to {most:g}" if most < math.inf else f"at least {least:g}"
        raise AutotuneError(f"{key} in {where} is {value}.", f"it has to be {bounds}")
    return value if whole else float(value)
