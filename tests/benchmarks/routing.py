"""What the routing rule gets right: queries that should fire and that should not, put to a simulated host, for `on_cases.py`.

Each query has a chance to fire of its own, from a U-shaped beta distribution whose mean is the recall (.6) or what is left of the
specificity (.93): most queries nearly always fire, or nearly never. A change moves each by chance (sd .7 of its logarithm of odds), and all
of a side by as much as its effect takes. Both arms are asked three times; looks come after every four couples.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache
from typing import NamedTuple

from tests.benchmarks.bars import Bar, mean

from autotune.core.cases.confirming import PLANNED_OF_SIDED, Count, needed
from autotune.core.cases.scores import MARGIN, START, Asked, Judgement, judged, tallied
from autotune.core.cases.units import Unit
from autotune.core.model import Verdict

SAMPLES = 3
RECALL, FALSE_ALARMS = 0.6, 0.07
U_SHAPED = 0.5  # how many queries' worth of spread around the mean: less is more at the ends
OWN_SHIFT = 0.7  # sd
LOOK = 4  # couples
ONE_OF_ONE = needed(Count(1, 1), Count(1, 1))
ONE_OF_FIVE = needed(Count(1, PLANNED_OF_SIDED), Count(1, PLANNED_OF_SIDED))


class Change(NamedTuple):
    """By how much more queries of each side are answered rightly on average; None where the texts are the same."""

    recall: float
    specificity: float


def logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def fires(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def drawn(coin: random.Random, rate: float) -> float:
    """A query's chance to fire."""
    return min(max(coin.betavariate(rate * U_SHAPED, (1 - rate) * U_SHAPED), 0.01), 0.99)


@lru_cache
def shift(rate: float, to: float) -> float:
    """What has to be added to each query's logarithm of odds for the mean chance to change by as much."""
    coin = random.Random(f"shift {rate}")
    queries = [(logit(drawn(coin, rate)), coin.gauss(0, OWN_SHIFT)) for _ in range(4000)]
    aim = mean(fires(odds) for odds, _ in queries) + to
    low, high = -12.0, 12.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if mean(fires(odds + own + middle) for odds, own in queries) < aim else (low, middle)
    return low


def answers(coin: random.Random, rate: float, change: float | None) -> float:
    """By how much more often a query fires with the candidate, as a share of the samples."""
    before = drawn(coin, rate)
    after = before if change is None else fires(logit(before) + coin.gauss(0, OWN_SHIFT) + shift(rate, change))
    return (sum(coin.random() < after for _ in range(SAMPLES)) - sum(coin.random() < before for _ in range(SAMPLES))) / SAMPLES


def probed(coin: random.Random, change: Change | None, couples: int, asked: Asked) -> Judgement:
    """A comparison of two descriptions on so many couples."""
    tally = START
    while (found := judged(tally, asked, 2 * couples - tally.units)).verdict is Verdict.MEASURE_AGAIN:
        differences = list[float]()
        for _ in range(min(LOOK, couples - tally.units // 2)):
            differences.append(answers(coin, RECALL, None if change is None else change.recall))
            differences.append(-answers(coin, FALSE_ALARMS, None if change is None else -change.specificity))
        tally = tallied([Unit(one, 0.0, one) for one in differences], asked, tally)
    return found


def kept(change: Change | None, couples: int, odds: float, count: int = 400) -> float:
    """In which share of comparisons the candidate is kept."""
    coin, asked = random.Random(f"routing {change} {couples} {odds}"), Asked(odds, margin=MARGIN)
    return mean(probed(coin, change, couples, asked).verdict is Verdict.KEEP for _ in range(count))


def bars() -> list[Bar]:
    few = [probed(random.Random(number), Change(0.3, 0.0), 19, Asked(ONE_OF_ONE, margin=MARGIN)) for number in range(20)]
    return [
        Bar("the same text, 40 + 40 queries, 20.8 : 1: kept", kept(None, 40, ONE_OF_ONE), 0.03),
        Bar("no net change, 40 + 40 queries, 20.8 : 1: kept", kept(Change(0.0, 0.0), 40, ONE_OF_ONE), 0.03),
        Bar("recall .1 better, specificity .1 worse, 40 + 40, 20.8 : 1: kept", kept(Change(0.1, -0.1), 40, ONE_OF_ONE), 0.05),
        Bar("recall .2 better, specificity .2 worse, 40 + 40, 20.8 : 1: kept", kept(Change(0.2, -0.2), 40, ONE_OF_ONE), 0.01),
        Bar("recall .3 better, specificity .2 worse, 100 + 100, 20.8 : 1: kept", kept(Change(0.3, -0.2), 100, ONE_OF_ONE), 0.08),
        Bar("recall .3 better, 40 + 40, one of 5 confirmations: found", kept(Change(0.3, 0.0), 40, ONE_OF_FIVE), 0.70, at_least=True),
        Bar("recall .2 better, 100 + 100, one of 5 confirmations: found", kept(Change(0.2, 0.0), 100, ONE_OF_FIVE), 0.80, at_least=True),
        Bar("19 + 19 queries: decided", mean(one.verdict is not Verdict.INCONCLUSIVE or one.counted > 0 for one in few), 0.0),
    ]
