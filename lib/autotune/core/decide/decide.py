"""Keep, discard or measure again, and why: the decision about one candidate, from its runs and the incumbent's.

Candidate and incumbent are run in pairs whose order a fair coin decides. If the change does nothing, the coin makes the sign of every
pair's difference fair, whatever the noise or its drift, so a bet on the candidate at fair odds multiplies a stake by 1 on average. The
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
from typing import TYPE_CHECKING, Any

from autotune.core import rules
from autotune.core.decide import shortfall
from autotune.core.decide.comparison import (
    PAIR,
    Comparison,
    clipped,
    compared,
    counting,
    estimate_of,
    left_of,
    matched,
    of_arm,
)
from autotune.core.decide.stages import HALF, Line, Stages, lines_of, reach, replayed
from autotune.core.facts import Fact, Kind
from autotune.core.model import Arm, Calibration, Decision, DecisionMode, Direction, Effect, Policy, Run, Verdict
from autotune.core.stats.effects import FEWEST_PAIRS_FOR_INTERVAL, SQRT2, effect_of, on_scale
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
REFERENCES = 8  # how many of the incumbent's latest values a single run is compared with
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
    if stages.evidence >= needed and estimate_of(comparison.gains) > 0 and (stages.stakes[0] >= needed or _is_borne_out(stages, most)):
        return _kept(comparison, stages)
    kappa = max(1.0, 6 / math.sqrt(most))
    if stages.in_sight < PROMISING and _futility(stages, kappa) <= FUTILE / kappa:
        return _refuted(comparison, stages)
    if comparison.gains and stages.fresh:
        pairs_left = most - len(comparison.gains)
        if pairs_left <= 0:
            return _run_out(comparison, Kind.RAN_OUT, stages)
        if stages.in_sight * reach(pairs_left, len(stages.blocks), paired=comparison.policy.paired) < needed:
            return _run_out(comparison, Kind.OUT_OF_REACH, stages)
    return _ask(comparison, stages.left, coin, stages.evidence, fresh=stages.fresh)


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
        if len(comparison.arms) == 1 and _single_gain(comparison) <= _single_bar(comparison, SCREEN_Z):
            return _refuted_at_once(comparison)
        comparison = counting(comparison, 1, comparison.sigma)
    return _economy_pairs(comparison, coin)


def _economy_pairs(comparison: Comparison, coin: random.Random) -> Decision:
    gains, most = comparison.gains, most_pairs(comparison.policy)
    left = left_of(PAIR, comparison.arms[comparison.first + 2 * len(gains) :])
    points = score(comparison.units, ECONOMY_KAPPA)
    if points >= ECONOMY_SCORE and estimate_of(gains) > 0:
        return _kept(comparison)
    if points <= FUTILE / ECONOMY_KAPPA:
        return _refuted(comparison)
    if len(gains) >= most and len(left) == len(PAIR):
        return _run_out(comparison, Kind.RAN_OUT)
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
    if _single_gain(comparison) <= _single_bar(comparison, ONCE_Z):
        return _refuted_at_once(comparison)
    return _decided_at_once(comparison, Verdict.KEEP, Kind.BETTER_ONCE, confirmed=False)


def _known(comparison: Comparison) -> Sequence[float]:
    """The incumbent's values that a single run is compared with: the latest 8 before this comparison, else those in it."""
    return comparison.calibration.reference[-REFERENCES:] or of_arm(Arm.INCUMBENT, comparison.arms, comparison.values)


def _single_gain(comparison: Comparison) -> float:
    """How much better the candidate's first run is than the median of the incumbent's known values, less the least effect."""
    height = comparison.places[comparison.arms.index(Arm.CANDIDATE)]
    known = median(on_scale(_known(comparison), comparison.policy.metric.direction, logs=comparison.calibration.logs))
    return 0.0 if height == known else height - known


def _single_bar(comparison: Comparison, z: float) -> float:
    """What that gain must exceed: z standard errors of one run against the median of k, counted from no effect where one is asked for."""
    return max(z * _single_error(comparison) - max(comparison.delta, 0.0), 0.0)


def _single_error(comparison: Comparison) -> float:
    """The standard error of one run against the median of the k known values."""
    return comparison.sigma / SQRT2 * math.sqrt(1 + 1 / len(_known(comparison)))


