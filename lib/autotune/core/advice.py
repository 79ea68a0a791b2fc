"""What a benchmark on this machine can see, and what would make it see more: figures of an unchanged state, made into sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autotune.core.config import Config
from autotune.core.figures import about, effect_in_words
from autotune.core.metrics import RESERVED
from autotune.core.model import DecisionMode, Direction, Effect, Metric
from autotune.core.state import ECONOMY_FROM_S
from autotune.core.stats import (
    FEWEST_PAIRS_FOR_INTERVAL,
    SQRT2,
    Drift,
    effect_of,
    median,
    noise_floor,
    places,
    residual_pool,
    smallest_detectable,
)

FEW_PAIRS, MANY_PAIRS = 20, 40
NULL_RUNS, KEEP_RUNS = 9, (16, 26)  # of a candidate that does nothing, and of one that is kept; tests/benchmarks/calibration.py
WARM_UP_Z = 3.0  # noise floors of a run by which a first run is worse than the rest
SHORT_RUN_S = 0.05  # below, starting the process is much of what is measured
CALM = 0.01  # the noise floor of a run below which there is nothing to mend
NOISY = 0.05  # the noise floor of a run from which its cause is worth looking for
BUSY = 0.5  # of all cores
TALKATIVE = 1_000_000  # bytes of output from which taking it is part of what is measured
DRIFT = (
    "values of the unchanged code drift (rank von Neumann test, z = {z:.1f}), so values of different times cannot be compared, only runs "
    "made side by side; {changed}"
)
REPEATS = "that it repeats exactly says nothing of another seed or another input: what is kept is better with this seed and this input"
FIXED_SEED = (
    "a change may touch a fixed seed: {seeded}; another seed is another draw of luck, which repeats as exactly as a gain, so let the "
    "benchmark set the seed, out of scope, and print the mean over several"
)
NOT_BY_BUILDS = "not exact, for each side is built once (build_once) and the luck of a build is not counted"
WITHOUT_PROMISE = "it does not promise error_budget, and no keep is confirmed until `autotune confirm N` has measured it afresh"
_OF_A_BIAS = "that bias, so that it cannot pass for a gain"
_OF_TWO_BUILDS = "what these two builds may differ by (build_once); others may differ by more"
_CHANGED = {
    DecisionMode.RACE: "decisions and claims are made of such runs, and the confidence means nothing",
    DecisionMode.ECONOMY: "so every candidate begins with a pair, instead of one run held against earlier ones",
    DecisionMode.ONCE: "single runs decide in this session, and a drift can pass for a gain",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What was found of an unchanged state. `logs`: sizes are relative, 0.02 for 2 %, else in the metric's unit.

    `run_s` is what the benchmark takes, `prepare_s` what is done before each run, untimed. `noise` is the noise floor of a single run, 0
    for a benchmark that repeats exactly; `few` and `many` are the smallest effects found four times in five with 20 and 40 pairs.
    `warm_up` is by how much first runs were worse than the rest, None where they were not. `bias` is the second place against the first;
    `min_effect` what should be asked for because of it, None where nothing was found.
    """

    logs: bool
    runs: int
    run_s: float
    noise: float
    few: float
    many: float
    warm_up: float | None = None
    bias: Effect | None = None
    bias_pairs: int = 0
    min_effect: float | None = None
    mode: DecisionMode = DecisionMode.RACE
    build_once: bool = False
    prepare_s: float = 0.0

    @property
    def whole_s(self) -> float:
        """What a run takes, all that is untimed included."""
        return self.run_s + self.prepare_s


