"""Bets on the coins themselves: whether failures, or the assignment, fall on the canary more often than its share says.

A unit that failed is a canary's with the chance of the share, if failing has nothing to do with the version. So each failed unit is a coin,
and the odds are the likelihood ratio of a bent one against that, a mean over a few bents. Exact under any drift of the overall rate.

    guarded(odds, unit, share, ratio)     one more failed unit; `ratio` times the control's rate is allowed
    assigned(odds, unit, share)           one more unit, whatever became of it
"""

from __future__ import annotations

from functools import lru_cache

BENT = (1.5, 2.0, 4.0, 8.0)  # times as many failures as allowed
MISASSIGNED = (0.5, 0.8, 1.25, 2.0)  # times the odds of the share that is set
BROKEN = 100.0  # the odds from which the assignment is void
STOPPED = 20.0  # the odds from which a guardrail rolls back
HELD = 3.0  # the odds from which a guardrail holds back a promotion

Likelihoods = tuple[float, ...]
FAIR: Likelihoods = (1.0, 1.0, 1.0, 1.0)


def guarded(likelihoods: Likelihoods, share: float, *, canary: bool, ratio: float = 1.0) -> Likelihoods:
    """The likelihood ratios after one more failed unit, against a canary that fails `ratio` times as often as a control."""
    base = _share(share, ratio)
    return tuple([_factor(_share(share, ratio * bent), base, canary=canary) * one for bent, one in zip(BENT, likelihoods, strict=True)])


def assigned(likelihoods: Likelihoods, share: float, *, canary: bool) -> Likelihoods:
    """The likelihood ratios after one more unit, against an assignment that keeps to the share."""
    return tuple([factor * one for factor, one in zip(_assigning(share, canary=canary), likelihoods, strict=True)])


@lru_cache(maxsize=64)
def _assigning(share: float, *, canary: bool) -> Likelihoods:
    """What one unit does to the likelihood ratios of the assignment."""
    return tuple([_factor(_share(share, bent), share, canary=canary) for bent in MISASSIGNED])


def mean(likelihoods: Likelihoods) -> float:
    """The odds: the mean of the likelihood ratios."""
    return sum(likelihoods) / len(likelihoods)


def _share(share: float, bent: float) -> float:
    """The share of a coin whose odds are bent so many times."""
    return share * bent / (share * bent + 1 - share)


def _factor(bent: float, base: float, *, canary: bool) -> float:
    return bent / base if canary else (1 - bent) / (1 - base)
