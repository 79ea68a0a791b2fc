"""A single run against the values that are known."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autotune.core.decide.comparison import (
    Comparison,
    of_arm,
)
from autotune.core.model import Arm, Effect
from autotune.core.stats.effects import SQRT2, on_scale
from autotune.core.stats.noise import median


def known_values(comparison: Comparison) -> Sequence[float]:
    """The incumbent's values that a single run is compared with: the latest 8 before this comparison, else those in it."""
    return comparison.calibration.reference[-REFERENCES:] or of_arm(Arm.INCUMBENT, comparison.arms, comparison.values)


def single_gain(comparison: Comparison) -> float:
    """How much better the candidate's first run is than the median of the incumbent's known values, less the least effect."""
    height = comparison.places[comparison.arms.index(Arm.CANDIDATE)]
    known = median(on_scale(known_values(comparison), comparison.policy.metric.direction, logs=comparison.calibration.logs))
    return 0.0 if height == known else height - known


def single_bar(comparison: Comparison, z: float) -> float:
    """What that gain must exceed: z standard errors of one run against the median of k, counted from no effect where one is asked for."""
    return max(z * single_error(comparison) - max(comparison.delta, 0.0), 0.0)


def single_error(comparison: Comparison) -> float:
    """The standard error of one run against the median of the k known values."""
    return comparison.sigma / SQRT2 * math.sqrt(1 + 1 / len(known_values(comparison)))


def single_effect(comparison: Comparison) -> Effect:
    """The effect of the candidate's first run against the median of the known values; the ends are those against the extremes of them."""
    known, value = known_values(comparison), comparison.values[comparison.arms.index(Arm.CANDIDATE)]
    middle, most, least = median(known), max(known), min(known)
    if comparison.calibration.logs and min(value, least) > 0:
        return Effect(value / middle, value / most, value / least)
    return Effect(value - middle, value - most, value - least, relative=False)


REFERENCES = 8  # how many of the incumbent's latest values a single run is compared with
