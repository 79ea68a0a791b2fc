"""What a test of a skill came to: by which instrument, on which version of the skill and of its suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class What(StrEnum):
    """What was tested."""

    TEST = "test"  # the suite, once
    BASELINE = "baseline"  # the suite with the skill and without
    SAME = "same"  # the same version twice, which should not differ


@dataclass(frozen=True, slots=True)
class Result:
    """A test's result: how many of so many answers were right, and on each side; `failed` could not be asked.

    `fingerprint` is the skill's, `suite` the version of its cases. `passed` is what the test itself says; None where it says nothing.
    """

    skill: str
    what: What
    instrument: str
    fingerprint: str
    suite: str
    at_ms: int
    right: float
    of: float
    failed: int = 0
    sides: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    usd: float | None = None
    passed: bool | None = None

    @property
    def share(self) -> float | None:
        """The share of right answers; None where none could be asked."""
        return self.right / self.of if self.of else None


def newest(results: tuple[Result, ...], what: What, fingerprint: str, suite: str) -> Result | None:
    """The newest result of this version of the skill on this version of its suite."""
    fitting = [one for one in results if (one.what, one.fingerprint, one.suite) == (what, fingerprint, suite)]
    return max(fitting, key=lambda one: one.at_ms, default=None)
