"""The interval of a share."""

from __future__ import annotations

import math

Z = 1.959964  # 95 % of a normal's values lie within so many standard deviations


def wilson(share: float, of: int, z: float = Z) -> tuple[float, float]:
    """The ends of the interval of a share of so many, at 95 % (Wilson 1927), which holds for few and for rare ones too.

    (c ± z √(p q / n + z²/4n²)) / (1 + z²/n), c = p + z²/2n.
    """
    middle, half, whole = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)), 1 + z * z / of
    return max(0.0, min(share, (middle - half) / whole)), min(1.0, max(share, (middle + half) / whole))
