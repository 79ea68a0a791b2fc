"""What the probes of a case, and of a whole run, come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autotune.core.skills.signs import Failing, Outcome


@dataclass(frozen=True, slots=True)
class Query:
    """A case of routing: what is said to the model, and whether the skill fits it."""

    id: str
    text: str
    fits: bool


@dataclass(frozen=True, slots=True)
class Probed:
    """The probes of one case. `scores` has a value from 0 to 1 for each sample that was had, 1 where the answer was right."""

    case: str
    scores: tuple[float, ...]
    failed: tuple[Outcome, ...] = ()
    fired: tuple[tuple[str, ...], ...] = ()
    usd: float | None = None
    seconds: float = 0.0
    remarks: tuple[str, ...] = ()

    @property
    def score(self) -> float | None:
        """The share of right answers; None where a sample is missing, for an error is neither hit nor miss."""
        return sum(self.scores) / len(self.scores) if self.scores and not self.failed else None


def right(query: Query, skill: str, outcome: Outcome) -> float:
    """Say whether a probe answers a query rightly: the skill fires where it fits, and not where it does not. Others may."""
    return float((skill in outcome.called) == query.fits)


def is_void(failed: int, planned: int, most: float) -> bool:
    """Whether so many probes of a run have failed that it says nothing. One that failed of two does not void them both by itself."""
    return failed > max(most * planned, 1.0)


def commonest(failures: Sequence[Outcome]) -> tuple[Mapping[Failing, int], str]:
    """Count failures by their kind, the commonest first, with what one of the commonest said."""
    kinds = Counter(one.failing for one in failures if one.failing is not None)
    ordered = dict(kinds.most_common())
    first = next(iter(ordered), None)
    return ordered, next((one.said for one in failures if one.failing is first and one.said), "")
