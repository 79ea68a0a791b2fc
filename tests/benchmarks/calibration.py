"""What the decision gets right, and what it costs: simulated sessions with known truth, put through `decide` itself.

    python tests/benchmarks/calibration.py [--write docs/deciding.md] [--sessions 4] [--workers 2]

prints a table of bars and exits with 1 where one fails. Every seed is fixed, so the table is the same on every machine. Luck that fools
the decision once in ten thousand candidates is estimated by importance sampling; `--sessions 100` counts it instead, in some minutes.

A session measures 8 baseline runs, then one candidate after another, which change the metric by a known effect; what is kept becomes the
incumbent. Time goes by one step a run, for noise that drifts. Noise multiplies the true value; families are described in `FAMILIES`.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root / "lib"), str(root)]

from tests.benchmarks import on_cases
from tests.benchmarks.bars import Bar, mean

from autotune.core.decide import guards, stages
from autotune.core.decide.budget import refills
from autotune.core.decide.comparison import PAIR
from autotune.core.decide.decide import checks_come_now, decide, learn, reference_moved
from autotune.core.decide.witness import witness_of
from autotune.core.model import (
    PROCESSOR_S,
    Arm,
    Calibration,
    Decision,
    DecisionMode,
    Direction,
    Metric,
    Outcome,
    Policy,
    Run,
    Verdict,
    Witness,
)
from autotune.core.stats.drift import rank_von_neumann
from autotune.core.stats.effects import SQRT2, claim_of
from autotune.core.stats.noise import median, noise_floor, pool_by_digits, repeats_exactly, residual_pool, smallest_detectable

BASELINE_RUNS = 8
MARKERS = "<!-- calibration -->", "<!-- /calibration -->"

# Noise: an endless series of factors' logarithms, one a run


def white(sd: float) -> Callable[[random.Random], Iterator[float]]:
    def noise(coin: random.Random) -> Iterator[float]:
        while True:
            yield coin.gauss(0, sd)

    return noise


def heavy_tailed(coin: random.Random) -> Iterator[float]:
    while True:
        yield math.log1p(0.0232 * math.exp(coin.gauss(0, 1)))


def bimodal(coin: random.Random) -> Iterator[float]:
    while True:
        yield coin.gauss(0, 0.01) + (math.log(1.08) if coin.random() < 0.3 else 0.0)


def outliers(coin: random.Random) -> Iterator[float]:
    while True:
        yield coin.gauss(0, 0.02) + (math.log(coin.uniform(2, 5)) if coin.random() < 0.05 else 0.0)


def bursts(coin: random.Random) -> Iterator[float]:
    loud = coin.random() < 0.2
    while True:
        yield coin.gauss(0, 0.08 if loud else 0.01)
        if coin.random() < (1 / 12 if loud else 1 / 48):
            loud = not loud


def autoregressive(sd: float) -> Callable[[random.Random], Iterator[float]]:
    def noise(coin: random.Random) -> Iterator[float]:
        level = coin.gauss(0, sd)
        while True:
            yield level
            level = 0.95 * level + coin.gauss(0, sd * math.sqrt(1 - 0.95**2))

    return noise


def random_walk(coin: random.Random) -> Iterator[float]:
    level = 0.0
    while True:
        yield level
        level += coin.gauss(0, 0.005)


def thermal(coin: random.Random) -> Iterator[float]:
    phase = coin.uniform(0, 2 * math.pi)
    while True:
        yield 0.05 * math.sin(phase)
        phase += 2 * math.pi / 60


def telegraph(coin: random.Random) -> Iterator[float]:
    busy = coin.random() < 0.5
    while True:
        yield math.log(1.15) if busy else 0.0
        if coin.random() < 1 / 30:
            busy = not busy


def waiting(size: float) -> Callable[[random.Random], Iterator[float]]:
    """What others make a run wait: much where they are busy, little where they are not, and they come and go every 15 runs."""

    def noise(coin: random.Random) -> Iterator[float]:
        busy = coin.random() < 0.5
        while True:
            yield coin.expovariate(1 / (size if busy else 0.15 * size))
            if coin.random() < 1 / 15:
                busy = not busy

    return noise


def ramp(_coin: random.Random) -> Iterator[float]:
    level = 0.0
    while True:
        yield level
        level -= 0.001


def pattern(*levels: float) -> Callable[[random.Random], Iterator[float]]:
    def noise(coin: random.Random) -> Iterator[float]:
        step = coin.randrange(len(levels))
        while True:
            yield levels[step % len(levels)]
            step += 1

    return noise


def warm_up(_coin: random.Random) -> Iterator[float]:
    step = 0
    while True:
        yield math.log1p(0.2 * math.exp(-step / 5))
        step += 1


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of noise: a sum of series; `step` rounds values, `items` makes the metric a share of so many yes-or-no answers.

    Where processor time is known, `processor` is the standard deviation of its noise, which is in the metric too, besides the series.
    """

    title: str
    series: tuple[Callable[[random.Random], Iterator[float]], ...] = ()
    step: float = 0.0
    items: int = 0
    fresh: float = 0.0  # how much slower the first run of a fresh build is
    build: float = 0.0  # the standard deviation of a build's own lasting bias
    processor: float = 0.0

    @property
    def direction(self) -> Direction:
        return Direction.HIGHER if self.items else Direction.LOWER


