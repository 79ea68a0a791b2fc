"""Which candidates win on which cases, and so which one is worth changing next.

A candidate that is best on a few cases knows something that the best on average does not. So parents are drawn from those that win
somewhere, each as often as it wins. One that wins nowhere alone is left out first (as in GEPA, arXiv 2507.19457, section 3).

    wins(scores)              the cases that each candidate on the frontier holds
    drawn(scores, chance)     a parent
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random

Scores = Mapping[int, Mapping[str, float]]  # by candidate and case


def wins(scores: Scores) -> dict[int, tuple[str, ...]]:
    """The cases on which each candidate is best or as good as the best, those left out whose every case another one holds too."""
    best = dict[str, float]()
    for by_case in scores.values():
        for case, score in by_case.items():
            best[case] = max(score, best.get(case, -math.inf))
    held = {one: {case for case, score in by_case.items() if score >= best[case]} for one, by_case in scores.items()}
    for one in sorted(held, key=lambda each: (mean(scores[each]), -each)):
        others = set[str]().union(*(cases for other, cases in held.items() if other != one))
        if held[one] <= others:
            held[one] = set()
    return {one: tuple(sorted(cases)) for one, cases in held.items() if cases}


def drawn(scores: Scores, chance: Random) -> int:
    """A candidate of the frontier, drawn by how many cases it holds; the first one where no case has a score."""
    held = wins(scores)
    if not held:
        return min(scores)
    return chance.choices(list(held), [len(cases) for cases in held.values()])[0]


def mean(scores: Mapping[str, float]) -> float:
    """The mean of a candidate's scores, below all others without any."""
    return math.fsum(scores.values()) / len(scores) if scores else -math.inf
