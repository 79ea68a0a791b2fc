"""What decisions on cases and with seeds get right, and what they cost: simulated with known truth, for `calibration.py`.

Differences are candidate less incumbent, as shares of the score's range. Shapes are described in `SHAPES`; where it is not said otherwise,
a confirmation may take 300 cases, looks every 8, and is one of 20 (416 : 1).
"""

from __future__ import annotations

import math
import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from tests.benchmarks import routing
from tests.benchmarks.bars import Bar, mean
from tests.core.cases.at_once import due, left, so_far

from autotune.core.cases.batch_effect import Costs, chosen, measured
from autotune.core.cases.confirming import PLANNED, Count, needed
from autotune.core.cases.drawing import Draw, Taken, draw
from autotune.core.cases.mean_bet import interval
from autotune.core.cases.outlook import FEW_PAIRS, of_units
from autotune.core.cases.pair_seeds import first_fresh, seed_of
from autotune.core.cases.scores import START, Asked, Judgement, judged, promising, tallied
from autotune.core.cases.split import Case, split
from autotune.core.cases.units import Tried, Unit
from autotune.core.decide.decide import decide, learn
from autotune.core.model import Arm, Calibration, Direction, Metric, Outcome, Policy, Run, Verdict
from autotune.core.stats.effects import SQRT2
from autotune.core.stats.noise import median, residual_pool

LOOK = 8
POOL = 300
BUDGET_OF_ONE = needed(Count(1, 1), Count(1, 1))
BUDGET_OF_TWENTY = needed(Count(1), Count(1))

# Shapes of differences: drawn with a coin, with this mean

Shape = Callable[[random.Random, float], float]


def spread(sd: float) -> Shape:
    """From -1 to 1, with this standard deviation (a beta distribution)."""

    def drawn(coin: random.Random, effect: float) -> float:
        place = (1 + effect) / 2
        size = 4 * place * (1 - place) / sd**2 - 1
        return 2 * coin.betavariate(place * size, (1 - place) * size) - 1

    return drawn


def pass_or_fail(share: float) -> Shape:
    """Passed or failed, with this share of cases where the arms differ."""

    def drawn(coin: random.Random, effect: float) -> float:
        lot = coin.random()
        return 1.0 if lot < (share + effect) / 2 else -1.0 if lot < share else 0.0

    return drawn


def ties(coin: random.Random, effect: float) -> float:
    return spread(0.3)(coin, 5 * effect) if coin.random() < 0.2 else 0.0


def skewed(share: float, *, mirrored: bool = False) -> Shape:
    """So many cases lose .80, and all others gain a little; mirrored, the other way round."""
    sign = -1 if mirrored else 1

    def drawn(coin: random.Random, effect: float) -> float:
        return effect + sign * (-0.8 if coin.random() < share else 0.8 * share / (1 - share))

    return drawn


def five_levels(coin: random.Random, effect: float) -> float:
    """The judgements of a judge with five levels: half of them agree, ten in a hundred are two levels apart."""
    lot = coin.random() - effect / 0.7
    return -0.5 if lot < 0.05 else -0.25 if lot < 0.25 else 0.0 if lot < 0.75 else 0.25 if lot < 0.95 else 0.5


SHAPES: dict[str, tuple[str, Shape]] = {
    "g20": ("sd .20", spread(0.2)),
    "g30": ("sd .30", spread(0.3)),
    "g50": ("sd .50", spread(0.5)),
    "pf10": ("pass or fail, 10 % differ", pass_or_fail(0.1)),
    "pf25": ("pass or fail, 25 % differ", pass_or_fail(0.25)),
    "tie80": ("80 % ties", ties),
    "judge5": ("a judge with five levels", five_levels),
    "skewL": ("10 % lose .80, the others gain .09", skewed(0.1)),
    "skewX": ("4 % lose .80, the others gain .03", skewed(0.04)),
    "skewR": ("10 % gain .80, the others lose .09", skewed(0.1, mirrored=True)),
}
FAMILIES = ("g20", "g30", "pf10", "pf25", "tie80", "judge5", "skewL")


class Compared(NamedTuple):
    """What became of one candidate, and how many cases it took (each run in both arms)."""

    found: Judgement
    cases: int
    differences: list[float]

    @property
    def kept(self) -> bool:
        return self.found.verdict is Verdict.KEEP


