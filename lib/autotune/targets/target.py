"""What every kind of target answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from autotune.core.config.reading import Config


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a run, by its name in messages. The `measured` one yields the samples; the others only have to succeed."""

    name: str
    text: str
    timeout_s: float
    measured: bool = False


class Target(Protocol):
    """A kind of target: what to run, what to run next given those results, and what it all says."""

    def commands(self, config: Config) -> tuple[Command, ...]:
        """Say what one run executes, in this order."""
        ...

    def next_commands(self, config: Config, samples: Mapping[str, float]) -> tuple[Command, ...]:
        """Say what is executed once more, given what was printed (grading, where answers need it)."""
        ...

    def samples(self, config: Config, printed: Mapping[str, float], cases: tuple[str, ...], *, ratios: bool) -> Mapping[str, float]:
        """Give a run's samples from what its commands printed.

        `cases` are those of the baseline where its metric is made of cases, and `ratios` tells whether they are compared as ratios. Raises
        UnreadError where what was printed says nothing.
        """
        ...

    def checks(self, config: Config) -> Command | None:
        """Say what has to pass besides, after a candidate's first good run."""
        ...
