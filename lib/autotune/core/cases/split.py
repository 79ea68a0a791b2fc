"""The cases of a benchmark, and what each is for: to search with, to confirm by, or held out.

A proposer that sees how its changes do on single cases that decide fits them. Simulated, 46 to 76 of 100 sessions in which nothing works
keep something then, under any rule. So there are three parts. Of *search* the proposer sees everything. *Confirm* decides, and only the
verdict and counts leave it. *Held out* cases serve claims.

A list whose cases have sides is one of routing: each query should fire, or should not.

    split(cases, held_out, searched)     the parts, by a hash of each case's group: the same on every machine, however the list grows
    is_sided(cases)                      whether it is one of routing
    digest(cases)                        by which the ledger knows a list of cases again
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from autotune.core.model import Part

FEWEST_TO_SPLIT = 60  # units; fewer decide next to nothing when they are split
HELD_OUT = 0.2  # of the units
SEARCHED = 0.5  # of what is left; the rest confirms


class Side(StrEnum):
    """What is right for a query: that it fires, or that it does not."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class Case(NamedTuple):
    """One of the things that a benchmark measures on: its id, and the group (a conversation, a user) that it belongs to, if any.

    A query of a routing list has a side besides.
    """

    name: str
    group: str | None = None
    side: Side | None = None

    @property
    def lot(self) -> str:
        """What has one part: the group, else the case. No id has a tab in it, so the two are never mixed up."""
        return self.name if self.group is None else f"\t{self.group}"

    @property
    def unit(self) -> str:
        """What is drawn as one: the group, as far as it is of one side, else the case."""
        return self.lot if self.group is None or self.side is None else f"{self.lot}\t{self.side}"


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a list of cases, each in the list's order. Where there are too few to split, all of them confirm."""

    search: tuple[Case, ...]
    confirm: tuple[Case, ...]
    held_out: tuple[Case, ...]

    def of(self, part: Part) -> tuple[Case, ...]:
        """The cases of a part."""
        return {Part.SEARCH: self.search, Part.CONFIRM: self.confirm, Part.HELD_OUT: self.held_out}[part]

    @property
    def seen(self) -> Part:
        """The part that is run besides comparisons and claims: search, or what there is where there are too few to split."""
        return Part.CONFIRM if self.whole else Part.SEARCH

    @property
    def whole(self) -> bool:
        """Whether all cases decide, so that no proposer may see one."""
        return not self.search and not self.held_out


def units_in(cases: Iterable[Case]) -> int:
    """How many units cases make: groups count once."""
    return len({case.unit for case in cases})


def is_sided(cases: Sequence[Case]) -> bool:
    """Whether cases have sides: all of a list, or none."""
    return bool(cases) and cases[0].side is not None


def couples_in(cases: Sequence[Case]) -> int:
    """How many couples of one positive and one negative unit cases make."""
    return min(units_in(case for case in cases if case.side is side) for side in Side)


def split(cases: Sequence[Case], held_out: float = HELD_OUT, searched: float = SEARCHED) -> Split:
    """The parts of a list: `held_out` of its units (0 to 1), `searched` of the rest to search with; from 60 units on.

    A unit's place depends on its name alone. Cases that are added move no other, and another share held out moves none between
    search and confirm.
    """
    if units_in(cases) < FEWEST_TO_SPLIT:
        return Split((), tuple(cases), ())
    away = [case for case in cases if place(case.lot, "held out") < held_out]
    there = [case for case in cases if place(case.lot, "held out") >= held_out]
    search = [case for case in there if place(case.lot, "search") < searched]
    confirm = [case for case in there if place(case.lot, "search") >= searched]
    return Split(tuple(search), tuple(confirm), tuple(away))


def letters(cases: Sequence[Case], parts: Split) -> str:
    """The parts of a list as the ledger holds them: a letter a case."""
    of = {case.name: letter for part, letter in _LETTERS.items() for case in parts.of(part)}
    return "".join(of[case.name] for case in cases)


def by_letters(cases: Sequence[Case], held: str) -> Split:
    """The parts that `letters` wrote. Raises ValueError where there is not a letter for each case."""
    found = {part: tuple(case for case, one in zip(cases, held, strict=True) if one == letter) for part, letter in _LETTERS.items()}
    return Split(found[Part.SEARCH], found[Part.CONFIRM], found[Part.HELD_OUT])


_LETTERS = {Part.SEARCH: "s", Part.CONFIRM: "c", Part.HELD_OUT: "h"}


def place(unit: str, purpose: str) -> float:
    """A number from 0 up to 1 that a unit's name and the purpose give, evenly spread."""
    return int.from_bytes(hashlib.sha256(f"{purpose}\n{unit}".encode()).digest()[:6]) / 2**48


def digest(cases: Iterable[Case]) -> str:
    """By which a list is known again: of ids and groups, whatever their order."""
    lines = sorted("\t".join(one for one in case if one is not None) for case in cases)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
