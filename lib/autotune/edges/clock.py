"""The time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> str:
    """Give the time as ISO text in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at_ms: int, timespec: str = "milliseconds") -> str:
    """Give a time in milliseconds since 1970 as ISO text in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000
