"""Text that nobody vouches for, fenced so that it cannot end its fence, and canaries that show whether a model obeys what is inside.

A fence's name is drawn for each question, again where the text holds it, so that no text can close it, whoever knows how it is drawn. A
canary is an instruction of ours within the fences, harmless and with a word drawn for it. A model that follows it would follow any other
instruction there, so its answer counts for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

LONGEST = 24_000
"""Characters of one part that a judge is shown: its beginning and its end, where it is longer."""
_LETTERS = "bcdfghjklmnpqrstvwxz"
_NAME_LETTERS = 16  # of 20 letters each, 69 bits
_CUT = "[… {count} characters left out …]"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what is judged, by what it is."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Fence:
    """The name of a fence, and the canary's word."""

    name: str
    word: str


def drawn(parts: Sequence[Part], chance: Random) -> Fence:
    """Draw a fence and a canary that none of the parts hold."""
    texts = [one.text.lower() for one in parts]
    while True:
        name, word = (_word(chance) for _ in range(2))
        if name != word and not any(name in text or word in text for text in texts):
            return Fence(name, word)


def fenced(fence: Fence, *parts: Part) -> str:
    """Parts, each within its fence, shortened in the middle where one is too long."""
    return "\n\n".join(f"<<<{fence.name} {part.label}\n{shortened(part.text)}\n{fence.name}>>>" for part in parts)


def shortened(text: str, longest: int = LONGEST) -> str:
    """A text's beginning and end, where it has more characters than are shown, with how many are missing."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return text[:half] + _CUT.format(count=len(text) - 2 * half) + text[len(text) - half :]


def obeyed(fence: Fence, remark: str) -> bool:
    """Whether a remark holds the canary's word: nothing but what was fenced asks for it. A reason may quote it."""
    return fence.word in remark.lower()


def _word(chance: Random) -> str:
    return "".join(chance.choice(_LETTERS) for _ in range(_NAME_LETTERS))
