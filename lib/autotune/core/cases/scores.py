"""How bounded scores on cases are decided: keep, discard, inconclusive, or measure again.

The candidate's difference on each unit (`units.py`) goes into two mean bets (`mean_bet.py`), in the order in which units were drawn:

    E    odds for "better than the least effect asked for". KEEP where it is what is needed and the mean is above that too.
    A    odds for "less than is worth having". DISCARD where it is 5 and E below 10: the only verdict that says "not worth it".

INCONCLUSIVE where the cases are used up or too few, or where what is left cannot decide; else MEASURE AGAIN. A discard and an
inconclusive comparison leave the incumbent.

Cases that an arm left unscored are dropped from both. One arm may leave more of them (a bet on unequal shares has reached 5 : 1). Then E is
also taken with the candidate's unscored as worst and the incumbent's as best, and the smaller one counts. Otherwise a candidate that leaves
its bad answers without a score would win by them.

Routing (cases with sides, drawn in couples): a positive query is right where it fires, a negative one where it does not. The stakes of E
are both sides' multiplied, so it asks for a higher balanced accuracy. A keep asks besides that the negatives are no more than the margin
worse on average. DISCARD where a bet that they are worse than that reaches 10 : 1. With fewer than 20 couples nothing is decided. On the
mean of both sides of a couple the same bet finds a recall .2 better in .29 instead of .72 of 40 + 40 queries.

    tally = tallied(units, asked)            every look: units so far, in drawn order up to the first gap; or a tally and the new ones
    judged(tally, asked, left)               the verdict; `left` counts the units that are still to come
    promising(differences)                   whether a candidate that was seen on search cases is worth a confirmation
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from autotune.core.cases.mean_bet import BETS, EVEN, WEIGHTS, Stakes, gains_over, gains_under, staked, total
from autotune.core.cases.units import Unit
from autotune.core.model import Verdict

WORTH = 0.05  # of the range, the gain worth having where no other is named
ABOVE_LEAST = 0.01  # of the range, by which what is worth having is above what is asked for
EXCLUDED = 5.0  # the odds against a gain worth having that give it up
HOPEFUL = 10.0  # the odds for a gain from which it is not given up
UNEQUAL = 5.0  # the odds for unequal shares of unscored cases from which they count against the candidate
FEWEST_FOR_REACH = 20  # units, before what is left is held against what is needed
FEWEST_COUPLES = 20  # that decide anything about routing
MARGIN = 0.05  # by which the share of right answers to negative queries may fall
PROVEN, PROVEN_AT = 0.10, 5.0  # a fall that is said to be excluded, from these odds on; asked for, it would block the harmless
FALLEN = 10.0  # the odds for a fall below the margin that give a candidate up
PRIOR_UNITS, PRIOR_SD = 4, 0.3  # the spread that is thought of before there are differences, and as how many of them it counts


class Because(StrEnum):
    """Why a comparison of scores is decided as it is."""

    BETTER = "better"
    NOT_WORTH_IT = "not worth it"
    TOO_FEW = "too few"
    USED_UP = "used up"
    OUT_OF_REACH = "out of reach"
    LESS_SPECIFIC = "less specific"
    NOT_SPECIFIC = "not specific"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a keep asks for: the odds `needed` (400.0 is 400 : 1), the `least` effect and the effect `worth` having, shares of the range.

    `least` may be below 0, for a change that may be so much worse. Of routing, `margin` is by how much negatives may be worse.
    """

    needed: float
    least: float = 0.0
    worth: float = WORTH
    margin: float | None = None

    @property
    def aim(self) -> float:
        """The gain that is worth having, and above the least."""
        return max(self.worth, self.least + ABOVE_LEAST)


class Tally(NamedTuple):
    """What units so far come to: `counted` of them have a difference, which is summed up in `gained`.

    `squares` sums the squares of what differences are above the least.

    `better` and `worse` are the stakes of E and A, and `worst` those of E with all unscored against the candidate. `more` and `fewer` are
    those on the candidate's having more and fewer unscored. `unequal` stays true once these have reached 5 : 1. Of routing, `negatives`
    have a difference, which is summed up in `specific`; `fallen` are the stakes on their being worse than the margin, `within` on their
    being less than .10 worse.
    """

    units: int = 0
    counted: int = 0
    gained: float = 0.0
    squares: float = 0.0
    better: Stakes = EVEN
    worse: Stakes = EVEN
    worst: Stakes = EVEN
    more: Stakes = EVEN
    fewer: Stakes = EVEN
    unequal: bool = False
    negatives: int = 0
    specific: float = 0.0
    fallen: Stakes = EVEN
    within: Stakes = EVEN

    @property
    def mean(self) -> float:
        """The mean difference of the units that have one, 0 without any."""
        return self.gained / self.counted if self.counted else 0.0

    @property
    def evidence(self) -> float:
        """The odds for a gain of more than the least asked for."""
        return min(total(self.better), total(self.worst)) if self.unequal else total(self.better)

    @property
    def specificity(self) -> float:
        """The mean difference of the negatives that have one, 0 without any."""
        return self.specific / self.negatives if self.negatives else 0.0

    @property
    def has_fallen(self) -> bool:
        """Whether negatives are worse than the margin allows."""
        return total(self.fallen) >= FALLEN


START = Tally()


