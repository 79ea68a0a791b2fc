"""Why a model gave no answer, and when the same question is worth another try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from autotune.core.asking.request import Usage

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
_TIMES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")  # RFC 9110, section 5.6.7


class Why(StrEnum):
    """Why there is no answer."""

    # What the service says, or does not say.
    KEY = "key"  # 401 and 403
    REFUSED = "refused"  # another 4xx
    SLOW = "slow"  # 408, or no answer within the time for one try
    CONFLICT = "conflict"  # 409
    BUSY = "busy"  # 429
    BROKEN = "broken"  # 5xx
    NETWORK = "network"
    GARBLED = "garbled"  # an answer that is none by the service's own protocol
    FAILED = "failed"  # a program that ended badly
    # What the model says.
    DECLINED = "declined"
    CUT_OFF = "cut off"  # at max_tokens
    MISSHAPEN = "misshapen"  # not what the schema asks for, also when asked to mend it
    # What we hold back.
    CALLS = "calls"
    TOKENS = "tokens"
    MONEY = "money"
    DEADLINE = "deadline"
    RESTING = "resting"  # the circuit breaker is open


RETRIED = frozenset({Why.SLOW, Why.CONFLICT, Why.BUSY, Why.BROKEN, Why.NETWORK})
"""What another try may mend."""

CAPS = frozenset({Why.CALLS, Why.TOKENS, Why.MONEY})
"""What ends a run's calls until the cap is raised or the day is over."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A call without an answer. `said` is the service's own word, masked; `retry_after_s` is how long it asks to be left alone.

    `may_cost` where the model may have worked all the same, so that the call may be on the bill. `final` where the service says that no
    other try will help.
    """

    why: Why
    said: str = ""
    status: int | None = None
    retry_after_s: float | None = None
    may_cost: bool = False
    final: bool = False
    usage: Usage | None = None
    usd: float | None = None

    @property
    def is_worth_another_try(self) -> bool:
        """Whether the same question may be answered a moment later."""
        return self.why in RETRIED and not self.final


def why_of(status: int) -> Why:
    """Say what an HTTP status that is no success means."""
    match status:
        case 401 | 403:
            return Why.KEY
        case 408:
            return Why.SLOW
        case 409:
            return Why.CONFLICT
        case 429:
            return Why.BUSY
    if 400 <= status < 500:  # noqa: PLR2004 - client errors
        return Why.REFUSED
    return Why.BROKEN if status >= 500 else Why.GARBLED  # noqa: PLR2004 - server errors


def delay_s(
    tries: int, failure: Failure, chance: float, first_s: float = FIRST_DELAY_S, longest_s: float = LONGEST_DELAY_S
) -> float | None:
    """Give the seconds to wait after `tries` tries, the last of which failed so; None where another try would be wasted.

    Waits double from `first_s` to `longest_s` and are shortened by up to a half by `chance`, which is from 0 to below 1: those
    who failed together do not come back together. What the service asks for is the least.
    """
    if not failure.is_worth_another_try:
        return None
    most = min(longest_s, first_s * 2.0 ** min(tries - 1, 16))
    return max(failure.retry_after_s or 0.0, most * (1 - chance / 2))


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """Read a Retry-After header (RFC 9110, section 10.2.3): seconds or a date, made into seconds from `now`; None where it says neither."""
    if text is None or not text.strip():
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _until(text.strip(), now)
    return seconds if 0 <= seconds < float("inf") else None


def _until(text: str, now: datetime) -> float | None:
    for shape in _TIMES:
        try:
            at = datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
        return max(0.0, (at - now).total_seconds())
    return None