FAMILIES = {
    "gauss0.5": Family("normal, 0.5 %", (white(0.005),)),
    "gauss1": Family("normal, 1 %", (white(0.01),)),
    "gauss2": Family("normal, 2 %", (white(0.02),)),
    "gauss5": Family("normal, 5 %", (white(0.05),)),
    "gauss10": Family("normal, 10 %", (white(0.10),)),
    "heavy": Family("heavy right tail, 5 %", (heavy_tailed,)),
    "bimodal": Family("two levels 8 % apart, 1 %", (bimodal,)),
    "outlier": Family("2 %, one run in 20 two to five times slower", (outliers,)),
    "rounded": Family("1 %, rounded to 2 %", (white(0.01),), step=2.0),
    "rounded-still": Family("0.3 %, rounded to 2 %", (white(0.003),), step=2.0),
    "binomial": Family("share of 50 yes-or-no answers", items=50),
    "burst": Family("1 %, bursts of 8 %", (bursts,)),
    "autoregressive": Family("slow waves of 5 %, 1 %", (autoregressive(0.05), white(0.01))),
    "random-walk": Family("random walk, 0.5 % a run, 1 %", (random_walk, white(0.01))),
    "thermal": Family("waves of 5 % every 60 runs, 1 %", (thermal, white(0.01))),
    "telegraph": Family("noisy neighbour of 15 %, 2 %", (telegraph, white(0.02))),
    "ramp": Family("0.1 % faster every run, 2 %", (ramp, white(0.02))),
    "period-4": Family("3 % up and down every 4 runs", (pattern(0.03, -0.03, -0.03, 0.03), white(0.01))),
    "period-2": Family("3 % up and down every 2 runs", (pattern(0.03, -0.03), white(0.01))),
    "warm-up": Family("20 % at first, 8 % in a build's first run, 2 %", (warm_up, white(0.02)), fresh=math.log(1.08)),
    "heavy-drift": Family("heavy tail, random walk and waves", (heavy_tailed, random_walk, autoregressive(0.03))),
    "none": Family("none"),
}
BUSY = {  # the waiting is sized so that a run's standard deviation is what the title says
    "busy15": Family("busy machine, 15 %, processor time 2 %", (waiting(0.18),), processor=0.02),
    "busy10": Family("busy machine, 10 %, processor time 2 %", (waiting(0.12),), processor=0.02),
    "busy12-3": Family("busy machine, 12 %, processor time 3 %", (waiting(0.145),), processor=0.03),
}
BUILD_BIAS = Family("1 %, and every build its own 1 %", (white(0.01),), build=0.01)


class Bench:
    """A benchmark on a machine: the metric of a state whose true level is known, measured in one noisy run after another."""

    def __init__(self, family: Family, coin: random.Random) -> None:
        self.family = family
        self.coin = coin
        self.series = [series(coin) for series in family.series]
        self.scale = 0.6 if family.items else 100.0 * math.exp(coin.uniform(-0.05, 0.05))

    def build_bias(self) -> float:
        return self.coin.gauss(0, self.family.build) if self.family.build else 0.0

    def run(self, level: float, *, fresh: bool = False) -> float:
        """The metric of a state that is exp(level) times as large as the first, in its next run."""
        for series in self.series:
            level += next(series)
        value = self.scale * math.exp(level + (self.family.fresh if fresh else 0.0))
        if self.family.items:
            return sum([self.coin.random() < value for _ in range(self.family.items)]) / self.family.items
        return round(value / self.family.step) * self.family.step if self.family.step else value

    def made(self, arm: Arm, level: float, work: float, *, fresh: bool = False) -> Run:
        """The next run of a state; `work` is what `level` is to the metric to its processor time, where that is known."""
        if not self.family.processor:
            return Run(arm, Outcome.OK, {"t": self.run(level, fresh=fresh)})
        noise = self.coin.gauss(0, self.family.processor)
        took = self.run(level + noise, fresh=fresh)
        return Run(arm, Outcome.OK, {"t": took, PROCESSOR_S: 0.98 * self.scale * math.exp(work + noise)}, wall_s=1.01 * took)


# Sessions


@dataclass(frozen=True, slots=True)
class Setting:
    """A session: `kind` names the effects of its candidates (a gain is positive), `planned` is what the session was told to expect."""

    family: str
    kind: str = "nothing"
    effect: float = 0.0
    count: int = 200
    planned: int = 200
    min_effect: float = 0.0
    max_pairs: int = 40
    mode: DecisionMode = DecisionMode.RACE
    keeping: bool = True  # whether a keep becomes the incumbent and refills the budget
    blocks: bool = True
    claiming: bool = False
    weighted: bool = False  # whether luck is made likely, and weighed by how likely it is
    processor: float | None = field(default=None, repr=False)  # the effect on processor time, where it is another than on the metric
    margin: float = field(default=0.0, repr=False)  # every other change only removes lines, and may be worse by so much
    after_checks: float = field(default=0.0, repr=False)  # how much slower the run is that follows the checks
    timed: bool = field(default=True, repr=False)  # else three equal baseline runs show that the benchmark repeats exactly


class Tried(NamedTuple):
    """One candidate: its true gain as a logarithm, what became of it, its runs and weight; whether the effect shown holds the truth."""

    effect: float
    verdict: Verdict
    runs: int
    weight: float
    held: bool
    removes: bool = False
    confirmed: bool = True


@dataclass(slots=True)
class Session:
    """What happened: the candidates tried, the session's true gain, and what it claimed, in logarithms."""

    tried: list[Tried] = field(default_factory=list)
    truth: float = 0.0
    claimed: tuple[float, float, float] = (0.0, 0.0, 0.0)  # estimate and interval
    decision_seconds: list[float] = field(default_factory=list)


