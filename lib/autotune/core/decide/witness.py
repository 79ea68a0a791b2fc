"""Whether processor time is a second witness in a segment: what the runs of its unchanged code show.

A run's wall time is what it spends on the processor and what it waits. Others who use the machine make it wait, and hardly change what it
spends on the processor. So where a metric is such a time, processor time shows with far less noise whether a change made it smaller. That
is so where both hold:

    the run is on one processor, and much           in its quietest run for at least a quarter of its wall time, and never on more than one;
                                                    what a program waits for by itself cannot be told from what others make it wait
    the metric is what the run does                 as a time it was at least 0.8 of the run's processor time in every run (`audit.reading`
                                                    tells units by name); or, whatever its unit, it took longer when the run did, by the
                                                    same share, as a sum or mean of repetitions does, a rate's inverse too

Of a program that waits by itself, a change can lower processor time and hardly the metric. So a keep that rests on processor time asks that
the metric bears it out (`decide`); the published table has what passes by luck.

A best of several repetitions is neither: how much of the run's processor time it stands for cannot be seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from autotune.core.facts import Fact, Kind
from autotune.core.model import PROCESSOR_S, Direction, Metric, Run, Witness
from autotune.core.output.metrics import RESERVED
from autotune.core.stats.effects import SQRT2
from autotune.core.stats.noise import noise_floor, residual_pool
from autotune.core.trust import audit

FEWEST_RUNS = 3
ON_PROCESSOR = 0.25  # of its wall time, that the quietest run was on the processor, however many others are
ONE_PROCESSOR = 1.1  # what a run on a single one may come to, its starting and ending counted
NEARLY_ALL = 0.8  # of a run's processor time that a metric is which stands for it
TELLING_RUNS = 5  # tell whether a metric varies as its run does
LEFT_BESIDES = 0.25  # of how much a metric varies, what may be left of it besides its run's time
_PROCESSOR_TIMES = (PROCESSOR_S, f"{RESERVED}user_s", f"{RESERVED}system_s")


class Unfit(StrEnum):
    """Why processor time is no witness."""

    FEW_RUNS = "few runs"
    THE_METRIC_ITSELF = "the metric itself"
    NOT_KNOWN = "not known"
    WAITS = "waits"
    SEVERAL_PROCESSORS = "several processors"
    ANOTHER_THING = "another thing"
    LEAST_EFFECT = "least effect"
    NO_RACE = "no race"


def witness_of(runs: Sequence[Run], metric: Metric) -> Witness | Fact:
    """Give the witness that processor time is, by good runs of the unchanged code, or the fact that it is none, with why."""
    values, times = [run.samples[metric.name] for run in runs], [run.processor_s or 0.0 for run in runs]
    read = audit.reading(metric)
    if len(runs) < FEWEST_RUNS:
        return unfit(Unfit.FEW_RUNS)
    if _is_processor_time(metric, read):
        return unfit(Unfit.THE_METRIC_ITSELF)
    if min(*times, *values, *(run.wall_s for run in runs)) <= 0:
        return unfit(Unfit.NOT_KNOWN)
    shares = [time / run.wall_s for time, run in zip(times, runs, strict=True)]
    if not ON_PROCESSOR <= max(shares) <= ONE_PROCESSOR:
        return unfit(Unfit.WAITS if max(shares) < ON_PROCESSOR else Unfit.SEVERAL_PROCESSORS, share=max(shares))
    if not _is_what_runs_do(values, times, [run.wall_s for run in runs], metric, read):
        return unfit(Unfit.ANOTHER_THING)
    return Witness(residual_pool(times, logs=True), min(shares), max(shares))


def as_fact(found: Witness | Fact) -> Fact:
    """Give what is to be said of it: the noise of a single run's processor time, as a share, or why it is no witness."""
    return found if isinstance(found, Fact) else Fact(Kind.WITNESS, {"noise": noise_of(found)})


def noise_of(witness: Witness) -> float:
    """Give by how much the processor time of runs of the same code differs, as a share: the noise floor of a single run."""
    return math.expm1(noise_floor(witness.pool) / SQRT2)


def unfit(why: Unfit, **figures: float) -> Fact:
    """Give the fact that processor time is no witness."""
    return Fact(Kind.NO_WITNESS, {"why": str(why), **figures})


def _is_processor_time(metric: Metric, read: audit.Reading | None) -> bool:
    """Whether the metric says by its name that it is processor time."""
    return metric.name in _PROCESSOR_TIMES or (read is not None and read.clock is audit.Clock.PROCESSOR)


def _is_what_runs_do(
    values: Sequence[float], times: Sequence[float], walls: Sequence[float], metric: Metric, read: audit.Reading | None
) -> bool:
    """Whether the metric stands for a run's processor time: it is nearly all of it, or it varies as its runs' wall time does."""
    spans = [1 / value for value in values] if metric.direction is Direction.HIGHER else list(values)
    besides = [math.log(span / wall) for span, wall in zip(spans, walls, strict=True)]
    varied = max(spans) / min(spans)
    if len(values) >= TELLING_RUNS and max(besides) - min(besides) <= LEFT_BESIDES * math.log(varied):
        return True
    if read is None or read.varying:
        return False
    each = list(zip(spans, times, walls, strict=True))
    return any(all(NEARLY_ALL * time <= span * unit_s <= wall for span, time, wall in each) for unit_s in read.units_s)
