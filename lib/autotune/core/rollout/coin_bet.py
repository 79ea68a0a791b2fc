"""The coin-weighted bet: the odds that a canary is better, or worse, than what runs beside it, whatever else changes meanwhile.

A unit's score less the running mean of the controls before it is weighed by the coin that the unit was drawn with: divided by the share for
a canary, and by its opposite for a control. On average over the coin that is the effect, whatever the mean, the traffic, the drift or the
share of that moment (inverse propensity). So the mean bet of `cases/mean_bet.py` holds at every look. A fresh coin for each unit is all
that is asked for.

    begun(better=True, margin, start)     odds for "the effect is above -margin"; `start` is the mean of the history, if known
    after(bet, unit, share, score)        the same after one more unit
    odds(bet)
    interval(units, start)                the effects that neither speaks against at 40 : 1
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from autotune.core.cases.mean_bet import BETS, BOUND, EVEN, Stakes, total

START = 0.5  # the controls' mean, where no history says
LOW, HIGH = 0.05, 0.95  # what the running mean is held between when it is used
SLOWEST = 1 / 40  # how much of a new control the running mean takes in at least
_ONE, _TWO, _THREE, _FOUR = BETS
AHEAD = 6  # units that the start counts for
PRECISION = 1e-4  # of an end of an interval


class Weighed(NamedTuple):
    """One scored unit: whether the canary was drawn, with which share, and its score from 0 to 1."""

    canary: bool
    share: float
    score: float


class CoinBet(NamedTuple):
    """A bet under way: its sign (1 better, -1 worse), margin, the running mean of controls, how many there were, the stakes."""

    sign: int
    margin: float
    mean: float
    seen: int = 0
    stakes: Stakes = EVEN


def begun(*, better: bool, margin: float = 0.0, start: float | None = None) -> CoinBet:
    """A bet before its first unit: on "better than `margin` worse", or on "worse"."""
    return CoinBet(1 if better else -1, margin, START if start is None else start)


def after(bet: CoinBet, unit: Weighed) -> CoinBet:
    """The bet after one more unit."""
    sign, margin, mean, seen, (one, two, three, four) = bet
    gain = _gain(sign, margin, LOW if mean < LOW else min(mean, HIGH), unit)
    stakes = (one * (1 + _ONE * gain), two * (1 + _TWO * gain), three * (1 + _THREE * gain), four * (1 + _FOUR * gain))
    if not unit.canary:
        mean += max(SLOWEST, 1 / (seen + AHEAD)) * (unit.score - mean)
        seen += 1
    return CoinBet(sign, margin, mean, seen, stakes)


def _gain(sign: int, margin: float, mean: float, unit: Weighed) -> float:
    """What a stake gains by a unit, -1 or more: the weighed difference and the margin, over the most that could be lost."""
    canary, share, score = unit
    odds = share / (1 - share)
    over = sign * (score - mean)
    weighed = over / share if canary else -over * odds / share
    most = max(mean, odds * (1 - mean)) / share if sign > 0 else max(1 - mean, odds * mean) / share
    return (weighed + margin) / (most - margin)


def odds(bet: CoinBet) -> float:
    """What the stakes have come to together."""
    return total(bet.stakes)


def estimate(units: Sequence[Weighed]) -> float | None:
    """The difference of both sides' means; None where one has no unit. Shares that change are weighed."""
    sums, weights = [0.0, 0.0], [0.0, 0.0]
    for unit in units:
        weight = 1 / unit.share if unit.canary else 1 / (1 - unit.share)
        sums[unit.canary] += weight * unit.score
        weights[unit.canary] += weight
    return sums[1] / weights[1] - sums[0] / weights[0] if all(weights) else None


def interval(units: Sequence[Weighed], start: float | None = None) -> tuple[float, float]:
    """The 95 % interval of the effect, at every look: from the largest effect passed at 40 : 1 to the smallest one."""
    return _edge(_means(units, start), units, 1), -_edge(_means(units, start), units, -1)


def _means(units: Sequence[Weighed], start: float | None) -> list[float]:
    """The running mean of controls before each unit, as it is used."""
    bet, means = begun(better=True, start=start), []
    for unit in units:
        means.append(min(max(bet.mean, LOW), HIGH))
        bet = after(bet, unit)
    return means


def _edge(means: Sequence[float], units: Sequence[Weighed], sign: int) -> float:
    """The largest effect (of this sign) that 40 : 1 says is passed, -1 where there is none."""

    def passes(effect: float) -> bool:
        return total(_stakes([_gain(sign, -effect, mean, unit) for mean, unit in zip(means, units, strict=True)])) >= BOUND

    return _largest(passes)


def _stakes(gains: Sequence[float]) -> Stakes:
    stakes = []
    for step in BETS:
        stake = 1.0
        for gain in gains:
            stake *= 1 + step * gain
        stakes.append(stake)
    return tuple(stakes)


def _largest(passes: Callable[[float], bool]) -> float:
    low, high = -1.0, 1.0
    if not passes(low + PRECISION):
        return -1.0
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low