def effects_of(setting: Setting, coin: random.Random) -> list[float]:
    match setting.kind:
        case "nothing":
            return [0.0] * setting.count
        case "every other":
            return [setting.effect if number % 2 else 0.0 for number in range(setting.count)]
        case "every tenth":
            return [setting.effect if number % 10 == 9 else 0.0 for number in range(setting.count)]
        case "mixed":
            return [mixed_effect(coin) for _ in range(setting.count)]
    raise ValueError(setting.kind)


def mixed_effect(coin: random.Random) -> float:
    """70 % nothing, 20 % harm of 1-20 %, 10 % a gain of 0.5-20 %, small ones as likely as large ones by size's logarithm."""
    draw = coin.random()
    if draw < 0.7:
        return 0.0
    least, sign = (0.01, -1) if draw < 0.9 else (0.005, 1)
    return sign * math.exp(coin.uniform(math.log(least), math.log(0.2)))


class Simulation:
    """One session, from its baseline to its claim."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self.setting = setting
        self.family = {**FAMILIES, **BUSY, "build-bias": BUILD_BIAS}[setting.family]
        name = f"{replace(setting, blocks=True)} {seed}"  # with and without blocks, the same noise comes
        self.coin = random.Random(name)
        self.bench = Bench(self.family, random.Random(f"{name} noise"))
        self.sign = 1.0 if self.family.direction is Direction.HIGHER else -1.0
        metric = Metric("t", "s" if self.family.processor else "", self.family.direction)
        self.policy = Policy(metric, setting.mode, setting.min_effect, setting.max_pairs, built_once=bool(self.family.build))
        self.level = self.work = self.bias = 0.0
        self.session = Session()
        baseline: list[Run] = []
        values: tuple[float, ...] = ()
        while len(values) < BASELINE_RUNS and not repeats_exactly(values, values, timed=setting.timed):
            baseline.append(self.bench.made(Arm.INCUMBENT, 0.0, 0.0))
            values = tuple(run.samples["t"] for run in baseline)
        self.exact, seen = repeats_exactly(values, values, timed=setting.timed), witness_of(baseline, metric)
        witness = seen if isinstance(seen, Witness) else None
        pool = self.with_digits(residual_pool(values, logs=True), values[-1])
        self.calibration = Calibration(pool, 0, setting.planned, reference=values, witness=witness)

    def with_digits(self, pool: tuple[float, ...], value: float) -> tuple[float, ...]:
        """The pool as a session gives it to a comparison: what digits may hide is in it where nothing else is."""
        return pool if self.exact or any(pool) or not pool else pool_by_digits(pool, value, logs=True)

    def run(self) -> Session:
        for number, effect in enumerate(effects_of(self.setting, self.coin), start=1):
            self.calibration = replace(self.calibration, experiment=number)
            if self.setting.mode is DecisionMode.ECONOMY and number % 10 == 0:
                self.check_reference()
            removes = bool(self.setting.margin) and number % 2 == 0
            self.session.tried.append(self.compare(effect, removes=removes))
        self.session.truth = self.sign * self.level
        if self.setting.claiming:
            self.claim()
        return self.session

    def compare(self, effect: float, *, removes: bool = False) -> Tried:
        policy = replace(self.policy, min_effect=-self.setting.margin) if removes else self.policy
        keeping, weighted = self.setting.keeping or removes, self.setting.weighted and not removes
        bias = self.bench.build_bias()
        levels = {Arm.INCUMBENT: self.level + self.bias, Arm.CANDIDATE: self.level + self.sign * effect + bias}
        work = {Arm.INCUMBENT: self.work, Arm.CANDIDATE: self.work - self.of_processor(effect)}
        runs: list[Run] = []
        weight, in_block, checked = 1.0, 0, False
        while True:
            start = time.process_time()  # what it costs, however busy the machine is
            decision = decide(runs, self.calibration, policy, self.coin)
            self.session.decision_seconds.append(time.process_time() - start)
            if not decision.arms:
                break
            # Nothing is decided on half of a pair, so a pair is measured whole; a block is looked at after every run.
            in_block = max(in_block - 1, 0) or (len(decision.arms) if len(decision.arms) > 2 else 0)
            arms = decision.arms[:1] if in_block else decision.arms
            slower = 0.0 if checked or not checks_come_now(runs, decision, policy.rule) else self.setting.after_checks
            checked |= bool(slower)
            made = [
                self.bench.made(arm, levels[arm] + slower * (place == 0), work[arm], fresh=arm is Arm.CANDIDATE and len(runs) < 2)
                for place, arm in enumerate(arms)
            ]
            if weighted and not in_block and len(arms) == 2:
                made, likelier = self.favoured(runs, made, policy)
                weight /= likelier
            runs += made
        kept = decision.verdict is Verdict.KEEP
        if keeping or not kept:
            learnt = learn(runs, self.calibration, policy)
            self.calibration = replace(learnt, pool=self.with_digits(learnt.pool, runs[-1].samples["t"]))
        if keeping and kept:
            self.keep(effect, bias, runs, refilling=refills(policy.min_effect) and decision.confirmed)
        else:
            self.refer([run.samples["t"] for run in runs if run.arm is Arm.INCUMBENT])
        truth = math.exp(self.sign * effect)
        held = decision.effect is not None and decision.effect.low <= truth <= decision.effect.high
        return Tried(effect, decision.verdict, len(runs), weight, held, removes, decision.confirmed)

    def of_processor(self, effect: float) -> float:
        """The gain in processor time that comes with a gain."""
        return effect if self.setting.processor is None or not effect else self.setting.processor

    def favoured(self, runs: Sequence[Run], made: Sequence[Run], policy: Policy) -> tuple[list[Run], float]:
        """A pair's runs, mostly as they favour the candidate, and how many times likelier than by a fair coin they came so.

        A change that does nothing has the same noise whichever arm a run belongs to, so the order can be drawn after the values. Luck that
        a fair coin brings once in ten thousand candidates then comes often, and its weight makes up for it (importance sampling). The more
        evidence an order brings, the more often it comes.
        """
        orders = [[replace(run, arm=arm) for run, arm in zip(made, arms, strict=True)] for arms in (PAIR, PAIR[::-1])]
        odds = [decide([*runs, *order], self.calibration, policy, self.coin).evidence or 1.0 for order in orders]
        which = self.coin.random() * sum(odds) >= odds[0]
        return orders[which], 2 * odds[which] / sum(odds)

    def keep(self, effect: float, bias: float, runs: Sequence[Run], *, refilling: bool) -> None:
        self.level += self.sign * effect
        self.work -= self.of_processor(effect)
        self.bias = bias
        confirming = [run.samples["t"] for run in runs if run.arm is Arm.CANDIDATE][1:]
        self.calibration = replace(self.calibration, keeps=self.calibration.keeps + refilling, reference=tuple(confirming[-8:]))

    def refer(self, values: Sequence[float]) -> None:
        self.calibration = replace(self.calibration, reference=(*self.calibration.reference, *values)[-8:])

    def check_reference(self) -> None:
        fresh = tuple(self.bench.run(self.level) for _ in range(2))
        if reference_moved(self.calibration, fresh):
            self.calibration = replace(self.calibration, reference=fresh)
        else:
            self.refer(fresh)

    def claim(self) -> None:
        pairs = []
        for _ in range(20):
            measured = {}
            for last in self.coin.sample((False, True), 2):
                measured[last] = self.bench.run(self.level if last else 0.0)
            pairs.append((measured[False], measured[True]))
        effect = claim_of(pairs, self.family.direction).effect
        ends = sorted(self.sign * math.log(end) for end in (effect.low, effect.high))
        self.session.claimed = (self.sign * math.log(effect.estimate), ends[0], ends[1])


def simulated(job: tuple[Setting, int]) -> Session:
    setting, seed = job
    stages.MOST_BLOCKS = 2 if setting.blocks else 0
    return Simulation(setting, seed).run()


# What is simulated

Results = dict[Setting, list[Session]]

KINDS = {**FAMILIES, **BUSY}
DIRECT = {name: Setting(name) for name in KINDS}
UNWEIGHTED = {"none": 10, "warm-up": 30, "rounded-still": 30}  # where noise or the rule tells the arms apart: more sessions instead
WEIGHTED = {name: Setting(name, count=60, keeping=False, weighted=True) for name in KINDS if name not in UNWEIGHTED}
ROUNDED = {timed: Setting("rounded-still", timed=timed) for timed in (True, False)}
BEYOND_PLAN = Setting("gauss2", planned=50, keeping=False, weighted=True)

POWER = {  # bar: family, effect, least effect, bars of power and of median runs
    "3 % in 2 % noise": ("gauss2", 0.03, 0.0, 0.85, 40),
    "10 % in 2 % noise": ("gauss2", 0.10, 0.0, 0.98, 26),
    "1 % in 0.5 % noise": ("gauss0.5", 0.01, 0.0, 0.90, 36),
    "10 % in heavy tails that drift": ("heavy-drift", 0.10, 0.0, 0.90, 30),
    "10 % among outliers": ("outlier", 0.10, 0.0, 0.80, 34),
    "5 % beside a noisy neighbour": ("telegraph", 0.05, 0.0, 0.88, 34),
    "10 % in 5 % noise": ("gauss5", 0.10, 0.0, 0.92, 36),
    "5 % where 2 % is asked for, 1 % noise": ("gauss1", 0.05, 0.02, 0.95, 30),
}
NOT_WANTED = {  # the share that may be kept, and the bar of median runs
    "3 % worse in 2 % noise": ("gauss2", -0.03, 0.0, 0.01, 5),
    "5 % worse in 5 % noise": ("gauss5", -0.05, 0.0, 0.01, 6),
    "1 % better where 2 % is asked for, 1 % noise": ("gauss1", 0.01, 0.02, 0.02, math.inf),
    "6 % worse where up to 5 % is allowed, 1 % noise": ("gauss1", -0.06, -0.05, 0.02, math.inf),
}
CLEAR = ("gauss2", "outlier", "heavy", "telegraph", "random-walk")
CHECKED = {name: Setting(name, count=60, keeping=False, weighted=True, after_checks=0.2) for name in CLEAR}
REMOVING = {name: Setting(name, keeping=False, weighted=True, margin=0.05) for name in CLEAR}
WITNESSED = {  # what is found of 5 % and of 3 %, with the bars of median runs, and what may be kept of work that is only moved elsewhere
    "busy15": ((0.05, 0.9, 34), (0.03, 0.7, 50), (0.0, 0.4), (-0.02, 0.2)),
    "busy10": ((0.05, 0.9, 34), (0.03, 0.7, 50), (0.0, 0.2), (-0.02, 0.1)),
    "busy12-3": ((0.05, 0.75, 50),),
}
MIXED = ("gauss2", "heavy", "outlier", "telegraph", "heavy-drift")


def every_tenth(family: str, effect: float, min_effect: float) -> Setting:
    return Setting(family, "every tenth", effect, count=50, planned=50, min_effect=min_effect)


def clear_gain(family: str, *, blocks: bool, deviations: float = 5) -> Setting:
    """Gains of so many standard deviations of a single run, as a long calibration finds it."""
    bench = Bench(KINDS[family], random.Random(f"floor of {family}"))
    floor = noise_floor(residual_pool([bench.run(0.0) for _ in range(4001)], logs=True))
    return Setting(family, "every other", deviations * floor / SQRT2, count=40, planned=100, keeping=False, blocks=blocks)


def found_when_busy(family: str, effect: float) -> Setting:
    return Setting(family, "every other", effect, count=40, planned=100, keeping=False)


def moved_elsewhere(family: str, effect: float) -> Setting:
    """Changes that take 10 % of the processor time away, and do this to the metric."""
    return Setting(family, "every other", effect or 1e-12, count=40, planned=100, keeping=False, processor=-math.log(0.9))


def detectable(pairs: int) -> Setting:
    effect = smallest_detectable(0.02 * SQRT2, pairs)
    return Setting("gauss2", "every other", effect, count=40, planned=100, keeping=False, max_pairs=pairs)


def mixed(family: str, *, min_effect: float = 0.0, mode: DecisionMode = DecisionMode.RACE) -> Setting:
    return Setting(family, "mixed", count=100, planned=100, min_effect=min_effect, mode=mode, claiming=True)


EXACT, EXACT_ASKED = mixed("none"), mixed("none", min_effect=0.01)
ECONOMY = {name: Setting(name, mode=DecisionMode.ECONOMY) for name in FAMILIES}
ONCE = {name: Setting(name, mode=DecisionMode.ONCE) for name in FAMILIES}
BIASED, BIASED_ASKED = Setting("build-bias", count=100), Setting("build-bias", count=100, min_effect=0.04)


def busy_settings() -> Iterator[Setting]:
    for family, rows in WITNESSED.items():
        for row in rows:
            yield found_when_busy(family, row[0]) if len(row) > 2 else moved_elsewhere(family, row[0])


def planned_jobs(sessions: int) -> list[tuple[Setting, int]]:
    """Every session to simulate; `sessions` of each kind of noise for changes that do nothing."""
    wanted: dict[Setting, int] = {setting: UNWEIGHTED.get(name, sessions) for name, setting in DIRECT.items()}
    wanted |= (
        dict.fromkeys(WEIGHTED.values(), 1) | {BEYOND_PLAN: 1} | dict.fromkeys(REMOVING.values(), 2) | dict.fromkeys(CHECKED.values(), 1)
    )
    wanted |= {ROUNDED[True]: 100, ROUNDED[False]: 400}
    wanted |= {every_tenth(*what[:3]): 20 for what in POWER.values()} | {every_tenth(*what[:3]): 10 for what in NOT_WANTED.values()}
    wanted |= {clear_gain(family, blocks=blocks): 12 for family in CLEAR for blocks in (True, False)}
    wanted |= {clear_gain(family, blocks=blocks, deviations=8): 6 for family in CLEAR for blocks in (True, False)}
    wanted |= dict.fromkeys(busy_settings(), 10)
    wanted |= {detectable(pairs): 10 for pairs in (20, 40)}
    wanted |= {mixed(family): 8 for family in MIXED} | {EXACT: 10, EXACT_ASKED: 10, BIASED: 5, BIASED_ASKED: 5}
    wanted |= (
        dict.fromkeys(ECONOMY.values(), 12)
        | dict.fromkeys(ONCE.values(), 4)
        | {mixed(family, mode=DecisionMode.ECONOMY): 8 for family in MIXED}
    )
    return [(setting, seed) for setting, count in wanted.items() for seed in range(count)]


def simulate(sessions: int, workers: int) -> Results:
    jobs = planned_jobs(sessions)
    with multiprocessing.Pool(workers) as pool:
        made = pool.map(simulated, jobs, chunksize=4)
    results: Results = {}
    for (setting, _), session in zip(jobs, made, strict=True):
        results.setdefault(setting, []).append(session)
    return results


# Bars


def tried(sessions: Sequence[Session]) -> list[Tried]:
    return [one for session in sessions for one in session.tried]


def changing(sessions: Sequence[Session]) -> list[Tried]:
    """The candidates that do something."""
    return [one for one in tried(sessions) if one.effect]


def share_kept(candidates: Iterable[Tried]) -> float:
    return mean(one.verdict is Verdict.KEEP for one in candidates)


def keeps_anything(sessions: Sequence[Session]) -> float:
    return mean(any(one.verdict is Verdict.KEEP for one in session.tried) for session in sessions)


def runs_of(candidates: Sequence[Tried]) -> float:
    return mean(one.runs for one in candidates)


ENOUGH_SESSIONS = 50


def false_keeps(results: Results, name: str) -> float:
    """The keeps to be expected in a session of 200 no-ops, at least the chance of any; with many sessions, the share that has any."""
    if name in UNWEIGHTED or len(results[DIRECT[name]]) >= ENOUGH_SESSIONS:
        return keeps_anything(results[DIRECT[name]])
    return 200 * mean(one.weight * (one.verdict is Verdict.KEEP) for one in tried(results[WEIGHTED[name]]))


def false_gains(sessions: Sequence[Session]) -> float:
    """The keeps to be expected in a session among its changes that do nothing and had to be better."""
    lucky = [one.weight for one in tried(sessions) if one.verdict is Verdict.KEEP and not one.removes]
    return math.fsum(lucky) / len(sessions)


def bars_of_no_ops(results: Results) -> list[Bar]:
    everything = [session for name, setting in DIRECT.items() for session in results[setting][: UNWEIGHTED.get(name)]]
    noisy = [one for name, setting in DIRECT.items() if name not in UNWEIGHTED for one in tried(results[setting])]
    beyond = math.fsum(one.weight for one in tried(results[BEYOND_PLAN]) if one.verdict is Verdict.KEEP)
    removing = max(false_gains(results[setting]) for setting in REMOVING.values())
    checked = max(200 / 60 * false_gains(results[setting]) for setting in CHECKED.values())
    return [
        Bar("sessions that keep anything, all kinds of noise", keeps_anything(everything), 0.05),
        Bar("sessions that keep anything, worst kind of noise", max(false_keeps(results, name) for name in KINDS), 0.05),
        Bar("the same where 50 were planned and 200 came", beyond, 0.05),
        Bar("the same where half of them only remove lines and may be 5 % worse", removing, 0.05),
        Bar("the same where the run after the checks is 22 % slower", checked, 0.05),
        Bar("values rounded to 2 % with 0.3 % noise, as a time: sessions that keep anything", keeps_anything(results[ROUNDED[True]]), 0.05),
        Bar("the same as a count, of which three equal runs are enough", keeps_anything(results[ROUNDED[False]]), 0.05),
        Bar("the same: runs for each", runs_of(tried(results[ROUNDED[False]])), 6, digits=1),
        Bar("runs for each, all kinds of noise", runs_of(noisy), 12, digits=1),
        Bar("runs for each, worst of the five below", max(runs_of(tried(results[DIRECT[name]])) for name in CLEAR), 10.5, digits=1),
    ]


def bars_of_power(results: Results) -> list[Bar]:
    bars = []
    for what, (family, effect, min_effect, power, runs) in POWER.items():
        helpful = changing(results[every_tenth(family, effect, min_effect)])
        bars += [
            Bar(f"{what}: found", share_kept(helpful), power, at_least=True),
            Bar(f"{what}: median runs", median([one.runs for one in helpful]), runs, digits=0),
        ]
    kept = [one for family in CLEAR for one in changing(results[clear_gain(family, blocks=True)]) if one.verdict is Verdict.KEEP]
    kept += [one for what in POWER.values() for one in changing(results[every_tenth(*what[:3])]) if one.verdict is Verdict.KEEP]
    bars.append(Bar("the interval shown with a keep holds the truth", mean(one.held for one in kept), 0.92, at_least=True))
    for pairs in (20, 40):
        promised = f"the effect said to be found 4 times in 5 with {pairs} pairs: found"
        bars.append(Bar(promised, share_kept(changing(results[detectable(pairs)])), 0.75, at_least=True))
    return bars


def bars_of_clear_gains(results: Results) -> list[Bar]:
    bars = []
    for name in CLEAR:
        blocks, pairs = (changing(results[clear_gain(name, blocks=which)]) for which in (True, False))
        kept = [one.runs for one in blocks if one.verdict is Verdict.KEEP]
        title = FAMILIES[name].title
        bars += [
            Bar(f"{title}: median runs of keeps", median(kept), 16, digits=0),
            Bar(f"{title}: found, less what pairs alone find", share_kept(blocks) - share_kept(pairs), -0.03, at_least=True),
        ]
    larger = {name: [changing(results[clear_gain(name, blocks=which, deviations=8)]) for which in (True, False)] for name in CLEAR}
    runs = [median([one.runs for one in blocks if one.verdict is Verdict.KEEP]) for blocks, _ in larger.values()]
    lost = [share_kept(blocks) - share_kept(pairs) for blocks, pairs in larger.values()]
    return [
        *bars,
        Bar("8 standard deviations, worst of these: median runs of keeps", max(runs), 16, digits=0),
        Bar("8 standard deviations, worst of these: found, less what pairs alone find", min(lost), -0.03, at_least=True),
    ]


def bars_when_busy(results: Results) -> list[Bar]:
    bars = []
    for name, rows in WITNESSED.items():
        title = BUSY[name].title
        for effect, limit, *most in rows:
            if most:
                helpful = changing(results[found_when_busy(name, effect)])
                bars.append(Bar(f"{title}: {100 * effect:.0f} % found", share_kept(helpful), limit, at_least=True))
                bars.append(Bar("the same: median runs", median([one.runs for one in helpful]), most[0], digits=0))
                kept = [one for one in helpful if one.verdict is Verdict.KEEP]
                bars.append(Bar("the same: of these by processor time", mean(not one.confirmed for one in kept)))
                continue
            metric = f"{-100 * effect:.0f} % worse" if effect else "as it was"
            what = f"{title}: processor time 10 % lower, the metric {metric}: kept"
            bars.append(Bar(what, share_kept(changing(results[moved_elsewhere(name, effect)])), limit))
        bars += [
            Bar(f"{title}: sessions of 200 no-ops that keep anything", false_keeps(results, name), 0.05),
            Bar("the same: runs for each", runs_of(tried(results[DIRECT[name]])), 10, digits=1),
        ]
    return bars


def bars_of_harm(results: Results) -> list[Bar]:
    bars = []
    for what, (family, effect, min_effect, share, most) in NOT_WANTED.items():
        unwanted = changing(results[every_tenth(family, effect, min_effect)])
        bars.append(Bar(f"{what}: kept", share_kept(unwanted), share))
        if most < math.inf:
            bars.append(Bar(f"{what}: median runs", median([one.runs for one in unwanted]), most, digits=0))
    return bars


def captured(sessions: Sequence[Session]) -> float:
    """The true gain of what was kept, as a share of all that helped."""
    return mean(session.truth / math.fsum(max(one.effect, 0.0) for one in session.tried) for session in sessions)


def false_discoveries(sessions: Sequence[Session]) -> float:
    """The mean share of a session's keeps that do nothing or harm."""
    kept = [[one.effect for one in session.tried if one.verdict is Verdict.KEEP] for session in sessions]
    return mean(mean(effect <= 0 for effect in effects) for effects in kept)


