"""Which seed each pair of runs gets, where a benchmark is given seeds (1, 2, 3, ...).

Both runs of a pair get the same one, so what the seed brings to both arms cancels. The next pair gets another, and no comparison,
confirmation or claim of a session gets one that was there before. A fixed seed, or one short list for every candidate, tests luck with it.
Simulated, with luck as large as the noise of a repeat: at 2083 : 1, one seed keeps 24 of 100 changes that do nothing, three keep 7.

A block of the race draws its runs' order without regard to seeds: it stays valid and finds less, so pairs alone are better here.

    first_fresh(used)             the first seed of what is measured next
    seed_of(first, arms, arm)     the seed of an arm's next run
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autotune.core.model import Arm


def first_fresh(used: Iterable[int]) -> int:
    """The first seed that nothing in the session was run with, nor any after it; 1 at first."""
    return max(used, default=0) + 1


def seed_of(first: int, arms: Sequence[Arm], arm: Arm) -> int:
    """The seed of an arm's next run, after runs of these arms that count: the i-th runs of both arms have the same."""
    return first + sum([one is arm for one in arms])
