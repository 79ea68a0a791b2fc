"""The circuit breaker of one model: closed, resting, or trying whether it answers again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from autotune.core.asking.failing import RETRIED, Failure, Why

FAILURES = 5
"""Calls in a row that fail for the service's sake before it is left alone."""
REST_S = 15.0
LONGEST_REST_S = 300.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a model's last calls went. Times are seconds of one monotonic clock.

    `rests_until` is None while calls go through, infinite where no call can help. `trying` while one call finds out whether the rest is
    over.
    """

    failures: int = 0
    rest_s: float = REST_S
    rests_until: float | None = None
    trying: bool = False

    def lets_through(self, now: float) -> bool:
        """Whether a call may be made: any while closed, one after a rest."""
        return self.rests_until is None or (now >= self.rests_until and not self.trying)

    def begun(self) -> Breaker:
        """Give the breaker after a call was let through."""
        return self if self.rests_until is None else replace(self, trying=True)

    def ended(self, failure: Failure | None, now: float) -> Breaker:
        """Give the breaker after a call has ended: well, or with a failure.

        A key that is refused is refused for good. What the request itself is to blame for shows that the service answers.
        """
        if failure is not None and failure.why is Why.KEY:
            return Breaker(self.failures + 1, self.rest_s, float("inf"))
        if self.rests_until == float("inf"):
            return self
        if failure is None or failure.why not in RETRIED:
            return Breaker()
        if self.trying:
            longer = min(self.rest_s * 2, LONGEST_REST_S)
            return Breaker(self.failures + 1, longer, now + longer)
        if self.rests_until is not None:  # a call that began before the rest
            return self
        failures = self.failures + 1
        return Breaker(failures, self.rest_s, now + self.rest_s if failures >= FAILURES else None)