def bars_of_sessions(results: Results) -> list[Bar]:
    sessions = [session for family in MIXED for session in results[mixed(family)]]
    harmful = [one for one in tried(sessions) if one.effect < 0]
    return [
        Bar("true gain, of all there was to gain", captured(sessions), 0.80, at_least=True),
        Bar("keeps that do nothing or harm", false_discoveries(sessions), 0.05),
        Bar("harmful changes kept", share_kept(harmful), 0.002, digits=4),
        Bar("runs a change", runs_of(tried(sessions)), 12, digits=1),
        *bars_of_claims(sessions),
        *bars_of_exact(results),
    ]


def bars_of_claims(sessions: Sequence[Session]) -> list[Bar]:
    errors = [session.claimed[0] - session.truth for session in sessions]
    covered = [session.claimed[1] <= session.truth <= session.claimed[2] for session in sessions]
    return [
        Bar("the claim at the end: mean error, in log units", abs(mean(errors)), 0.006, digits=4),
        Bar("the claim at the end: its interval holds the truth", mean(covered), 0.88, at_least=True),
    ]


def bars_of_exact(results: Results) -> list[Bar]:
    sessions, asked = results[EXACT], results[EXACT_ASKED]
    wrong = [one for one in tried(sessions) if one.verdict is Verdict.KEEP and one.effect <= 0]
    small = [one for one in tried(asked) if one.verdict is Verdict.KEEP and one.effect < math.log(1.01)]
    return [
        Bar("no noise: true gain, of all there was to gain", captured(sessions), 0.999, at_least=True),
        Bar("no noise: keeps that do nothing or harm", len(wrong), 0, digits=0),
        Bar("no noise: runs a change", runs_of(tried(sessions)), 2, digits=2),
        Bar("no noise: keeps below the least effect asked for", len(small), 0, digits=0),
    ]


