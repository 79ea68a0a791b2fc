"""Plots as SVG inside a page, of any width: marks keep their size and shape, and what is written stands beside them as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from autotune.core.model import Arm, Effect
from autotune.core.tell.figures import effect_in_short
from autotune.core.tell.plots import EffectsPlot, SamplesPlot, height

SIDE = 1000  # units of a plot, in width and height
_MARGIN = 0.06  # of the height, above and below what is drawn
_FEWEST_TICKS = 3
_NEAREST_TICKS = 90  # units
_FEW = 60  # experiments whose marks are drawn larger


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a value stands, in units from the top, between two heights. Where values are ratios, their heights are logarithms."""

    low: float
    high: float
    relative: bool = False

    @classmethod
    def around(cls, values: Iterable[float], *, relative: bool = False) -> Axis:
        """An axis on which all of these values have room."""
        found = [height(value, relative=relative) for value in values]
        low, high = min(found), max(found)
        spare = _MARGIN * (high - low) or 1.0
        return cls(low - spare, high + spare, relative)

    def reaching(self, values: Iterable[float]) -> Axis:
        """An axis on which these have room too, as far as they lie no farther away than all that has room already is wide."""
        span = self.high - self.low
        found = [*(height(value, relative=self.relative) for value in values), self.low, self.high]
        return Axis(max(min(found), self.low - span), min(max(found), self.high + span), self.relative)

    def at(self, value: float) -> float:
        """The place of a value; what lies beyond the ends stands at them."""
        span = self.high / 2 - self.low / 2
        share = (self.high / 2 - height(value, relative=self.relative) / 2) / span if span else 0.5
        return round(SIDE * min(max(share, 0.0), 1.0), 1)


def effects(plot: EffectsPlot) -> str:
    """Effects over experiments, with their intervals, as elements of a page."""
    points = [(place, point, point.effect) for place, point in zip(_places(len(plot.points)), plot.points, strict=True)]
    estimates = [effect.estimate for _, _, effect in points if effect is not None]
    ends = [end for _, point, effect in points if effect is not None and point.kept for end in (effect.low, effect.high)]
    axis = Axis.around([*estimates, _nothing(plot)], relative=plot.relative).reaching(ends)
    drawn = {"bar": "", "bar kept": "", "dot": "", "dot kept": "", "failed": ""}
    for place, point, effect in points:
        kept = " kept" if point.kept else ""
        if effect is None:
            drawn["failed"] += f"M{place} {SIDE - 8}h.1"
            continue
        drawn[f"bar{kept}"] += _bar(place, effect, axis)
        drawn[f"dot{kept}"] += f"M{place} {axis.at(effect.estimate)}h.1"
    numbers = [str(plot.points[0].number), str(plot.points[-1].number)] if len(plot.points) > 1 else [str(plot.points[0].number)]
    name = "effects few" if len(points) <= _FEW else "effects"
    return _figure(name, [_line(axis, plot), *drawn.items()], _ticks(axis, plot), plot.words, numbers)


def steps(plot: EffectsPlot) -> str:
    """What the kept effects come to after each experiment, with the claim at the end; nothing where nothing was kept."""
    nothing = _nothing(plot)
    if all(step == nothing for step in plot.steps):
        return ""
    claim = () if plot.claim is None else (plot.claim.low, plot.claim.estimate, plot.claim.high)
    axis = Axis.around([*plot.steps, nothing, *claim], relative=plot.relative)
    upward = "".join(f"H{place}V{axis.at(step)}" for place, step in zip(_places(len(plot.steps)), plot.steps, strict=True))
    claimed = f"M{SIDE - 6} {axis.at(claim[0])}V{axis.at(claim[2])}" if claim else ""
    middle = f"M{SIDE - 6} {axis.at(claim[1])}h.1" if claim else ""
    drawn = [_line(axis, plot), ("steps", f"M0 {axis.at(nothing)}{upward}H{SIDE}"), ("bar kept claim", claimed), ("dot kept", middle)]
    return _figure("steps", drawn, _ticks(axis, plot), plot.words_of_steps, [str(plot.points[0].number), str(plot.points[-1].number)])


