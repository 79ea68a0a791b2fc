"""What is compared: the runs of candidate and incumbent on one scale, or a single run and the values that are known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autotune.core import rules
from autotune.core.decide.budget import needed_evidence
from autotune.core.model import Arm, Calibration, DecisionMode, Direction, Effect, Policy, Run, Witness
from autotune.core.stats.effects import SQRT2, on_scale
from autotune.core.stats.noise import hodges_lehmann, median, noise_floor

PAIR = (Arm.CANDIDATE, Arm.INCUMBENT)
REFERENCES = 8  # how many of the incumbent's latest values a single run is compared with
LARGEST = 1e300  # what stands for an infinite gain


class Processor(NamedTuple):
    """The runs' `places` by processor time, as the comparison's are by the metric, and the `shares` of a run that were on the processor."""

    places: tuple[float, ...]
    shares: tuple[float, ...]
    witness: Witness


class Comparison(NamedTuple):
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
    processor: Processor | None
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
        return list(matched(self.arms[self.first :], self.values[self.first :]))


def compared(runs: Sequence[Run], calibration: Calibration, policy: Policy) -> Comparison:
    """Give the comparison that runs make, with pairs counted from the first on. Raises KeyError for a run without the policy's metric."""
    metric, delta = policy.metric, least_effect(policy.min_effect, logs=calibration.logs)
    arms = tuple([run.arm for run in runs])
    values = tuple([run.samples[metric.name] for run in runs])
    heights = on_scale(values, metric.direction, logs=calibration.logs)
    if delta:
        heights = [height - delta if arm is Arm.CANDIDATE else height for arm, height in zip(arms, heights, strict=True)]
    needed = needed_evidence(calibration, policy.error_budget)
    processor = _processor(runs, calibration, policy)
    comparison = Comparison(arms, values, tuple(heights), delta, needed, calibration, policy, processor, 0.0, 0, [], [])
    return counting(comparison, 0, noise_floor(calibration.pool))


def _processor(runs: Sequence[Run], calibration: Calibration, policy: Policy) -> Processor | None:
    """What the runs' processor time says, where it is a witness; asked for a least effect or allowed a loss, the metric decides alone."""
    witness, times = calibration.witness, [run.processor_s or 0.0 for run in runs]
    if witness is None or not hears_witness(policy) or min(times, default=1.0) <= 0 or not calibration.logs:
        return None
    shares = tuple([time / run.wall_s if run.wall_s else math.inf for time, run in zip(times, runs, strict=True)])
    return Processor(tuple(on_scale(times, Direction.LOWER, logs=True)), shares, witness)


def hears_witness(policy: Policy) -> bool:
    """Whether processor time is heard beside the metric, where it is a witness."""
    return policy.mode is DecisionMode.RACE and policy.rule >= rules.SECOND_WITNESS and not policy.min_effect


def counting(comparison: Comparison, first: int, sigma: float) -> Comparison:
    """The comparison with its pairs counted from a run on, by a noise floor."""
    gains = gains_of(comparison.arms[first:], comparison.places[first:])
    return Comparison(*comparison[:8], sigma, first, gains, in_noise(gains, sigma))


def gains_of(arms: Sequence[Arm], places: Sequence[float]) -> list[float]:
    """How much better the i-th candidate run is than the i-th incumbent run."""
    pairs = matched(arms, places)
    return [0.0 if candidate == incumbent else candidate - incumbent for incumbent, candidate in pairs]  # also of two infinities


def of_arm(arm: Arm, arms: Sequence[Arm], figures: Sequence[float]) -> list[float]:
    """The figures of one arm's runs."""
    return [figure for owner, figure in zip(arms, figures, strict=True) if owner is arm]


def matched(arms: Sequence[Arm], figures: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The figures of the i-th incumbent run and the i-th candidate run, for all i that have both."""
    return zip(of_arm(Arm.INCUMBENT, arms, figures), of_arm(Arm.CANDIDATE, arms, figures), strict=False)


def least_effect(min_effect: float, *, logs: bool) -> float:
    """`min_effect` on the comparison's scale: 0.02 asks for a ratio of 1.02, -0.02 allows one of 1 / 1.02."""
    return math.copysign(math.log1p(abs(min_effect)), min_effect) if logs else min_effect


def in_noise(differences: Sequence[float], sigma: float) -> list[float]:
    """Differences in noise floors; where there is no noise, any difference is beyond all bounds."""
    if sigma:
        return [difference / sigma for difference in differences]
    return [math.copysign(math.inf, difference) if difference else 0.0 for difference in differences]


def clipped(figures: Sequence[float], bound: float) -> list[float]:
    """The figures, held within a bound either way."""
    return [bound if figure > bound else max(figure, -bound) for figure in figures]


def estimate_of(gains: Sequence[float]) -> float:
    """The Hodges-Lehmann estimate of gains, of which some may be infinite."""
    return hodges_lehmann(clipped(gains, LARGEST))


def left_of(stage: Sequence[Arm], begun: Sequence[Arm]) -> list[Arm]:
    """The runs that a begun stage still lacks. Raises ValueError where it has one that it should not."""
    left = list(stage)
    for arm in begun:
        if arm not in left:
            message = f"a run of the {arm} where none was asked for"
            raise ValueError(message)
        left.remove(arm)
    return left


def known_values(comparison: Comparison) -> Sequence[float]:
    """The incumbent's values that a single run is compared with: the latest 8 before this comparison, else those in it."""
    return comparison.calibration.reference[-REFERENCES:] or of_arm(Arm.INCUMBENT, comparison.arms, comparison.values)


def single_gain(comparison: Comparison) -> float:
    """How much better the candidate's first run is than the median of the incumbent's known values, less the least effect."""
    height = comparison.places[comparison.arms.index(Arm.CANDIDATE)]
    known = median(on_scale(known_values(comparison), comparison.policy.metric.direction, logs=comparison.calibration.logs))
    return 0.0 if height == known else height - known


def single_bar(comparison: Comparison, z: float) -> float:
    """What that gain must exceed: z standard errors of one run against the median of k, counted from no effect where one is asked for."""
    return max(z * single_error(comparison) - max(comparison.delta, 0.0), 0.0)


def single_error(comparison: Comparison) -> float:
    """The standard error of one run against the median of the k known values."""
    return comparison.sigma / SQRT2 * math.sqrt(1 + 1 / len(known_values(comparison)))


def single_effect(comparison: Comparison) -> Effect:
    """The effect of the candidate's first run against the median of the known values; the ends are those against the extremes of them."""
    known, value = known_values(comparison), comparison.values[comparison.arms.index(Arm.CANDIDATE)]
    middle, most, least = median(known), max(known), min(known)
    if comparison.calibration.logs and min(value, least) > 0:
        return Effect(value / middle, value / most, value / least)
    return Effect(value - middle, value - most, value - least, relative=False)