def scored(differences: Sequence[float]) -> list[Unit]:
    return [Unit(one, 0.0, one) for one in differences]


def compared(draws: Callable[[], float], pool: int, asked: Asked, look: int = LOOK) -> Compared:
    """One comparison, in batches of `look` cases."""
    tally, differences = START, list[float]()
    while (found := judged(tally, asked, pool - len(differences))).verdict is Verdict.MEASURE_AGAIN:
        batch = [draws() for _ in range(min(look, pool - len(differences)))]
        tally = tallied(scored(batch), asked, tally)
        differences += batch
    return Compared(found, len(differences), differences)


def many(name: str, effect: float, count: int, asked: Asked, pool: int = POOL) -> list[Compared]:
    """Comparisons of candidates with this effect."""
    kept_to = f"Asked(needed={asked.needed}, least={asked.least}, worth={asked.worth})"
    coin, shape = random.Random(f"{name} {effect} {pool} {kept_to}"), SHAPES[name][1]
    return [compared(lambda: shape(coin, effect), pool, asked) for _ in range(count)]


def kept(found: Sequence[Compared]) -> float:
    return mean(one.kept for one in found)


def sessions(name: str, count: int, pool: int = POOL) -> list[list[Compared]]:
    """Sessions of 20 candidates that do nothing, whose keeps refill the budget."""
    coin, shape = random.Random(f"session {name} {pool}"), SHAPES[name][1]
    found = []
    for _ in range(count):
        session = list[Compared]()
        for number in range(1, PLANNED + 1):
            confirmation = Count(number, keeps=sum(one.kept for one in session))
            asked = Asked(needed(confirmation, confirmation))
            session.append(compared(lambda: shape(coin, 0.0), pool, asked))
        found.append(session)
    return found


def bars_of_no_ops() -> list[Bar]:
    everything = [session for name in FAMILIES for session in sessions(name, 40)]
    tried = [one for session in everything for one in session]
    one_of_one = Asked(BUDGET_OF_ONE)
    bars = [
        Bar(f"sessions of {PLANNED} that keep anything, seven shapes", mean(any(one.kept for one in found) for found in everything), 0.05),
        Bar("cases for each", mean(one.cases for one in tried), 85, digits=0),
    ]
    bars += [
        Bar(f"of {pool} cases: sessions of {PLANNED} that keep anything", mean(any(one.kept for one in found) for found in small), 0.05)
        for pool in (30, 60, 120)
        for small in ([session for name in ("g20", "pf25", "skewL") for session in sessions(name, 40, pool)],)
    ]
    bars += [
        Bar(f"{SHAPES[name][0]}, 20.8 : 1: kept", kept(many(name, 0.0, 500, one_of_one)), 0.06)
        for name in ("skewL", "skewX", "skewR", "g50")
    ]
    judge = random.Random("whole pool")
    whole = [compared(lambda: judge.gauss(0, 0.2), 60, replace(one_of_one, worth=0.01)) for _ in range(500)]
    return [
        *bars,
        Bar(f"{SHAPES['skewX'][0]}, .02 worse on average, 20.8 : 1: kept", kept(many("skewX", -0.02, 500, one_of_one)), 0.02),
        Bar("60 cases that are all there is, noise of the judge alone, 20.8 : 1: kept", kept(whole), 0.05),
        Bar("groups of 8 that go together (correlation .6), 20.8 : 1: kept", mean(grouped(seed) for seed in range(300)), 0.05),
        Bar(
            "10 cases, one of 20 confirmations: runs before that is called too few",
            compared(lambda: 1.0, 10, Asked(BUDGET_OF_TWENTY)).cases,
            0,
            digits=0,
        ),
    ]


def grouped(seed: int) -> bool:
    """Whether a candidate that does nothing is kept on 60 groups of 8 cases, run in batches and counted as in a session."""
    coin = random.Random(f"grouped {seed}")
    cases = [Case(f"{group}-{number}", str(group)) for group in range(60) for number in range(8)]
    of_group = {str(group): coin.gauss(0, 0.3 * math.sqrt(0.6)) for group in range(60)}

    def answer(case: Case) -> Tried:
        found = of_group[str(case.group)] + coin.gauss(0, 0.3 * math.sqrt(0.4))
        return Tried(min(max(0.5 + found / 2, 0.0), 1.0), min(max(0.5 - found / 2, 0.0), 1.0))

    return ran(cases, draw(cases, str(seed), 16), answer, Asked(BUDGET_OF_ONE)).verdict is Verdict.KEEP


