"""A row of the published table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure of the table, with what it must not exceed (or fall below); without a limit it is only told."""

    what: str
    value: float
    limit: float | None = None
    at_least: bool = False
    digits: int = 3

    @property
    def holds(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def cells(self) -> tuple[str, str, str, str]:
        """What, figure, bar, and whether it holds."""
        value = f"{self.value:.{self.digits}f}"
        if self.limit is None:
            return self.what, value, "", ""
        return self.what, value, f"{'≥' if self.at_least else '≤'} {self.limit:g}", "PASS" if self.holds else "FAIL"


def mean(figures: Iterable[float]) -> float:
    figures = list(figures)
    return math.fsum(figures) / len(figures) if figures else 0.0
