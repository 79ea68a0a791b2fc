"""What a report plots: effects over experiments, the samples of one comparison."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autotune.core.ledger.events import SegmentOpened
from autotune.core.ledger.state import Row, State
from autotune.core.model import Arm, Effect, Outcome, Status
from autotune.core.stats.noise import median
from autotune.core.tell import headline, story
from autotune.core.tell.figures import numbers, with_unit
from autotune.core.tell.lines import Tone
from autotune.core.tell.report import table
from autotune.core.tell.story import Story


@dataclass(frozen=True, slots=True)
class Point:
    """An experiment in a plot, and its effect against the code before it; None where none was measured."""

    number: int
    effect: Effect | None
    tone: Tone
    kept: bool


@dataclass(frozen=True, slots=True)
class EffectsPlot:
    """Effects over experiments, ratios where `relative`. `steps` is what the kept ones come to, one on the other, after each experiment.

    `claim` is the effect of the last state against the first, measured side by side, where that is of one scale with the rest.
    """

    points: tuple[Point, ...]
    steps: tuple[float, ...]
    claim: Effect | None
    relative: bool
    words: str
    words_of_steps: str


@dataclass(frozen=True, slots=True)
class SamplesPlot:
    """The samples of a comparison in the order of its runs. `ends` says after how many of them a pair or block was complete."""

    samples: tuple[tuple[Arm, float], ...]
    ends: tuple[int, ...]
    bounds: tuple[str, str]
    words: Mapping[Arm, str]


def height(value: float, *, relative: bool) -> float:
    """Where an effect stands, within what floats and JSON have numbers for: a ratio by its natural logarithm."""
    return math.log(min(max(value, 5e-324), 1.7e308)) if relative else min(max(value, -1e300), 1e300)


def effects_plot(state: State, every: Sequence[Row], segments: Sequence[SegmentOpened]) -> EffectsPlot | None:
    """Give the effects that can be held against each other: of the latest metric, on the latest scale; None where there are none."""
    metric, relative = state.metric, state.relative
    alike = {one.segment for one in segments if (one.metric_name, one.direction) == (metric.name, metric.direction)}
    rows = [row for row in every if row.segment in alike and (row.effect is None or row.effect.relative == relative)]
    if all(row.effect is None for row in rows):
        return None
    claim = state.claim.effect if state.claim is not None else None
    return EffectsPlot(
        points=tuple(
            Point(row.index, row.effect, line.tone, row.status is Status.KEEP) for row, line in zip(rows, table(state, rows), strict=True)
        ),
        steps=tuple(_steps(rows, relative=relative)),
        claim=claim if claim is not None and claim.relative == relative else None,
        relative=relative,
        words=f"effects, {metric.direction} is better, with intervals: ● kept, · not kept, ▪ failed, ┄ before",
        words_of_steps=_STEPS + ("" if claim is None else _CLAIMED),
    )


_STEPS = "the kept effects, one on top of the other; they were measured at different times, so this is no claim"
_CLAIMED = "; the bar at the end is the claim, with its interval"


def _steps(rows: Sequence[Row], *, relative: bool) -> Iterator[float]:
    """What the kept effects come to after each experiment: their product as ratios, else their sum."""
    reached = 1.0 if relative else 0.0
    for row in rows:
        if row.status is Status.KEEP and row.effect is not None:
            reached = reached * row.effect.estimate if relative else reached + row.effect.estimate
        yield reached if math.isfinite(reached) else math.copysign(1e300, reached)


def samples_plot(one: Story, state: State) -> SamplesPlot | None:
    """Give the samples that an experiment was decided by; None where a side has none."""
    metric = story.metric_of(one, state)
    runs = [run for run in one.runs if run.outcome is Outcome.OK and metric.name in run.metrics]
    samples = tuple((run.arm, run.metrics[metric.name]) for run in runs)
    values = {arm: [value for of, value in samples if of is arm] for arm in Arm}
    if not all(values.values()):
        return None
    middles = numbers([median(values[arm]) for arm in Arm], headline.noise_of_a_run(state))
    low, high = numbers([choose(value for _, value in samples) for choose in (min, max)])
    return SamplesPlot(
        samples=samples,
        ends=tuple(stage.stop for stage in story.stages_of(one, [arm for arm, _ in samples])),
        bounds=(low, high),
        words={arm: f"{arm}, median {with_unit(text, metric.unit)}" for arm, text in zip(Arm, middles, strict=True)},
    )
