"""How far the latest measurement has come whose runs are given something: a seed (`core/cases/pair_seeds.py` has the rule), or cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autotune.core.cases.pair_seeds import first_fresh, seed_of
from autotune.core.ledger.events import Ran
from autotune.core.ledger.purposes import Purpose
from autotune.core.model import Arm, Outcome


@dataclass(frozen=True, slots=True)
class Seeds:
    """The largest seed of a session's runs, 0 without any, and how far the latest measurement has come, of the `begun` ones so far.

    A measurement is what one experiment's runs are made for, or those of another purpose: `of`. Its seeds begin at `first`, and `arms` are
    those of its good runs, in time order.
    """

    last: int = 0
    first: int = 1
    of: str = ""
    arms: tuple[Arm, ...] = ()
    begun: int = 0

    def begins(self, purpose: Purpose, experiment: int) -> bool:
        """Tell whether a run that is made for this begins a measurement, whoever makes it."""
        return self.of != _measured(purpose, experiment)

    def seed(self, arm: Arm, *, begins: bool) -> int:
        """Give the seed of an arm's next run, a fresh one where a measurement begins."""
        return first_fresh([self.last]) if begins else seed_of(self.first, self.arms, arm)

    def pair(self, arm: Arm, *, begins: bool) -> tuple[int, int]:
        """Give the measurement's number among all, and that of the pair that an arm's next run belongs to, from 0 on."""
        return (self.begun + 1, 0) if begins else (self.begun, self.arms.count(arm))

    def after(self, ran: Ran) -> Seeds:
        """Give how far it has come after one more run; one that is given nothing changes nothing."""
        if ran.seed is None and ran.drawn is None:
            return self
        begins = self.begins(ran.purpose, ran.experiment)
        anew = begins or ran.drawn not in (None, self.begun) or ran.seed not in (None, self.seed(ran.arm, begins=begins))
        before = Seeds(self.last, ran.seed or 1, _measured(ran.purpose, ran.experiment), (), self.begun + 1) if anew else self
        arms = (*before.arms, ran.arm) if ran.outcome is Outcome.OK else before.arms
        return replace(before, last=max(self.last, ran.seed or 0), arms=arms)


OF_AN_EXPERIMENT = (Purpose.EXPERIMENT, Purpose.CROSS_CHECK)


def may_be_begun_anew(purpose: Purpose) -> bool:
    """Tell whether such a measurement may be begun once more, where it was killed: an experiment is void then."""
    return purpose not in OF_AN_EXPERIMENT


def _measured(purpose: Purpose, experiment: int) -> str:
    """Name what a run is made for."""
    return f"{Purpose.EXPERIMENT if purpose in OF_AN_EXPERIMENT else purpose} {experiment}"


def are_paired(runs: Sequence[Ran]) -> bool:
    """Tell whether the runs of each successive pair have one seed and the same cases, and every pair of seeds another."""
    pairs = list(zip(runs[::2], runs[1::2], strict=True))
    seeds = [one.seed for one, _ in pairs if one.seed is not None]
    alike = all((one.seed, one.drawn, one.cases) == (other.seed, other.drawn, other.cases) for one, other in pairs)
    return alike and len(set(seeds)) == len(seeds)
