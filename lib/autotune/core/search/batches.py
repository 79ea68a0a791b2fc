"""Which few cases a proposer reads next: all of them in turn, in an order drawn again for each time through.

batch(cases, size, seed, number)     the cases of a batch by its number
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


def batch(cases: Sequence[str], size: int, seed: int, number: int) -> tuple[str, ...]:
    """The cases of batch `number` from 0 on; each case comes once before any comes again. The last of a time through may be smaller."""
    each = batches(cases, size)
    order = list(cases)
    Random(f"{seed} batches {number // each}").shuffle(order)
    start = number % each * size
    return tuple(order[start : start + size])


def batches(cases: Sequence[str], size: int) -> int:
    """How many batches all cases make, at least one."""
    return max(-(-len(cases) // size), 1)
