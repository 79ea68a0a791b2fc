"""Descriptions that say the same in nearly the same words."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+(?:_[^\W_]+)*|[+\-*/<>=!&|%^]+")
_EMPTY = frozenset(
    (
        *("a", "an", "the", "this", "that", "these", "those", "it", "its", "of", "to", "for", "in", "on", "at", "by", "so", "and", "then"),
        *("is", "are", "was", "be", "now", "please", "i", "we", "try", "tries", "tried", "again", "just", "also", "will", "should"),
    )
)
_ENDINGS = ("ing", "ed", "es", "s", "e")
_SHORTEST_STEM = 3
FEWEST_WORDS = 3  # fewer say too little of a change to know it again


def alike(one: str, other: str) -> bool:
    """Whether two descriptions say the same: the same words in the same order, but for endings and for words that say nothing.

    Numbers, names and words such as "not" and "without" count, so "unroll by 4" is not "unroll by 8".
    """
    said = _said(one)
    return len(said) >= FEWEST_WORDS and said == _said(other)


def _said(text: str) -> tuple[str, ...]:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return tuple(_stem(word) for word in words if word not in _EMPTY)


def _stem(word: str) -> str:
    if not word.isalpha():
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > _SHORTEST_STEM and word[-1] == word[-2] else word  # planned, plan