def _single_effect(comparison: Comparison) -> Effect:
    """The effect of the candidate's first run against the median of the known values; the ends are those against the extremes of them."""
    known, value = _known(comparison), comparison.values[comparison.arms.index(Arm.CANDIDATE)]
    middle, most, least = median(known), max(known), min(known)
    if comparison.calibration.logs and min(value, least) > 0:
        return Effect(value / middle, value / most, value / least)
    return Effect(value - middle, value - most, value - least, relative=False)


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
    if _single_gain(comparison) <= 0:
        return _refuted_at_once(comparison)
    in_pairs = comparison.arms[len(opening) % 2 :]
    for start in range(0, 2 * pairs, 2):
        left = left_of(PAIR, in_pairs[start : start + 2])
        if left:
            return _ask(comparison, left, coin, fresh=len(left) == len(PAIR))
    runs = comparison.arms.count(Arm.CANDIDATE)
    return _decided_at_once(comparison, Verdict.KEEP, Kind.BETTER_EXACTLY, pairs=len(comparison.gains), runs=runs)


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


def _kept(comparison: Comparison, stages: Stages | None = None) -> Decision:
    if stages is None:
        return _decided(comparison, Verdict.KEEP, Kind.BETTER_CALIBRATED, confirmed=False)
    if stages.stakes[0] >= comparison.needed:
        return _decided(comparison, Verdict.KEEP, Kind.BETTER, stages)
    return _decided(comparison, Verdict.KEEP, Kind.BETTER_BY_WITNESS, stages, confirmed=False)


def _refuted(comparison: Comparison, stages: Stages | None = None) -> Decision:
    """What is said of a candidate whose measuring is given up.

    By the first two rules, worse where the estimate is below no effect (or the loss allowed) by more than its standard error (where a pair
    says otherwise, it only looks worse), else futile.
    """
    if comparison.policy.rule >= rules.REFUTES_BY_INTERVAL:
        return _fallen_short(comparison, stages)
    centre, error = estimate_of(comparison.gains), comparison.sigma / math.sqrt(len(comparison.gains))
    if centre + max(comparison.delta, 0.0) < -error:
        kind = Kind.WORSE if max(comparison.gains) + max(comparison.delta, 0.0) < 0 else Kind.LOOKS_WORSE
    elif centre > error:
        kind = Kind.SMALL_GAIN
    else:
        kind = _not_in_sight(comparison.delta)
    return _decided(comparison, Verdict.DISCARD, kind, stages)


def _fallen_short(comparison: Comparison, stages: Stages | None, ended: Kind | None = None) -> Decision:
    """What the interval says; `ended` where the runs are used up, and then it is enough to be a standard error above the least effect.

    Processor time, where it is believed, has to leave no room for a gain either before one is ruled out, and may look better by itself.
    """
    gains, sigma, rule = comparison.gains, comparison.sigma, comparison.policy.rule
    room, of_witness, noisier = shortfall.room_of_pairs(gains, sigma, rule), None, shortfall.times_as_noisy(gains, sigma, rule)
    if stages is not None and stages.believed:
        line = stages.lines[1]
        of_witness = shortfall.room_of_pairs(line.gains, line.sigma, rule)
        room = shortfall.Room(room.low, max(room.high, of_witness.high))
        if rule >= rules.FEW_TELL_NOISE:
            noisier = min(noisier, shortfall.times_as_noisy(line.gains, line.sigma, rule))
    verdict, kind = shortfall.shortfall(
        room,
        comparison.delta,
        _worth_having(comparison),
        noisier=noisier,
        ended=ended,
        promising=ended is not None and estimate_of(gains) > sigma / math.sqrt(len(gains)),
    )
    if kind is Kind.NOT_SHOWN and of_witness is not None and of_witness.is_mostly_gain and not room.is_mostly_loss:
        verdict, kind = Verdict.INCONCLUSIVE, Kind.LOOKS_BETTER_BY_WITNESS
    return _decided(comparison, verdict, kind, stages)


def _worth_having(comparison: Comparison) -> float:
    """The smallest gain worth having where no larger one is asked for, on the comparison's scale."""
    if comparison.calibration.logs:
        return math.log1p(shortfall.WORTH_HAVING)
    return shortfall.WORTH_HAVING * abs(median(_known(comparison)))


def _not_in_sight(delta: float) -> Kind:
    if delta > 0:
        return Kind.LITTLE_GAIN
    return Kind.NOT_WITHIN_MARGIN if delta else Kind.NO_GAIN_IN_SIGHT


