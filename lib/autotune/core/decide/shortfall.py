"""What the runs of a candidate that is not kept have shown: that it is no gain worth having, that nothing is shown, or that it is open.

That a bet was lost is no evidence of harm, so how a comparison ended decides nothing here: the interval does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import stdev
from typing import NamedTuple

from autotune.core import rules
from autotune.core.decide.comparison import LARGEST, clipped, estimate_of
from autotune.core.facts import Kind
from autotune.core.model import Verdict
from autotune.core.stats.effects import FEWEST_PAIRS_FOR_INTERVAL, estimate_and_interval
from autotune.core.stats.noise import noise_of_now

WORTH_HAVING = 0.01  # the smallest gain that is worth having where `min_effect` does not name a larger one
Z = 1.96  # 95 % of a normal's values lie within so many standard deviations
NOISIER = 5.0  # how many times what it was the noise may have become without fewer than six pairs showing it
SEVERAL = 3.0  # how many times what it was the noise has to be before a comparison counts as too noisy
FEWEST_FOR_FLOOR = 4  # pairs, before their own noise floor says how noisy it is now
MOSTLY = 4.0  # how many times as far as on the other side of no gain an interval reaches that lies mostly on one side


class Room(NamedTuple):
    """The gains that the runs leave room for, from the smallest to the largest, less what is asked for; higher is better."""

    low: float
    high: float

    @property
    def is_mostly_gain(self) -> bool:
        """Whether it reaches much further above no gain than below."""
        return self.high > 0 and self.high > -MOSTLY * self.low

    @property
    def is_mostly_loss(self) -> bool:
        """Whether it reaches much further below no gain than above."""
        return Room(-self.high, -self.low).is_mostly_gain


def room_of_pairs(gains: Sequence[float], sigma: float, rule: int = rules.NEWEST) -> Room:
    """The room that pairs' gains leave, `sigma` being the noise floor of a pair's difference before them.

    The 95 % signed-rank interval from six pairs on. Fewer have none, and tell little of what the noise is now. Then it is the gains' own
    range, or 1.96 standard errors where that is wider, by five times the noise floor or by their own noise. It has no bounds where no noise
    is known.
    """
    held = clipped(gains, LARGEST)
    if len(held) >= FEWEST_PAIRS_FOR_INTERVAL:
        return Room(*estimate_and_interval(held, 0.0)[1:])
    own = _own_noise(gains, rule) / NOISIER if sigma and rule >= rules.FEW_TELL_NOISE else 0.0
    around = room_of_one(estimate_of(held), max(sigma, own) / math.sqrt(len(held)))
    return Room(min(around.low, *held), max(around.high, *held))


def room_of_one(gain: float, error: float) -> Room:
    """The room that one gain leaves whose standard error was `error` before it, by five times that; no bounds where it is not known."""
    reach = NOISIER * Z * error or math.inf
    return Room(gain - reach, gain + reach)


def shortfall(
    room: Room, delta: float, worth: float, *, noisier: float = 1.0, ended: Kind | None = None, promising: bool = False
) -> tuple[Verdict, Kind]:
    """The verdict on a candidate that is not kept, and its kind.

    `delta` is the least effect asked for, which is taken off `room`, and `worth` the smallest gain worth having, both on the comparison's
    scale. A gain that is small but sure is not refuted where nobody asked for more. `noisier` says how many times what it was before the
    noise has been. `ended` says how the runs were used up, if they were, and `promising` whether the candidate looked better then.
    """
    small_but_sure = room.low > 0 and delta <= 0
    if room.high + delta < (max(worth, delta) if delta >= 0 else delta) and not small_but_sure:
        return Verdict.DISCARD, Kind.WORSE if room.high + max(delta, 0.0) < 0 else Kind.NOT_WORTH_HAVING
    if room.is_mostly_gain or promising:
        return Verdict.INCONCLUSIVE, ended or Kind.LOOKS_BETTER
    if noisier >= SEVERAL and not room.is_mostly_loss:
        return Verdict.INCONCLUSIVE, Kind.TOO_NOISY
    return Verdict.DISCARD, Kind.NOT_SHOWN if delta >= 0 else Kind.NOT_WITHIN_MARGIN


def times_as_noisy(gains: Sequence[float], sigma: float, rule: int = rules.NEWEST) -> float:
    """How many times the noise floor from before them that of pairs' own gains is; 1 where they are too few, or where none was known."""
    own = _own_noise(gains, rule)
    return own / sigma if own and sigma else 1.0


def _own_noise(gains: Sequence[float], rule: int) -> float:
    """The noise that pairs' own gains show; 0 for a single one. By older rules four were needed.

    Of two and three it is their standard deviation. Where the noise is what it was, two are three times as noisy as that in 0.3 % of cases.
    """
    held = clipped(gains, LARGEST)
    if len(held) >= FEWEST_FOR_FLOOR:
        return noise_of_now(tuple(held))
    return stdev(held) if len(held) > 1 and rule >= rules.FEW_TELL_NOISE else 0.0
