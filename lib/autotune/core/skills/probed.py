"""What the probes of a case, and of a whole run, come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from autotune.core.skills.signs import Failing, Outcome


@dataclass(frozen=True, slots=True)
class One:
    """One sample of a case: its score from 0 to 1, None where it failed; what it came to, what it cost and took, and what is said of it."""

    score: float | None
    outcome: Outcome
    usd: float | None
    seconds: float
    remarks: tuple[str, ...] = ()


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


def together(case: str, made: Sequence[One]) -> Probed:
    """Give what the samples of a case come to."""
    had = [one for one in made if one.score is not None]
    failed = tuple(one.outcome for one in made if one.score is None)
    scores, fired = tuple(one.score for one in had if one.score is not None), tuple(one.outcome.called for one in had)
    remarks = tuple(remark for one in made for remark in one.remarks)
    return Probed(case, scores, failed, fired, total(one.usd for one in made), sum(one.seconds for one in made), remarks)


def again(tries: Sequence[One]) -> One:
    """Give what several tries of one sample come to: the last one's answer, and what all of them cost."""
    return replace(tries[-1], usd=total(one.usd for one in tries), seconds=sum(one.seconds for one in tries))


def total(costs: Iterable[float | None]) -> float | None:
    """Add up what is known; None where nothing is."""
    known = [one for one in costs if one is not None]
    return sum(known) if known else None


def right(skill: str, outcome: Outcome, *, fits: bool) -> float:
    """Say whether a query is answered rightly: the skill fires where it fits, and not where it does not. Others may."""
    return float((skill in outcome.called) == fits)


def is_void(failed: int, planned: int, most: float) -> bool:
    """Whether so many probes of a run have failed that it says nothing. One that failed of two does not void them both by itself."""
    return failed > max(most * planned, 1.0)


def commonest(failures: Sequence[Outcome]) -> tuple[Mapping[Failing, int], str]:
    """Count failures by their kind, the commonest first, with what one of the commonest said."""
    kinds = Counter(one.failing for one in failures if one.failing is not None)
    ordered = dict(kinds.most_common())
    first = next(iter(ordered), None)
    return ordered, next((one.said for one in failures if one.failing is first and one.said), "")
