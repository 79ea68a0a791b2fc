"""The time."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Give the time as ISO text in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
