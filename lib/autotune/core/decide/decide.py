"""Keep, discard or measure again, and why: the decision about one candidate, from its runs and the incumbent's.

Candidate and incumbent are run in pairs whose order a fair coin decides. If the change does nothing, the coin makes the sign of every
pair's difference fair, whatever the noise or its drift. So a bet on the candidate at fair odds multiplies a stake by 1 on average. The
stake after all stages is the **evidence**: luck alone reaches E : 1 in at most one of E comparisons, however often one looks (Ville's
inequality). A change is kept when its evidence reaches what the session's error budget asks for, and the estimate agrees.

Discarding needs no guarantee, so the futility **score** is looked at after every run and stops what is going nowhere. What may be said of
a candidate that is not kept is another question, which `shortfall.py` answers from the interval.

Nothing is remembered between calls: the stages (pair or block, `stages.py`) are replayed from the runs, since what a stage is depends on
the runs before it alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from autotune.core import rules
from autotune.core.decide.comparison import (
    PAIR,
    REFERENCES,
    Comparison,
    clipped,
    compared,
    counting,
    estimate_of,
    left_of,
    of_arm,
    single_bar,
    single_gain,
)
from autotune.core.decide.saying import decided_at_once, kept, refuted, refuted_at_once, run_out
from autotune.core.decide.stages import HALF, Line, Stages, lines_of, reach, replayed
from autotune.core.facts import Kind
from autotune.core.model import Arm, Calibration, Decision, DecisionMode, Direction, Policy, Run, Verdict
from autotune.core.stats.effects import FEWEST_PAIRS_FOR_INTERVAL, SQRT2, on_scale
from autotune.core.stats.noise import median, noise_floor, pool_after

if TYPE_CHECKING:
    import random

CLIP = 2.5  # how much one pair may say for or against futility, in noise floors
FUTILE = math.log(0.2)  # Wald's bound for missing one gain in five at the effect that kappa stands for
PROMISING = 10.0  # the evidence from which nothing counts as futile; luck gets there once in ten times, so it costs few runs

SOON = 100.0  # the metric's own evidence from which a keep waits for the metric, which is about to decide alone
METRICS_PART = 0.25  # of its futility score that counts beside processor time's
METRICS_LEAST = -2.0  # and no more of it: where the machine has just become busy, two pairs could bring more than all that is asked for
METRIC_FUTILE = -0.5  # its futility score above which nothing is futile: a gain may be the metric's alone

ECONOMY_PAIRS = 12
ECONOMY_KAPPA = 1.5
ECONOMY_SCORE = math.log(1000.0) / ECONOMY_KAPPA  # Wald's bound for one false keep in a thousand, were the noise normal
SCREEN_Z = 0.5
ONCE_Z = 3.0
REBASE_Z = 3.0


def decide(runs: Sequence[Run], calibration: Calibration, policy: Policy, coin: random.Random) -> Decision:
    """What becomes of a candidate, given all runs of its comparison in time order (outcomes all ok), or which runs to make next.

    Called with no runs for the first ones, and again after every run; the runs follow the order asked for. Raises ValueError for a run
    of an arm that was not asked for and KeyError for a run without the policy's metric.
    """
    decision = _decision(runs, calibration, policy, coin)
    labelled = policy.built_once and policy.rule >= rules.LABELS_BUILT_ONCE
    return _of_one_build(decision) if labelled and decision.verdict is Verdict.KEEP else decision


def _of_one_build(decision: Decision) -> Decision:
    """A keep that is unconfirmed, since its runs tell a gain of the change from the luck of its build as little as one run would."""
    reason = decision.reason and replace(decision.reason, kind=Kind.BETTER_BUILT_ONCE)
    return replace(decision, reason=reason, confirmed=False)


def _decision(runs: Sequence[Run], calibration: Calibration, policy: Policy, coin: random.Random) -> Decision:
    comparison = compared(runs, calibration, policy)
    if policy.mode is DecisionMode.ONCE:
        return _once(comparison, coin)
    if comparison.exact:
        noisy_from = _noisy_from(comparison)
        if noisy_from is None:
            return _exact(comparison, coin)
        comparison = _made_noisy(comparison, noisy_from)
    return _economy(comparison, coin) if policy.mode is DecisionMode.ECONOMY else _race(comparison, coin)


def checks_come_now(runs: Sequence[Run], decision: Decision, rule: int) -> bool:
    """Whether it is time for the checks, which run once in a comparison: after its first pair, or before a keep that comes sooner.

    Inside a pair they would come between its runs in one order and not in the other, and what a run meets would no longer be a coin's
    to decide. What is discarded sooner is not checked: nobody needs to know. By the first rule they came after the candidate's first run.
    """
    arms = [run.arm for run in runs]
    if rule < rules.CHECKS_BESIDE_PAIRS:
        return Arm.CANDIDATE in arms
    if rule >= rules.KEEPS_ARE_CHECKED and decision.verdict is Verdict.DISCARD and set(arms) != set(Arm):
        return False
    between_stages = 2 * decision.arms.count(Arm.CANDIDATE) == len(decision.arms)
    return not decision.arms or (between_stages and set(arms) == set(Arm))


def most_pairs(policy: Policy) -> int:
    """How many pairs a comparison may take, its guardrails' included; with a single run, as few as an interval can be made of."""
    most = {DecisionMode.RACE: policy.max_pairs, DecisionMode.ECONOMY: ECONOMY_PAIRS, DecisionMode.ONCE: FEWEST_PAIRS_FOR_INTERVAL}
    return min(policy.max_pairs, most[policy.mode])