def ran(cases: Sequence[Case], drawn: Draw, answer: Callable[[Case], Tried], asked: Asked, *, lenient: bool = False) -> Judgement:
    """A comparison by batches, with what is left unscored asked for again; `lenient` only drops that."""
    by_name, tries = {case.name: case for case in cases}, dict[str, list[Tried]]()
    while True:
        units = so_far(drawn, tries)
        tally = tallied(units, asked)
        found = judged(tally._replace(unequal=False) if lenient else tally, asked, left(drawn, units))
        if found.verdict is not Verdict.MEASURE_AGAIN:
            return found
        for name in due(drawn, tries):
            tries.setdefault(name, []).append(answer(by_name[name]))


# What is found

POWER = (  # shape, effect, cases, comparisons, bars of power and of median cases
    ("g30", 0.10, 300, 200, 0.85, 160),
    ("g30", 0.20, 300, 100, 0.98, 64),
    ("g20", 0.05, 300, 300, 0.58, 260),
    ("tie80", 0.05, 300, 300, 0.78, 230),
    ("skewL", 0.10, 300, 200, 0.85, 190),
    ("pf25", 0.20, 120, 200, 0.68, 104),
    ("g30", 0.20, 60, 200, 0.65, 60),
)


def bars_of_power() -> list[Bar]:
    bars, covered, asked = list[Bar](), list[bool](), Asked(BUDGET_OF_TWENTY)
    for name, effect, pool, count, power, most in POWER:
        found = many(name, effect, count, asked, pool)
        bars += [
            Bar(f"{SHAPES[name][0]}, .{100 * effect:02.0f} better, {pool} cases: found", kept(found), power, at_least=True),
            Bar("the same: median cases", median([one.cases for one in found if one.kept]), most, digits=0),
        ]
        covered += [low <= effect <= high for one in found[:40] for low, high in [interval(one.differences)]]
    few = many("g30", 0.30, 200, Asked(needed(Count(1, 5), Count(1, 5))), 30)
    of_cases, of_runs = evaluations_by_case(), evaluations_by_run()
    return [
        *bars,
        Bar("sd .30, .30 better, 30 cases, one of 5 confirmations: found", kept(few), 0.65, at_least=True),
        Bar("the interval shown at the end holds the truth", mean(covered), 0.93, at_least=True),
        Bar("sd .30, .10 better: evaluations until kept, case by case", of_cases, digits=0),
        Bar("the same with one number a run, the mean of 120 cases", of_runs, digits=0),
        Bar("the first as a share of the second", of_cases / of_runs, 0.333),
    ]


def evaluations_by_case() -> float:
    """How many times a case is run until a keep, in the median, where 300 may be taken."""
    found = many("g30", 0.10, 200, Asked(BUDGET_OF_TWENTY))
    return median([2.0 * one.cases for one in found if one.kept])


def evaluations_by_run() -> float:
    """The same where every run takes the same 120 cases and gives their mean, so that only the judge's noise is left between runs.

    Of the spread of .30 a third of the variance is the judge's, which both arms have half of.
    """
    coin = random.Random("one number a run")
    noise = 0.3 * math.sqrt(1 / 3 / 2 / 120)
    costs = []
    for _ in range(100):
        truth = 0.10 + coin.gauss(0, 0.3 * math.sqrt(2 / 3 / 120))
        values = [0.6 + coin.gauss(0, noise) for _ in range(8)]
        calibration = Calibration(residual_pool(values, logs=True), 0, PLANNED, reference=tuple(values))
        levels = {Arm.INCUMBENT: 0.6, Arm.CANDIDATE: 0.6 + truth}

        def run(arm: Arm, _: int, levels: dict[Arm, float] = levels) -> float:
            return levels[arm] + coin.gauss(0, noise)

        found, runs = raced(run, calibration, coin)
        costs += [120.0 * len(runs)] if found is Verdict.KEEP else []
    return median(costs)


def bars_of_harm() -> list[Bar]:
    worse = many("g30", -0.05, 400, Asked(BUDGET_OF_TWENTY))
    small = many("g30", 0.05, 300, Asked(BUDGET_OF_TWENTY), 1000)
    return [
        Bar("sd .30, .05 worse: kept", kept(worse), 0.01),
        Bar("the same: cases for each", mean(one.cases for one in worse), 46, digits=0),
        Bar("sd .30, .05 better, 1000 cases: called not worth it", mean(one.found.verdict is Verdict.DISCARD for one in small), 0.22),
        Bar("sd .30, .02 better where .03 is asked for, 20.8 : 1: kept", kept(many("g30", 0.02, 400, Asked(BUDGET_OF_ONE, 0.03))), 0.05),
    ]


