"""What a search may spend: calls, tokens and money. A step is begun only where all of it is expected to fit.

Caps that hold to within one call are kept by whoever makes the calls (`core/asking/limits.py`). This says beforehand whether a step would
be cut off in the middle, so that no money goes into half a comparison.

    Budget.affords(spent, calls)     whether so many calls more fit
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls have taken so far."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    def plus(self, other: Spent) -> Spent:
        """Give what two amounts come to."""
        return Spent(self.calls + other.calls, self.tokens + other.tokens, self.usd + other.usd)


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that may be spent; None is no bound."""

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None

    def affords(self, spent: Spent, calls: int) -> bool:
        """Whether so many further calls fit: by their number exactly, by tokens and money as the calls so far cost on average."""
        mean = 1 / spent.calls if spent.calls else 0.0
        asked = (
            (self.calls, spent.calls, float(calls)),
            (self.tokens, spent.tokens, calls * spent.tokens * mean),
            (self.usd, spent.usd, calls * spent.usd * mean),
        )
        return all(cap is None or (taken < cap and taken + more <= cap) for cap, taken, more in asked)
