"""Which case wrote a file: one that is called by its id, with an ending or not, or lies in a folder that is."""

from __future__ import annotations

import re
from collections.abc import Collection

_ENDS_OF_IDS = re.compile(r"[/.]")


def case_of(name: str, ids: Collection[str]) -> str | None:
    """Tell whose file it is, by its path in the folder: the longest id that it is called by; None where it is no case's."""
    ends = (len(name), *(one.start() for one in reversed([*_ENDS_OF_IDS.finditer(name)])))
    return next((name[:end] for end in ends if name[:end] in ids), None)
