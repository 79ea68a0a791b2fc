"""What paired samples say: the effect, its interval, and what may be claimed of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from autotune.core.model import Direction, Effect
from autotune.core.stats.noise import EXACT_CLAIM_PAIRS, median, walsh

SQRT2 = math.sqrt(2.0)
FEWEST_PAIRS_FOR_INTERVAL = 6  # below six pairs even the widest signed-rank interval covers less than 95 %
TAIL = 0.025  # of each side of a 95 % interval


@lru_cache(maxsize=256)
def signed_rank_bound(count: int, tail: float = TAIL) -> int:
    """The k for which the k-th smallest and k-th largest Walsh averages span 95 %: 53 for 20 differences; 0 below six.

    k - 1 is the largest c with P(W+ <= c) <= `tail`, 2.5 %, where W+ sums the ranks that a fair coin picks from 1...count
    (Wilcoxon's signed-rank distribution, counted exactly).
    """
    limit = tail * 2.0**count
    top = count * (count + 1) // 4
    ways = [1] + [0] * top
    for rank in range(1, count + 1):
        for total in range(top, rank - 1, -1):
            ways[total] += ways[total - rank]
    bound = seen = 0
    while (seen := seen + ways[bound]) <= limit:
        bound += 1
    return bound


def tail_of_look(look: int) -> float:
    """The tail that the how-manieth interval of one question may have: 2.5 %, 0.63 %, 0.25 %, ..., 3.75 % in all, however many there are.

    6 x 2.5 % / (k (k + 1) (k + 2)), whose sum over all k telescopes. So the first answer is as good as if nobody could ask again.
    """
    return 6 * TAIL / (look * (look + 1) * (look + 2))


def estimate_and_interval(differences: Sequence[float], tick: float, tail: float = TAIL) -> tuple[float, float, float]:
    """Give the Hodges-Lehmann estimate of symmetric differences, and the exact interval around it: Wilcoxon's test inverted.

    It is widened by `tick` at both ends: a metric rounded to a tick moves the difference of two values by up to one tick. Fewer than six
    differences have no 95 % interval: then it is their range, which covers 1 - 2^(1-n).
    """
    averages = walsh(differences)
    bound = max(signed_rank_bound(len(differences), tail), 1)
    return median(averages), averages[bound - 1] - tick, averages[-bound] + tick


def rounding_tick(values: Sequence[float]) -> float:
    """The step a metric is rounded to, guessed from one state's values: their smallest gap where some repeat, 0 where none or all do."""
    distinct = sorted(set(values))
    if len(distinct) in {1, len(values)}:
        return 0.0
    return min(later - earlier for earlier, later in pairwise(distinct))


def on_scale(values: Sequence[float], direction: Direction, *, logs: bool) -> list[float]:
    """Where values stand on the scale of a comparison, higher being better: their logarithms, or themselves where `logs` is false.

    A value of zero or less has no logarithm and stands below every positive one.
    """
    heights = [math.log(value) if value > 0 else -math.inf for value in values] if logs else list(values)
    return [-height for height in heights] if direction is Direction.LOWER else heights


def gains(pairs: Sequence[tuple[float, float]], direction: Direction, *, logs: bool) -> list[float]:
    """How much better the second value of each pair is than the first, as differences of logarithms or of values."""
    firsts, seconds = zip(*pairs, strict=True) if pairs else ((), ())
    befores, afters = on_scale(firsts, direction, logs=logs), on_scale(seconds, direction, logs=logs)
    return [after - before for before, after in zip(befores, afters, strict=True)]


def effect_of(pairs: Sequence[tuple[float, float]], *, logs: bool, tick: float = 0.0, tail: float = TAIL) -> Effect:
    """The effect in pairs of (incumbent, candidate) values: Hodges-Lehmann estimate and signed-rank interval.

    A ratio where `logs` and all values are positive, else a difference. `tick` is the step the metric is rounded to, `tail` what the
    interval leaves out on each side.
    """
    relative = logs and all(value > 0 for pair in pairs for value in pair)
    if relative and tick:
        tick = math.log1p(tick / min(value for pair in pairs for value in pair))
    # The candidate's rise, whichever way is better: an effect is stated as the metric moves.
    estimate, low, high = estimate_and_interval(gains(pairs, Direction.HIGHER, logs=relative), tick, tail)
    return Effect(ratio(estimate), ratio(low), ratio(high)) if relative else Effect(estimate, low, high, relative=False)


def ratio(logarithm: float) -> float:
    """The ratio of a difference of logarithms, held within what a float can carry."""
    return math.exp(min(max(logarithm, -700.0), 700.0))


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be said of a session's total: the effect of its last state against its first, and whether that is an improvement.

    `look` counts how often this was asked; `fewest` pairs make an interval of the width that this takes. `exact` tells that it rests on
    equal values of a benchmark that repeats exactly, and on no interval.
    """

    improved: bool
    effect: Effect
    pairs: int
    look: int = 1
    fewest: int = FEWEST_PAIRS_FOR_INTERVAL
    exact: bool = False


def side_by_side_repeat(pairs: Sequence[tuple[float, float]]) -> bool:
    """Whether each side of some pairs gave one value."""
    return all(len(set(side)) == 1 for side in zip(*pairs, strict=True))


def claim_of(pairs: Sequence[tuple[float, float]], direction: Direction, *, logs: bool = True, look: int = 1, exact: bool = False) -> Claim:
    """The claim that coin-flip pairs of (first, last) values support: an improvement only where the whole interval is one.

    It is a 95 % interval where this is asked for the first time, a wider one at every further `look`, so that asking often brings nothing
    (`tail_of_look`). It is widened by the metric's tick where it is rounded, which each state's own values show: a count that is the same
    in every run is exact. Of a benchmark that is `exact`, two runs a side say all that more could say, where each side's are equal, however
    often this is asked. Raises ValueError when there are no pairs.
    """
    if exact and len(pairs) >= EXACT_CLAIM_PAIRS and side_by_side_repeat(pairs):
        effect = effect_of(pairs, logs=logs)
        return Claim(gains(pairs[:1], direction, logs=False)[0] > 0, effect, len(pairs), fewest=EXACT_CLAIM_PAIRS, exact=True)
    tail = tail_of_look(look)
    effect = effect_of(pairs, logs=logs, tick=max(map(rounding_tick, zip(*pairs, strict=True)), default=0.0), tail=tail)
    nothing = 1.0 if effect.relative else 0.0
    better = effect.high < nothing if direction is Direction.LOWER else effect.low > nothing
    fewest = math.ceil(-math.log2(tail))
    return Claim(better and len(pairs) >= fewest, effect, len(pairs), look, fewest)