# What can go wrong

BAD = 0.389  # below it lies a third of the answers
LEFT_UNSCORED = {Arm.CANDIDATE: 0.6, Arm.INCUMBENT: 0.15}  # of these


def unscored(seed: int, *, lenient: bool) -> bool:
    """Whether a candidate is kept that does nothing but leave bad answers unscored: 20 of 100, where the incumbent leaves 5."""
    coin = random.Random(f"unscored {seed}")
    cases = [Case(str(number)) for number in range(1000)]
    hard = {case.name: coin.random() for case in cases}
    answers = {(case.name, arm): (hard[case.name] + 2 * coin.random()) / 3 for case in cases for arm in Arm}
    silent = {name: answer < BAD and coin.random() < LEFT_UNSCORED[name[1]] for name, answer in answers.items()}

    def answer(case: Case) -> Tried:
        return Tried(*(None if silent[case.name, arm] else answers[case.name, arm] for arm in (Arm.CANDIDATE, Arm.INCUMBENT)))

    return ran(cases, draw(cases, str(seed), 50), answer, Asked(BUDGET_OF_ONE), lenient=lenient).verdict is Verdict.KEEP


BATCH, BATCHES = 8, 40


def by_batches(seed: int, shared: float, taken: Taken | None, pairs: int = BATCHES) -> tuple[bool, Taken]:
    """Whether a candidate that does nothing is kept where batches of 8 have an effect; `taken` is calibrated first where it is None."""
    coin, asked = random.Random(f"batches {shared} {seed}"), Asked(BUDGET_OF_ONE)

    def batch(size: int) -> list[float]:
        of_batch = coin.gauss(0, shared)
        return [min(max(of_batch + coin.gauss(0, 0.3), -1.0), 1.0) for _ in range(size)]

    effect = measured([batch(BATCH) for _ in range(pairs)])
    taken = taken or chosen(effect, 0.3, POOL, Costs(10, 3), asked)
    size = 1 if taken is Taken.ONE_BY_ONE else BATCH
    tally, units = START, POOL // (BATCH if taken is Taken.BATCH else 1)
    while (found := judged(tally, asked, units - tally.units)).verdict is Verdict.MEASURE_AGAIN:
        differences = batch(min(size, POOL - tally.units))
        tally = tallied(scored([mean(differences)] if taken is Taken.BATCH else differences), asked, tally)
    return found.verdict is Verdict.KEEP, taken


def used_again(seed: int, *, parted: bool) -> bool:
    """Whether a session keeps anything whose 50 ideas repair, in what looked best, the three cases that did worst, and nothing else.

    Every idea also shifts each case at random, by luck alone. `parted`: the proposer sees search cases, and what is better there by a
    standard error is confirmed on others, 20 times at most. Else it sees the cases that decide.
    """
    coin = random.Random(f"used again {seed}")
    parts = split([Case(str(number)) for number in range(POOL)])
    deciding = [case.name for case in parts.confirm]
    seen = [case.name for case in parts.search] if parted else deciding
    repaired, looks, number = dict.fromkeys([*seen, *deciding], 0.0), dict.fromkeys(seen, 0.0), 0
    for _ in range(50):
        worst = sorted(seen, key=looks.__getitem__)[:3]
        idea = {name: before + 0.3 * (name in worst) for name, before in repaired.items()}
        lucky = {name: found + coin.gauss(0, 0.2) for name, found in idea.items()}
        shown = {name: lucky[name] + coin.gauss(0, 0.2) for name in seen}
        if mean(shown.values()) > mean(looks.values()):
            repaired, looks = idea, shown
        if number < PLANNED and promising(list(shown.values())):
            number += 1
            found = confirmed({name: lucky[name] + coin.gauss(0, 0.2) for name in deciding}, number, coin)
            if found:
                return True
    return False


def confirmed(differences: dict[str, float], number: int, coin: random.Random) -> bool:
    """Whether a confirmation of this number keeps a candidate with these differences, in an order drawn afresh."""
    order = iter(coin.sample(list(differences.values()), len(differences)))
    asked = Asked(needed(Count(number), Count(number)))
    return compared(lambda: min(max(next(order), -1.0), 1.0), len(differences), asked).kept


