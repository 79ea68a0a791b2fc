"""What samples say: middle, spread, noise floor, effect with its interval, drift, confidence, and what may be claimed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from autotune.core import rules
from autotune.core.facts import UnreadError
from autotune.core.findings import Unread
from autotune.core.model import Direction, Effect

SQRT2 = math.sqrt(2.0)
POOL_WINDOW = 256
FEWEST_FOR_TAIL = 16  # residuals, before their 80 % quantile says more of the noise than of one outlier
FEWEST_PAIRS_FOR_INTERVAL = 6  # below six pairs even the widest signed-rank interval covers less than 95 %
TAIL = 0.025  # of each side of a 95 % interval
GUARDED = 20.0  # the evidence for or against a guardrail's bound: luck gets there once in twenty
BET = 0.9  # of the stake on each pair; a bet of 1 could lose all of it to one outlier
EXACT_RUNS, EXACT_RUNS_TIMED, EXACT_DIGITS = 3, 8, 4  # that show a benchmark to repeat exactly
EXACT_CLAIM_PAIRS = 2  # of such a benchmark, whose two runs a side have to be equal
DRIFT_WINDOW = 40
FEWEST_FOR_DRIFT = 20
DRIFT_Z = -3.09  # the 0.1 % point of the normal distribution: one false alarm in a thousand looks

# Effects found with 80 % power, in noise floors of a pair's difference, by the number of pairs allowed: simulated with `decide` itself
# (normal noise, 100 planned). tests/benchmarks/calibration.py holds the figures for 20 and 40 pairs to it.
DETECTABLE = ((8, 3.5), (12, 2.8), (16, 1.83), (20, 1.45), (24, 1.23), (32, 1.05), (40, 0.96))


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the middle two. Raises ValueError when there are no values."""
    if not values:
        message = "no values have no median"
        raise ValueError(message)
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else (low + high) / 2  # the shortcut keeps two equal infinities from becoming nan


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


# Benchmarks that repeat exactly


