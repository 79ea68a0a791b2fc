"""Keep, discard or measure again, and why: the decision about one candidate, from its runs and the incumbent's.

Candidate and incumbent are run in pairs whose order a fair coin decides. If the change does nothing, the coin makes the sign of every
pair's difference fair, whatever the noise or its drift, so a bet on the candidate at fair odds multiplies a stake by 1 on average. The
stake after all stages is the **evidence**: luck alone reaches E : 1 in at most one of E comparisons, however often one looks (Ville's
inequality). A change is kept when its evidence reaches what the session's error budget asks for, and the estimate agrees.

A pair multiplies the evidence by 1 + 0.9 tanh(u), where u is its difference in noise floors: at most 1.9, and never to nothing, so that
no single outlier ruins a good candidate. A clear gain would wait for a dozen pairs; where the pairs so far look clear, a **block** of up
to 7 + 7 runs in an order drawn from all equally likely ones brings the rest at once.

Discarding needs no guarantee, so the futility **score** is looked at after every run and stops what is going nowhere. What may be said of
a candidate that is not kept is another question, which `shortfall.py` answers from the interval.

Nothing is remembered between calls: the stages (pair or block) are replayed from the runs, since what a stage is depends on the runs
before it alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from autotune.core import rules, shortfall
from autotune.core.facts import Fact, Kind
from autotune.core.model import Arm, Calibration, Decision, DecisionMode, Direction, Effect, Policy, Run, Verdict, Witness
from autotune.core.stats import (
    BET,
    FEWEST_PAIRS_FOR_INTERVAL,
    SQRT2,
    effect_of,
    hodges_lehmann,
    median,
    noise_floor,
    noise_of_now,
    on_scale,
    pair_factor,
    pool_after,
)

if TYPE_CHECKING:
    import random

CLIP = 2.5  # how much one pair may say for or against futility, in noise floors
FUTILE = math.log(0.2)  # Wald's bound for missing one gain in five at the effect that kappa stands for
PROMISING = 10.0  # the evidence from which nothing counts as futile; luck gets there once in ten times, so it costs few runs

CLEAR = 2.5  # the mean of the pairs' differences, in noise floors, from which a block is opened
BLOCK_CLIP = 4.0
FOLLOWED = 0.6  # of the noise that the comparison's own pairs show: a few of them overstate it as often as not, which costs gains
BLOCK_SIZES = range(3, 8)
MOST_BLOCKS = 2
BLOCK_BET = 0.95  # the rest of the stake is held back, so that a block that fails does not end the comparison
BLOCK_YIELD = 0.71  # the share of its best factor that a clear gain brings in a block
TILTS = (1.0, 2.0, 4.0)  # how strong a gain a block bets on, a third of the bet each

HALF = 0.5  # of processor time's gain, which the metric has to have too before a keep rests on that
DOUBT = 10.0  # the odds for "the metric gains less than half of that" at which processor time is no witness any more
OTHER_SHARE = 1.25  # by how much of itself an arm's share of the processor may leave what it was in the unchanged code
SOON = 100.0  # the metric's own evidence from which a keep waits for the metric, which is about to decide alone
METRICS_PART = 0.25  # of its futility score that counts beside processor time's
METRIC_FUTILE = -0.5  # its futility score above which nothing is futile: a gain may be the metric's alone

RESERVE = 0.04  # of the error budget, for experiments beyond those planned

ECONOMY_PAIRS = 12
ECONOMY_KAPPA = 1.5
ECONOMY_SCORE = math.log(1000.0) / ECONOMY_KAPPA  # Wald's bound for one false keep in a thousand, were the noise normal
REFERENCES = 8  # how many of the incumbent's latest values a single run is compared with
SCREEN_Z = 0.5
ONCE_Z = 3.0
REBASE_Z = 3.0

PAIR = (Arm.CANDIDATE, Arm.INCUMBENT)


def share_of_budget(experiment: int, planned: int) -> float:
    """The part of the session's error budget that an experiment (from 1 on) may spend; all parts sum to one, however many there are.

    The N planned ones share 96 % evenly; experiment t beyond them gets 4 % N / (t (t - 1)), whose sum from t = N + 1 on telescopes to
    4 %. So the plan costs next to nothing (2083 : 1 instead of 2000 : 1 for 100 planned: the same twelve pairs) and an experiment beyond
    it five to seven pairs more. `planned` must not change while a session lasts.
    """
    planned = max(planned, 1)
    if experiment <= planned:
        return (1 - RESERVE) / planned
    return RESERVE * planned / (experiment * (experiment - 1))


def needed_evidence(calibration: Calibration, error_budget: float) -> float:
    """The odds that a keep needs: 1 / (budget x share x (1 + keeps)), and never less than a session of one experiment would need.

    Until the first keep this is the union bound: a session in which nothing works keeps anything with at most the budget's probability.
    Every keep refills the budget (e-LOND; Xu and Ramdas, 2024): the expected share of false keeps among all keeps stays within it. That
    holds as long as only keeps decided like this one are counted, not forced or unconfirmed ones, nor ones that may be worse (`refills`),
    and numbers run through the session.
    """
    share = share_of_budget(calibration.experiment, calibration.planned)
    return max(1 / (error_budget * share * (1 + calibration.keeps)), 1 / error_budget)


def refills(min_effect: float) -> bool:
    """Whether a keep of which so much was asked refills the error budget.

    A change that may be worse is kept where it does nothing, and rightly so: such keeps can be had without end, and each would pay for
    another gain that is none.
    """
    return min_effect >= 0


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
    comparison = _compared(runs, calibration, policy)
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
    comparison = _compared(runs, calibration, policy)
    if comparison.exact:
        changes = _own_changes(comparison, len(runs)) if _noisy_from(comparison) is not None else ()
        return replace(calibration, pool=(*calibration.pool, *changes))
    if policy.mode is not DecisionMode.RACE:
        paired = _counting(comparison, int(bool(calibration.reference)), comparison.sigma).gains
        return replace(calibration, pool=pool_after(calibration.pool, [gain for gain in paired if math.isfinite(gain)]))
    blocks = _replayed(comparison).blocks
    pools = [_taught(line, blocks) for line in _lines(comparison)]
    witness = calibration.witness and replace(calibration.witness, pool=pools[-1]) if len(pools) > 1 else calibration.witness
    return replace(calibration, pool=pools[0], witness=witness)


def _taught(line: _Line, blocks: Sequence[range]) -> tuple[float, ...]:
    """The pool that a line's own pairs leave."""
    in_blocks = {pair for block in blocks for pair in block}
    return pool_after(line.pool, [gain for pair, gain in enumerate(line.gains) if pair not in in_blocks and math.isfinite(gain)])


