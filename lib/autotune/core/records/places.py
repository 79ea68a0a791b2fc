"""Where a record stands among the cases: its id as a case, the unit that it belongs to, and its part.

A unit is a user, else a conversation, else the record alone. All records of a unit are in one part, on every machine and for ever, so that
no part knows a user of another. Of *train* a proposer may read everything, by *select* it searches, and *confirm* decides.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from autotune.core.cases.split import place

_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_ID_LETTERS = 20
CONFIRM = 0.5  # of the units, as of a session's own cases
TRAIN = 0.25


class Part(StrEnum):
    """What a case is for."""

    TRAIN = "train"
    SELECT = "select"
    CONFIRM = "confirm"


def letters(digest: str) -> str:
    """A hash in letters: no masker takes them for a number."""
    return digest.translate(_LETTERS)


def case_id(origin: str, record_id: str) -> str:
    """The id of a record as a case: 20 letters (80 bits) by its origin and its own id."""
    return letters(hashlib.sha256(f"{origin}\n{record_id}".encode("utf-8", "surrogatepass")).hexdigest()[:_ID_LETTERS])


def unit_of(user: str | None, conversation: str | None, record_id: str) -> str:
    """The name of the unit that a record belongs to. Kinds of units never share a name."""
    if user is not None:
        return f"user\t{user}"
    return f"conversation\t{conversation}" if conversation is not None else f"record\t{record_id}"


def part_of(unit: str) -> Part:
    """The part that all records of a unit are in, by a hash of its name."""
    spot = place(unit, "search")
    if spot >= 1 - CONFIRM:
        return Part.CONFIRM
    return Part.TRAIN if spot < TRAIN else Part.SELECT
