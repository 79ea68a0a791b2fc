"""How far repeated samples of one unchanged state spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

POOL_WINDOW = 256
FEWEST_FOR_TAIL = 16  # residuals, before their 80 % quantile says more of the noise than of one outlier


# Effects found with 80 % power, in noise floors of a pair's difference, by the number of pairs allowed: simulated with `decide` itself
# (normal noise, 100 planned). tests/benchmarks/calibration.py holds the figures for 20 and 40 pairs to it.
DETECTABLE = ((8, 3.5), (12, 2.8), (16, 1.83), (20, 1.45), (24, 1.23), (32, 1.05), (40, 0.96))


def mad(values: Sequence[float]) -> float:
    """The median absolute deviation from the median, not rescaled to a standard deviation. Raises ValueError when there are no values."""
    middle = median(values)
    return median([abs(value - middle) for value in values])


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ordered values lie, interpolated linearly between neighbours."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def repeats_exactly(values: Sequence[float], printed: Sequence[float], *, timed: bool, rounded: bool = True) -> bool:
    """Whether an unchanged state's values show that a benchmark gives the same one every time: all are equal, and there are enough.

    Rounding hides the noise of what is `timed`. So there it takes eight values, and four significant digits in all that was `printed` (the
    values, or the cases that they were combined from). The digits are not asked for where nothing can be `rounded`. A count or a size is
    what it is: three values are enough.
    """
    enough = EXACT_RUNS_TIMED if timed else EXACT_RUNS
    fine = not timed or not rounded or min(map(significant_digits, printed), default=0) >= EXACT_DIGITS
    return len(values) >= enough and len(set(values)) == 1 and fine


def significant_digits(value: float) -> int:
    """How many digits a value is known to have: `0.0150` has two, and so has 1500, whose zeros may come from rounding."""
    return len(_decimal(value).as_tuple().digits)


def last_digit(value: float) -> float:
    """One in a value's last digit: 0.001 of 1.234; 1 of 1500, a whole number."""
    exponent = _decimal(value).as_tuple().exponent
    return 10.0 ** min(int(exponent), 0)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value)).normalize()


def pool_by_digits(pool: Sequence[float], value: float, *, logs: bool) -> tuple[float, ...]:
    """The pool of a state whose values were all `value` and may yet differ: as if one of them had been off by one in its last digit."""
    tick = last_digit(value)
    return (*pool, math.log1p(tick / value) if logs else tick)


def residual_pool(values: Sequence[float], *, logs: bool) -> tuple[float, ...]:
    """Absolute differences of successive values of one unchanged state, in logarithms where `logs`: the first noise pool.

    Successive differences are on the scale of a pair's difference already and barely feel a drift. Raises ValueError for a logarithm of
    a value that is not positive.
    """
    places = [math.log(value) for value in values] if logs else list(values)
    return tuple(abs(later - earlier) for earlier, later in pairwise(places))


def pool_after(pool: Sequence[float], differences: Sequence[float]) -> tuple[float, ...]:
    """The pool after a comparison: the residuals of its pair differences appended, the latest 256 kept.

    Residuals from the Hodges-Lehmann estimate are too small by sqrt((n-1)/n), which is undone; fewer than three pairs teach nothing.
    """
    count = len(differences)
    if count < 3:  # noqa: PLR2004 - one or two residuals say more about the estimate than about the noise
        return tuple(pool)
    middle = hodges_lehmann(differences)
    inflation = math.sqrt(count / (count - 1))
    return (*pool, *(abs(difference - middle) * inflation for difference in differences))[-POOL_WINDOW:]


@lru_cache(maxsize=16)  # asked for after every run, of a pool that stays the same while a comparison lasts
def noise_floor(pool: tuple[float, ...]) -> float:
    """The standard deviation of a pair's difference, from absolute residuals; 0 for an empty pool and for a benchmark that repeats exactly.

    The larger of two robust estimates: 1.4826 medians (half of a normal's absolute values lie below 1/1.4826 sd) and the 80 % quantile
    over 1.2816 (80 % lie below it). The 80 % quantile sees tails that the median misses; the 90 % would let one outlier in ten set the
    scale. A single outlier among eight baseline runs is in two of their seven differences, so below sixteen residuals the median
    stands alone (first experiments among outliers: .91 instead of .69 of the gains of 5 sd are found). Where all that is 0 but something
    moved, as in a coarsely rounded metric, half of the largest residual. Divide by sqrt 2 for a single run.
    """
    if not pool:
        return 0.0
    ordered = sorted(pool)
    by_median = 1.4826 * _quantile(ordered, 0.5)
    by_tail = _quantile(ordered, 0.8) / 1.2816 if len(pool) >= FEWEST_FOR_TAIL else 0.0
    return max(by_median, by_tail) or ordered[-1] / 2


@lru_cache(maxsize=256)  # asked for after every run, of all pairs up to there
def noise_of_now(differences: tuple[float, ...]) -> float:
    """The noise floor that a comparison's pair differences themselves show; 0 for fewer than three.

    It is measured from their own middle, so an effect is no noise. A pair's scale may follow it where it comes from the pairs before alone:
    the order within the pair is a fair coin's still, so the bet on it is fair whatever the scale.
    """
    return noise_floor.__wrapped__(pool_after((), differences))


def smallest_detectable(sigma: float, pairs: int) -> float:
    """The smallest effect found four times in five with so many pairs, on the scale of `sigma`, the noise floor of a pair's difference.

    Interpolated in a simulated table, `DETECTABLE`; beyond it the effect shrinks with the square root of the pairs. Infinite below eight
    pairs, which cannot bring the evidence that a session of 100 asks for.
    """
    most, smallest = DETECTABLE[-1]
    if pairs < DETECTABLE[0][0]:
        return math.inf
    if pairs >= most:
        return sigma * smallest * math.sqrt(most / pairs)
    (fewer, larger), (more, smaller) = next(both for both in pairwise(DETECTABLE) if pairs < both[1][0])
    return sigma * (larger + (smaller - larger) * (pairs - fewer) / (more - fewer))


EXACT_RUNS, EXACT_RUNS_TIMED, EXACT_DIGITS = 3, 8, 4  # that show a benchmark to repeat exactly


EXACT_CLAIM_PAIRS = 2  # of such a benchmark, whose two runs a side have to be equal


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the middle two. Raises ValueError when there are no values."""
    if not values:
        message = "no values have no median"
        raise ValueError(message)
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else (low + high) / 2  # the shortcut keeps two equal infinities from becoming nan


def walsh(differences: Sequence[float]) -> list[float]:
    """The means of all pairs of differences, each with itself too, in order."""
    return sorted((one + other) / 2 for place, one in enumerate(differences) for other in differences[: place + 1])


def hodges_lehmann(differences: Sequence[float]) -> float:
    """The median of the Walsh averages: as robust as a median, nearly as precise as a mean (Hodges and Lehmann, 1963)."""
    return median(walsh(differences))