# Guardrails and claims, which are looked at more than once

LOOKED_AT = ("gauss2", "outlier", "heavy", "telegraph", "random-walk", "ramp", "thermal")
LOOKS = 20
GUARD = guards.read_guard("guarded <= 1.02x")
POLICY = Policy(Metric("t", "", Direction.LOWER))


def guarded(job: tuple[str, float, int]) -> tuple[Verdict, int, int]:
    """What becomes of a clear gain with a guardrail on another metric, after how many runs, and after how many it was kept without.

    The other metric has the same kind of noise, and lies so many standard deviations of a run within its bound.
    """
    family, room, seed = job
    coin = random.Random(f"guardrail {family} {room} {seed}")
    bench, other = (Bench(FAMILIES[family], random.Random(f"guardrail {family} {seed} {name}")) for name in ("metric", "guarded"))
    gain = clear_gain(family, blocks=True).effect
    allowed = math.log(1.02) - room * gain / 5
    calibration = Calibration(residual_pool([bench.run(0.0) for _ in range(BASELINE_RUNS)], logs=True), 0, 100)
    runs: list[Run] = []

    def settled(ask: Callable[[], Decision]) -> Decision:
        while (decision := ask()).arms:
            arm = decision.arms[0]
            levels = (-gain, allowed) if arm is Arm.CANDIDATE else (0.0, 0.0)
            runs.append(Run(arm, Outcome.OK, {"t": bench.run(levels[0]), "guarded": other.run(levels[1])}))
        return decision

    kept = settled(lambda: decide(runs, calibration, POLICY, coin))
    alone = len(runs)
    if kept.verdict is Verdict.KEEP:
        kept = settled(lambda: guards.guarded(kept, [GUARD], runs, POLICY, coin))
    return kept.verdict, len(runs), alone


