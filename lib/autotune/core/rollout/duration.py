"""How long a canary takes, told before it begins: units until half of such canaries are decided, and days by the traffic.

The formula is that of `cases/pool.py`, on what the coin-weighted bet makes of an effect. Held against simulation (share 10 to 50 %, spread
.2 to .3, effect .05 to .20) it is within a third.

    units_until(effect, share, ...)      units, of both sides
    share_for(effect, days, per_day)     the smallest share of 10, 30 and 50 % that fits the days
"""

from __future__ import annotations

import math

from autotune.core.cases.pool import Power, units_needed
from autotune.core.rollout.look import FEWEST, NEEDED

SHARES = (0.1, 0.3, 0.5)
SPREAD = 0.25  # of a unit's score, where nothing is known
MEAN = 0.7  # the same of its mean


def units_until(effect: float, share: float, mean: float = MEAN, spread: float = SPREAD, margin: float = 0.0) -> float:
    """The units, of both sides, within which half of all canaries with a true `effect` (more than -margin) are promoted."""
    most = max(mean, share / (1 - share) * (1 - mean)) / share - margin
    sway = spread / math.sqrt(share * (1 - share)) / most
    return max(units_needed((effect + margin) / most, sway, NEEDED, Power.HALF), FEWEST / share)


def days_until(effect: float, share: float, per_day: float, mean: float = MEAN, spread: float = SPREAD, margin: float = 0.0) -> float:
    """The same in days, where so many units come a day; endless without any."""
    return units_until(effect, share, mean, spread, margin) / per_day if per_day > 0 else math.inf


def share_for(effect: float, days: float, per_day: float, mean: float = MEAN, spread: float = SPREAD, margin: float = 0.0) -> float:
    """The smallest of the usual shares by which an effect is found within the days; the largest one where none does."""
    return next((share for share in SHARES if days_until(effect, share, per_day, mean, spread, margin) <= days), SHARES[-1])
