"""Which seeds a session's runs had, and which one a run must have (`core/cases/pair_seeds.py` has the rule)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autotune.core.cases.pair_seeds import first_fresh, seed_of
from autotune.core.ledger.events import Ran
from autotune.core.ledger.purposes import Purpose
from autotune.core.model import Arm, Outcome


@dataclass(frozen=True, slots=True)
class Seeds:
    """The largest seed of a session's runs, 0 without any, and how far the latest measurement with seeds has come.

    A measurement is what one experiment's runs are made for, or those of another purpose: `of`. Its seeds begin at `first`, and `arms` are
    those of its good runs, in time order.
    """

    last: int = 0
    first: int = 1
    of: str = ""
    arms: tuple[Arm, ...] = ()

    def next(self, purpose: Purpose, experiment: int, arm: Arm, *, begins: bool = False) -> int:
        """Give the seed of a run that comes next; where a measurement `begins`, whatever was made for the same before, a fresh one."""
        if begins or self.of != _measured(purpose, experiment):
            return first_fresh([self.last])
        return seed_of(self.first, self.arms, arm)

    def after(self, ran: Ran) -> Seeds:
        """Give the seeds after one more run; one without a seed changes nothing."""
        if ran.seed is None:
            return self
        of = _measured(ran.purpose, ran.experiment)
        goes_on = self.of == of and ran.seed == self.next(ran.purpose, ran.experiment, ran.arm)
        before = self if goes_on else Seeds(self.last, ran.seed, of)
        arms = (*before.arms, ran.arm) if ran.outcome is Outcome.OK else before.arms
        return replace(before, last=max(self.last, ran.seed), arms=arms)

    def fit(self, ran: Ran) -> bool:
        """Tell whether a run has the seed that it must have. What is not an experiment may have been begun anew."""
        may_begin = ran.purpose not in _OF_AN_EXPERIMENT
        fresh = may_begin and ran.seed == self.next(ran.purpose, ran.experiment, ran.arm, begins=True)
        return fresh or ran.seed == self.next(ran.purpose, ran.experiment, ran.arm)


_OF_AN_EXPERIMENT = (Purpose.EXPERIMENT, Purpose.CROSS_CHECK)


def _measured(purpose: Purpose, experiment: int) -> str:
    """Name what a run is made for."""
    return f"{Purpose.EXPERIMENT if purpose in _OF_AN_EXPERIMENT else purpose} {experiment}"


def are_paired(runs: Sequence[Ran]) -> bool:
    """Tell whether the runs of each successive pair have one seed, and every pair another."""
    pairs = [(one.seed, other.seed) for one, other in zip(runs[::2], runs[1::2], strict=True)]
    return all(one == other for one, other in pairs) and len(set(pairs)) == len(pairs)
