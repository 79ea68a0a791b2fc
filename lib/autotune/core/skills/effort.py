"""What turns took in which a skill fired, next to those in which it was offered and did not: tokens, and tools that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autotune.core.skills.rates import current
from autotune.core.skills.turns import Turn


@dataclass(frozen=True, slots=True)
class Effort:
    """So many turns, the tokens of those that record them, and how many tools failed in how many turns."""

    turns: int
    counted: int
    tokens: int
    failures: int
    with_failures: int

    @property
    def each(self) -> float | None:
        """Tokens of a turn on average; None where none records them."""
        return self.tokens / self.counted if self.counted else None


def effort(name: str, turns: Sequence[Turn]) -> tuple[Effort, Effort]:
    """What turns of a human took in which a skill fired or was typed, and those in which it was offered and silent."""
    known = [turn for turn in current(name, turns) if turn.human]
    fired = [turn for turn in known if turn.called(name) or turn.typed(name)]
    silent = [turn for turn in known if name in turn.offered and not (turn.called(name) or turn.typed(name))]
    return _of(fired), _of(silent)


def _of(turns: Sequence[Turn]) -> Effort:
    counted = [turn.tokens for turn in turns if turn.tokens]
    failures = [turn.failures for turn in turns if turn.failures]
    return Effort(len(turns), len(counted), sum(counted), sum(failures), len(failures))