def repeats_exactly(values: Sequence[float], printed: Sequence[float], *, timed: bool, rounded: bool = True) -> bool:
    """Whether an unchanged state's values show that a benchmark gives the same one every time: all are equal, and there are enough.

    What is `timed` has noise that rounding hides, so there it takes eight values, and four significant digits in all that was `printed`
    (the values, or the cases that they were combined from), unless it cannot be `rounded`. A count or a size is what it is: three are
    enough.
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


# The noise floor


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


# An effect and its interval


def _walsh(differences: Sequence[float]) -> list[float]:
    """The means of all pairs of differences, each with itself too, in order."""
    return sorted((one + other) / 2 for place, one in enumerate(differences) for other in differences[: place + 1])


def hodges_lehmann(differences: Sequence[float]) -> float:
    """The median of the Walsh averages: as robust as a median, nearly as precise as a mean (Hodges and Lehmann, 1963)."""
    return median(_walsh(differences))


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


def signed_rank_interval(differences: Sequence[float], *, tick: float = 0.0) -> tuple[float, float]:
    """The exact 95 % interval of the centre of symmetric differences (Wilcoxon's test inverted), widened by `tick` at both ends.

    A metric rounded to a tick moves the difference of two values by up to one tick. Fewer than six differences have no 95 % interval: the
    answer is then their range, which covers 1 - 2^(1-n).
    """
    _, low, high = _estimate_and_interval(differences, tick)
    return low, high


def tail_of_look(look: int) -> float:
    """The tail that the how-manieth interval of one question may have: 2.5 %, 0.63 %, 0.25 %, ..., 3.75 % in all, however many there are.

    6 x 2.5 % / (k (k + 1) (k + 2)), whose sum over all k telescopes. So the first answer is as good as if nobody could ask again.
    """
    return 6 * TAIL / (look * (look + 1) * (look + 2))


def _estimate_and_interval(differences: Sequence[float], tick: float, tail: float = TAIL) -> tuple[float, float, float]:
    averages = _walsh(differences)
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
    estimate, low, high = _estimate_and_interval(gains(pairs, Direction.HIGHER, logs=relative), tick, tail)
    return Effect(_ratio(estimate), _ratio(low), _ratio(high)) if relative else Effect(estimate, low, high, relative=False)


def _ratio(logarithm: float) -> float:
    """The ratio of a difference of logarithms, held within what a float can carry."""
    return math.exp(min(max(logarithm, -700.0), 700.0))


# The claim


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


# Guardrails


class Standing(StrEnum):
    """Whether a guardrail's bound is kept."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Bound:
    """The bound of a guardrail: `<= 1.02x` is at most, relative, 1.02; `>= 0.98` is at least, absolute, 0.98."""

    limit: float
    at_most: bool
    relative: bool


@dataclass(frozen=True, slots=True)
class Guarded:
    """A guardrail's answer, and what was held against its bound, with its interval: a ratio, a value, or a value less what is allowed.

    `evidence` is the odds for the answer, or for the bound where it is undecided; None where the runs agree exactly.
    """

    standing: Standing
    estimate: float
    low: float
    high: float
    evidence: float | None = None


def guardrail(incumbent: Sequence[float], candidate: Sequence[float], bound: Bound, rule: int = rules.NEWEST) -> Guarded:
    """Whether the candidate keeps within a bound, from the values of both arms in run order.

    Decided as non-inferiority, by a bet that it is within the bound and another that it is beyond (`evidence_within`): the first to reach
    20 : 1 is right, and until then it is undecided, so that few or noisy runs never pass in silence. Relative bounds compare
    ratios of pairs; where values are not positive, the candidate's values less the allowed multiple of the incumbent's, against 0.
    Where the runs agree exactly, two are enough. By the first rule the 95 % interval was held against the bound, from six runs on, which is
    wrong more often the more often one looks.
    """
    figures, limit, logs = _guarded_figures(incumbent, candidate, bound)
    if not figures:
        return Guarded(Standing.UNDECIDED, math.nan, -math.inf, math.inf)
    estimate, low, high = _estimate_and_interval(figures, 0.0)
    evidence = None
    if rule < rules.GUARDRAILS_BET or (len(figures) > 1 and min(figures) == max(figures)):
        enough = len(figures) >= FEWEST_PAIRS_FOR_INTERVAL or (len(figures) > 1 and low == high)
        within, beyond = (high <= limit, low > limit) if bound.at_most else (low >= limit, high < limit)
        standing = Standing.HOLDS if enough and within else Standing.BROKEN if enough and beyond else Standing.UNDECIDED
    else:
        standing, evidence = _standing_by_bet([limit - figure if bound.at_most else figure - limit for figure in figures])
    if logs:
        estimate, low, high = map(_ratio, (estimate, low, high))
    return Guarded(standing, estimate, low, high, evidence)


def _standing_by_bet(room: Sequence[float]) -> tuple[Standing, float]:
    """What the two bets say, and the odds for it."""
    holds, breaks = evidence_within(room), evidence_within([-one for one in room if one])
    if breaks >= GUARDED > holds:
        return Standing.BROKEN, breaks
    return Standing.HOLDS if holds >= GUARDED else Standing.UNDECIDED, holds


def pair_factor(unit: float) -> float:
    """What a pair multiplies the evidence by, its gain in noise floors: 1 on average where the sign of the gain is fair."""
    return 1 + BET * math.tanh(unit)


def evidence_within(room: Sequence[float]) -> float:
    """The odds that figures lie within a bound, from the room that each leaves, 0 or more where it does: a bet that holds at every look.

    Of a figure that is exactly as good as allowed, noise makes either side of the bound equally likely, so any bet at fair odds on each
    figure as it comes multiplies a stake by 1 on average, and luck alone reaches 20 : 1 once in twenty, however often one looks (Ville).
    Half of the stake is put whole on every figure being within, which six of them prove. The other half bets as a pair does
    (`pair_factor`), with the room in units of the noise, 1.4826 medians of the distances up to there.
    """
    every = paired = 1.0
    for count, one in enumerate(room, start=1):
        every *= 2.0 if one >= 0 else 0.0
        spread = 1.4826 * median([abs(earlier) for earlier in room[:count]])
        paired *= pair_factor(one / spread) if spread else 1.0
    return (every + paired) / 2


def _guarded_figures(incumbent: Sequence[float], candidate: Sequence[float], bound: Bound) -> tuple[list[float], float, bool]:
    """What is held against the limit, the limit on that scale, and whether that scale is logarithmic."""
    if not bound.relative:
        return list(candidate), bound.limit, False
    pairs = list(zip(incumbent, candidate, strict=False))
    if bound.limit > 0 and all(value > 0 for pair in pairs for value in pair):
        return gains(pairs, Direction.HIGHER, logs=True), math.log(bound.limit), True
    return [second - bound.limit * first for first, second in pairs], 0.0, False


# Cases


def cases_of(samples: Mapping[str, float], metric: str) -> tuple[str, ...]:
    """The names of a metric's cases among a run's samples: `a` and `b` for `t[a]` and `t[b]` of metric `t`, in order."""
    opening = f"{metric}["
    return tuple(name[len(opening) : -1] for name in samples if name.startswith(opening) and name.endswith("]"))


def are_ratios(samples: Mapping[str, float], metric: str, cases: Sequence[str]) -> bool:
    """Whether a metric's cases can be compared as ratios: all of a run's are positive."""
    return all(samples[f"{metric}[{case}]"] > 0 for case in cases)


def combined(samples: Mapping[str, float], metric: str, cases: Sequence[str], *, logs: bool) -> float:
    """One value for all cases of a run: the geometric mean where `logs`, else the mean.

    The ratio of two runs is then the geometric mean of the ratios case by case, so a case counts the same whatever its size. `cases`
    are the incumbent's: raises UnreadError where one is missing, since dropping a hard case is no improvement, and where `logs` meets
    a case that is not positive, which would outweigh all others.
    """
    missing = [case for case in cases if f"{metric}[{case}]" not in samples]
    if missing:
        raise UnreadError(Unread.CASE_MISSING, metric=metric, case=missing[0])
    if not cases:
        raise UnreadError(Unread.CASES_MISSING, metric=metric)
    values = [samples[f"{metric}[{case}]"] for case in cases]
    if not logs:
        return math.fsum(values) / len(values)
    if min(values) <= 0:
        raise UnreadError(Unread.CASE_NOT_POSITIVE, metric=metric)
    return math.exp(math.fsum(math.log(value) for value in values) / len(values))


# The contract's confidence


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


# Drift


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
