"""A batch of cases as one pair of the race: for values that measure time or have no bounds.

One coin decides one batch, so it is one pair, whose values are each arm's over the cases that the incumbent has. The race (`stages.py`)
then asks whether the change does nothing. That does not rule out many small gains and a few large losses, so a keep asks besides that the
mean is better (`decide.py`), and names the largest losses.

Another batch has other cases, so only the two runs of a pair can be held against each other: pairs alone, no block.

    gains_by_case(batches, ...)           by how much each case is better, for `largest_losses`
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

from autotune.core.model import Direction
from autotune.core.output.outcome import cases_of
from autotune.core.stats.effects import gains

SHOWN = 3

Samples = Mapping[str, float]
"""A run's samples by name, `t[a]` for case `a` of metric `t`."""


class Counted(StrEnum):
    """How cases count: each alike, whatever its size, or by what they come to in total."""

    EACH_ALIKE = "each alike"
    TOTAL = "total"


def gains_by_case(batches: Sequence[tuple[Samples, Samples]], metric: str, direction: Direction, *, logs: bool) -> dict[str, float]:
    """By how much each case is better on average over the batches (candidate, incumbent) that both arms have it in, on the scale."""
    pairs = dict[str, list[tuple[float, float]]]()
    for candidate, incumbent in batches:
        for case in cases_of(incumbent, metric):
            if (name := f"{metric}[{case}]") in candidate:
                pairs.setdefault(case, []).append((incumbent[name], candidate[name]))
    return {case: math.fsum(gains(found, direction, logs=logs)) / len(found) for case, found in pairs.items()}


def largest_losses(by_case: Mapping[str, float]) -> list[tuple[str, float]]:
    """The cases that lost most, worst first: `SHOWN`, fewer where fewer lost."""
    lost = [(case, gain) for case, gain in by_case.items() if gain < 0]
    return sorted(lost, key=lambda one: one[1])[:SHOWN]
