"""What a benchmark on this machine can see, by the values of an unchanged state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from statistics import stdev

from autotune.core.cases.batch_effect import Costs
from autotune.core.cases.batch_pairs import Counted, gains_by_case
from autotune.core.cases.confirming import first_needed
from autotune.core.cases.outlook import PairOutlook, UnitOutlook, differences, of_pairs, of_units
from autotune.core.cases.scores import MARGIN, Asked
from autotune.core.cases.split import couples_in, is_sided, units_in
from autotune.core.ledger.events import Calibrated, Ran
from autotune.core.ledger.state import ECONOMY_FROM_S, State
from autotune.core.model import DecisionMode, Direction, Effect
from autotune.core.stats.effects import FEWEST_PAIRS_FOR_INTERVAL, SQRT2, effect_of, gains, on_scale
from autotune.core.stats.noise import median, noise_floor, pool_by_digits, residual_pool, smallest_detectable

FEW_PAIRS, MANY_PAIRS = 20, 40
SHORT_RUN_S = 0.05  # below, starting the process is much of what is measured
NOISY = 0.05  # the noise floor of a run from which its cause is worth looking for
FEWEST_FOR_SPREAD = 5  # runs
SPREAD_OF_ALL = 1.2  # of eight normal values, times the spread of the seven that lie closest to their middle
MOST_NOISE = 0.20  # of a run, from which only a change of several tens of percent is found
MOST_HIDDEN = 0.05  # the smallest effect found, where that goes back to the last digit alone
WARM_UP_Z = 3.0  # noise floors of a run by which a first run is worse than the rest


def sight(
    series: Sequence[Sequence[float]],
    run_s: float,
    direction: Direction,
    pairs: Sequence[tuple[float, float]] = (),
    *,
    prepare_s: float = 0.0,
    build_once: bool = False,
    exact: bool = False,
    timestamp: str = "",
) -> Calibrated:
    """What an unchanged state's values say: one series in run order for each time it was set up, and (first, second) pairs of two places.

    `run_s` is what the benchmark takes, `prepare_s` what is done before each run, untimed. `build_once` tells that a comparison is made of
    two builds, whose bias no order of runs takes away: then as much is asked for as that bias may be. Where all values are equal and
    the benchmark is not `exact`, noise may hide in their last digit. Raises ValueError without values.
    """
    settled = [values[1:] if len(values) > FEWEST_PAIRS_FOR_INTERVAL else values for values in series]
    logs = min(value for values in series for value in values) > 0
    pool = tuple(residual for values in settled for residual in residual_pool(values, logs=logs))
    coarse = bool(pool) and not any(pool) and not exact
    if coarse:
        pool = pool_by_digits(pool, series[0][-1], logs=logs)
    sigma = noise_floor(pool)
    few, many = (smallest_detectable(sigma, count) if sigma else 0.0 for count in (FEW_PAIRS, MANY_PAIRS))
    bias = effect_of(pairs, logs=logs) if len(pairs) >= FEWEST_PAIRS_FOR_INTERVAL else None
    return Calibrated(
        logs=logs,
        runs=sum(map(len, series)),
        run_s=run_s,
        noise=_size(sigma / SQRT2, logs=logs),
        few=_size(few, logs=logs),
        many=_size(many, logs=logs),
        warm_up=_warm_up(series, sigma / SQRT2, direction, logs=logs),
        bias=bias,
        bias_pairs=len(pairs),
        min_effect=None if bias is None or not (build_once or is_seen(bias)) else _above(bias) or None,
        build_once=build_once,
        prepare_s=prepare_s,
        mode=_mode(sum(map(len, series)), run_s + (0.0 if build_once else prepare_s)),
        exact=exact,
        coarse=coarse,
        timestamp=timestamp,
    )


def by_pair(state: State, pairs: Sequence[tuple[Ran, Ran]]) -> PairOutlook | None:
    """What pairs of runs (incumbent first) of an unchanged state show where each has a seed or cases of its own; None elsewhere."""
    listed, name = state.segment.listed, state.metric.name
    if not (state.config.seeds or listed) or state.scores is not None or len(pairs) < FEWEST_PAIRS_FOR_INTERVAL:
        return None
    direction, logs = state.metric.direction, state.segment.case_ratios
    values = [(before.metrics[name], after.metrics[name]) for before, after in pairs]
    by_case = [gains_by_case([(after.metrics, before.metrics)], name, direction, logs=logs) for before, after in pairs]
    alike = listed and state.config.cases_count == Counted.EACH_ALIKE
    batches = differences(by_case, {case.name: case.unit for case in listed}) if alike else ()
    return of_pairs(gains(values, direction, logs=state.segment.logs), batches)


def by_unit(state: State, pairs: Sequence[tuple[Ran, Ran]], found: Calibrated) -> UnitOutlook | None:
    """What cases with scores show, by pairs of runs (incumbent first) of an unchanged state and what these cost; None elsewhere.

    What a run of a single unit takes is not measured: half of a run is taken for its start. Money is spent on cases alone.
    """
    scores, segment, name = state.scores, state.segment, state.metric.name
    if scores is None or len(pairs) < FEWEST_PAIRS_FOR_INTERVAL:
        return None
    opening = f"{name}["
    differing = [
        {
            case[len(opening) : -1]: scores.place(value) - scores.place(before.metrics[case])
            for case, value in after.metrics.items()
            if case.startswith(opening) and case in before.metrics
        }
        for before, after in pairs
    ]
    batches = differences(differing, {case.name: case.unit for case in segment.listed})
    if not batches:
        return None
    size = math.fsum(map(len, batches)) / len(batches)
    whole = found.run_cost_usd or found.run_s + found.prepare_s
    single = whole / size if found.run_cost_usd else found.prepare_s + found.run_s * (1 + 1 / size) / 2
    needed, sided = first_needed(segment.listed, state.config.error_budget), is_sided(segment.listed)
    asked = Asked(needed, scores.share(state.config.min_effect), state.config.worth, MARGIN if sided else None)
    deciding = segment.split.confirm
    return of_units(batches, 2 * couples_in(deciding) if sided else units_in(deciding), Costs(whole, single), asked)


class Blind(StrEnum):
    """Why a benchmark sees little: it prints too few digits, has too little to do, varies too much, or cannot get lower."""

    COARSE = "coarse"
    SHORT = "short"
    NOISY = "noisy"
    ZERO = "zero"


def by_spread(found: Calibrated, values: Sequence[float]) -> Calibrated:
    """The same with the noise that the values' standard deviation shows, the one farthest from their middle left out.

    The noise floor of eight runs is at most half of the true one in one of ten cases, and beyond it by half as often: too little to turn
    somebody away. This one calls normal noise of 10 % more than 20 % in 0, of 15 % in 13, of 25 % in 72 of 100 cases (simulated).
    """
    if not found.logs or found.coarse or len(values) < FEWEST_FOR_SPREAD:
        return found
    places = on_scale(values, Direction.HIGHER, logs=True)
    middle = median(places)
    spread = SPREAD_OF_ALL * stdev(sorted(places, key=lambda place: abs(place - middle))[:-1])
    return replace(found, noise=_size(spread, logs=True), few=_size(smallest_detectable(spread * SQRT2, FEW_PAIRS), logs=True))


def blind(found: Calibrated, work_s: float, second_noise: float = math.inf) -> Blind | None:
    """Why so little is seen that a person should look before time is spent, None where enough is; `work_s` is what is timed in a run.

    `second_noise` is the noise of a run's processor time, as a share, where that is a second witness.
    """
    if found.coarse and (not found.logs or found.few > MOST_HIDDEN):
        return Blind.COARSE
    if not found.logs or found.runs == 1:
        return None
    if found.timed and found.noise > NOISY and work_s < SHORT_RUN_S:
        return Blind.SHORT
    return Blind.NOISY if min(found.noise, second_noise) > MOST_NOISE else None


def _mode(runs: int, run_s: float) -> DecisionMode:
    """The mode for runs of such a length; a single run was made where no more can be."""
    if runs == 1:
        return DecisionMode.ONCE
    return DecisionMode.ECONOMY if run_s > ECONOMY_FROM_S else DecisionMode.RACE


def _size(difference: float, *, logs: bool) -> float:
    """A difference on the comparison's scale as people say it: a share, where that scale is logarithmic."""
    return math.expm1(min(difference, 700.0)) if logs else difference


def _warm_up(series: Sequence[Sequence[float]], noise: float, direction: Direction, *, logs: bool) -> float | None:
    """By how much the first run of each series is worse than the median of its rest, where that is beyond noise in all of them."""
    if any(len(values) < 3 for values in series):  # noqa: PLR2004 - a rest of one or two has no middle
        return None
    heights = [on_scale(values, direction, logs=logs) for values in series]
    lags = [median(rest) - first for first, *rest in heights]
    return _size(median(lags), logs=logs) if min(lags) > WARM_UP_Z * noise and noise else None


def is_seen(bias: Effect) -> bool:
    """Whether a bias is more than luck."""
    return not bias.low <= (1.0 if bias.relative else 0.0) <= bias.high


def _above(bias: Effect) -> float:
    """The smallest effect to ask for so that a bias cannot pass for one: its interval's far end, rounded up."""
    far = max(abs(math.log(end)) if bias.relative else abs(end) for end in (bias.low, bias.high))
    share = math.expm1(far) if bias.relative else far
    step = 10.0 ** (math.floor(math.log10(share)) - 1) if share else 1.0
    return float(f"{math.ceil(share / step - 1e-9) * step:.12g}")
