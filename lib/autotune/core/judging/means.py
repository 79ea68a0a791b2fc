"""The mean of scores, with an interval that counts whose they are: the scores of one user are not independent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from autotune.core.stats.shares import Z

_EXACT = {1: 12.7062, 2: 4.30265}  # the same of Student's t with so few degrees of freedom, where the series is not good enough


@dataclass(frozen=True, slots=True)
class Sums:
    """What of scores is needed: per unit `n` scores that add up to `s`, summed over units: their count, Σn, Σs, Σs², Σsn, Σn²."""

    units: int = 0
    n: float = 0.0
    s: float = 0.0
    ss: float = 0.0
    sn: float = 0.0
    nn: float = 0.0

    def plus(self, other: Sums) -> Sums:
        """Give the sums of both, whose units are different ones."""
        return Sums(
            self.units + other.units, self.n + other.n, self.s + other.s, self.ss + other.ss, self.sn + other.sn, self.nn + other.nn
        )


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of `cases` scores of `units` units, with its interval at 95 %; None for both ends where one unit tells nothing."""

    value: float
    low: float | None
    high: float | None
    cases: int
    units: int


def mean_of(sums: Sums, least: float = 0.0) -> Mean | None:
    """The mean of values from `least` to 1; None without one.

    The interval is that of a ratio of two sums over units (Cochran 1977, chapter 6), by Student's t.
    """
    if not sums.n:
        return None
    value = sums.s / sums.n
    if sums.units < 2:  # noqa: PLR2004 - one says nothing of how they differ
        return Mean(value, None, None, round(sums.n), sums.units)
    spread = max(0.0, sums.ss - 2 * value * sums.sn + value * value * sums.nn) * sums.units / (sums.units - 1)
    half = student(sums.units - 1) * math.sqrt(spread) / sums.n
    return Mean(value, max(least, value - half), min(1.0, value + half), round(sums.n), sums.units)


def student(freedom: int) -> float:
    """The value below which 97.5 % of Student's t lie (Abramowitz and Stegun 1964, 26.7.5); at 3 degrees of freedom 0.8 % too small."""
    if freedom in _EXACT:
        return _EXACT[freedom]
    z, f = Z, float(freedom)
    return (
        z + (z**3 + z) / (4 * f) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * f**2) + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * f**3)
    )