def bars_of_traps() -> list[Bar]:
    calibrated = [by_batches(seed, 0.1, None) for seed in range(400)]
    still = [by_batches(seed, 0.0, None)[1] for seed in range(200)]
    return [
        Bar("an effect on batches of a third of the cases' sd, calibrated first, 20.8 : 1: kept", mean(one for one, _ in calibrated), 0.05),
        Bar("the same with every case counted by itself: kept", mean(by_batches(seed, 0.1, Taken.CASE)[0] for seed in range(400))),
        Bar("the same with a batch's mean as one unit: kept", mean(by_batches(seed, 0.1, Taken.BATCH)[0] for seed in range(400)), 0.05),
        Bar("no effect on batches: cases count one by one", mean(taken is Taken.CASE for taken in still), 0.8, at_least=True),
        Bar(
            "20 of 100 bad answers unscored against 5 of 100, 20.8 : 1: kept",
            mean(unscored(seed, lenient=False) for seed in range(60)),
            0.13,
        ),
        Bar("the same where unscored cases are only dropped: kept", mean(unscored(seed, lenient=True) for seed in range(60))),
        Bar(
            "50 ideas that fit the cases they see, search and confirm apart: sessions that keep any",
            mean(used_again(seed, parted=True) for seed in range(100)),
            0.05,
        ),
        Bar("the same where they see the cases that decide", mean(used_again(seed, parted=False) for seed in range(100))),
    ]


# Seeds: the race

POLICY = Policy(Metric("score", "", Direction.HIGHER), paired=True)


def raced(value: Callable[[Arm, int], float], calibration: Calibration, coin: random.Random, first: int = 1) -> tuple[Verdict, list[Run]]:
    """One comparison by the race, where a run's value comes of its arm and seed."""
    runs = list[Run]()
    while (decision := decide(runs, calibration, POLICY, coin)).arms:
        for arm in decision.arms[:1] if len(decision.arms) > 2 else decision.arms:
            seed = seed_of(first, [run.arm for run in runs], arm)
            runs.append(Run(arm, Outcome.OK, {"score": value(arm, seed)}))
    return decision.verdict, runs


RUN_SD = 0.01  # a run's own noise: that of a pair's difference is 1.4 times as much
SEED_SD = 0.02  # what a seed brings to both arms


def trained(
    gain: float, count: int, *, luck: float = 0.0, seeds: int = 0, apart: bool = False, session: int = 0
) -> list[tuple[Verdict, int]]:
    """Candidates of a training whose result depends on its seed, in a session of 100; what a seed brings to each candidate alone is `luck`.

    Every pair has a seed of its own. With `seeds`, every candidate is measured with as many in turn, always the same; `apart` gives the two
    runs of a pair different ones.
    """
    coin = random.Random(f"trained {gain} {luck} {seeds} {apart} {session}")
    of_seed, used, found = dict[object, float](), list[int](), list[tuple[Verdict, int]]()

    def brought(key: object) -> float:
        return of_seed.setdefault(key, coin.gauss(0, SEED_SD))

    values = tuple(math.exp(brought(-number) + coin.gauss(0, RUN_SD)) for number in range(8))
    pool = residual_pool([math.exp(coin.gauss(0, RUN_SD)) for _ in range(17)], logs=True)
    for _ in range(count):
        first, lucky = first_fresh(used), dict[object, float]()

        def run(arm: Arm, seed: int, first: int = first, lucky: dict[object, float] = lucky) -> float:
            used.append(seed)
            turn = (seed - first) % seeds if seeds else seed
            own = gain + lucky.setdefault(turn, coin.gauss(0, luck)) if arm is Arm.CANDIDATE else 0.0
            return math.exp(brought((turn, arm) if apart else turn) + own + coin.gauss(0, RUN_SD))

        calibration = Calibration(pool, 0, 100, reference=values)
        verdict, runs = raced(run, calibration, coin, first)
        pool = learn(runs, calibration, POLICY).pool
        found.append((verdict, len(runs)))
    return found