def samples(plot: SamplesPlot) -> str:
    """The samples of both arms, in the order of their runs, with lines where a pair or block was complete."""
    axis = Axis.around(value for _, value in plot.samples)
    places = _places(len(plot.samples))
    drawn = {
        arm: "".join(f"M{x} {axis.at(value)}h.1" for x, (of, value) in zip(places, plot.samples, strict=True) if of is arm) for arm in Arm
    }
    ends = "".join(f"M{round(SIDE * end / len(plot.samples), 1)} 0V{SIDE}" for end in plot.ends if end < len(plot.samples))
    low, high = plot.bounds
    bounds = [(axis.at(max(value for _, value in plot.samples)), high), (axis.at(min(value for _, value in plot.samples)), low)]
    ring = drawn[Arm.INCUMBENT]
    paths = [("ends", ends), ("dot incumbent", ring), ("dot hole", ring), ("dot candidate", drawn[Arm.CANDIDATE])]
    legend = f"● {plot.words[Arm.CANDIDATE]}  ○ {plot.words[Arm.INCUMBENT]}"
    return _figure("samples", paths, bounds if low != high else bounds[:1], legend, [])


def _figure(name: str, paths: Iterable[tuple[str, str]], ticks: Iterable[tuple[float, str]], words: str, numbers: Sequence[str]) -> str:
    """A plot with what is written beside, below and under it."""
    drawn = "".join(f'<path class="{kind}" d="{path}"/>' for kind, path in paths if path)
    written = "".join(f'<span style="top:{round(100 * at / SIDE, 1)}%">{escape(text)}</span>' for at, text in ticks)
    below = f'<div class="numbers">{"".join(f"<span>{escape(one)}</span>" for one in numbers)}</div>' if numbers else ""
    svg = f'<svg viewBox="0 0 {SIDE} {SIDE}" preserveAspectRatio="none" role="img" aria-label="{escape(words)}">{drawn}</svg>'
    area = f'<div class="area"><div class="ticks">{written}</div>{svg}</div>{below}'
    return f'<figure class="{name}">{area}<figcaption>{escape(words)}</figcaption></figure>\n'


def _places(count: int) -> list[float]:
    """Where so many things stand beside each other, in units from the left."""
    return [round(SIDE * (one + 0.5) / count, 1) for one in range(count)]


def _nothing(plot: EffectsPlot) -> float:
    """No effect, as a ratio or a difference."""
    return 1.0 if plot.relative else 0.0


def _line(axis: Axis, plot: EffectsPlot) -> tuple[str, str]:
    return "before", f"M0 {axis.at(_nothing(plot))}H{SIDE}"


def _bar(place: float, effect: Effect, axis: Axis) -> str:
    if effect.low == effect.high:
        return ""
    return f"M{place} {axis.at(effect.low)}V{axis.at(effect.high)}"


# What is written beside an axis


def _ticks(axis: Axis, plot: EffectsPlot) -> list[tuple[float, str]]:
    """Round effects with the places where they stand, no effect among them, and none so near that words would touch."""
    chosen: list[tuple[float, str]] = []
    for value in _round_effects(axis, plot):
        at = axis.at(value)
        if 0 < at < SIDE and all(abs(at - other) >= _NEAREST_TICKS for other, _ in chosen):
            chosen.append((at, effect_in_short(Effect(value, value, value, relative=plot.relative))))
    return chosen


def _round_effects(axis: Axis, plot: EffectsPlot) -> Iterator[float]:
    """No effect, then round ones between the ends: in percent, or as multiples where ratios are far from 1."""
    yield _nothing(plot)
    if plot.relative and axis.high - axis.low > math.log(20):
        yield from (10.0**power for power in range(math.ceil(axis.low / math.log(10)), math.floor(axis.high / math.log(10)) + 1))
        return
    low, high = (math.exp(end) - 1 if plot.relative else end for end in (axis.low, axis.high))
    step = _round_step(high - low)
    first, last = math.ceil(low / step), math.floor(high / step)
    yield from (_nothing(plot) + count * step for count in range(first, last + 1))


def _round_step(span: float) -> float:
    """A step of 1, 2 or 5 times a power of ten, of which a span has three to seven."""
    size = 10.0 ** math.floor(math.log10(span))
    return next((step for step in (size, size / 2, size / 5) if span / step >= _FEWEST_TICKS), size / 10)
