"""What a call took, how surely that is known, and what several took together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.asking.failing import Failure
from autotune.core.asking.limits import Most
from autotune.core.asking.prices import Price, usd
from autotune.core.asking.request import Reply, Usage


class Sure(StrEnum):
    """How a call's cost is known."""

    EXACT = "exact"
    AT_MOST = "at most"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call took. `usd` is the most where it is not `EXACT`, and None where it is unknown; so is `usage`."""

    usage: Usage | None
    usd: float | None
    sure: Sure


def assumed(bound: Most) -> Cost:
    """Give the cost of a call that may be on the bill, of which nothing was said."""
    usage = None if bound.tokens is None else Usage(bound.tokens)
    return Cost(usage, bound.usd, Sure.UNKNOWN if bound.usd is None else Sure.AT_MOST)


def cost_of(found: Reply | Failure, price: Price | None, bound: Most, *, is_set: bool) -> Cost:
    """Give what a call cost: by a price that `is_set`, else as the service says, else by the table, else the most that it can be."""
    usage, said = found.usage, found.usd
    if said is not None and not (is_set and price is not None and usage is not None):
        return Cost(usage, said, Sure.EXACT)
    if usage is not None and price is not None:
        return Cost(usage, usd(price, usage), Sure.EXACT)
    if usage is not None:
        return Cost(usage, None, Sure.UNKNOWN)
    if isinstance(found, Failure) and not found.may_cost:
        return Cost(Usage(), 0.0, Sure.EXACT)
    return assumed(bound)


def together(costs: Sequence[Cost]) -> Cost:
    """Give what several calls took; of nothing known in one, nothing is known in all."""
    used = Usage()
    for one in costs:
        used = used.plus(one.usage or Usage())
    usage = used if all(one.usage is not None for one in costs) else None
    if any(one.usd is None for one in costs):
        return Cost(usage, None, Sure.UNKNOWN)
    sure = Sure.EXACT if all(one.sure is Sure.EXACT for one in costs) else Sure.AT_MOST
    return Cost(usage, sum(one.usd or 0.0 for one in costs), sure)