def bars_of_seeds() -> list[Bar]:
    nothing = [trained(0.0, 100, luck=RUN_SD, session=session) for session in range(50)]
    one, three = (trained(0.0, 400, luck=RUN_SD, seeds=seeds) for seeds in (1, 3))
    better, apart = (trained(RUN_SD * SQRT2, 200, apart=apart) for apart in (False, True))
    return [
        Bar(
            "luck with a seed as large as a run's noise, a seed for every pair: sessions of 100 no-ops that keep any",
            mean(any(map(was_kept, found)) for found in nothing),
            0.05,
        ),
        Bar("the same with three seeds in turn for every candidate: no-ops kept", mean(map(was_kept, three))),
        Bar("the same with one seed", mean(map(was_kept, one))),
        Bar("a gain of a pair's noise, seeds that bring twice a run's noise: found", mean(map(was_kept, better)), 0.75, at_least=True),
        Bar("the same: median runs", median([runs for verdict, runs in better if verdict is Verdict.KEEP]), 50, digits=0),
        Bar("the same with different seeds for the two runs of a pair: found", mean(map(was_kept, apart))),
    ]


def was_kept(found: tuple[Verdict, int]) -> bool:
    return found[0] is Verdict.KEEP


# What `calibrate` says before a night


def bars_of_outlook() -> list[Bar]:
    """With a judge that says the same each time, so that changes have the spread that is taken for them, 0.3."""
    asked, worth = Asked(BUDGET_OF_TWENTY), Asked(BUDGET_OF_TWENTY, worth=0.1)
    same = [[0.0] * BATCH] * BATCHES
    seen, taking = of_units(same, POOL, Costs(10, 3), asked), of_units(same, 3 * POOL, Costs(10, 3), worth)
    assert seen.smallest is not None
    at_smallest = many("g30", seen.smallest, 400, asked, POOL)
    within = [one.kept and one.cases <= taking.takes for one in many("g30", 0.1, 400, asked, 3 * POOL)]
    few = [by_batches(seed, 0.1, None, FEW_PAIRS) for seed in range(400)]
    still = [by_batches(seed, 0.0, None, FEW_PAIRS)[1] for seed in range(200)]
    surely = [by_batches(seed, 0.0, None, 60)[1] for seed in range(200)]
    return [
        Bar("sd .30, 300 cases: the smallest gain that is named", seen.smallest),
        Bar("the same: found", kept(at_smallest), 0.68, at_least=True),
        Bar("sd .30, .10 better: cases that are named for four decisions in five", taking.takes, digits=0),
        Bar("the same: found within so many", mean(within), 0.72, at_least=True),
        Bar("an effect on batches of a third of the cases' sd, by 20 pairs, 20.8 : 1: kept", mean(one for one, _ in few), 0.05),
        Bar("no effect on batches, by 20 pairs: cases count one by one", mean(taken is Taken.CASE for taken in still)),
        Bar("the same by 60 pairs", mean(taken is Taken.CASE for taken in surely), 0.8, at_least=True),
    ]


# What a decision takes


def bars_of_speed() -> list[Bar]:
    """In milliseconds, 99 of 100: not in the table, since it is another on every machine."""
    coin, asked, bars = random.Random("speed"), Asked(BUDGET_OF_TWENTY), list[Bar]()
    for units, most in ((200, 1.0), (2000, 10.0)):
        cases = [Case(str(number)) for number in range(units)]
        drawn, tries = draw(cases, "speed", LOOK), {case.name: [Tried(coin.random(), coin.random())] for case in cases}
        times = list[float]()
        for _ in range(200):
            start = time.process_time()
            judged(tallied(so_far(drawn, tries), asked), asked, units)
            times.append(1000 * (time.process_time() - start))
        bars.append(Bar(f"a decision on {units} cases, 99 of 100, in ms", sorted(times)[197], most))
    return bars


SECTIONS = {
    "Scores on cases: changes that do nothing": bars_of_no_ops,
    "Scores on cases: changes that help": bars_of_power,
    "Scores on cases: changes that should not be kept": bars_of_harm,
    "Scores on cases: what fools simpler rules": bars_of_traps,
    "Scores on cases: what calibrate says before a night": bars_of_outlook,
    "Routing probes": routing.bars,
    "Seeds": bars_of_seeds,
}


def bars_of(title: str) -> list[Bar]:
    return SECTIONS[title]()


def sections() -> dict[str, list[Bar]]:
    with multiprocessing.Pool(2) as pool:
        return dict(zip(SECTIONS, pool.map(bars_of, SECTIONS, chunksize=1), strict=True))
