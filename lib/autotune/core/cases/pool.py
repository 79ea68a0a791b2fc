"""What so many cases can show: the smallest difference, and how many units a decision takes.

Differences are shares of the score's range, as everywhere (`units.py`); `spread` is the standard deviation of a unit's difference between
two states, 0.3 where nothing is known. Formulas agree with simulation within about 15 %, and within .01 of the smallest difference where
that is below .15. They reckon with the keep alone: giving up early costs up to 8 points of power more.

    units_needed(effect, spread, needed)         how many units a decision takes
    smallest_visible(units, spread, needed)      the smallest difference that so many can show, or None
    scores.can_decide(units, asked)              whether they can decide anything at all
    what_helps(units, by_case, by_judge, needed) the same with twice the cases, and with each case judged twice
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from autotune.core.cases.mean_bet import BETS
from autotune.core.cases.scores import PRIOR_SD, PRIOR_UNITS

PRECISION = 1e-4  # of the smallest visible difference


class Power(float, Enum):
    """In which share of comparisons a difference is found, as standard normal deviates above the median."""

    HALF = 0.0
    FOUR_IN_FIVE = 0.84


def units_needed(effect: float, spread: float, needed: float, power: Power = Power.FOUR_IN_FIVE) -> float:
    """The units within which a true difference of `effect` (above 0 and what is asked for) reaches odds of `needed` in so many comparisons.

    The best bet is e / (s^2 + e^2), at most the largest; each unit brings ln(1 + b e) - v^2 / 2 to the logarithm of the odds, v being
    the spread of that.
    """
    bet = min(BETS[-1], effect / (spread**2 + effect**2))
    sway = bet * spread / (1 + bet * effect)
    growth = math.log1p(bet * effect) - sway**2 / 2
    half = (math.log(needed) + 1) / growth
    return half + power * sway * math.sqrt(half) / growth


def smallest_visible(units: float, spread: float, needed: float, power: Power = Power.FOUR_IN_FIVE) -> float | None:
    """The smallest difference that so many units show, or None where they show none, even of 1."""
    low, high = 0.0, 1.0
    if units_needed(high, spread, needed, power) > units:
        return None
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (low, middle) if units_needed(middle, spread, needed, power) <= units else (middle, high)
    return high


def spread_of(differences: Sequence[float]) -> float:
    """The spread of units seen so far, with four of 0.3 thought of beside them, so that few units do not say too much."""
    count = len(differences)
    mean = sum(differences) / count if count else 0.0
    squares = sum([(difference - mean) ** 2 for difference in differences])
    return math.sqrt((squares + PRIOR_UNITS * PRIOR_SD**2) / (max(count - 1, 0) + PRIOR_UNITS))


class Helps(NamedTuple):
    """The smallest difference that shows as it is, with twice the cases, and with every case judged twice in each arm; None: none does."""

    now: float | None
    more_cases: float | None
    repeats: float | None


def what_helps(units: int, by_case: float, by_judge: float, needed: float) -> Helps:
    """Whether more cases or repeats would help, by the spread of what differs from case to case and that of one judgement's noise.

    Both take twice the runs. More cases show more whatever the noise; repeats are for lists that cannot grow.
    """
    once, twice = math.hypot(by_case, by_judge), math.hypot(by_case, by_judge / math.sqrt(2))
    return Helps(*(smallest_visible(count, spread, needed) for count, spread in ((units, once), (2 * units, once), (units, twice))))
