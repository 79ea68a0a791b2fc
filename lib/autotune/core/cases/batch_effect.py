"""Whether something acts on a whole batch (a slow server, a judge of that minute), and so what may count as one unit.

What acts on all cases of a run makes their differences agree by luck. Where cases count one by one, an effect on batches as large as the
cases' own noise passes 13 to 27 of 100 changes that do nothing. So the unchanged code is run against itself in batches. Cases count one by
one only where that refutes, at 10 : 1, an effect of a third of their standard deviation. Else the unit is the batch's mean, or a batch
is one unit.

    measured(batches)                      the effect, from the differences of the unchanged code's units in each batch
    chosen(effect, spread, ...)            case, batch or one by one
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from autotune.core.cases.drawing import Taken
from autotune.core.cases.pool import units_needed
from autotune.core.cases.scores import Asked, can_decide

HARMLESS = 1 / 3  # of the units' own standard deviation, the effect on batches that has to be refuted
REFUTED_Z = -1.2816  # the 10 % point of the normal distribution


class BatchEffect(NamedTuple):
    """What the unchanged code shows: the mean squares `between` batches and `within` them, their degrees of freedom, and units a batch."""

    between: float
    within: float
    batches_free: int
    units_free: int
    size: float

    @property
    def deviation(self) -> float:
        """The standard deviation of what acts on a whole batch, 0 where batches differ no more than their units do."""
        return math.sqrt(max(self.between - self.within, 0.0) / self.size)

    @property
    def is_harmless(self) -> bool:
        """Whether batches differ clearly less than with an effect of a third of the units' own standard deviation.

        The mean squares' ratio is then F-distributed times 1 + size / 9; its tail is Paulson's (1942) approximation.
        """
        if min(self.batches_free, self.units_free) < 1 or self.size <= 1:
            return False
        if not self.within:
            return not self.between
        root = math.cbrt(self.between / self.within / (1 + self.size * HARMLESS**2))
        first, second = 2 / (9 * self.batches_free), 2 / (9 * self.units_free)
        return (root * (1 - second) - (1 - first)) / math.sqrt(root**2 * second + first) <= REFUTED_Z


def measured(batches: Sequence[Sequence[float]]) -> BatchEffect:
    """The effect, by one-way analysis of variance of each batch's differences (none empty; sizes may differ)."""
    sizes = [len(batch) for batch in batches]
    count, means = sum(sizes), [math.fsum(batch) / len(batch) for batch in batches]
    middle = math.fsum(one for batch in batches for one in batch) / max(count, 1)
    between = math.fsum(size * (mean - middle) ** 2 for size, mean in zip(sizes, means, strict=True))
    within = math.fsum((one - mean) ** 2 for batch, mean in zip(batches, means, strict=True) for one in batch)
    free, inner = max(len(batches) - 1, 0), count - len(batches)
    size = (count - sum([size**2 for size in sizes]) / count) / free if free else float(count)
    return BatchEffect(between / max(free, 1), within / max(inner, 1), free, inner, size)


class Costs(NamedTuple):
    """What a run of a whole batch and a run of a single unit cost, both arms alike: seconds or money."""

    batch: float
    single: float


def chosen(effect: BatchEffect, spread: float, units: int, costs: Costs, asked: Asked) -> Taken:
    """What counts as one unit: the case where nothing acts on batches, else what decides on a gain worth having at the least cost.

    `spread` is that of a unit's difference (`pool.spread_of`), `units` how many there are to decide by.
    """
    if effect.is_harmless:
        return Taken.CASE
    of_mean = math.hypot(spread / math.sqrt(effect.size), effect.deviation)
    by_batch = units_needed(asked.worth, of_mean, asked.needed) * costs.batch
    one_by_one = units_needed(asked.worth, spread, asked.needed) * costs.single
    return Taken.BATCH if by_batch < one_by_one and can_decide(int(units / effect.size), asked) else Taken.ONE_BY_ONE
