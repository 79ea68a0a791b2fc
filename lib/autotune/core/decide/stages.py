"""The stages of a race: what a stake on each figure has become, replayed from the runs.

A pair multiplies a stake by 1 + 0.9 tanh(u), where u is its difference in noise floors: at most 1.9, and never to nothing, so that no
single outlier ruins a good candidate. A clear gain would wait for a dozen pairs. So where the pairs so far look clear, a **block** brings
the rest at once: up to 7 + 7 runs, in an order drawn from all equally likely ones.

Where processor time is a witness, half of the stake is on it. A change that does neither leaves both as they are on average.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from autotune.core import rules
from autotune.core.decide.comparison import PAIR, Comparison, Processor, clipped, gains_of, in_noise, left_of, of_arm
from autotune.core.model import Arm
from autotune.core.stats.bounds import BET, pair_factor
from autotune.core.stats.effects import SQRT2
from autotune.core.stats.noise import median, noise_floor, noise_of_now

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


class Line(NamedTuple):
    """A figure that runs are judged by, the metric or processor time: where each stands, by how much each pair gains, and its noise."""

    places: tuple[float, ...]
    gains: list[float]
    sigma: float
    pool: tuple[float, ...]


def lines_of(comparison: Comparison) -> list[Line]:
    """The metric's line, and processor time's where that is a witness."""
    first, processor = comparison.first, comparison.processor
    lines = [Line(comparison.places[first:], comparison.gains, comparison.sigma, comparison.calibration.pool)]
    if processor is not None:
        places, pool = processor.places[first:], processor.witness.pool
        lines.append(Line(places, gains_of(comparison.arms[first:], places), noise_floor(pool), pool))
    return lines


class Stages(NamedTuple):
    """What the completed stages amount to, which pairs lie in blocks, and which runs the stage under way lacks: all where it is fresh.

    `stakes` holds the metric's and, where there is a witness, processor time's: each what a stake on it has become. `units` says for each
    of them of every pair how much better the candidate was, in noise floors as they were known when its stage began. `heard` tells whether
    there is a witness that nothing has spoken against, `alike` whether both arms were on the processor as the unchanged code is. Of few
    runs beside others, that says little: it keeps a keep from resting on the witness, and gives nothing up.
    """

    lines: list[Line]
    stakes: list[float]
    units: list[list[float]]
    blocks: list[range]
    left: list[Arm]
    fresh: bool
    heard: bool
    alike: bool

    @property
    def believed(self) -> bool:
        """Whether anything may rest on processor time: nothing speaks against it, and both arms were on the processor as before."""
        return self.heard and self.alike

    @property
    def evidence(self) -> float:
        """The odds against luck: what a stake has become that was shared out evenly.

        If a change does nothing, the two runs of a pair can be exchanged in all that was recorded of them. So a bet on processor time is
        as fair as one on the metric. Half a stake on each is fair too, however much they depend on each other.
        """
        return sum(self.stakes) / len(self.stakes)

    @property
    def in_sight(self) -> float:
        """The odds that a keep may still come from: the metric's own where the witness is not believed."""
        return self.evidence if self.heard else self.stakes[0]