def _run_out(comparison: Comparison, kind: Kind, stages: Stages | None = None) -> Decision:
    """Inconclusive where the candidate still looks promising when its runs are used up, else a discard.

    Promising: the estimate is more than its standard error above the least effect, and the bet has gained (E > 1). A second look starts
    with fresh evidence and spends a share of the error budget of its own. From the third rule on the interval says what is promising.
    """
    if comparison.policy.rule >= rules.REFUTES_BY_INTERVAL:
        return _fallen_short(comparison, stages, kind)
    gains = comparison.gains
    promising = estimate_of(gains) > comparison.sigma / math.sqrt(len(gains)) and (stages is None or stages.evidence > 1)
    return _decided(comparison, Verdict.INCONCLUSIVE, kind, stages) if promising else _refuted(comparison, stages)


def _refuted_at_once(comparison: Comparison) -> Decision:
    """What is said of a candidate that is given up after a single run; a benchmark that repeats exactly leaves no doubt about it."""
    by_interval = comparison.policy.rule >= rules.REFUTES_BY_INTERVAL
    if by_interval and not comparison.exact:
        room = shortfall.room_of_one(_single_gain(comparison), _single_error(comparison))
        return _decided_at_once(comparison, *shortfall.shortfall(room, comparison.delta, _worth_having(comparison)))
    gain = _single_gain(comparison) + max(comparison.delta, 0.0)
    small = Kind.NOT_WORTH_HAVING if by_interval else Kind.SMALL_GAIN if comparison.delta >= 0 else _not_in_sight(comparison.delta)
    return _decided_at_once(comparison, Verdict.DISCARD, Kind.WORSE if gain < 0 else small if gain else Kind.NO_GAIN)


def _decided_at_once(
    comparison: Comparison, verdict: Verdict, kind: Kind, *, pairs: int = 0, runs: int = 1, confirmed: bool = True
) -> Decision:
    """An answer from a single run, or from `runs` equal ones."""
    reason = Fact(kind, {**_own_figures(comparison, kind), "runs": runs})
    return Decision(verdict, reason, effect=_single_effect(comparison), pairs=pairs, confirmed=confirmed)


def _decided(comparison: Comparison, verdict: Verdict, kind: Kind, stages: Stages | None = None, *, confirmed: bool = True) -> Decision:
    """An answer from pairs.

    A block's runs are paired in run order, the i-th of each arm. The interval is that of a number of pairs fixed beforehand; since a keep
    stops when it looks good, simulated ones hold the truth in 93 to 97 of 100.
    """
    pairs = comparison.pairs
    effect = effect_of(pairs, logs=comparison.calibration.logs)
    evidence, needed = (stages.evidence, comparison.needed) if stages else (None, None)
    in_blocks = len([pair for block in stages.blocks for pair in block if pair < len(pairs)]) if stages else 0
    figures = {**_own_figures(comparison, kind), **({"in_blocks": in_blocks} if in_blocks else {}), **_witnessed(comparison, stages)}
    reason = Fact(kind, figures)
    return Decision(verdict, reason, effect=effect, evidence=evidence, needed=needed, pairs=len(pairs), confirmed=confirmed)


def _witnessed(comparison: Comparison, stages: Stages | None) -> dict[str, Any]:
    """What processor time says: its effect, in how many pairs the candidate took less, and the evidence of it alone and of the metric."""
    if stages is None or comparison.processor is None:
        return {}
    arms, times = comparison.arms[comparison.first :], [math.exp(-place) for place in stages.lines[1].places]
    effect, better = effect_of(list(matched(arms, times)), logs=True), sum(gain > 0 for gain in stages.lines[1].gains)
    odds = {"evidence": stages.stakes[1], "metric_evidence": stages.stakes[0], "believed": stages.believed}
    return {"processor": {"estimate": effect.estimate, "low": effect.low, "high": effect.high, "better": better, **odds}}


def _own_figures(comparison: Comparison, kind: Kind) -> dict[str, float]:
    """What is asked for where that is not any gain (`min_effect`), and what the words of a kind need besides."""
    asked = comparison.policy.min_effect
    figures = {"asked": asked} if asked else {}
    match kind:
        case Kind.OUT_OF_REACH:
            return {**figures, "left": comparison.policy.max_pairs - len(comparison.pairs)}
        case Kind.NOT_WORTH_HAVING:
            return {**figures, "worth": max(asked, shortfall.WORTH_HAVING if comparison.calibration.logs else _worth_having(comparison))}
        case Kind.TOO_NOISY:
            return {**figures, "times": round(shortfall.times_as_noisy(comparison.gains, comparison.sigma, comparison.policy.rule), 1)}
        case _:
            return figures
