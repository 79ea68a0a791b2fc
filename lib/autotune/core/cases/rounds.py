"""Which cases each pair of runs takes, where a run takes a part of them: once through all in a drawn order, then again in another.

A keep takes twelve pairs at least (1.9^12 > 2083), so a round is made of about as many batches: nothing is kept before all cases were run.
Eight cases at least make a batch, for a run has to begin for each.

    size_of(cases)               how many a run takes
    batch(cases, seed, number)   those of a pair, by their places in the list
"""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import lru_cache

from autotune.core.cases.drawing import draw
from autotune.core.cases.split import Case

PAIRS = 12  # of a round
FEWEST = 8  # cases of a run


def size_of(cases: tuple[Case, ...]) -> int:
    """How many cases a run takes: all of few."""
    return min(len(cases), max(FEWEST, math.ceil(len(cases) / PAIRS)))


def batch(cases: tuple[Case, ...], seed: str, number: int) -> tuple[int, ...]:
    """The cases of a pair, the first of which has the number 0, by their places in the list. Cases of one group stay together."""
    if size_of(cases) == len(cases):
        return tuple(range(len(cases)))
    again = 0
    while number >= len(batches := _batches(cases, f"{seed} {again}")):
        number, again = number - len(batches), again + 1
    return batches[number]


def of_a_round(cases: tuple[Case, ...], seed: str = "") -> tuple[tuple[int, ...], ...]:
    """Give the batches of the first round by a seed, each by its cases' places in the list."""
    return (tuple(range(len(cases))),) if size_of(cases) == len(cases) else _batches(cases, f"{seed} 0")


def ahead(cases: tuple[Case, ...], run: Collection[str]) -> int:
    """How many batches about are left of a round, given the cases that were run by their ids; 0 once all were."""
    return math.ceil(sum(case.name not in run for case in cases) / size_of(cases))


@lru_cache(maxsize=8)
def _batches(cases: tuple[Case, ...], seed: str) -> tuple[tuple[int, ...], ...]:
    places = {case.name: place for place, case in enumerate(cases)}
    alone = [case._replace(side=None) for case in cases]  # which couples leave some cases out of
    return tuple(tuple(places[name] for name in names) for names in draw(alone, seed, size_of(cases)).batches)
