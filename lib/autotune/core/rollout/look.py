"""What becomes of a canary: promoted, rolled back, waited for, expired or void, by all units so far.

counted(units, policy)      the tally of units, which come in the order in which they closed
looked(tally, policy, ...)  what follows from it, and why: the first of the rules that applies
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, TypeVar

from autotune.core.rollout import coin_bet, coins
from autotune.core.rollout.coin_bet import CoinBet, Weighed
from autotune.core.rollout.coins import FAIR, Likelihoods

NEEDED = 20.0  # odds for a promotion: an offline keep came before it
WORSE = 10.0  # odds from which a canary is taken for worse. It needs no guarantee: the incumbent stays, which costs little
UNEQUAL = 5.0  # odds for unequal shares of unscored units from which these count against the canary
FEWEST = 50  # scored canary units before a promotion
MARGIN = 0.05  # of the mode "no harm"
N = TypeVar("N", int, float)


class Mode(StrEnum):
    """What a canary has to show: that it is better, or that it is not worse by more than the margin."""

    GAIN = "gain"
    NO_HARM = "no_harm"


class Verdict(StrEnum):
    """What becomes of a canary."""

    PROMOTE = "promote"
    ROLL_BACK = "roll back"
    WAIT = "wait"
    EXPIRE = "expire"
    VOID = "void"


class Because(StrEnum):
    """Why."""

    EMERGENCY = "emergency"
    MISASSIGNED = "misassigned"
    GUARDRAIL = "guardrail"
    WORSE = "worse"
    BETTER = "better"
    NO_HARM = "no harm"
    UNITS_USED = "units used"
    TIME_UP = "time up"
    TOO_FEW = "too few"
    HELD = "held"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Policy:
    """By which rule a canary is decided: fixed when it begins. `ratios` are the guardrails, each with how much more often it may fail.

    `start` and `start_unscored` are means of the history, where there is one. `most_units` and `most_days` end it.
    """

    mode: Mode = Mode.GAIN
    margin: float = 0.0
    needed: float = NEEDED
    fewest: int = FEWEST
    most_units: int | None = None
    most_days: float | None = None
    ratios: Mapping[str, float] = field(default_factory=dict)
    start: float | None = None
    start_unscored: float | None = None


class Unit(NamedTuple):
    """One closed unit: whether it got the canary, with which share; its score, None where there is none; what failed in it.

    `unscored` is the share of it that the judge left without a score; of a unit that was not `judged` nothing is known but what failed.
    """

    canary: bool
    share: float
    score: float | None
    failed: frozenset[str] = frozenset()
    unscored: float = 0.0
    judged: bool = True

    @property
    def left(self) -> float:
        """The share of it without a score."""
        return 1.0 if self.score is None else self.unscored

    @property
    def worst(self) -> float:
        """Its score if what has none speaks against the canary."""
        return (self.score or 0.0) * (1 - self.left) + self.left * (not self.canary)


class Guard(NamedTuple):
    """How a guardrail stands: the odds of its coins, the most that they ever came to, and how many controls and canaries failed."""

    likelihoods: Likelihoods = FAIR
    most: float = 1.0
    failed: tuple[int, int] = (0, 0)

    def after(self, unit: Unit, ratio: float) -> Guard:
        """The guardrail after one more failed unit, where the canary may fail `ratio` times as often."""
        now = coins.guarded(self.likelihoods, unit.share, canary=unit.canary, ratio=ratio)
        return Guard(now, max(self.most, coins.mean(now)), _one_more(self.failed, 1, canary=unit.canary))


@dataclass(frozen=True, slots=True)
class Tally:
    """What units so far come to: how many by side, their scores' sums, every bet, and the guardrails."""

    units: tuple[int, int]
    scored: tuple[int, int]
    sums: tuple[float, float]
    better: CoinBet
    worse: CoinBet
    worst: CoinBet
    more_unscored: CoinBet
    fewer_unscored: CoinBet
    unequal: bool
    assigned: Likelihoods
    guards: Mapping[str, Guard]

    @property
    def evidence(self) -> float:
        """The odds for a promotion; where a side leaves more units unscored, with all of these against the canary."""
        found = coin_bet.odds(self.better)
        return min(found, coin_bet.odds(self.worst)) if self.unequal else found


def begun(policy: Policy) -> Tally:
    """The tally of no unit."""
    better = coin_bet.begun(better=True, margin=policy.margin, start=policy.start)
    unscored = [coin_bet.begun(better=way, start=policy.start_unscored) for way in (True, False)]
    return Tally(
        units=(0, 0),
        scored=(0, 0),
        sums=(0.0, 0.0),
        better=better,
        worse=coin_bet.begun(better=False, start=policy.start),
        worst=better,
        more_unscored=unscored[0],
        fewer_unscored=unscored[1],
        unequal=False,
        assigned=FAIR,
        guards=dict.fromkeys(policy.ratios, Guard()),
    )


def counted(units: Iterable[Unit], policy: Policy, tally: Tally | None = None) -> Tally:
    """The tally after further units, in the order in which they closed."""
    now = begun(policy) if tally is None else tally
    for unit in units:
        now = _after(now, unit, policy)
    return now


