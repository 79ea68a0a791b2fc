"""Whether values drift with time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

DRIFT_WINDOW = 40
FEWEST_FOR_DRIFT = 20
DRIFT_Z = -3.09  # the 0.1 % point of the normal distribution: one false alarm in a thousand looks


@dataclass(frozen=True, slots=True)
class Drift:
    """What the rank von Neumann test says: about 0 in `z` for values in random order, far below it for values that drift."""

    z: float
    flagged: bool


def rank_von_neumann(values: Sequence[float]) -> Drift | None:
    """Whether an unchanged state's values drift (Bartels, 1982), from the latest 40 of them; None for fewer than 20.

    The sum of squared differences of successive midranks over their sum of squares is near 2 for values in random order and smaller
    where neighbours are alike. Values that are all equal do not drift.
    """
    recent = values[-DRIFT_WINDOW:]
    count = len(recent)
    if count < FEWEST_FOR_DRIFT:
        return None
    ranks = _midranks(recent)
    centre = (count + 1) / 2
    spread = math.fsum((rank - centre) ** 2 for rank in ranks)
    if not spread:
        return Drift(0.0, flagged=False)
    ratio = math.fsum((later - earlier) ** 2 for earlier, later in pairwise(ranks)) / spread
    variance = 4 * (count - 2) * (5 * count**2 - 2 * count - 9) / (5 * count * (count + 1) * (count - 1) ** 2)
    z = (ratio - 2) / math.sqrt(variance)
    return Drift(z, flagged=z < DRIFT_Z)


def _midranks(values: Sequence[float]) -> list[float]:
    """The rank of each value from 1 on; equal values share the mean of their ranks."""
    ordered = sorted(values)
    first: dict[float, int] = {}
    last: dict[float, int] = {}
    for rank, value in enumerate(ordered, start=1):
        first.setdefault(value, rank)
        last[value] = rank
    return [(first[value] + last[value]) / 2 for value in values]