# What is compared


class _Processor(NamedTuple):
    """The runs' `places` by processor time, as the comparison's are by the metric, and the `shares` of a run that were on the processor."""

    places: tuple[float, ...]
    shares: tuple[float, ...]
    witness: Witness


class _Comparison(NamedTuple):
    """The runs, and their `places` on the comparison's scale: higher is better, the candidate's less the least effect asked for.

    `sigma` is the noise floor of a pair's difference; `first` is the run from which pairs count. `gains` says how much better the i-th
    candidate run of those is than the i-th incumbent run, and `units` says it in noise floors. (A named tuple, since one is made for every
    decision and a frozen dataclass takes five times as long.)
    """

    arms: tuple[Arm, ...]
    values: tuple[float, ...]
    places: tuple[float, ...]
    delta: float
    needed: float
    calibration: Calibration
    policy: Policy
    processor: _Processor | None
    sigma: float
    first: int
    gains: list[float]
    units: list[float]

    @property
    def exact(self) -> bool:
        """Whether the benchmark has shown no noise at all."""
        return bool(self.calibration.pool) and not self.sigma

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """The values of the i-th incumbent run and the i-th candidate run that count, for all i that have both."""
        return list(_matched(self.arms[self.first :], self.values[self.first :]))


def _compared(runs: Sequence[Run], calibration: Calibration, policy: Policy) -> _Comparison:
    metric, delta = policy.metric, least_effect(policy.min_effect, logs=calibration.logs)
    arms = tuple([run.arm for run in runs])
    values = tuple([run.samples[metric.name] for run in runs])
    heights = on_scale(values, metric.direction, logs=calibration.logs)
    if delta:
        heights = [height - delta if arm is Arm.CANDIDATE else height for arm, height in zip(arms, heights, strict=True)]
    needed = needed_evidence(calibration, policy.error_budget)
    processor = _processor(runs, calibration, policy)
    comparison = _Comparison(arms, values, tuple(heights), delta, needed, calibration, policy, processor, 0.0, 0, [], [])
    return _counting(comparison, 0, noise_floor(calibration.pool))


