"""When a daemon works next: after its interval, a little earlier or later by chance, and ever later while passes fail."""

from __future__ import annotations

_JITTER = 0.1
_LONGEST_S = 86_400.0


def wait_s(interval_s: float, failures: int, coin: float) -> float:
    """Give the wait in seconds after `failures` failed passes in a row; `coin` is drawn evenly from 0 to 1.

    The wait doubles with each failure, up to a day, or to the interval where that is longer. Chance moves it by a tenth either way.
    """
    longest = max(interval_s, _LONGEST_S)
    doubled = interval_s * 2.0 ** min(failures, 60)
    return min(doubled, longest) * (1 + _JITTER * (2 * coin - 1))