def tallied(units: Sequence[Unit], asked: Asked, tally: Tally = START) -> Tally:
    """The tally after further units, which come in drawn order; made at once or bit by bit it is the same."""
    differences = [unit.difference for unit in units if unit.difference is not None]
    more, fewer, unequal = tally.more, tally.fewer, tally.unequal
    for unit in units:
        if unit.unscored:
            more, fewer = staked(more, [unit.unscored]), staked(fewer, [-unit.unscored])
            unequal = unequal or (total(more) + total(fewer)) / 2 >= UNEQUAL
    better = staked(tally.better, gains_over(differences, asked.least))
    alike = tally.worst is tally.better and len(differences) == len(units) and all(unit.worst == unit.difference for unit in units)
    further = Tally(
        units=tally.units + len(units),
        counted=tally.counted + len(differences),
        gained=_added(tally.gained, differences),
        squares=_added(tally.squares, [(difference - asked.least) ** 2 for difference in differences]),
        better=better,
        worse=staked(tally.worse, gains_under(differences, asked.aim)),
        worst=better if alike else staked(tally.worst, gains_over([unit.worst for unit in units], asked.least)),
        more=more,
        fewer=fewer,
        unequal=unequal,
    )
    return further if asked.margin is None else _with_negatives(further, units[1 - tally.units % 2 :: 2], tally, asked.margin)


def _with_negatives(further: Tally, negatives: Sequence[Unit], tally: Tally, margin: float) -> Tally:
    """Count the second unit of each couple besides."""
    differences = [unit.difference for unit in negatives if unit.difference is not None]
    return further._replace(
        negatives=tally.negatives + len(differences),
        specific=_added(tally.specific, differences),
        fallen=staked(tally.fallen, gains_under(differences, -margin)),
        within=staked(tally.within, gains_over(differences, -PROVEN)),
    )


def _added(start: float, values: Sequence[float]) -> float:
    """A sum that goes on one by one, since `sum` compensates in some versions of Python, and then how it is cut up would matter."""
    for value in values:
        start += value
    return start


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer for scores: `evidence`, `needed` and `against` (a gain worth having) are odds, `mean` is a share of the range.

    `counted` units have a difference, `dropped` ones have none. `unequal` tells that unscored cases count against the candidate.
    The mean of a keep is too high by luck (by .005 to .02 at 416 : 1): claims are made on other cases.
    Of routing, `specificity` is the mean of the negatives, and `proven` tells that a fall by more than .10 is excluded.
    """

    verdict: Verdict
    because: Because
    evidence: float
    needed: float
    against: float
    mean: float
    counted: int
    dropped: int
    unequal: bool
    specificity: float | None = None
    proven: bool = False


def judged(tally: Tally, asked: Asked, left: int) -> Judgement:
    """What follows from the units so far where so many are still to come."""
    odds, against = tally.evidence, total(tally.worse)
    verdict, because = _answer(tally, asked, left, odds, against)
    dropped = tally.units - tally.counted
    specific = () if asked.margin is None else (tally.specificity, total(tally.within) >= PROVEN_AT)
    return Judgement(verdict, because, odds, asked.needed, against, tally.mean, tally.counted, dropped, tally.unequal, *specific)


def _answer(tally: Tally, asked: Asked, left: int, odds: float, against: float) -> tuple[Verdict, Because]:
    is_better = odds >= asked.needed and tally.mean > asked.least
    if tally.has_fallen or (against >= EXCLUDED and odds < HOPEFUL):
        return Verdict.DISCARD, Because.LESS_SPECIFIC if tally.has_fallen else Because.NOT_WORTH_IT
    if is_better and (asked.margin is None or tally.specificity >= -asked.margin):
        return Verdict.KEEP, Because.BETTER
    if not tally.counted and not can_decide(left, asked):
        return Verdict.INCONCLUSIVE, Because.TOO_FEW
    if not left:
        return Verdict.INCONCLUSIVE, Because.NOT_SPECIFIC if is_better else Because.USED_UP
    if tally.counted >= FEWEST_FOR_REACH and _out_of_reach(tally, asked, left, odds):
        return Verdict.INCONCLUSIVE, Because.OUT_OF_REACH
    return Verdict.MEASURE_AGAIN, Because.OPEN


def can_decide(units: int, asked: Asked) -> bool:
    """Whether so many units could be enough: all of them as good as can be, by the largest bet alone; of routing, 20 couples at least."""
    if asked.margin is not None and units < 2 * FEWEST_COUPLES:
        return False
    most = 1 + BETS[-1] * gains_over([1.0], asked.least)[0]
    return math.log(WEIGHTS[-1]) + units * math.log(most) >= math.log(asked.needed)


def _out_of_reach(tally: Tally, asked: Asked, left: int, odds: float) -> bool:
    """Whether the units left cannot be expected to decide, were the truth two standard errors better than it looks.

    Each then brings at most hope^2 / (2 x the mean square) to the logarithm of the odds, or the largest bet's ln(1 + .95 hope). It guards
    nothing and saves runs: the chance to keep falls by 8 of 100 at most.
    """
    square = (tally.squares + PRIOR_UNITS * PRIOR_SD**2) / (tally.counted + PRIOR_UNITS)
    hope = max(tally.mean - asked.least + 2 * math.sqrt(square / tally.counted), 0.0)
    growth = min(hope**2 / (2 * square), math.log1p(BETS[-1] * hope))
    return math.log(max(odds, 1e-300)) + left * growth < math.log(asked.needed)


def promising(differences: Sequence[float], least: float = 0.0) -> bool:
    """Whether the mean of search units is above the least effect by more than its standard error, so that a confirmation is worth it."""
    count = len(differences)
    if not count:
        return False
    mean = sum(differences) / count
    squares = sum([(difference - mean) ** 2 for difference in differences])
    error = math.sqrt(squares / (count - 1) / count) if count > 1 else math.inf
    return mean - least > error
