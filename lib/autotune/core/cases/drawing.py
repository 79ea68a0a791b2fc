"""The order in which a comparison goes through cases, the batches in which they are run, and how far it has come.

Every comparison has an order of its own, by a seed that is drawn when the candidate is there. A run takes a batch: whole units, so that a
group is never cut. Results count in drawn order, up to the first gap. Taken as they come, where losing cases take three times as long, luck
passes 20 : 1 in 6 to 31 of 100 comparisons.

Cases with sides are drawn in couples, one positive and one negative unit: they are run together, and count once both have settled. What is
left over of the larger side is not run.

A case that an arm leaves unscored is asked for once more, in both arms, along with the next batch; then it is settled as it is. So a run
has twice the batch's size at most.

    draw(cases, seed, size, taken)     the batches and units of a comparison
    settled(tries)                     whether a case is not asked for again
    whole(draw, units)                 how many of so many settled units count
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.cases.split import Case, Side, is_sided, place
from autotune.core.cases.units import Tried

MOST_TRIES = 2


class Taken(StrEnum):
    """What counts as one unit, and so what one coin decides (`batch_effect.py` chooses).

    `case`: the case, or the mean of its group. `batch`: the mean of a batch. `one by one`: as `case`, in batches of one unit.
    """

    CASE = "case"
    BATCH = "batch"
    ONE_BY_ONE = "one by one"


@dataclass(frozen=True, slots=True)
class Draw:
    """A comparison's cases by id, in drawn order: the `batches` that runs take, and the `units` that count.

    In couples, a positive unit and a negative one take turns.
    """

    batches: tuple[tuple[str, ...], ...]
    units: tuple[tuple[str, ...], ...]
    couples: bool = False


def draw(cases: Sequence[Case], seed: str, size: int, taken: Taken = Taken.CASE) -> Draw:
    """Draw the order by a seed, and cut it into batches of `size` cases at most; a larger group is a batch of its own."""
    if is_sided(cases):
        return _in_couples(cases, seed, size, taken)
    units = _units(cases, seed)
    batches = _batches(units, size, taken)
    return Draw(batches, batches if taken is Taken.BATCH else units)


def _in_couples(cases: Sequence[Case], seed: str, size: int, taken: Taken) -> Draw:
    """Draw both sides by the same seed, and pair them off."""
    couples = tuple(zip(*(_units([case for case in cases if case.side is side], seed) for side in Side), strict=False))
    return Draw(
        _batches([one + other for one, other in couples], size, taken), tuple([unit for both in couples for unit in both]), couples=True
    )


def _units(cases: Sequence[Case], seed: str) -> tuple[tuple[str, ...], ...]:
    grouped = dict[str, list[str]]()
    for case in cases:
        grouped.setdefault(case.unit, []).append(case.name)
    purpose = f"order {seed}"
    return tuple([tuple(grouped[unit]) for _, unit in sorted([(place(unit, purpose), unit) for unit in grouped])])


def _batches(units: Sequence[tuple[str, ...]], size: int, taken: Taken) -> tuple[tuple[str, ...], ...]:
    batches = list[tuple[str, ...]]()
    for unit in units:
        if batches and taken is not Taken.ONE_BY_ONE and len(batches[-1]) + len(unit) <= size:
            batches[-1] += unit
        else:
            batches.append(unit)
    return tuple(batches)


def settled(tries: Sequence[Tried]) -> bool:
    """Whether a case is not asked for again: both arms have scored it, or it has been asked for once more."""
    return len(tries) >= MOST_TRIES or (bool(tries) and None not in tries[-1])


def whole(drawn: Draw, units: int) -> int:
    """How many of so many settled units count: in couples, none without its other half."""
    return units - units % 2 if drawn.couples else units