def confirmed_at_last(job: tuple[str, int]) -> bool:
    """Whether a change that does nothing is once called an improvement, where that is asked so many times."""
    family, seed = job
    coin, bench = random.Random(f"asked {family} {seed}"), Bench(FAMILIES[family], random.Random(f"asked {family} {seed} noise"))
    return any(claim_of(pairs_of(bench, coin), Direction.LOWER, look=look).improved for look in range(1, LOOKS + 1))


def pairs_of(bench: Bench, coin: random.Random) -> list[tuple[float, float]]:
    """Twenty pairs of one unchanged state, each in an order of its own."""
    drawn = ([bench.run(0.0), bench.run(0.0)][:: coin.choice((1, -1))] for _ in range(20))
    return [(first, second) for first, second in drawn]


def bars_of_looks() -> list[Bar]:
    with multiprocessing.Pool(2) as pool:
        bound = {name: pool.map(guarded, [(name, 0.0, seed) for seed in range(150)]) for name in LOOKED_AT}
        clear = pool.map(guarded, [(name, 3.0, seed) for name in LOOKED_AT for seed in range(40)])
        labels = pool.map(confirmed_at_last, [(name, seed) for name in LOOKED_AT for seed in range(200)])
    passed = [mean(verdict is Verdict.KEEP for verdict, _, _ in found) for found in bound.values()]
    return [
        Bar("a gain whose guardrail is at its bound: passed, all kinds of noise", mean(passed), 0.05),
        Bar("the same, worst kind of noise", max(passed), 0.05),
        Bar(
            "a gain whose guardrail has room of 3 standard deviations: passed",
            mean(one[0] is Verdict.KEEP for one in clear),
            0.95,
            at_least=True,
        ),
        Bar("the same: runs for the guardrail", mean(runs - alone for _, runs, alone in clear), 4, digits=1),
        Bar(f"a keep that does nothing, `confirm N` asked {LOOKS} times: confirmed", mean(labels), 0.05),
    ]


