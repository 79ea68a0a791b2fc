"""Which confirmation a comparison on cases is, and how much evidence it needs for that.

A confirmation spends a part of two error budgets. The session's counts its confirmations from its opening on, through all segments. The one
of the cases that decide counts theirs, across sessions. Ideas that stay on search cases spend nothing. After the planned number (20) the
cases are spent, and so are they when somebody looked at them: then others are needed.

    needed(session, pool)       the odds that a keep needs, by both
    planned_for(cases)          how many confirmations are planned on a list
    used(cases, uses)           how often cases have decided: as often as the one of them that did so most
    is_spent(pool, seen)        whether they may not decide again
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from autotune.core.cases.split import Case, is_sided
from autotune.core.decide.budget import needed_evidence
from autotune.core.model import Calibration

PLANNED = 20  # confirmations: 416 : 1 each
PLANNED_OF_SIDED = 5  # 104 : 1 each: a confirmation of routing takes some 480 probes, so few are paid for
ERROR_BUDGET = 0.05


class Count(NamedTuple):
    """A confirmation's `number` from 1 on among those of a session or of the cases; `planned` stays as it was at the first.

    `keeps` counts those before it that were decided like this, had to be better, and so refill the budget (`budget.refills`).
    """

    number: int
    planned: int = PLANNED
    keeps: int = 0


def needed(session: Count, pool: Count, error_budget: float = ERROR_BUDGET) -> float:
    """The odds that a keep needs: enough for both counts, so that each keeps to its budget.

    Source: `budget.needed_evidence`. It uses no more than that a bet on nothing comes to 1 on average, so confirmations may depend on each
    other in any way.
    """
    asked = [Calibration((), count.keeps, count.planned, count.number) for count in (session, pool)]
    return max(needed_evidence(calibration, error_budget) for calibration in asked)


def planned_for(cases: Sequence[Case]) -> int:
    """How many confirmations a session with such a list plans, and such cases are for."""
    return PLANNED_OF_SIDED if is_sided(cases) else PLANNED


def first_needed(cases: Sequence[Case], error_budget: float = ERROR_BUDGET) -> float:
    """The odds that a keep needs in the first confirmation on such a list."""
    count = Count(1, planned_for(cases))
    return needed(count, count, error_budget)


def used(cases: Iterable[Case], uses: Mapping[str, int]) -> int:
    """How often cases have decided, given how often each did by its id; so a case that is added makes no old ones new."""
    return max((uses.get(case.name, 0) for case in cases), default=0)


def is_spent(pool: Count, *, seen: bool = False) -> bool:
    """Whether a confirmation of this number may not be decided on these cases: the planned ones are done, or somebody saw how cases did."""
    return seen or pool.number > pool.planned