def _processor(runs: Sequence[Run], calibration: Calibration, policy: Policy) -> _Processor | None:
    """What the runs' processor time says, where it is a witness; asked for a least effect or allowed a loss, the metric decides alone."""
    witness, times = calibration.witness, [run.processor_s or 0.0 for run in runs]
    heard = policy.mode is DecisionMode.RACE and policy.rule >= rules.SECOND_WITNESS and not policy.min_effect
    if witness is None or not heard or min(times, default=1.0) <= 0 or not calibration.logs:
        return None
    shares = tuple([time / run.wall_s if run.wall_s else math.inf for time, run in zip(times, runs, strict=True)])
    return _Processor(tuple(on_scale(times, Direction.LOWER, logs=True)), shares, witness)


def _counting(comparison: _Comparison, first: int, sigma: float) -> _Comparison:
    """The comparison with its pairs counted from a run on, by a noise floor."""
    gains = _gains(comparison.arms[first:], comparison.places[first:])
    return _Comparison(*comparison[:8], sigma, first, gains, _in_noise(gains, sigma))


def _gains(arms: Sequence[Arm], places: Sequence[float]) -> list[float]:
    """How much better the i-th candidate run is than the i-th incumbent run."""
    pairs = _matched(arms, places)
    return [0.0 if candidate == incumbent else candidate - incumbent for incumbent, candidate in pairs]  # also of two infinities


def _of(arm: Arm, arms: Sequence[Arm], figures: Sequence[float]) -> list[float]:
    """The figures of one arm's runs."""
    return [figure for owner, figure in zip(arms, figures, strict=True) if owner is arm]