def sight(
    series: Sequence[Sequence[float]],
    run_s: float,
    direction: Direction,
    pairs: Sequence[tuple[float, float]] = (),
    *,
    prepare_s: float = 0.0,
    build_once: bool = False,
) -> Sight:
    """What an unchanged state's values say: one series in run order for each time it was set up, and (first, second) pairs of two places.

    `run_s` is what the benchmark takes, `prepare_s` what is done before each run, untimed. `build_once` tells that a comparison is made of
    two builds, whose bias no order of runs takes away: then as much is asked for as that bias may be. Raises ValueError without values.
    """
    settled = [values[1:] if len(values) > FEWEST_PAIRS_FOR_INTERVAL else values for values in series]
    logs = min(value for values in series for value in values) > 0
    pool = tuple(residual for values in settled for residual in residual_pool(values, logs=logs))
    sigma = noise_floor(pool)
    few, many = (smallest_detectable(sigma, count) if sigma else 0.0 for count in (FEW_PAIRS, MANY_PAIRS))
    bias = effect_of(pairs, logs=logs) if len(pairs) >= FEWEST_PAIRS_FOR_INTERVAL else None
    return Sight(
        logs=logs,
        runs=sum(map(len, series)),
        run_s=run_s,
        noise=_size(sigma / SQRT2, logs=logs),
        few=_size(few, logs=logs),
        many=_size(many, logs=logs),
        warm_up=_warm_up(series, sigma / SQRT2, direction, logs=logs),
        bias=bias,
        bias_pairs=len(pairs),
        min_effect=None if bias is None or not (build_once or _is_seen(bias)) else _above(bias) or None,
        build_once=build_once,
        prepare_s=prepare_s,
        mode=_mode(sum(map(len, series)), run_s),
    )


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
    heights = [places(values, direction, logs=logs) for values in series]
    lags = [median(rest) - first for first, *rest in heights]
    return _size(median(lags), logs=logs) if min(lags) > WARM_UP_Z * noise and noise else None


def _is_seen(bias: Effect) -> bool:
    """Whether a bias is more than luck."""
    return not bias.low <= (1.0 if bias.relative else 0.0) <= bias.high


def _above(bias: Effect) -> float:
    """The smallest effect to ask for so that a bias cannot pass for one: its interval's far end, rounded up."""
    far = max(abs(math.log(end)) if bias.relative else abs(end) for end in (bias.low, bias.high))
    share = math.expm1(far) if bias.relative else far
    step = 10.0 ** (math.floor(math.log10(share)) - 1) if share else 1.0
    return float(f"{math.ceil(share / step - 1e-9) * step:.12g}")


# In words


def findings(found: Sight, metric: Metric, seeded: str | None = None) -> tuple[str, ...]:
    """What was found, a sentence each; `seeded` names the lines in scope that fix a seed, where the benchmark repeats exactly."""
    seed = [] if seeded is None else [FIXED_SEED.format(seeded=seeded)]
    return (*_noise_words(found, metric), *seed, *_cost_words(found), *_bias_words(found, metric), _mode_words(found))


def _noise_words(found: Sight, metric: Metric) -> tuple[str, ...]:
    if found.runs == 1:
        return (f"{metric.name} was measured once, so nothing is known of its noise",)
    if not found.noise:
        return (f"{metric.name} was the same in all {found.runs} runs: one run tells whether a change is better", REPEATS)
    return (
        f"noise floor of a single run: {_shown(found.noise, found, metric)} ({found.runs} runs of the unchanged code)",
        (
            f"smallest effect found four times in five: {_shown(found.few, found, metric)} with {FEW_PAIRS} pairs, "
            f"{_shown(found.many, found, metric)} with {MANY_PAIRS}"
        ),
    )


def _shown(size: float, found: Sight, metric: Metric) -> str:
    return f"{float(f'{100 * size:.2g}'):g} %" if found.logs else f"{size:.3g} {metric.unit}".rstrip()


def _cost_words(found: Sight) -> tuple[str, ...]:
    if found.runs == 1:
        return (f"a candidate costs 1 run ({about(found.whole_s)})",)
    if not found.noise:
        return (f"a candidate costs 1 run ({about(found.whole_s)}), or 5 where it is kept",)
    least, most = KEEP_RUNS
    return (
        (
            f"a typical candidate costs about {NULL_RUNS} runs ({about(NULL_RUNS * found.whole_s)}), one that is kept {least} to {most} "
            f"({about(least * found.whole_s)} to {about(most * found.whole_s)})"
        ),
    )


