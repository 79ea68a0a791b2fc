"""Keys taken out of texts: those that are known, and what looks like one."""

from __future__ import annotations

import re
from collections.abc import Mapping

LEAST = 6
"""Characters from which a value can be a key: a shorter one would be masked wherever it stands by chance."""

_LOOKS = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|AIza)[-_][A-Za-z0-9_\-.*]{8,}"
    r"|\bAIza[A-Za-z0-9_\-]{20,}"
    r"|(?i:\bbearer\s+)[A-Za-z0-9._~+/=\-]{8,}"
    r"|(?i:\b(?:x-api-key|api[_-]?key|authorization)\b[\"']?\s*[:=]\s*[\"']?)[A-Za-z0-9._~+/=\-]{8,}"
)


def masked(text: str, keys: Mapping[str, str]) -> str:
    """Give a text without the values of `keys`, by the variables' names, and without what looks like a key."""
    for name, value in sorted(keys.items(), key=lambda pair: -len(pair[1])):
        if len(value) >= LEAST:
            text = text.replace(value, f"[{name}]")
    return _LOOKS.sub("[a key]", text)