def _matched(arms: Sequence[Arm], figures: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The figures of the i-th incumbent run and the i-th candidate run, for all i that have both."""
    return zip(_of(Arm.INCUMBENT, arms, figures), _of(Arm.CANDIDATE, arms, figures), strict=False)


def least_effect(min_effect: float, *, logs: bool) -> float:
    """`min_effect` on the comparison's scale: 0.02 asks for a ratio of 1.02, -0.02 allows one of 1 / 1.02."""
    return math.copysign(math.log1p(abs(min_effect)), min_effect) if logs else min_effect


def _in_noise(differences: Sequence[float], sigma: float) -> list[float]:
    """Differences in noise floors; where there is no noise, any difference is beyond all bounds."""
    if sigma:
        return [difference / sigma for difference in differences]
    return [math.copysign(math.inf, difference) if difference else 0.0 for difference in differences]


def _clipped(figures: Sequence[float], bound: float) -> list[float]:
    """The figures, held within a bound either way."""
    return [bound if figure > bound else max(figure, -bound) for figure in figures]


def _centre(gains: Sequence[float]) -> float:
    """The Hodges-Lehmann estimate of gains, of which some may be infinite."""
    return hodges_lehmann(_clipped(gains, 1e300))


def _left_of(stage: Sequence[Arm], begun: Sequence[Arm]) -> list[Arm]:
    """The runs that a begun stage still lacks. Raises ValueError where it has one that it should not."""
    left = list(stage)
    for arm in begun:
        if arm not in left:
            message = f"a run of the {arm} where none was asked for"
            raise ValueError(message)
        left.remove(arm)
    return left


# Race


class _Line(NamedTuple):
    """A figure that runs are judged by, the metric or processor time: where each stands, by how much each pair gains, and its noise."""

    places: tuple[float, ...]
    gains: list[float]
    sigma: float
    pool: tuple[float, ...]


def _lines(comparison: _Comparison) -> list[_Line]:
    """The metric's line, and processor time's where that is a witness."""
    first, processor = comparison.first, comparison.processor
    lines = [_Line(comparison.places[first:], comparison.gains, comparison.sigma, comparison.calibration.pool)]
    if processor is not None:
        places, pool = processor.places[first:], processor.witness.pool
        lines.append(_Line(places, _gains(comparison.arms[first:], places), noise_floor(pool), pool))
    return lines


class _Stages(NamedTuple):
    """What the completed stages amount to, which pairs lie in blocks, and which runs the stage under way lacks: all where it is fresh.

    `stakes` holds the metric's and, where there is a witness, processor time's: each what a stake on it has become. `units` says for each
    of them of every pair how much better the candidate was, in noise floors as they were known when its stage began. `heard` tells
    whether the witness is to be believed so far.
    """

    lines: list[_Line]
    stakes: list[float]
    units: list[list[float]]
    blocks: list[range]
    left: list[Arm]
    fresh: bool
    heard: bool

    @property
    def evidence(self) -> float:
        """The odds against luck: what a stake has become that was shared out evenly.

        If a change does nothing, the two runs of a pair can be exchanged in all that was recorded of them, so a bet on processor time is
        as fair as one on the metric, and so is half a stake on each, however much they depend on each other.
        """
        return sum(self.stakes) / len(self.stakes)

    @property
    def in_sight(self) -> float:
        """The odds that a keep may still come from: the metric's own where the witness is not believed."""
        return self.evidence if self.heard else self.stakes[0]


def _race(comparison: _Comparison, coin: random.Random) -> Decision:
    stages = _replayed(comparison)
    most, needed = comparison.policy.max_pairs, comparison.needed
    if stages.evidence >= needed and _centre(comparison.gains) > 0 and (stages.stakes[0] >= needed or _is_borne_out(stages, most)):
        return _kept(comparison, stages)
    kappa = max(1.0, 6 / math.sqrt(most))
    if stages.in_sight < PROMISING and _futility(stages, kappa) <= FUTILE / kappa:
        return _refuted(comparison, stages)
    if comparison.gains and stages.fresh:
        pairs_left = most - len(comparison.gains)
        if pairs_left <= 0:
            return _run_out(comparison, Kind.RAN_OUT, stages)
        if stages.in_sight * _reach(pairs_left, len(stages.blocks)) < needed:
            return _run_out(comparison, Kind.OUT_OF_REACH, stages)
    return _ask(comparison, stages.left, coin, stages.evidence, fresh=stages.fresh)


def _is_borne_out(stages: _Stages, most: int) -> bool:
    """Whether a keep may rest on processor time: it is believed, and the metric's estimate is at least half of what it says.

    The average of two stakes is fair for a change that changes neither. One that lowers processor time and not the metric (less spinning,
    work moved elsewhere) is not covered, hence these conditions. Where the metric is about to decide alone, it is waited for.
    """
    waits = stages.stakes[0] >= SOON and len(stages.lines[0].gains) < most
    return stages.heard and not waits and _centre(stages.lines[0].gains) >= HALF * _centre(stages.lines[1].gains)


def _futility(stages: _Stages, kappa: float) -> float:
    """The futility score: the metric's, or where there is a witness processor time's with a part of it, while it is low too."""
    metric = score(stages.units[0], kappa)
    if not stages.heard:
        return metric
    return score(stages.units[1], kappa) + METRICS_PART * metric if metric <= METRIC_FUTILE else 0.0


def score(units: Sequence[float], kappa: float) -> float:
    """The futility score of gains in noise floors: each at most 2.5 either way, less kappa / 2, half the gain hoped for."""
    return sum(_clipped(units, CLIP)) - len(units) * kappa / 2


def _reach(pairs_left: int, blocks: int) -> float:
    """The most that so many pairs can multiply the evidence by, the largest block among them where one may still be opened."""
    by_pairs = (1 + BET) ** pairs_left
    largest = BLOCK_SIZES[-1]
    if blocks == MOST_BLOCKS or pairs_left < largest:
        return by_pairs
    return max(by_pairs, (1 + BET) ** (pairs_left - largest) * math.comb(2 * largest, largest))


def _replayed(comparison: _Comparison) -> _Stages:
    """Walks through the stages: a pair, then whatever the runs up to there call for, until the runs are used up."""
    arms, lines = comparison.arms[comparison.first :], _lines(comparison)
    stakes, blocks = [1.0] * len(lines), list[range]()
    in_pairs, units = [list[float]() for _ in lines], [list[float]() for _ in lines]
    done, size, doubt, heard = 0, 1, 1.0, len(lines) > 1
    while True:
        scales, end = [_scale(comparison, line.sigma, before) for line, before in zip(lines, in_pairs, strict=True)], done + 2 * size
        stage, pairs, was_pair = arms[done:end], end // 2, size == 1
        for line, scale, said in zip(lines, scales, units, strict=True):
            said.extend(_in_noise(line.gains[done // 2 : pairs], scale))
        if not stage.count(Arm.CANDIDATE) == stage.count(Arm.INCUMBENT) == size:
            heard = heard and comparison.processor is not None and _is_like(comparison.processor, arms, comparison.first)
            return _Stages(lines, stakes, units, blocks, _left_of(PAIR * size, stage), not stage, heard)
        for which, (line, scale) in enumerate(zip(lines, scales, strict=True)):
            stakes[which] *= pair_factor(units[which][-1]) if was_pair else _block_factor(stage, line.places[done:end], scale)
            in_pairs[which] += filter(math.isfinite, line.gains[pairs - 1 : pairs] if was_pair else [])
        for pair in range(done // 2, pairs) if heard else ():
            doubt *= pair_factor(_in_noise([HALF * lines[1].gains[pair] - lines[0].gains[pair]], scales[0])[0])
            heard = heard and doubt < DOUBT
        clear = _clear_part(stakes, units, heard=heard) if was_pair and len(blocks) < MOST_BLOCKS else 0.0
        size = _block_size(comparison, pairs, clear) if clear else 1
        if size > 1:
            blocks.append(range(pairs, pairs + size))
        done = end


def _clear_part(stakes: Sequence[float], units: Sequence[Sequence[float]], *, heard: bool) -> float:
    """The part of the evidence that a block would multiply: that of the metric and of the witness, each where its gains look clear."""
    told = list(zip(stakes, units, strict=True))[: None if heard else 1]
    return sum([stake for stake, said in told if sum(_clipped(said, BLOCK_CLIP)) >= CLEAR * len(said)]) / len(stakes)


def _is_like(processor: _Processor, arms: Sequence[Arm], first: int) -> bool:
    """Whether both arms are on the processor as the unchanged code is, by their runs from the first that counts on.

    An arm is known by its largest share, since others who use the machine take it away. None may be far above the largest that the baseline
    had, or one processor, and the candidate's not far below the smallest of the baseline and what the incumbent has now.
    """
    known, shares = processor.witness, processor.shares[first:]
    theirs, ours = (max(_of(arm, arms, shares), default=known.low) for arm in (Arm.INCUMBENT, Arm.CANDIDATE))
    least, most = min(known.low, theirs) / OTHER_SHARE, max(known.high, 1.0) * OTHER_SHARE
    return least <= ours <= most and theirs <= most


def _scale(comparison: _Comparison, sigma: float, in_pairs: Sequence[float]) -> float:
    """The noise floor by which the next stage is judged: the pool's, or where the pairs before it show clearly more, a part of that.

    It is fixed from what lay before the stage and never computed again, so the bet stays fair. Blocks are left out: the i-th runs of their
    arms lie further apart in time than a pair's.
    """
    if comparison.policy.rule < rules.SCALE_FOLLOWS:
        return sigma
    return max(sigma, FOLLOWED * noise_of_now(tuple(in_pairs)))


def _block_size(comparison: _Comparison, pairs: int, evidence: float) -> int:
    """How many runs of each arm a block needs that should decide: 3 to 7, or 1, which is another pair, where none would."""
    for size in BLOCK_SIZES:
        share = BLOCK_BET if size == BLOCK_SIZES[-1] else BLOCK_YIELD
        room = pairs + size <= comparison.policy.max_pairs
        if room and evidence * math.comb(2 * size, size) * share >= comparison.needed:
            return size
    return 1


@lru_cache(maxsize=64)  # asked for again with every run that follows
def _block_factor(arms: tuple[Arm, ...], places: tuple[float, ...], sigma: float) -> float:
    return block_factor(arms, places, sigma)


def block_factor(arms: Sequence[Arm], heights: Sequence[float], sigma: float) -> float:
    """What a block multiplies the evidence by: 1 on average over all arrangements of its runs, which chance makes equally likely.

    z is a run's distance from the block's median in noise floors of a single run, at most 4 either way, and T the sum of the candidate's.
    The bet is on exp(tilt T), over its mean for all arrangements. That mean is e_b(exp(tilt z)) / C(2b, b), with e_b the elementary
    symmetric polynomial, which is summed without listing arrangements; all its terms are positive, so nothing cancels.
    """
    middle = median(heights)
    above = [0.0 if height == middle else height - middle for height in heights]
    distances = _clipped(_in_noise(above, sigma / SQRT2), BLOCK_CLIP)
    total = sum(_of(Arm.CANDIDATE, arms, distances))
    bets = [math.exp(tilt * total) / _mean_of_products([math.exp(tilt * distance) for distance in distances]) for tilt in TILTS]
    return 1 - BLOCK_BET + BLOCK_BET * sum(bets) / len(bets)


def _mean_of_products(weights: Sequence[float]) -> float:
    """The product of half of the weights, averaged over all ways to choose that half."""
    half = len(weights) // 2
    sums = [1.0] + [0.0] * half
    for weight in weights:
        for chosen in range(half, 0, -1):
            sums[chosen] += sums[chosen - 1] * weight
    return sums[half] / math.comb(len(weights), half)


# Economy


def _economy(comparison: _Comparison, coin: random.Random) -> Decision:
    """One run against the incumbent's latest values, then up to 12 pairs, judged by the score: calibrated on simulated noise, not exact."""
    if comparison.calibration.reference and not comparison.first:
        if _left_of(PAIR[:1], comparison.arms[:1]):
            return _ask(comparison, PAIR[:1], coin, fresh=True)
        if len(comparison.arms) == 1 and _single_gain(comparison) <= _single_bar(comparison, SCREEN_Z):
            return _refuted_at_once(comparison)
        comparison = _counting(comparison, 1, comparison.sigma)
    return _economy_pairs(comparison, coin)


def _economy_pairs(comparison: _Comparison, coin: random.Random) -> Decision:
    gains, most = comparison.gains, most_pairs(comparison.policy)
    left = _left_of(PAIR, comparison.arms[comparison.first + 2 * len(gains) :])
    points = score(comparison.units, ECONOMY_KAPPA)
    if points >= ECONOMY_SCORE and _centre(gains) > 0:
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


def _once(comparison: _Comparison, coin: random.Random) -> Decision:
    """A single run of the candidate against the incumbent's latest values, or one run of each where there are none."""
    left = _left_of(PAIR[:1] if comparison.calibration.reference else PAIR, comparison.arms)
    if left:
        return _ask(comparison, left, coin, fresh=not comparison.arms)
    if _single_gain(comparison) <= _single_bar(comparison, ONCE_Z):
        return _refuted_at_once(comparison)
    return _decided_at_once(comparison, Verdict.KEEP, Kind.BETTER_ONCE, confirmed=False)


def _known(comparison: _Comparison) -> Sequence[float]:
    """The incumbent's values that a single run is compared with: the latest 8 before this comparison, else those in it."""
    return comparison.calibration.reference[-REFERENCES:] or _of(Arm.INCUMBENT, comparison.arms, comparison.values)


def _single_gain(comparison: _Comparison) -> float:
    """How much better the candidate's first run is than the median of the incumbent's known values, less the least effect."""
    height = comparison.places[comparison.arms.index(Arm.CANDIDATE)]
    known = median(on_scale(_known(comparison), comparison.policy.metric.direction, logs=comparison.calibration.logs))
    return 0.0 if height == known else height - known


def _single_bar(comparison: _Comparison, z: float) -> float:
    """What that gain must exceed: z standard errors of one run against the median of k, counted from no effect where one is asked for."""
    error = comparison.sigma / SQRT2 * math.sqrt(1 + 1 / len(_known(comparison)))
    return max(z * error - max(comparison.delta, 0.0), 0.0)


def _single_effect(comparison: _Comparison) -> Effect:
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


def _exact(comparison: _Comparison, coin: random.Random) -> Decision:
    """One run that is not better is enough to discard; one that is must repeat in a pair, to the last digit (by older rules, in two).

    The incumbent's own value has been seen to repeat. Where none is known, the first run makes a pair, and so takes another.
    """
    opening, pairs = PAIR[:1] if comparison.calibration.reference else PAIR, exact_pairs(comparison.calibration, comparison.policy)
    left = _left_of(opening, comparison.arms[: len(opening)])
    if left:
        return _ask(comparison, left, coin, fresh=not comparison.arms)
    if _single_gain(comparison) <= 0:
        return _refuted_at_once(comparison)
    in_pairs = comparison.arms[len(opening) % 2 :]
    for start in range(0, 2 * pairs, 2):
        left = _left_of(PAIR, in_pairs[start : start + 2])
        if left:
            return _ask(comparison, left, coin, fresh=len(left) == len(PAIR))
    runs = comparison.arms.count(Arm.CANDIDATE)
    return _decided_at_once(comparison, Verdict.KEEP, Kind.BETTER_EXACTLY, pairs=len(comparison.gains), runs=runs)


def _noisy_from(comparison: _Comparison) -> int | None:
    """The run from which noise is known, in a benchmark thought to have none: after the first value that its arm did not repeat."""
    reference = comparison.calibration.reference
    if len(set(reference)) > 1:
        return 0
    seen = dict.fromkeys((Arm.INCUMBENT,), reference[-1]) if reference else {}
    for count, (arm, value) in enumerate(zip(comparison.arms, comparison.values, strict=True), start=1):
        if seen.setdefault(arm, value) != value:
            return count
    return None


def _made_noisy(comparison: _Comparison, first: int) -> _Comparison:
    """The comparison begun anew after the run that showed noise: the earlier ones set the scale, so they cannot count as evidence too."""
    pool = (*comparison.calibration.pool, *_own_changes(comparison, first))
    return _counting(comparison, first, noise_floor(pool))


def _own_changes(comparison: _Comparison, count: int) -> list[float]:
    """By how much each arm's successive values differ among the first runs, the incumbent's earlier ones before them."""
    before = on_scale(comparison.calibration.reference, comparison.policy.metric.direction, logs=comparison.calibration.logs)
    heights = comparison.places[:count]
    own, others = (_of(arm, comparison.arms[:count], heights) for arm in (Arm.CANDIDATE, Arm.INCUMBENT))
    steps = [step for series in (own, [*before, *others]) for step in pairwise(series)]
    changes = [0.0 if later == earlier else abs(later - earlier) for earlier, later in steps]
    return [change for change in changes if math.isfinite(change)]


# What is answered


def _ask(comparison: _Comparison, arms: Sequence[Arm], coin: random.Random, evidence: float | None = None, *, fresh: bool) -> Decision:
    """Measure again: the runs left of a stage, in an order freshly drawn (redrawing the rest keeps every order equally likely)."""
    order = list(arms)
    coin.shuffle(order)
    needed = comparison.needed if evidence is not None else None
    return Decision(Verdict.MEASURE_AGAIN, None, tuple(order), evidence=evidence, needed=needed, pairs=len(comparison.gains), fresh=fresh)


def _kept(comparison: _Comparison, stages: _Stages | None = None) -> Decision:
    if stages is None:
        return _decided(comparison, Verdict.KEEP, Kind.BETTER_CALIBRATED, confirmed=False)
    if stages.stakes[0] >= comparison.needed:
        return _decided(comparison, Verdict.KEEP, Kind.BETTER, stages)
    return _decided(comparison, Verdict.KEEP, Kind.BETTER_BY_WITNESS, stages, confirmed=False)


def _refuted(comparison: _Comparison, stages: _Stages | None = None) -> Decision:
    """What is said of a candidate whose measuring is given up.

    By the first two rules, worse where the estimate is below no effect (or the loss allowed) by more than its standard error (where a pair
    says otherwise, it only looks worse), else futile.
    """
    if comparison.policy.rule >= rules.REFUTES_BY_INTERVAL:
        return _fallen_short(comparison, stages)
    centre, error = _centre(comparison.gains), comparison.sigma / math.sqrt(len(comparison.gains))
    if centre + max(comparison.delta, 0.0) < -error:
        kind = Kind.WORSE if max(comparison.gains) + max(comparison.delta, 0.0) < 0 else Kind.LOOKS_WORSE
    elif centre > error:
        kind = Kind.SMALL_GAIN
    else:
        kind = _not_in_sight(comparison.delta)
    return _decided(comparison, Verdict.DISCARD, kind, stages)


def _fallen_short(comparison: _Comparison, stages: _Stages | None, ended: Kind | None = None) -> Decision:
    """What the interval says; `ended` where the runs are used up, and then it is enough to be a standard error above the least effect.

    Processor time, where it is believed, has to leave no room for a gain either before one is ruled out, and may look better by itself.
    """
    gains, sigma = comparison.gains, comparison.sigma
    room, of_witness = shortfall.room_of_pairs(gains, sigma), None
    if stages is not None and stages.heard:
        of_witness = shortfall.room_of_pairs(stages.lines[1].gains, stages.lines[1].sigma)
        room = shortfall.Room(room.low, max(room.high, of_witness.high))
    verdict, kind = shortfall.shortfall(
        room,
        comparison.delta,
        _worth_having(comparison),
        noisier=shortfall.times_as_noisy(gains, sigma),
        ended=ended,
        promising=ended is not None and _centre(gains) > sigma / math.sqrt(len(gains)),
    )
    if kind is Kind.NOT_SHOWN and of_witness is not None and of_witness.is_mostly_gain and not room.is_mostly_loss:
        verdict, kind = Verdict.INCONCLUSIVE, Kind.LOOKS_BETTER_BY_WITNESS
    return _decided(comparison, verdict, kind, stages)


def _worth_having(comparison: _Comparison) -> float:
    """The smallest gain worth having where no larger one is asked for, on the comparison's scale."""
    if comparison.calibration.logs:
        return math.log1p(shortfall.WORTH_HAVING)
    return shortfall.WORTH_HAVING * abs(median(_known(comparison)))


def _not_in_sight(delta: float) -> Kind:
    if delta > 0:
        return Kind.LITTLE_GAIN
    return Kind.NOT_WITHIN_MARGIN if delta else Kind.NO_GAIN_IN_SIGHT


def _run_out(comparison: _Comparison, kind: Kind, stages: _Stages | None = None) -> Decision:
    """Inconclusive where the candidate still looks promising when its runs are used up, else a discard.

    Promising: the estimate is more than its standard error above the least effect, and the bet has gained (E > 1). A second look starts
    with fresh evidence and spends a share of the error budget of its own. From the third rule on the interval says what is promising.
    """
    if comparison.policy.rule >= rules.REFUTES_BY_INTERVAL:
        return _fallen_short(comparison, stages, kind)
    gains = comparison.gains
    promising = _centre(gains) > comparison.sigma / math.sqrt(len(gains)) and (stages is None or stages.evidence > 1)
    return _decided(comparison, Verdict.INCONCLUSIVE, kind, stages) if promising else _refuted(comparison, stages)


def _refuted_at_once(comparison: _Comparison) -> Decision:
    """What is said of a candidate that is given up after a single run; a benchmark that repeats exactly leaves no doubt about it."""
    by_interval = comparison.policy.rule >= rules.REFUTES_BY_INTERVAL
    if by_interval and not comparison.exact:
        error = comparison.sigma / SQRT2 * math.sqrt(1 + 1 / len(_known(comparison)))
        room = shortfall.room_of_one(_single_gain(comparison), error)
        return _decided_at_once(comparison, *shortfall.shortfall(room, comparison.delta, _worth_having(comparison)))
    gain = _single_gain(comparison) + max(comparison.delta, 0.0)
    small = Kind.NOT_WORTH_HAVING if by_interval else Kind.SMALL_GAIN if comparison.delta >= 0 else _not_in_sight(comparison.delta)
    return _decided_at_once(comparison, Verdict.DISCARD, Kind.WORSE if gain < 0 else small if gain else Kind.NO_GAIN)


def _decided_at_once(
    comparison: _Comparison, verdict: Verdict, kind: Kind, *, pairs: int = 0, runs: int = 1, confirmed: bool = True
) -> Decision:
    """An answer from a single run, or from `runs` equal ones."""
    reason = Fact(kind, {**_own_figures(comparison, kind), "runs": runs})
    return Decision(verdict, reason, effect=_single_effect(comparison), pairs=pairs, confirmed=confirmed)


def _decided(comparison: _Comparison, verdict: Verdict, kind: Kind, stages: _Stages | None = None, *, confirmed: bool = True) -> Decision:
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


def _witnessed(comparison: _Comparison, stages: _Stages | None) -> dict[str, Any]:
    """What processor time says: its effect, in how many pairs the candidate took less, and the evidence of it alone and of the metric."""
    if stages is None or comparison.processor is None:
        return {}
    arms, times = comparison.arms[comparison.first :], [math.exp(-place) for place in stages.lines[1].places]
    effect, better = effect_of(list(_matched(arms, times)), logs=True), sum(gain > 0 for gain in stages.lines[1].gains)
    odds = {"evidence": stages.stakes[1], "metric_evidence": stages.stakes[0], "believed": stages.heard}
    return {"processor": {"estimate": effect.estimate, "low": effect.low, "high": effect.high, "better": better, **odds}}


def _own_figures(comparison: _Comparison, kind: Kind) -> dict[str, float]:
    """What is asked for where that is not any gain (`min_effect`), and what the words of a kind need besides."""
    asked = comparison.policy.min_effect
    figures = {"asked": asked} if asked else {}
    match kind:
        case Kind.OUT_OF_REACH:
            return {**figures, "left": comparison.policy.max_pairs - len(comparison.pairs)}
        case Kind.NOT_WORTH_HAVING:
            return {**figures, "worth": max(asked, shortfall.WORTH_HAVING if comparison.calibration.logs else _worth_having(comparison))}
        case Kind.TOO_NOISY:
            return {**figures, "times": round(shortfall.times_as_noisy(comparison.gains, comparison.sigma), 1)}
        case _:
            return figures
