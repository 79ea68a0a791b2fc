"""The recorded request that is nearest to one that was not recorded, and where the two differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from autotune.core.escaping import cut

_SHOWN = 40


def nearest(wanted: Mapping[str, Any], recorded: Sequence[Mapping[str, Any]]) -> tuple[int, str] | None:
    """Give the place of the nearest recorded request and the first difference, `where: recorded → wanted`; None where none is recorded."""
    if not recorded:
        return None
    text = _text(wanted)
    likeness = [SequenceMatcher(None, _text(one), text, autojunk=False).quick_ratio() for one in recorded]
    place = max(range(len(recorded)), key=likeness.__getitem__)
    return place, difference(recorded[place], wanted)


def difference(before: Any, after: Any, at: str = "") -> str:  # noqa: ANN401 - any JSON
    """Say the first place in which two JSON values differ, `where: one → other`; empty where they do not."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = [*before, *(key for key in after if key not in before)]
        found = (difference(before.get(key), after.get(key), f"{at}.{key}".lstrip(".")) for key in keys)
        return next(filter(None, found), "")
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        longest = max(len(before), len(after))
        pairs = ((_at(before, place), _at(after, place), f"{at}[{place}]") for place in range(longest))
        return next(filter(None, (difference(*pair) for pair in pairs)), "")
    if before == after and type(before) is type(after):
        return ""
    if isinstance(before, str) and isinstance(after, str):
        place = next((number for number, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after)))
        return f"{at}, character {place}: {_piece(before, place)} → {_piece(after, place)}"
    return f"{at}: {_short(before)} → {_short(after)}"


def _at(values: Sequence[Any], place: int) -> Any:  # noqa: ANN401 - any JSON
    return values[place] if place < len(values) else None


def _piece(text: str, place: int) -> str:
    return _short(text[max(0, place - 10) : place + _SHOWN])


def _short(value: Any) -> str:  # noqa: ANN401 - any JSON
    return cut(json.dumps(value, ensure_ascii=False, default=str), 2 * _SHOWN)


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