def replayed(comparison: Comparison) -> Stages:
    """Walks through the stages: a pair, then whatever the runs up to there call for, until the runs are used up."""
    arms, lines = comparison.arms[comparison.first :], lines_of(comparison)
    stakes, blocks = [1.0] * len(lines), list[range]()
    in_pairs, units = [list[float]() for _ in lines], [list[float]() for _ in lines]
    done, size, doubt, heard = 0, 1, 1.0, len(lines) > 1
    while True:
        scales, end = [_scale(comparison, line.sigma, before) for line, before in zip(lines, in_pairs, strict=True)], done + 2 * size
        stage, pairs, was_pair = arms[done:end], end // 2, size == 1
        for line, scale, said in zip(lines, scales, units, strict=True):
            said.extend(in_noise(line.gains[done // 2 : pairs], scale))
        if not stage.count(Arm.CANDIDATE) == stage.count(Arm.INCUMBENT) == size:
            alike = comparison.processor is not None and _is_like(comparison.processor, arms, comparison.first)
            return Stages(lines, stakes, units, blocks, left_of(PAIR * size, stage), not stage, heard, alike)
        for which, (line, scale) in enumerate(zip(lines, scales, strict=True)):
            stakes[which] *= pair_factor(units[which][-1]) if was_pair else block_factor(stage, line.places[done:end], scale)
            in_pairs[which] += filter(math.isfinite, line.gains[pairs - 1 : pairs] if was_pair else [])
        for pair in range(done // 2, pairs) if heard else ():
            doubt *= pair_factor(in_noise([HALF * lines[1].gains[pair] - lines[0].gains[pair]], scales[0])[0])
            heard = heard and doubt < DOUBT
        clear = _clear_part(stakes, units, heard=heard) if was_pair and len(blocks) < MOST_BLOCKS else 0.0
        size = _block_size(comparison, pairs, clear) if clear else 1
        if size > 1:
            blocks.append(range(pairs, pairs + size))
        done = end


def _clear_part(stakes: Sequence[float], units: Sequence[Sequence[float]], *, heard: bool) -> float:
    """The part of the evidence that a block would multiply: that of the metric and of the witness, each where its gains look clear."""
    told = list(zip(stakes, units, strict=True))[: None if heard else 1]
    return sum([stake for stake, said in told if sum(clipped(said, BLOCK_CLIP)) >= CLEAR * len(said)]) / len(stakes)


def _is_like(processor: Processor, arms: Sequence[Arm], first: int) -> bool:
    """Whether both arms are on the processor as the unchanged code is, by their runs from the first that counts on.

    An arm is known by its largest share, since others who use the machine take it away. None may be far above the largest that the baseline
    had, or one processor, and the candidate's not far below the smallest of the baseline and what the incumbent has now.
    """
    known, shares = processor.witness, processor.shares[first:]
    theirs, ours = (max(of_arm(arm, arms, shares), default=known.low) for arm in (Arm.INCUMBENT, Arm.CANDIDATE))
    least, most = min(known.low, theirs) / OTHER_SHARE, max(known.high, 1.0) * OTHER_SHARE
    return least <= ours <= most and theirs <= most


def _scale(comparison: Comparison, sigma: float, in_pairs: Sequence[float]) -> float:
    """The noise floor by which the next stage is judged: the pool's, or where the pairs before it show clearly more, a part of that.

    It is fixed from what lay before the stage and never computed again, so the bet stays fair. Blocks are left out: the i-th runs of their
    arms lie further apart in time than a pair's.

    Where pairs alone can be compared, the pool may hold much that cancels in a pair. So from three pairs on these say it all. Where a seed
    brings twice a run's noise, .69 instead of .55 of the gains of a pair's noise are found (simulated).
    """
    if comparison.policy.rule < rules.SCALE_FOLLOWS:
        return sigma
    own = noise_of_now(tuple(in_pairs))
    if comparison.policy.paired and own:
        return own
    return max(sigma, FOLLOWED * own)


def _block_size(comparison: Comparison, pairs: int, evidence: float) -> int:
    """How many runs of each arm a block needs that should decide: 3 to 7, or 1, which is another pair, where none would or may."""
    for size in () if comparison.policy.paired else BLOCK_SIZES:
        share = BLOCK_BET if size == BLOCK_SIZES[-1] else BLOCK_YIELD
        room = pairs + size <= comparison.policy.max_pairs
        if room and evidence * math.comb(2 * size, size) * share >= comparison.needed:
            return size
    return 1


@lru_cache(maxsize=64)  # asked for again with every run that follows
def block_factor(arms: tuple[Arm, ...], heights: tuple[float, ...], sigma: float) -> float:
    """What a block multiplies the evidence by: 1 on average over all arrangements of its runs, which chance makes equally likely.

    z is a run's distance from the block's median in noise floors of a single run, at most 4 either way, and T the sum of the candidate's.
    The bet is on exp(tilt T), over its mean for all arrangements. That mean is e_b(exp(tilt z)) / C(2b, b), with e_b the elementary
    symmetric polynomial, which is summed without listing arrangements; all its terms are positive, so nothing cancels.
    """
    middle = median(heights)
    above = [0.0 if height == middle else height - middle for height in heights]
    distances = clipped(in_noise(above, sigma / SQRT2), BLOCK_CLIP)
    total = sum(of_arm(Arm.CANDIDATE, arms, distances))
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


def reach(pairs_left: int, blocks: int, *, paired: bool = False) -> float:
    """The most that so many pairs can multiply the evidence by, the largest block among them where one may still be opened."""
    by_pairs = (1 + BET) ** pairs_left
    largest = BLOCK_SIZES[-1]
    if paired or blocks == MOST_BLOCKS or pairs_left < largest:
        return by_pairs
    return max(by_pairs, (1 + BET) ** (pairs_left - largest) * math.comb(2 * largest, largest))
