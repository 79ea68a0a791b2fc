"""The mean bet: the odds that bounded differences are better than a bound on average, whatever their shape.

A stake on a difference d (candidate less incumbent, 1 the best, -1 the worst) becomes 1 + b d times as much. If the mean of d is 0 or less,
no stake grows on average. So four stakes together pass x : 1 at any look with a chance of 1 in x at most (Ville's inequality). No symmetry
is assumed: many small gains and a few large losses, with a mean of 0, pass as rarely. The bet of the race (`stages.py`) asks for symmetry
instead, and passes 83 to 99 of 100 of those.

Products, not logarithms: a stake that comes to nothing does no harm. Source: betting on the mean of bounded variables, Waudby-Smith and
Ramdas (2024).

    evidence(differences, least)    odds for "the mean is above `least`"
    interval(differences)           the means that neither speaks against at 40 : 1
    EVEN, staked(), total()         the same step by step
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

# A bet of 1 could lose all to a single difference of -1. The largest has the most weight since large gains are decided there; 0.1 is the
# best bet on a gain of a tenth of the variance.
BETS = (0.1, 0.25, 0.5, 0.95)
WEIGHTS = (0.15, 0.20, 0.25, 0.40)
BOUND = 40.0  # of each end of a 95 % interval
PRECISION = 1e-7  # of an end
LARGEST = 1e300  # what stands for more than a float holds

Stakes = tuple[float, ...]
EVEN: Stakes = (1.0, 1.0, 1.0, 1.0)


def staked(stakes: Stakes, gains: Sequence[float]) -> Stakes:
    """What the four stakes become by further gains, each at least -1."""
    return tuple([math.prod([1 + bet * gain for gain in gains], start=stake) for bet, stake in zip(BETS, stakes, strict=True)])


def total(stakes: Stakes) -> float:
    """What the four stakes come to together: odds, at most `LARGEST`."""
    return min(sum([weight * stake for weight, stake in zip(WEIGHTS, stakes, strict=True)]), LARGEST)


def gains_over(differences: Sequence[float], least: float) -> list[float]:
    """By how much differences are above the least that is asked for, -1 or more: their mean is 0 where theirs is `least`."""
    return [(difference - least) / (1 + least) for difference in differences]


def gains_under(differences: Sequence[float], worth: float) -> list[float]:
    """By how much differences are below what is worth having, -1 or more: their mean is 0 where theirs is `worth`."""
    return [(worth - difference) / (1 - worth) for difference in differences]


def evidence(differences: Sequence[float], least: float = 0.0) -> float:
    """The odds that the mean of differences (each from -1 to 1) is above `least`, which is above -1 and below 1."""
    return total(staked(EVEN, gains_over(differences, least)))


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the mean, at every look: from the largest bound passed at 40 : 1 to the smallest one.

    Both odds change one way with the bound, so each end is a root, found to 1e-7. Without differences it is all there is, -1 to 1.
    """
    import numpy as np

    values, bets, weights = np.asarray(differences, dtype=float), np.asarray(BETS)[:, None], np.log(WEIGHTS)

    def above(sign: int) -> Callable[[float], float]:
        signed = sign * values

        def height(bound: float) -> float:
            gains = bets * (signed - bound)
            gains /= 1 + bound
            stakes = np.add.reduce(np.log1p(gains, out=gains), axis=1)
            return float(np.logaddexp.reduce(weights + stakes)) - math.log(BOUND)

        return height

    return _largest(above(1)), -_largest(above(-1))


def _largest(height: Callable[[float], float]) -> float:
    """The largest bound with odds of 40 : 1 at least, -1 where there is none; `height` is their logarithm above that, and falls.

    A false position whose end that stays is halved (Illinois): about ten steps.
    """
    low, high = PRECISION - 1, 1 - PRECISION
    above, below = height(low), height(high)
    if above < 0:
        return -1.0
    side = 0
    while high - low > PRECISION:
        middle = (low * below - high * above) / (below - above)
        middle = min(max(middle, low + PRECISION / 2), high - PRECISION / 2)
        found = height(middle)
        if found >= 0:
            low, above, below, side = middle, found, below / 2 if side > 0 else below, 1
        else:
            high, below, above, side = middle, found, above / 2 if side < 0 else above, -1
    return low
