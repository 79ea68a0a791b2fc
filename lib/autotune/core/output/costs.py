"""What a run or a proposer says that it has cost."""

from __future__ import annotations

import math
from collections.abc import Mapping


def cost_of(samples: Mapping[str, float], name: str) -> float:
    """Give what was printed under a name, of all cases together where each has its own; 0 where nothing was, or less than that."""
    said = [samples[name]] if name in samples else [value for one, value in samples.items() if name and one.startswith(f"{name}[")]
    return max(math.fsum(said), 0.0)
