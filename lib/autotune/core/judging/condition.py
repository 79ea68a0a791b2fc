"""What keeps packs from being judged well: a dead judge, no traffic, a drifted model, an exhausted budget, an obedient judge.

Each is a finding by figures that `status` has at hand. What helps is said in words elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from autotune.core.judging.means import Mean
from autotune.core.stats.shares import Z

DEAD_AFTER = 5  # cases in a row without a score
SILENT_MS = 24 * 3_600_000
SILENT_TIMES = 2.0  # as long as the longest pause of late
NEWEST, SEEN = 100, 500  # requests by which another model is told from those before
NEW_BELOW = 0.05  # of the requests before: a model that is rarer was not the agent's
DRIFTED_ABOVE = 3.0  # standard errors; few weeks of a year pass it by chance


class Ill(StrEnum):
    """What is wrong."""

    DEAD_JUDGE = "dead judge"
    NO_TRAFFIC = "no traffic"
    DRIFTED_MODEL = "drifted model"
    DRIFTED_SCORES = "drifted scores"
    NO_BUDGET = "exhausted budget"
    OBEDIENT_JUDGE = "obedient judge"


@dataclass(frozen=True, slots=True)
class Condition:
    """A finding: what is wrong, with which behaviour (none: with all), since when, and what it is about."""

    ill: Ill
    behavior: str = ""
    since_ms: int | None = None
    what: str = ""
    before: str = ""


def judge(behavior: str, outcomes: Sequence[tuple[int, str | None]]) -> Condition | None:
    """Whether a judge is dead: none of the newest cases, with the times at which they were judged, has a score."""
    if len(outcomes) < DEAD_AFTER or any(why is None for _, why in outcomes[:DEAD_AFTER]):
        return None
    why = Counter(str(why) for _, why in outcomes[:DEAD_AFTER]).most_common(1)[0][0]
    return Condition(Ill.DEAD_JUDGE, behavior, outcomes[DEAD_AFTER - 1][0], why)


def traffic(newest: Sequence[tuple[int, str | None]], now_ms: int) -> Iterator[Condition]:
    """Whether requests have stopped coming, and whether another model answers them; `newest` first, with the model of each."""
    if not newest:
        return
    times = [at_ms for at_ms, _ in newest]
    longest = max((later - earlier for later, earlier in pairwise(times)), default=0)
    if now_ms - times[0] > max(SILENT_MS, SILENT_TIMES * longest):
        yield Condition(Ill.NO_TRAFFIC, since_ms=times[0])
    late, before = (Counter(model for _, model in part if model) for part in (newest[:NEWEST], newest[NEWEST:]))
    if late and before.total() >= NEWEST:
        model = late.most_common(1)[0][0]
        if before[model] < NEW_BELOW * before.total():
            first = min(at_ms for at_ms, one in newest if one == model)
            yield Condition(Ill.DRIFTED_MODEL, since_ms=first, what=model, before=before.most_common(1)[0][0])


def scores(behavior: str, before: Mean | None, late: Mean | None, since_ms: int) -> Condition | None:
    """Whether scores by one judge, of one pack, are others of late than before."""
    if before is None or late is None or None in (before.low, before.high, late.low, late.high):
        return None
    halves = [((one.high or 0.0) - (one.low or 0.0)) / 2 / Z for one in (before, late)]
    if abs(late.value - before.value) <= DRIFTED_ABOVE * (halves[0] ** 2 + halves[1] ** 2) ** 0.5:
        return None
    return Condition(Ill.DRIFTED_SCORES, behavior, since_ms, f"{late.value:.3f}", f"{before.value:.3f}")


def budget(usd: float, calls: int, most_usd: float | None, most_calls: int) -> Condition | None:
    """Whether a day's money is spent, or its calls are made."""
    if most_usd is not None and usd >= most_usd:
        return Condition(Ill.NO_BUDGET, what="money")
    return Condition(Ill.NO_BUDGET, what="calls") if calls >= most_calls else None


def obedience(behavior: str, obeyed: int) -> Condition | None:
    """Whether a judge followed what it was shown."""
    return Condition(Ill.OBEDIENT_JUDGE, behavior, what=f"{obeyed}") if obeyed else None