def _bias_words(found: Sight, metric: Metric) -> tuple[str, ...]:
    said = []
    if found.warm_up is not None:
        said.append(f"the first run after a fresh build is worse by {_shown(found.warm_up, found, metric)}")
    if found.bias is not None:
        words = effect_in_words(found.bias, metric.unit)
        where = f"the same code set up a second time: {words}, {found.bias_pairs} pairs"
        said.append(f"{where}; that is a bias, no effect" if _is_seen(found.bias) else f"{where}; no bias of a build or place was seen")
    if found.min_effect is not None:
        said.append(f"min_effect = {found.min_effect:g} is above {_OF_TWO_BUILDS if found.build_once else _OF_A_BIAS}")
    elif found.build_once and found.bias is None:
        said.append("how far two builds of the same code differ is not known: `autotune calibrate` measures two")
    return tuple(said)


def _mode_words(found: Sight) -> str:
    if found.mode is DecisionMode.ONCE:
        return "mode: once; no keep is confirmed"
    if found.mode is DecisionMode.ECONOMY:
        why = f"a run takes {about(found.run_s)}, too long for a dozen pairs a candidate"
        return f"recommended mode: economy, calibrated and not exact ({why})"
    if found.build_once:
        return f"recommended mode: race, {NOT_BY_BUILDS}; no keep is confirmed until `autotune confirm N` has built and run it afresh"
    return "recommended mode: race (exact)"


def advice(found: Sight, config: Config, *, busy: float | None = None, output_bytes: int = 0) -> tuple[str, ...]:
    """What would make the benchmark see more, a sentence each; nothing where nothing is wanting.

    `busy` is the share of all cores that others used, `output_bytes` what a run prints.
    """
    said = []
    best = "" if config.metric.startswith(RESERVED) else ", and print the best or the median"
    calm = found.noise < CALM if found.logs else not found.noise
    if not calm and found.run_s < SHORT_RUN_S:
        said.append(f"give each run more to do{best}: much of so short a run is starting the process")
    elif found.logs and found.noise > NOISY and found.run_s < ECONOMY_FROM_S / NULL_RUNS:
        said.append(f"do the work several times a run{best}: that takes most of the noise away")
    if found.logs and found.noise > NOISY and config.metric == f"{RESERVED}wall_s":
        said.append(f"if the code does not wait for anything, measure {RESERVED}user_s: processor time is calmer than wall time")
    if found.warm_up is not None:
        said.append("let the benchmark run the work once before it takes the time: first runs are slower")
    if output_bytes > TALKATIVE and not calm:
        said.append(f"print less: a run prints {output_bytes / 1e6:.1f} MB, and how fast that is taken is no merit of the code")
    if busy is not None and busy > BUSY and not calm:
        said.append(f"use a quieter machine, or a quieter hour: others use {100 * busy:.0f} % of all cores")
    if found.prepare_s > found.run_s / 2 and found.prepare_s > 1 and not found.build_once:
        said.append(
            f"`prepare` takes {about(found.prepare_s)} before each run: an incremental build, or a cache in `carry`, saves most of it; "
            "so does build_once = true, if it writes in the working tree alone. Then each side of a comparison is built once. Only you set "
            "that, for the luck of a build is not counted then: no keep is confirmed until `autotune confirm N` has built and run it afresh"
        )
    return tuple(said)


def drift_words(drift: Drift | None, mode: DecisionMode) -> str | None:
    """What is said where an unchanged state's values drift, with what that changes; None where they do not, or nothing is known."""
    return DRIFT.format(z=drift.z, changed=_CHANGED[mode]) if drift is not None and drift.flagged else None
