"""What a pack must not take along: secrets, addresses of people and of pages that the pack before it does not have."""

from __future__ import annotations

import re

from autotune.core.judging.packs import Pack
from autotune.core.records.masking import masked

URL = "URL"
_URLS = re.compile(r"(?:https?://|www\.)[^\s\"'<>)\]]+", re.IGNORECASE)


def leaks(pack: Pack, before: Pack | None) -> tuple[str, ...]:
    """The kinds of what a pack must not take along, by name; what the pack before it has word for word is let through."""
    known = set() if before is None else set(before.text.splitlines())
    found: list[str] = []
    for line in (line for line in pack.text.splitlines() if line not in known):
        found += [*masked(line)[1], *([URL] if _URLS.search(line) else ())]
    return tuple(dict.fromkeys(found))