def _after(tally: Tally, unit: Unit, policy: Policy) -> Tally:
    canary, share = unit.canary, unit.share
    now = _judged(tally, unit) if unit.judged else tally
    hit = {name: tally.guards[name].after(unit, policy.ratios[name]) for name in unit.failed & tally.guards.keys()}
    return replace(
        now,
        units=_one_more(tally.units, 1, canary=canary),
        assigned=coins.assigned(tally.assigned, share, canary=canary),
        guards={**tally.guards, **hit} if hit else tally.guards,
    )


def _judged(tally: Tally, unit: Unit) -> Tally:
    canary, share, score = unit.canary, unit.share, unit.score
    unscored = Weighed(canary, share, unit.left)
    more, fewer = coin_bet.after(tally.more_unscored, unscored), coin_bet.after(tally.fewer_unscored, unscored)
    weighed = None if score is None else Weighed(canary, share, score)
    better = tally.better if weighed is None else coin_bet.after(tally.better, weighed)
    alike = tally.worst is tally.better and not unit.left
    return replace(
        tally,
        scored=_one_more(tally.scored, int(score is not None), canary=canary),
        sums=_one_more(tally.sums, score or 0.0, canary=canary),
        better=better,
        worse=tally.worse if weighed is None else coin_bet.after(tally.worse, weighed),
        worst=better if alike else coin_bet.after(tally.worst, Weighed(canary, share, unit.worst)),
        more_unscored=more,
        fewer_unscored=fewer,
        unequal=tally.unequal or (coin_bet.odds(more) + coin_bet.odds(fewer)) / 2 >= UNEQUAL,
    )


def _one_more(pair: tuple[N, N], more: N, *, canary: bool) -> tuple[N, N]:
    """Controls and canaries, one side of them with more."""
    return (pair[0], pair[1] + more) if canary else (pair[0] + more, pair[1])


@dataclass(frozen=True, slots=True)
class Look:
    """What one look says: the verdict and why, which guardrail it is about, and the odds behind it.

    `units` and `scored` are controls and canaries; `means` is None for a side without a scored unit. `guards` are the odds at present.
    """

    verdict: Verdict
    because: Because
    about: str | None
    evidence: float
    needed: float
    worse: float
    misassigned: float
    guards: Mapping[str, float]
    failed: Mapping[str, tuple[int, int]]
    units: tuple[int, int]
    scored: tuple[int, int]
    means: tuple[float | None, float | None]
    unequal: bool


def looked(tally: Tally, policy: Policy, days: float = 0.0, emergency: str | None = None) -> Look:
    """What follows from the units so far, `days` after the canary began; `emergency` names what must not go on for a moment."""
    verdict, because, about = _answer(tally, policy, days, emergency)
    return Look(
        verdict=verdict,
        because=because,
        about=about,
        evidence=tally.evidence,
        needed=policy.needed,
        worse=coin_bet.odds(tally.worse),
        misassigned=coins.mean(tally.assigned),
        guards={name: coins.mean(guard.likelihoods) for name, guard in tally.guards.items()},
        failed={name: guard.failed for name, guard in tally.guards.items()},
        units=tally.units,
        scored=tally.scored,
        means=(_mean(tally, 0), _mean(tally, 1)),
        unequal=tally.unequal,
    )


def _mean(tally: Tally, side: int) -> float | None:
    return tally.sums[side] / tally.scored[side] if tally.scored[side] else None


Answer = tuple[Verdict, Because, str | None]


def _answer(tally: Tally, policy: Policy, days: float, emergency: str | None) -> Answer:
    if (stopped := _stopped(tally, emergency)) is not None:
        return stopped
    held = next((name for name, guard in tally.guards.items() if coins.mean(guard.likelihoods) >= coins.HELD), None)
    shown, few = tally.evidence >= policy.needed, tally.scored[1] < policy.fewest
    if shown and not few and held is None:
        return Verdict.PROMOTE, Because.BETTER if policy.mode is Mode.GAIN else Because.NO_HARM, None
    if policy.most_units is not None and sum(tally.units) >= policy.most_units:
        return Verdict.EXPIRE, Because.UNITS_USED, None
    if policy.most_days is not None and days >= policy.most_days:
        return Verdict.EXPIRE, Because.TIME_UP, None
    if shown:
        return Verdict.WAIT, Because.TOO_FEW if few else Because.HELD, held
    return Verdict.WAIT, Because.OPEN, None


def _stopped(tally: Tally, emergency: str | None) -> Answer | None:
    """What must not go on, if anything: in this order."""
    if emergency is not None:
        return Verdict.ROLL_BACK, Because.EMERGENCY, emergency
    if coins.mean(tally.assigned) >= coins.BROKEN:
        return Verdict.VOID, Because.MISASSIGNED, None
    if (broken := next((name for name, guard in tally.guards.items() if guard.most >= coins.STOPPED), None)) is not None:
        return Verdict.ROLL_BACK, Because.GUARDRAIL, broken
    if coin_bet.odds(tally.worse) >= WORSE:
        return Verdict.ROLL_BACK, Because.WORSE, None
    return None
