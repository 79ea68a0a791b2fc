"""Which of two versions a unit gets: one coin for each unit, which everybody who knows the salt throws alike.

The format, which the reader libraries share (docs/rollout.md): SHA-256 of `SALT newline DAY newline KIND tab ID` in UTF-8, of which the
first 13 hexadecimal digits, as a number from 0 to 16^13 - 1, are held against the share of 16^13. Thirteen digits are 52 bits, which a
double holds exactly.

    coin(salt, subject)            where a unit falls, from 0 to below 1
    gets_canary(salt, subject, share)
    drawn_by(draws, share)         what threw the coins behind what was shown: the format, somebody once for each, or each request anew
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

DIGITS = 13
SPOTS = float(1 << 4 * DIGITS)
ASTRAY = 0.05  # of the records of units, that another version than the coin's may be shown in: readers notice a new file late
MIXED_EXPECTED = 8.0  # units of both versions that requests drawn one by one would bring: seeing none has a chance of 1 in 3000


class UnitKind(StrEnum):
    """What one coin decides."""

    USER_DAY = "user-day"
    CONVERSATION = "conversation"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a coin is thrown for: a user's day (`day` as 2026-01-31, UTC), a conversation or a request, without a day."""

    kind: UnitKind
    id: str
    day: str = ""


_WORDS = {UnitKind.USER_DAY: "user", UnitKind.CONVERSATION: "conversation", UnitKind.REQUEST: "request"}


def coin(salt: str, subject: Subject) -> float:
    """Where a unit falls, from 0 to below 1."""
    text = f"{salt}\n{subject.day}\n{_WORDS[subject.kind]}\t{subject.id}"
    return int(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS], 16) / SPOTS


def gets_canary(salt: str, subject: Subject, share: float) -> bool:
    """Whether a unit gets the canary, where a `share` of all units does."""
    return coin(salt, subject) < share


@dataclass(frozen=True, slots=True)
class Shown:
    """One record of a rollout: whether the canary was shown, and what it may be a part of, by kind; a kind that it lacks is left out."""

    canary: bool
    subjects: Mapping[UnitKind, Subject]


def drawn_by(salt: str, shown: Sequence[Shown], share: float) -> tuple[UnitKind, bool]:
    """What one coin decided, by what was shown, and whether it was thrown by the format.

    By the format: at most 5 of 100 records show another version than the coin's. Else one throw for each unit: hardly any unit shows both
    versions, where requests drawn one by one would have brought eight. Else each request was drawn by itself. Neither looks at a score.
    """
    for kind in (UnitKind.USER_DAY, UnitKind.CONVERSATION):
        known = [(one.canary, one.subjects[kind]) for one in shown if kind in one.subjects]
        if not known or len(known) < len(shown) / 2:
            continue
        astray = sum(canary is not gets_canary(salt, subject, share) for canary, subject in known)
        if astray <= ASTRAY * len(known):
            return kind, True
        if _drawn_once(known, share):
            return kind, False
    return UnitKind.REQUEST, False


def _drawn_once(known: Iterable[tuple[bool, Subject]], share: float) -> bool:
    """Whether hardly any unit shows both versions, though many would if each of their records were drawn by itself."""
    canaries, sizes = Counter[Subject](), Counter[Subject]()
    for canary, subject in known:
        canaries[subject] += canary
        sizes[subject] += 1
    mixed = sum(0 < canaries[subject] < size for subject, size in sizes.items())
    expected = sum(1 - share**size - (1 - share) ** size for size in sizes.values())
    return expected >= MIXED_EXPECTED and mixed <= ASTRAY * expected