def flagged(family: str, looks: int) -> float:
    """How often drift is seen in 40 runs of an unchanged state."""
    found = 0
    for look in range(looks):
        bench = Bench(FAMILIES[family], random.Random(f"drift {family} {look}"))
        drift = rank_von_neumann([bench.run(0.0) for _ in range(40)])
        found += drift is not None and drift.flagged
    return found / looks


def bars_of_drift() -> list[Bar]:
    return [
        Bar("normal noise, which does not drift", flagged("gauss2", 2000), 0.02),
        Bar(f"{FAMILIES['thermal'].title}", flagged("thermal", 400), 0.95, at_least=True),
        Bar(f"{FAMILIES['autoregressive'].title}", flagged("autoregressive", 400), 0.80, at_least=True),
    ]


def lifted(keeps: int) -> float:
    """How often fresh builds confirm a keep that does nothing: pairs as a claim is made of, a build of its own for every run."""
    found = 0
    for keep in range(keeps):
        bench = Bench(BUILD_BIAS, random.Random(f"lifted {keep}"))
        pairs = [(bench.run(bench.build_bias()), bench.run(bench.build_bias())) for _ in range(20)]
        found += claim_of(pairs, BUILD_BIAS.direction).improved
    return found / keeps


def bars_of_limits(results: Results) -> list[Bar]:
    """What is told without a bar: the mode for long runs, and what no order of runs can take away."""
    single = [session for setting in ONCE.values() for session in results[setting]]
    cheap = [session for setting in ECONOMY.values() for session in results[setting]]
    sessions = [session for family in MIXED for session in results[mixed(family, mode=DecisionMode.ECONOMY)]]
    return [
        Bar("economy: sessions of 200 no-ops that keep anything", keeps_anything(cheap)),
        Bar("the same, worst kind of noise (bursts)", max(keeps_anything(results[setting]) for setting in ECONOMY.values())),
        Bar("economy: true gain, of all there was to gain", captured(sessions)),
        Bar("economy: keeps that do nothing or harm", false_discoveries(sessions)),
        Bar("economy: runs a change", runs_of(tried(sessions)), digits=1),
        Bar("--once: sessions of 200 no-ops that keep anything", keeps_anything(single)),
        Bar(
            "build_once, builds that differ by 1 sd of a run: sessions of 100 no-ops with an unconfirmed keep",
            keeps_anything(results[BIASED]),
        ),
        Bar("the same where four times that bias is asked for", keeps_anything(results[BIASED_ASKED])),
        Bar("keeps of such no-ops that `confirm` with fresh builds confirms", lifted(10_000), 0.05),
    ]