def learn(runs: Sequence[Run], calibration: Calibration, policy: Policy) -> Calibration:
    """The calibration with the noise pools after a comparison, for the next: what `pool_after` learns from its pairs.

    A block's runs teach nothing, since those that are paired up lie further apart in time than a pair's. Where the pool knows no noise and
    the runs show some, the changes between each arm's successive values are added instead, so that the benchmark no longer counts as one
    that repeats exactly.
    """
    comparison = compared(runs, calibration, policy)
    if comparison.exact:
        changes = _own_changes(comparison, len(runs)) if _noisy_from(comparison) is not None else ()
        return replace(calibration, pool=(*calibration.pool, *changes))
    if policy.mode is not DecisionMode.RACE:
        paired = counting(comparison, int(bool(calibration.reference)), comparison.sigma).gains
        return replace(calibration, pool=pool_after(calibration.pool, [gain for gain in paired if math.isfinite(gain)]))
    blocks = replayed(comparison).blocks
    pools = [_taught(line, blocks) for line in lines_of(comparison)]
    witness = calibration.witness and replace(calibration.witness, pool=pools[-1]) if len(pools) > 1 else calibration.witness
    return replace(calibration, pool=pools[0], witness=witness)


def _taught(line: Line, blocks: Sequence[range]) -> tuple[float, ...]:
    """The pool that a line's own pairs leave."""
    in_blocks = {pair for block in blocks for pair in block}
    return pool_after(line.pool, [gain for pair, gain in enumerate(line.gains) if pair not in in_blocks and math.isfinite(gain)])


# Race


def _race(comparison: Comparison, coin: random.Random) -> Decision:
    stages = replayed(comparison)
    most, needed = comparison.policy.max_pairs, comparison.needed
    if stages.evidence >= needed and _is_better(comparison) and (stages.stakes[0] >= needed or _is_borne_out(stages, most)):
        return kept(comparison, stages)
    kappa = max(1.0, 6 / math.sqrt(most))
    if stages.in_sight < PROMISING and _futility(stages, kappa) <= FUTILE / kappa:
        return refuted(comparison, stages)
    if comparison.gains and stages.fresh:
        pairs_left = most - len(comparison.gains)
        if pairs_left <= 0:
            return run_out(comparison, Kind.RAN_OUT, stages)
        if stages.in_sight * reach(pairs_left, len(stages.blocks), paired=comparison.policy.paired) < needed:
            return run_out(comparison, Kind.OUT_OF_REACH, stages)
    return _ask(comparison, stages.left, coin, stages.evidence, fresh=stages.fresh)


