"""The session's spread as a multiple, which decides nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autotune.core.model import Direction
from autotune.core.stats.effects import gains
from autotune.core.stats.noise import mad


def confidence(values: Sequence[float], baseline: float, best: float | None, direction: Direction) -> float | None:
    """The best improvement over the baseline as a multiple of the values' MAD; it describes the session's spread and decides nothing.

    `values` holds one number an experiment, the baseline's among them and a crash's not (a crash carries no number). None below three
    values. 0 where nothing is kept (`best` None) or the best kept is not better than the baseline, as after a drift. Infinity where the
    MAD is 0 and the best is better: most experiments agree to the last digit, and one beat them. Differences are absolute, so zero and
    negative metrics need no care.
    """
    if len(values) < 3:  # noqa: PLR2004 - the contract: from the third experiment on
        return None
    gain = 0.0 if best is None else gains([(baseline, best)], direction, logs=False)[0]
    if gain <= 0:
        return 0.0
    spread = mad(values)
    return gain / spread if spread else math.inf


def confidence_label(multiple: float | None) -> str:
    """The contract's word for a confidence: high from 2, marginal from 1, within noise below; `too early` where there is none."""
    if multiple is None:
        return "too early"
    if multiple >= 2:  # noqa: PLR2004 - the contract's thresholds
        return "high"
    return "marginal" if multiple >= 1 else "within noise"
