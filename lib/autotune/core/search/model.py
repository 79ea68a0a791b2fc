"""The nouns of a search: what it is about, a candidate, a step.

Plan          what stays as it is: the seed, the cases that are read and those that it selects by, and how much is tried
Candidate     texts by their names (a pack's instructions and examples; a skill's description and body), and how they did
Evaluate      a step: get a candidate's scores on some cases
Reflect       a step: have a proposer read how a candidate did on some cases, and write one of its texts anew
Search        all that is known so far; a value that `codec` writes and reads
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

Texts = Mapping[str, str]


def fingerprint(texts: Texts) -> str:
    """By which texts are known again, whatever their blanks and line ends are."""
    return sha256("\0".join(f"{name}\0{' '.join(texts[name].split())}" for name in sorted(texts)).encode()).hexdigest()


def alike(one: Texts, other: Texts) -> bool:
    """Whether two are the same but for blanks and line ends."""
    return fingerprint(one) == fingerprint(other)


class Standing(StrEnum):
    """How far a candidate has come."""

    TRIED = "tried"  # on a batch
    PASSED = "passed"  # better than its parent there, so it is scored on all cases to select by
    POOLED = "pooled"  # scored there
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Plan:
    """What stays as it is in a search.

    A proposer reads how candidates did on cases of `read`, `batch` at a time. Parents and finalists are chosen by `select`. At most
    `proposals` are asked for, and `merges` made. `perfect` is the score from which on there is nothing to learn from a case.
    """

    seed: int
    read: tuple[str, ...]
    select: tuple[str, ...]
    batch: int = 3
    proposals: int = 6
    merges: int = 2
    perfect: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Texts by name, and the score by case: None where the case was asked for and got none, which is not 0."""

    texts: Texts
    standing: Standing
    parents: tuple[int, ...] = ()
    batch: tuple[str, ...] = ()
    scores: Mapping[str, float | None] = field(default_factory=dict)

    def on(self, cases: tuple[str, ...]) -> dict[str, float]:
        """Give its scores on these cases, as far as it has any."""
        return {case: score for case in cases if (score := self.scores.get(case)) is not None}

    def lacks(self, cases: tuple[str, ...]) -> tuple[str, ...]:
        """Give those of these cases that it was never asked for."""
        return tuple(case for case in cases if case not in self.scores)


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Get the scores of a candidate, by its number, on these cases."""

    candidate: int
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reflect:
    """Have one text of a candidate written anew, by how it did on these cases."""

    candidate: int
    cases: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Search:
    """All that is known: candidates by number, the first being what is there now.

    `round` counts batches, `proposals` what was asked of a proposer, `merges` what was put together, `idle` batches in a row on which
    there was nothing to learn. `refused` are texts that may not be tried: rejected before, or rolled back.
    """

    plan: Plan
    candidates: tuple[Candidate, ...]
    round: int = 0
    proposals: int = 0
    merges: int = 0
    merge_due: bool = False
    idle: int = 0
    refused: tuple[Texts, ...] = ()