def _is_better(comparison: Comparison) -> bool:
    """Whether the estimate is above the least effect, and where pairs have seeds or cases of their own, the mean too.

    There a few large losses can stand against many small gains, and the race asks for nothing but more gains.
    """
    return estimate_of(comparison.gains) > 0 and (not comparison.policy.paired or math.fsum(comparison.gains) > 0)


def _is_borne_out(stages: Stages, most: int) -> bool:
    """Whether a keep may rest on processor time: it is believed, and the metric's estimate is at least half of what it says.

    The average of two stakes is fair for a change that changes neither. One that lowers processor time and not the metric (less spinning,
    work moved elsewhere) is not covered, hence these conditions. Where the metric is about to decide alone, it is waited for.
    """
    waits = stages.stakes[0] >= SOON and len(stages.lines[0].gains) < most
    return stages.believed and not waits and estimate_of(stages.lines[0].gains) >= HALF * estimate_of(stages.lines[1].gains)


def _futility(stages: Stages, kappa: float) -> float:
    """The futility score: the metric's, or where there is a witness processor time's with a part of it, while it is low too."""
    metric = score(stages.units[0], kappa)
    if not stages.heard:
        return metric
    part = METRICS_PART * max(metric, METRICS_LEAST)
    return score(stages.units[1], kappa) + part if metric <= METRIC_FUTILE else 0.0


def score(units: Sequence[float], kappa: float) -> float:
    """The futility score of gains in noise floors: each at most 2.5 either way, less kappa / 2, half the gain hoped for."""
    return sum(clipped(units, CLIP)) - len(units) * kappa / 2


# Economy


def _economy(comparison: Comparison, coin: random.Random) -> Decision:
    """One run against the incumbent's latest values, then up to 12 pairs, judged by the score: calibrated on simulated noise, not exact."""
    if comparison.calibration.reference and not comparison.first:
        if left_of(PAIR[:1], comparison.arms[:1]):
            return _ask(comparison, PAIR[:1], coin, fresh=True)
        if len(comparison.arms) == 1 and single_gain(comparison) <= single_bar(comparison, SCREEN_Z):
            return refuted_at_once(comparison)
        comparison = counting(comparison, 1, comparison.sigma)
    return _economy_pairs(comparison, coin)


def _economy_pairs(comparison: Comparison, coin: random.Random) -> Decision:
    gains, most = comparison.gains, most_pairs(comparison.policy)
    left = left_of(PAIR, comparison.arms[comparison.first + 2 * len(gains) :])
    points = score(comparison.units, ECONOMY_KAPPA)
    if points >= ECONOMY_SCORE and estimate_of(gains) > 0:
        return kept(comparison)
    if points <= FUTILE / ECONOMY_KAPPA:
        return refuted(comparison)
    if len(gains) >= most and len(left) == len(PAIR):
        return run_out(comparison, Kind.RAN_OUT)
    return _ask(comparison, left, coin, fresh=len(left) == len(PAIR))


def reference_moved(calibration: Calibration, fresh: Sequence[float]) -> bool:
    """Whether the incumbent's freshly measured values lie more than three standard errors from those that single runs are compared with.

    They should then replace the reference. Economy calls for such a look every ten experiments.
    """
    known = calibration.reference[-REFERENCES:]
    before, now = (median(on_scale(values, Direction.HIGHER, logs=calibration.logs)) for values in (known, fresh))
    error = noise_floor(calibration.pool) / SQRT2 * math.sqrt(1 / len(fresh) + 1 / len(known))
    return now != before and abs(now - before) > REBASE_Z * error


# A single run


