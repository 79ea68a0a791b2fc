"""A change, known again by the lines that it takes away and puts in, wherever they stand."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping

from autotune.core.memory.contents import said

Sides = tuple[bytes | None, bytes | None]
"""A file before a change and after it; None where it is not there."""

_RULE = 1  # counted up when the same change gets another mark


def mark_of(change: Mapping[str, Sides]) -> str:
    """Give a change's mark, by its files' paths: changes that say the same have the same.

    What differs in blanks and comments alone is left out, unless the change is nothing else. Lines that only moved leave no trace in a
    mark, so two changes of the same mark may still differ: `is_same` tells.
    """
    told = {path: _lines_of(path, *sides) for path, sides in change.items()}
    lasting = {path: lines for path, lines in told.items() if lines is not None}
    plain = lasting or {path: [repr(side) for side in sides] for path, sides in change.items()}
    written = json.dumps([_RULE, bool(lasting), sorted(plain.items())])
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def is_same(one: Mapping[str, bytes | None], other: Mapping[str, bytes | None], before: Mapping[str, bytes | None]) -> bool:
    """Whether two states of some files say the same, blanks and comments aside.

    Where they differ from `before` in nothing but these, it is whether they are the same.
    """
    paths = one.keys() | other.keys()
    says = [tuple(_said(path, state.get(path)) for path in paths) for state in (one, other, before)]
    if says[0] == says[2]:
        return all(one.get(path) == other.get(path) for path in paths)
    return says[0] == says[1]


def _said(path: str, content: bytes | None) -> tuple[str, ...] | None:
    return None if content is None else said(path, content)


def _lines_of(path: str, before: bytes | None, after: bytes | None) -> list[object] | None:
    """Give the lines that go and those that come; None where a file says what it said."""
    then, now = _said(path, before), _said(path, after)
    if then == now:
        return None
    was, becomes = Counter(then or ()), Counter(now or ())
    gone, came = was - becomes, becomes - was
    return [then is None, now is None, sorted(gone.elements()), sorted(came.elements())]
