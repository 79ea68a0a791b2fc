"""What a benchmark measures with, as its CONTEXT lines say, held against what they said before."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def changed(before: Mapping[str, str], now: Mapping[str, str], free: Collection[str] = ()) -> list[list[str]]:
    """Name what differs, but what is `free` to: each with what it was and what it is, empty where it was not said."""
    names = dict.fromkeys((*before, *now))
    differing = (name for name in names if name not in free and before.get(name) != now.get(name))
    return [[name, before.get(name, ""), now.get(name, "")] for name in differing]
