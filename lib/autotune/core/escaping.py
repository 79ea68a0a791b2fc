"""Text from elsewhere, made safe to show on a terminal, and short enough."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"


def escaped(text: str) -> str:
    """Text on one line, safe to show on a terminal: whatever moves the cursor, hides or reorders text is spelt out."""
    return text if text.isprintable() else "".join(map(_escaped_character, text))


def shortened(text: str, limit: int) -> str:
    """Text from elsewhere on one line of at most `limit` characters, safe to show."""
    return cut(escaped(text[: limit + 1]), limit)


def cut(text: str, longest: int) -> str:
    """Text of at most so many characters, with a sign where something was cut off."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _escaped_character(character: str) -> str:
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode()
