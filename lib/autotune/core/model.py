"""The nouns: what is measured, what it says, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from autotune.core import rules
from autotune.core.facts import Fact

PROCESSOR_S = "autotune.cpu_s"  # among a run's samples


class Direction(StrEnum):
    """Which way a metric gets better."""

    LOWER = "lower"
    HIGHER = "higher"


class Arm(StrEnum):
    """Which of the two a run belongs to."""

    CANDIDATE = "candidate"
    INCUMBENT = "incumbent"


class Outcome(StrEnum):
    """What happened when something was measured."""

    OK = "ok"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    CHECKS_FAILED = "checks_failed"
    UNREADABLE = "unreadable"


class Verdict(StrEnum):
    """What becomes of a candidate."""

    KEEP = "keep"
    DISCARD = "discard"
    INCONCLUSIVE = "inconclusive"
    VOID = "void"
    MEASURE_AGAIN = "measure again"


class Part(StrEnum):
    """What cases are for: to search with, to confirm by, or held out for claims."""

    SEARCH = "search"
    CONFIRM = "confirm"
    HELD_OUT = "held out"


class Status(StrEnum):
    """The log's word for verdict and outcome together."""

    KEEP = "keep"
    DISCARD = "discard"
    CRASH = "crash"
    CHECKS_FAILED = "checks_failed"


class DecisionMode(StrEnum):
    """How a decision is made, by what a run costs.

    `race`: exact; `economy`: for runs of minutes, calibrated and not exact; `once`: one run, never confirmed.
    """

    RACE = "race"
    ECONOMY = "economy"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class Metric:
    """A named number and which way it gets better. `unit` is for people only."""

    name: str
    unit: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of the benchmark.

    `samples` maps a metric's name to its last value in this run; times are in seconds, memory in MiB. `several` names the metrics that it
    printed more than once with different values, or that a tool had several values of. `cases` are those that it was given, by their places
    in the segment's list, and `part` is what they are for, where scores decide.
    """

    arm: Arm
    outcome: Outcome
    samples: Mapping[str, float] = field(default_factory=dict)
    wall_s: float = 0.0
    several: tuple[str, ...] = ()
    cases: tuple[int, ...] = ()
    part: Part | None = None

    @property
    def processor_s(self) -> float | None:
        """What all processes of the run spent on the processor, as user and as system; None where that is not known."""
        return self.samples.get(PROCESSOR_S)


@dataclass(frozen=True, slots=True)
class Witness:
    """Processor time as a second witness, where the metric is a time that a run spends on the processor.

    `pool` is as that of `Calibration`, of logarithms of processor time. `low` and `high` are the smallest and largest share of a run that
    the unchanged code was on the processor, as multiples of its wall time: 1 is one processor all the time.
    """

    pool: tuple[float, ...]
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of the noise and of the session before a comparison begins.

    `pool` holds absolute residuals on the scale of a pair's difference (logarithms, or raw values where `logs` is false);
    it is frozen while one comparison lasts. `reference` holds the incumbent's latest values, oldest first, raw.
    `keeps` counts the session's keeps so far, `experiment` is this comparison's number from 1 on, `planned` how many the session expects.
    `witness` is None where the metric stands alone.
    """

    pool: tuple[float, ...]
    keeps: int
    planned: int
    experiment: int = 1
    reference: tuple[float, ...] = ()
    logs: bool = True
    witness: Witness | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What a keep demands.

    `min_effect` is relative (0.02 asks for 2 %) for positive values, else absolute; negative for a change that has to be no worse.
    `error_budget` is the chance that a session in which nothing works keeps anything, by race. `built_once` tells that all runs of a side
    are of one build, whose luck no order of runs takes away. `paired` tells that only the two runs of a pair can be compared, as where
    another pair has another seed. `rule` is the segment's (see `rules.py`).
    """

    metric: Metric
    mode: DecisionMode = DecisionMode.RACE
    min_effect: float = 0.0
    max_pairs: int = 40
    error_budget: float = 0.05
    built_once: bool = False
    paired: bool = False
    rule: int = rules.NEWEST


@dataclass(frozen=True, slots=True)
class Effect:
    """Candidate against incumbent as a ratio of the metric's values (0.94: the candidate's are 6 % lower), with its interval.

    Where values are not positive, `relative` is false and the three numbers are differences, candidate minus incumbent.
    """

    estimate: float
    low: float
    high: float
    relative: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of `decide`.

    `arms` says which runs to make next, in that order, when the verdict is to measure again, which has no reason; it is empty otherwise.
    `fresh` tells that they are a whole stage (a pair, a block, a single run): between two stages, and only there, anything may happen.
    `evidence` and `needed` are odds against luck: 3400.0 stands for 3400 : 1. `pairs` counts completed pairs.
    `confirmed` is false for a keep that the mode cannot guarantee. `cases` are those of the next run, by their places, where scores decide;
    `draws` names the part of the cases whose order has to be drawn before that.
    """

    verdict: Verdict
    reason: Fact | None
    arms: tuple[Arm, ...] = ()
    effect: Effect | None = None
    evidence: float | None = None
    needed: float | None = None
    pairs: int = 0
    confirmed: bool = True
    fresh: bool = False
    cases: tuple[int, ...] = ()
    draws: Part | None = None
