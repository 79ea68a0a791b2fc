"""A guardrail's bound on the mean over cases, bet on unit by unit: the mean bet says whether it is within the bound, or beyond.

Both arms' values are those of the same cases. The room that a unit leaves is the bound less the candidate's value (or the other way
round), and the bet is that the mean of these is 0 or more. It holds at every look for values from 0 to 1, as shares and probabilities are.
Of other metrics nobody knows how large a value can be. There the largest room that was seen, doubled, stands for that, which is near enough
where no case is far larger than all others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from autotune.core.cases.mean_bet import evidence, interval
from autotune.core.stats.bounds import GUARDED, Bound, Guarded, Standing

BEYOND_SEEN = 2.0  # how much larger than all that were seen a room is thought to be possible


def kept(pairs: Sequence[tuple[float, float]], bound: Bound) -> Guarded:
    """Whether the candidate keeps within a bound, from each unit's values (incumbent, candidate), in the metric's unit."""
    if not pairs:
        return Guarded(Standing.UNDECIDED, math.nan, -math.inf, math.inf)
    allowed = [bound.limit * before if bound.relative else bound.limit for before, _ in pairs]
    signs = 1 if bound.at_most else -1
    room = [signs * (most - after) for most, (_, after) in zip(allowed, pairs, strict=True)]
    scale = _scale(pairs, room, bound)
    shares = [one / scale for one in room]
    within, beyond = evidence(shares), evidence([-one for one in shares])
    standing = Standing.BROKEN if beyond >= GUARDED > within else Standing.HOLDS if within >= GUARDED else Standing.UNDECIDED
    return Guarded(standing, *_seen(pairs, shares, scale, bound), beyond if standing is Standing.BROKEN else within)


def _scale(pairs: Sequence[tuple[float, float]], room: Sequence[float], bound: Bound) -> float:
    """What no room can be larger than."""
    if all(0 <= value <= 1 for pair in pairs for value in pair):
        return max(1.0, bound.limit) if bound.relative else max(abs(bound.limit), abs(1 - bound.limit))
    return BEYOND_SEEN * max(map(abs, room)) or 1.0


def _seen(pairs: Sequence[tuple[float, float]], shares: Sequence[float], scale: float, bound: Bound) -> tuple[float, float, float]:
    """The candidate's mean with its interval; where the bound is relative, as a multiple of the incumbent's, if that is above 0."""
    before, after = (math.fsum(values) / len(pairs) for values in zip(*pairs, strict=True))
    reach = [scale * end for end in interval(shares)]
    mean = scale * math.fsum(shares) / len(shares)
    low, high = sorted(after + (mean - end) * (1 if bound.at_most else -1) for end in reach)
    unit = before if bound.relative else 1.0
    return (after / unit, low / unit, high / unit) if unit > 0 else (after, low, high)