def _once(comparison: Comparison, coin: random.Random) -> Decision:
    """A single run of the candidate against the incumbent's latest values, or one run of each where there are none."""
    left = left_of(PAIR[:1] if comparison.calibration.reference else PAIR, comparison.arms)
    if left:
        return _ask(comparison, left, coin, fresh=not comparison.arms)
    if single_gain(comparison) <= single_bar(comparison, ONCE_Z):
        return refuted_at_once(comparison)
    return decided_at_once(comparison, Verdict.KEEP, Kind.BETTER_ONCE, confirmed=False)


# Benchmarks without noise


def exact_pairs(calibration: Calibration, policy: Policy) -> int:
    """How many pairs have to repeat a benchmark's values to the last digit, where it has shown no noise."""
    return 1 if calibration.reference and policy.rule >= rules.EXACT_IS_SHOWN else 2


def _exact(comparison: Comparison, coin: random.Random) -> Decision:
    """One run that is not better is enough to discard; one that is must repeat in a pair, to the last digit (by older rules, in two).

    The incumbent's own value has been seen to repeat. Where none is known, the first run makes a pair, and so takes another.
    """
    opening, pairs = PAIR[:1] if comparison.calibration.reference else PAIR, exact_pairs(comparison.calibration, comparison.policy)
    left = left_of(opening, comparison.arms[: len(opening)])
    if left:
        return _ask(comparison, left, coin, fresh=not comparison.arms)
    if single_gain(comparison) <= 0:
        return refuted_at_once(comparison)
    in_pairs = comparison.arms[len(opening) % 2 :]
    for start in range(0, 2 * pairs, 2):
        left = left_of(PAIR, in_pairs[start : start + 2])
        if left:
            return _ask(comparison, left, coin, fresh=len(left) == len(PAIR))
    runs = comparison.arms.count(Arm.CANDIDATE)
    return decided_at_once(comparison, Verdict.KEEP, Kind.BETTER_EXACTLY, pairs=len(comparison.gains), runs=runs)


def _noisy_from(comparison: Comparison) -> int | None:
    """The run from which noise is known, in a benchmark thought to have none: after the first value that its arm did not repeat."""
    reference = comparison.calibration.reference
    if len(set(reference)) > 1:
        return 0
    seen = dict.fromkeys((Arm.INCUMBENT,), reference[-1]) if reference else {}
    for count, (arm, value) in enumerate(zip(comparison.arms, comparison.values, strict=True), start=1):
        if seen.setdefault(arm, value) != value:
            return count
    return None


def _made_noisy(comparison: Comparison, first: int) -> Comparison:
    """The comparison begun anew after the run that showed noise: the earlier ones set the scale, so they cannot count as evidence too."""
    pool = (*comparison.calibration.pool, *_own_changes(comparison, first))
    return counting(comparison, first, noise_floor(pool))


def _own_changes(comparison: Comparison, count: int) -> list[float]:
    """By how much each arm's successive values differ among the first runs, the incumbent's earlier ones before them."""
    before = on_scale(comparison.calibration.reference, comparison.policy.metric.direction, logs=comparison.calibration.logs)
    heights = comparison.places[:count]
    own, others = (of_arm(arm, comparison.arms[:count], heights) for arm in (Arm.CANDIDATE, Arm.INCUMBENT))
    steps = [step for series in (own, [*before, *others]) for step in pairwise(series)]
    changes = [0.0 if later == earlier else abs(later - earlier) for earlier, later in steps]
    return [change for change in changes if math.isfinite(change)]


# What is answered


def _ask(comparison: Comparison, arms: Sequence[Arm], coin: random.Random, evidence: float | None = None, *, fresh: bool) -> Decision:
    """Measure again: the runs left of a stage, in an order freshly drawn (redrawing the rest keeps every order equally likely)."""
    order = list(arms)
    coin.shuffle(order)
    needed = comparison.needed if evidence is not None else None
    return Decision(Verdict.MEASURE_AGAIN, None, tuple(order), evidence=evidence, needed=needed, pairs=len(comparison.gains), fresh=fresh)
