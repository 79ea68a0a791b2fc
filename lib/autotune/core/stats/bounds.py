"""A guardrail's bound, bet on pair by pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from autotune.core import rules
from autotune.core.model import Direction
from autotune.core.stats.effects import FEWEST_PAIRS_FOR_INTERVAL, estimate_and_interval, gains, ratio
from autotune.core.stats.noise import median

GUARDED = 20.0  # the evidence for or against a guardrail's bound: luck gets there once in twenty
ROUNDING = 1e-12  # what reckoning alone may make of a figure, as a share: some thousand times the last digit of a float
BET = 0.9  # of the stake on each pair; a bet of 1 could lose all of it to one outlier


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
    if bound.relative and rule >= rules.LIMITS_ARE_REACHED:
        hair = ROUNDING * (1.0 if logs else abs(bound.limit) * max(map(abs, incumbent), default=0.0))
        figures = [limit if abs(figure - limit) <= hair else figure for figure in figures]
    if not figures:
        return Guarded(Standing.UNDECIDED, math.nan, -math.inf, math.inf)
    estimate, low, high = estimate_and_interval(figures, 0.0)
    evidence = None
    if rule < rules.GUARDRAILS_BET or (len(figures) > 1 and min(figures) == max(figures)):
        enough = len(figures) >= FEWEST_PAIRS_FOR_INTERVAL or (len(figures) > 1 and low == high)
        within, beyond = (high <= limit, low > limit) if bound.at_most else (low >= limit, high < limit)
        standing = Standing.HOLDS if enough and within else Standing.BROKEN if enough and beyond else Standing.UNDECIDED
    else:
        standing, evidence = _standing_by_bet([limit - figure if bound.at_most else figure - limit for figure in figures])
    if logs:
        estimate, low, high = map(ratio, (estimate, low, high))
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

    If a figure is exactly as good as allowed, noise makes either side of the bound equally likely. So any bet at fair odds on each figure
    as it comes multiplies a stake by 1 on average. Luck alone reaches 20 : 1 once in twenty, however often you look (Ville).
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
