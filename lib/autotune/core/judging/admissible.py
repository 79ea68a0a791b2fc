"""What a proposed pack may not say: what is found in it that was not in the pack before.

A proposer reads what people wrote, and what it writes is told to everybody. So no word of theirs may come through: no run of their text, no
address, no secret. Passages that are protected have to stay, letter by letter, and an agent has to be able to read all of it.

    flaws(pack, before, protected, texts)     everything that is wrong, each thing once
    leaks(pack, before)                       secrets and addresses that a pack must not take out
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum

from autotune.core.judging.packs import LONGEST_READ, MOST_DEMOS_READ, Pack
from autotune.core.records.masking import masked

COPIED = 40  # characters in a row, letters and digits alone, that are no accident
SHORTEST_COPIED = 20  # characters of a whole text that is shorter than that
_ADDRESS = re.compile(r"\bhttps?://\S+|\bwww\.\S+|\b(?:\d{1,3}\.){3}\d{1,3}\b", re.IGNORECASE)
_URL = re.compile(r"(?:https?://|www\.)[^\s\"'<>)\]]+", re.IGNORECASE)
_UNSPOKEN = re.compile(r"[\W_]+")


class Flaw(StrEnum):
    """What can be wrong."""

    EMPTY = "empty"
    TOO_LONG = "too long"
    TOO_MANY_EXAMPLES = "too many examples"
    PROTECTED_GONE = "protected gone"
    ADDRESS = "address"
    SECRET = "secret"  # noqa: S105 - the name of a flaw
    COPIED = "copied"


def flaws(pack: Pack, before: Pack, protected: Collection[str], texts: Iterable[str]) -> tuple[Flaw, ...]:
    """Everything that is wrong with a pack; `protected` are passages of the instructions that have to stay.

    `texts` are what people and agents wrote, none of which may come through.
    """
    return tuple(dict.fromkeys(_flaws(pack, before, protected, texts)))


def _flaws(pack: Pack, before: Pack, protected: Collection[str], texts: Iterable[str]) -> Iterator[Flaw]:
    if not pack.instructions.strip() or not all(part.strip() for demo in pack.demos for part in demo):
        yield Flaw.EMPTY
    if len(pack.text) > LONGEST_READ:
        yield Flaw.TOO_LONG
    if len(pack.demos) > MOST_DEMOS_READ:
        yield Flaw.TOO_MANY_EXAMPLES
    if not all(passage in pack.instructions for passage in protected):
        yield Flaw.PROTECTED_GONE
    if not set(_ADDRESS.findall(pack.text)) <= set(_ADDRESS.findall(before.text)):
        yield Flaw.ADDRESS
    had = masked(before.text)[1]
    if any(count > had.get(kind, 0) for kind, count in masked(pack.text)[1].items()):
        yield Flaw.SECRET
    if _is_copied(_spoken(pack.text), _spoken(before.text), texts):
        yield Flaw.COPIED


def leaks(pack: Pack, before: Pack | None) -> tuple[str, ...]:
    """The kinds of what a pack must not take along, by name; what the pack before it has word for word is let through."""
    known = set() if before is None else set(before.text.splitlines())
    found: list[str] = []
    for line in (line for line in pack.text.splitlines() if line not in known):
        found += [*masked(line)[1], *(["URL"] if _URL.search(line) else ())]
    return tuple(dict.fromkeys(found))


def _is_copied(said: str, before: str, texts: Iterable[str]) -> bool:
    runs = _runs(said) - _runs(before)
    for text in map(_spoken, texts):
        if len(text) >= COPIED:
            if not runs.isdisjoint(_runs(text)):
                return True
        elif len(text) >= SHORTEST_COPIED and f" {text} " in f" {said} " and f" {text} " not in f" {before} ":
            return True
    return False


def _runs(text: str) -> set[str]:
    return {text[start : start + COPIED] for start in range(len(text) - COPIED + 1)}


def _spoken(text: str) -> str:
    """A text's letters and digits, with one blank for all that is between."""
    return _UNSPOKEN.sub(" ", text.casefold()).strip()