def sections(results: Results) -> dict[str, list[Bar]]:
    return {
        "Changes that do nothing, 200 a session": bars_of_no_ops(results),
        "Changes that help, one in ten": bars_of_power(results),
        "Gains of 5 standard deviations of a run, and of more": bars_of_clear_gains(results),
        "Busy machines, where processor time is a second witness": bars_when_busy(results),
        "Changes that should not be kept": bars_of_harm(results),
        "Mixed sessions: 70 % nothing, 20 % harm of 1-20 %, 10 % gains of 0.5-20 %": bars_of_sessions(results),
        "Drift seen in 40 runs": bars_of_drift(),
        "What is looked at more than once": bars_of_looks(),
        "Limits": bars_of_limits(results),
        **on_cases.sections(),
    }


# The table


def markdown(results: Results, found: dict[str, list[Bar]]) -> str:
    """Both tables: every bar, and what changes that do nothing meet in each kind of noise."""
    lines = ["| simulated | figure | bar | |", "|---|---:|---:|---|"]
    for title, bars in found.items():
        lines.append(f"| **{title}** | | | |")
        lines += [f"| {' | '.join(bar.cells())} |" for bar in bars]
    lines += ["", "| noise of a run | sessions of 200 no-ops that keep anything | runs for each |", "|---|---:|---:|"]
    for name, family in KINDS.items():
        lines.append(f"| {family.title} | {100 * false_keeps(results, name):.1f} % | {runs_of(tried(results[DIRECT[name]])):.1f} |")
    return "\n".join(lines)


DEFAULT_SESSIONS = 4


def write_table(path: Path, text: str) -> None:
    """Puts the table between its markers. Raises ValueError where a marker is missing."""
    page = path.read_text(encoding="utf-8")
    start, end = (page.index(marker) for marker in MARKERS)
    path.write_text(f"{page[: start + len(MARKERS[0])]}\n{text}\n{page[end:]}", encoding="utf-8")


def slowest_percent(results: Results) -> float:
    """The time within which 99 of 100 decisions were made, in milliseconds."""
    times = sorted(seconds for sessions in results.values() for session in sessions for seconds in session.decision_seconds)
    print(f"{len(times)} decisions, {1000 * mean(times):.3f} ms each")
    return 1000 * times[int(0.99 * len(times))]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="docs/deciding.md", help="write the table between the page's markers")
    parser.add_argument("--sessions", type=int, default=DEFAULT_SESSIONS, help="sessions of no-ops for each kind of noise")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    start = time.monotonic()
    results = simulate(options.sessions, options.workers)
    found = sections(results)
    text = markdown(results, found)
    speed = [Bar("a decision, 99 of 100, in ms", slowest_percent(results), 1.0), *on_cases.bars_of_speed()]
    print(text, "", *(" | ".join(bar.cells()) for bar in speed), f"{time.monotonic() - start:.0f} s", sep="\n")
    if options.write:
        write_table(options.write, text)
    return 0 if all(bar.holds for bars in [*found.values(), speed] for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
