"""What a session with seeds or cases can see, by its unchanged code run against itself: before a night is spent.

Two ways to decide have two outlooks. Where values measure time or have no bounds, one pair of runs is one unit (`batch_pairs.py`). Where
they are bounded scores, cases are the units (`scores.py`), or whole batches of them (`batch_effect.py`).

    differences(batches, groups)              by how much each unit of each batch differs between the two runs of a pair
    of_pairs(gains, batches)                  the smallest gain that so many pairs show, and whether more cases a run would help
    of_units(batches, cases, costs, asked)    what counts as one unit, how many a decision takes, and the smallest gain that cases show
    before_any(units, uses)                   the smallest gain that so many units show, before anything was measured
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autotune.core.cases.batch_effect import Costs, chosen, measured
from autotune.core.cases.confirming import PLANNED, Count, needed
from autotune.core.cases.drawing import Taken
from autotune.core.cases.pool import smallest_visible, units_needed, what_helps
from autotune.core.cases.scores import PRIOR_SD, Asked
from autotune.core.stats.noise import noise_of_now, smallest_detectable

FEWEST_PAIRS, FEW_PAIRS, MANY_PAIRS = 12, 20, 40  # a keep takes at least the first in a session of 100; the last is `max_pairs`' default
FEWEST_BATCHES = 3  # to tell their effect from their units'


@dataclass(frozen=True, slots=True)
class PairOutlook:
    """What pairs of runs show, on the comparison's scale (logarithms, or the metric's unit).

    `noise` is the standard deviation of a pair's difference, 0 where pairs repeat exactly. `least`, `few` and `many` are the smallest gains
    found four times in five with 12, 20 and 40 pairs, `longer` that with 80. `cases` counts those of a run, 0 with seeds. `shared`
    is the standard deviation of what acts on all cases of a run, `more_cases` the smallest gain that 40 pairs show with twice the cases a
    run; both are None where that is not known.
    """

    pairs: int
    noise: float
    least: float
    few: float
    many: float
    longer: float
    cases: int = 0
    shared: float | None = None
    more_cases: float | None = None


@dataclass(frozen=True, slots=True)
class UnitOutlook:
    """What bounded scores on cases show, as shares of the score's range.

    `taken` says what counts as one unit, and `units` how many of these there are to decide by. `shared` is the standard deviation of what
    acts on a whole batch of `size` units, `noise` that of a unit's difference between two runs of the same code. A change is taken to
    differ by 0.3 from unit to unit besides. With odds of `needed`, a gain of `worth` takes `takes` units in four of five comparisons.
    `smallest` is the smallest gain that all of them show, `more_cases` that with twice the cases, `repeats` that with each case
    judged twice; None where it would be more than the whole range.
    """

    units: int
    size: float
    taken: Taken
    shared: float
    noise: float
    needed: float
    worth: float
    takes: float
    smallest: float | None = None
    more_cases: float | None = None
    repeats: float | None = None


def differences(batches: Sequence[Mapping[str, float]], unit_of: Mapping[str, str]) -> list[list[float]]:
    """Give the mean difference of each unit of each batch, from differences by case; `unit_of` names the unit of a case."""
    found = list[list[float]]()
    for batch in batches:
        units = dict[str, list[float]]()
        for case, difference in batch.items():
            units.setdefault(unit_of[case], []).append(difference)
        found.append([math.fsum(of_unit) / len(of_unit) for of_unit in units.values()])
    return [batch for batch in found if batch]


def of_pairs(gains: Sequence[float], batches: Sequence[Sequence[float]] = ()) -> PairOutlook:
    """What pairs whose runs differ by `gains` show; `batches` has each pair's differences by case, where cases count alike."""
    noise = noise_of_now(tuple(gains))
    counts = (FEWEST_PAIRS, FEW_PAIRS, MANY_PAIRS, 2 * MANY_PAIRS)
    least, few, many, longer = (smallest_detectable(noise, pairs) if noise else 0.0 for pairs in counts)
    cases = round(math.fsum(map(len, batches)) / len(batches)) if batches else 0
    if len(batches) < FEWEST_BATCHES:
        return PairOutlook(len(gains), noise, least, few, many, longer, cases)
    effect = measured(batches)
    now = math.hypot(math.sqrt(effect.within / effect.size), effect.deviation)
    then = math.hypot(math.sqrt(effect.within / effect.size / 2), effect.deviation)
    more = many * then / now if now else 0.0
    return PairOutlook(len(gains), noise, least, few, many, longer, cases, effect.deviation, more)


def of_units(batches: Sequence[Sequence[float]], units: int, costs: Costs, asked: Asked) -> UnitOutlook:
    """What `units` cases (or groups) that decide show. `batches` has the differences of the unchanged code's units, a list a batch.

    Raises ZeroDivisionError without any.
    """
    effect = measured(batches)
    noise = math.sqrt(effect.within)
    spread = math.hypot(PRIOR_SD, noise)
    taken = chosen(effect, spread, units, costs, asked)
    if taken is Taken.BATCH:
        size = effect.size
        count, by_unit, by_noise = int(units / size), PRIOR_SD / math.sqrt(size), math.hypot(noise / math.sqrt(size), effect.deviation)
    else:
        count, by_unit, by_noise = units, PRIOR_SD, math.hypot(noise, 0.0 if taken is Taken.CASE else effect.deviation)
    helps = what_helps(count, by_unit, by_noise, asked.needed)
    takes = units_needed(asked.aim, math.hypot(by_unit, by_noise), asked.needed)
    return UnitOutlook(count, effect.size, taken, effect.deviation, noise, asked.needed, asked.aim, takes, *helps)


def before_any(units: int, uses: int) -> float | None:
    """The smallest gain that `units` show four times in five, as a share of the range, where they have decided `uses` times; None: none."""
    return smallest_visible(units, PRIOR_SD, needed(Count(1), Count(min(uses + 1, PLANNED))))
