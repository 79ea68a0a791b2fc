"""What a suite's cases have come to: how many were right on each side, what was missed, and how two measurements of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from autotune.core.cases.mean_bet import evidence, interval
from autotune.core.cases.pool import smallest_visible, spread_of
from autotune.core.skills.probed import Probed, total
from autotune.core.skills.rates import Share
from autotune.core.skills.suite import RoutingCase, SuiteCase, SuitePart, part_of

HALF = 0.5  # of the samples right: the case counts as right
NEEDED = 104.0  # odds for a keep where five confirmations are planned; `docs/deciding.md`
TASKS, POSITIVE, NEGATIVE = "tasks", "positive", "negative"


@dataclass(frozen=True, slots=True)
class Measured:
    """A suite measured once. `right` and `of` count cases, `failed` are those without a score."""

    cases: Mapping[str, SuiteCase]
    found: Mapping[str, Probed]

    @property
    def scores(self) -> dict[str, float]:
        """The score of each case that has one."""
        return {name: one.score for name, one in self.found.items() if one.score is not None}

    @property
    def failed(self) -> int:
        """How many cases have no score."""
        return len(self.cases) - len(self.scores)

    @property
    def usd(self) -> float | None:
        """What it has cost, as far as that is known."""
        return total(one.usd for one in self.found.values())

    def share(self, cases: Iterable[SuiteCase]) -> Share:
        """The share of some cases that are right."""
        had = [self.scores[case.id] for case in cases if case.id in self.scores]
        return Share(len(had), sum(score >= HALF for score in had))

    def by_side(self) -> dict[str, Share]:
        """The share of cases that are right, by what they ask."""
        sides = {side: [case for case in self.cases.values() if side_of(case) == side] for side in (POSITIVE, NEGATIVE, TASKS)}
        return {side: self.share(cases) for side, cases in sides.items() if cases}

    def by_type(self) -> dict[str, Share]:
        """The share of queries that are right, by how they speak of the skill."""
        types = dict[str, list[SuiteCase]]()
        for case in self.cases.values():
            if isinstance(case, RoutingCase):
                types.setdefault(str(case.type), []).append(case)
        return {name: self.share(cases) for name, cases in types.items()}

    def wrong(self) -> list[tuple[SuiteCase, Probed]]:
        """The cases that are wrong, without those that decide on changes: who has seen these can fit them."""
        shown = [self.cases[name] for name, score in self.scores.items() if score < HALF]
        return [(case, self.found[case.id]) for case in shown if part_of(case) is not SuitePart.CONFIRM]

    def hidden(self) -> int:
        """How many cases that are wrong are not shown."""
        return sum(score < HALF for score in self.scores.values()) - len(self.wrong())


@dataclass(frozen=True, slots=True)
class Compared:
    """The second measurement less the first, case by case: the mean with its 95 % interval, and the odds that it is above 0.

    `visible` is the smallest difference that so many cases can show, None where they can show none; `flipped` are cases that were right
    once and wrong once.
    """

    cases: int
    mean: float
    low: float
    high: float
    odds: float
    visible: float | None
    flipped: int

    @property
    def same(self) -> bool:
        """Whether no difference was found."""
        return self.low <= 0 <= self.high


def compared(first: Measured, second: Measured) -> Compared | None:
    """Compare two measurements of the same cases; None where no case has a score in both."""
    before, after = first.scores, second.scores
    both = [name for name in before if name in after]
    if not both:
        return None
    differences = [after[name] - before[name] for name in both]
    low, high = interval(differences)
    visible = smallest_visible(len(both), spread_of(differences), NEEDED)
    flipped = sum((before[name] >= HALF) != (after[name] >= HALF) for name in both)
    return Compared(len(both), sum(differences) / len(both), low, high, evidence(differences), visible, flipped)


def side_of(case: SuiteCase) -> str:
    """What a case asks: that the skill fires, that it does not, or that its work is good."""
    if isinstance(case, RoutingCase):
        return POSITIVE if case.fits else NEGATIVE
    return TASKS


def measured(cases: Sequence[SuiteCase], found: Iterable[Probed]) -> Measured:
    """Put the cases and what they came to together."""
    return Measured({case.id: case for case in cases}, {one.case: one for one in found})
