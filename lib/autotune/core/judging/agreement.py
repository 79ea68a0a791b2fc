"""How far a judge and a person agree: on marks, and on which of two answers is the better one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from autotune.core.stats.shares import wilson


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of `pairs` pairs that a person ranks, how often the judge ranks them so: a share with its interval at 95 %."""

    pairs: int
    share: float
    low: float
    high: float


def kappa(ours: Sequence[int], theirs: Sequence[int], levels: int) -> float | None:
    """Cohen's kappa with quadratic weights (Cohen 1968) for marks from 0 to `levels` - 1: 1 is full agreement, 0 what chance gives.

    None without marks, or where both always give one and the same mark: then there is nothing to agree on. Raises ValueError where one has
    more marks.
    """
    if len(ours) != len(theirs):
        raise ValueError("each answer needs a mark of both")
    count, first, second = len(ours), Counter(ours), Counter(theirs)
    expected = math.fsum((a - b) ** 2 * first[a] * second[b] for a in range(levels) for b in range(levels)) / count if count else 0.0
    if expected == 0:
        return None
    return 1 - math.fsum((a - b) ** 2 for a, b in zip(ours, theirs, strict=True)) / expected


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Accuracy | None:
    """How often the judge ranks two answers as a person does, over all pairs that the person does not rank alike; None without one.

    A tie of the judge counts as half. The interval is Wilson's (1927) with as many independent pairs as there are answers less one, for
    pairs of the same answers are not independent. Raises ValueError where one has more scores.
    """
    if len(ours) != len(theirs):
        raise ValueError("each answer needs a score of both")
    points = [_point(ours[a] - ours[b], theirs[a] - theirs[b]) for a, b in combinations(range(len(ours)), 2) if theirs[a] != theirs[b]]
    if not points:
        return None
    share = math.fsum(points) / len(points)
    return Accuracy(len(points), share, *wilson(share, min(len(points), len(ours) - 1)))


def _point(ours: float, theirs: float) -> float:
    return 0.5 if ours == 0 else float((ours > 0) == (theirs > 0))
