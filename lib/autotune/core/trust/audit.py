"""Whether the runs behind a keep can be what they say: how long they took, and how often they printed their metric, besides its value.

A metric is held against the clock where it is known to be a time of the run that autotune measured itself. That is told, in this order, by

    its unit, or the last part of its name   `ms`, `parse_us`: of the run when it was a fifth of it on the unchanged code
    a rate of what is counted, per time      `ops/s`, `requests_per_sec`, `fps`, where higher is better: one operation takes the inverse. It
                                             is of the run when it was half of it: then there was one. Of several nobody knows how many
                                             there were, and a benchmark that goes on until a time is up does more of them when they are
                                             faster, in runs that take as long. Bytes and the like (`MB/s`) are not counted in ones.
    a time's name without a unit             `latency`, `elapsed_p95`: in the unit in which it was nearly all of every run
    how it varies                            any other name without a unit: it was nearly all of every run, and when it took longer, so did
                                             the run by just that. What costs, scores or sizes say does neither.

A time is held against wall time: a change that uses more processors, or waits less, saves it honestly while processor time stays or grows.
Only what says by its name that it is processor time (`cpu_s`, `user_time`) is held against that, of all processes of a run: a change that
saves it may honestly wait instead, in runs that take as long.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from autotune.core.facts import Fact, Kind
from autotune.core.model import Arm, Direction, Metric, Run
from autotune.core.output.metrics import RESERVED
from autotune.core.output.naming import RATES, SPEEDS, TIMES, UNITS_S
from autotune.core.stats.noise import median

# How much more of a run may go by outside a time metric than on the unchanged code, as a multiple and in seconds, and how much smaller
# a share of its run the metric may become, as a multiple: an honest change may load a little more at its start. Starting a program
# takes tens of milliseconds that vary by as much, so that below 0.1 s nothing contradicts. It is said where runs enough tell it.
MORE_OUTSIDE = 5.0
LEAST_OUTSIDE_S = 0.1
# Of the run that the metric has to be on the unchanged code; below, it is one of many repetitions and says nothing of the run.
LEAST_SHARE = 0.2
# Of a run that a metric has to be whose unit is not known: units are a thousand apart, so that one fits by chance three times in a hundred.
NEARLY_ALL = 0.8
# So many runs of the unchanged code tell how a metric varies with them; what is left of them besides may vary by so much of that.
TELLING_RUNS = 5
LEFT_BESIDES = 0.25
# By so many of a whole number's last digits runs may differ before a fifth of each could not be the same in all.
TELLING_DIGITS = 10
# Of what a time metric says was saved, so much has to have gone elsewhere before anything is said: whoever saves a second and loads a
# library for it in a tenth has saved time. Where it is all of it, within a fifth, the run takes as long as before: a clock that runs
# slower looks like that. Several runs have to say so, of which the metric was the greater part.
WHOLE, WHOLE_AT_MOST = 0.8, 1.2
GREATER_PART = 0.5
ENOUGH_RUNS = 3
# Of all couples of a run of each side, so many have to show it: of five runs a side, luck does that once in 63.
CLEARLY = 0.9
_UNKNOWN_S = (1.0, 1e-3, 1e-6, 1e-9)
_BETWEEN_WORDS = re.compile(r"[\s_.\-/]+|(?<=[a-z0-9])(?=[A-Z])")
_PROCESSOR = frozenset(("cpu", "user", "sys"))
_SUMS = frozenset(("total", "sum"))
_SUMMARY = re.compile(r"p?\d+|min|max|mean|avg|average|median|best|total|sum")
_ONE = ("op", "operation", "req", "request", "call", "run", "it", "iter", "iteration", "frame", "task", "job")
_COUNTED = frozenset(("1", "query", "queries", *_ONE, *(f"{one}s" for one in _ONE)))
_SIZES = {f"{one}{s}" for one in ("bit", "byte", "kb", "kib", "mb", "mib", "gb", "gib", "tb", "tib") for s in ("", "s")}
_COUNTED_THINGS = ("allocation", "alloc", "call", "character", "char", "count", "error", "failure", "file", "instruction", "insn", "instr")
_MORE_THINGS = ("line", "module", "node", "object", "package", "request", "statement", "step", "symbol", "test", "token", "warning", "word")
_AMOUNTS = frozenset((*_SIZES, "b", "loc", *(f"{one}{s}" for one in (*_COUNTED_THINGS, *_MORE_THINGS) for s in ("", "s"))))
_AMOUNTS_BY_NAME = _SIZES | {f"{one}s" for one in (*_COUNTED_THINGS, *_MORE_THINGS)} - {"tests", "steps"} | {"size", "count", "loc"}

_Span = tuple[float, float]  # what a run says of itself, in the metric's unit, and how long it took in seconds


class Clock(StrEnum):
    """What a metric of time is held against."""

    WALL = "wall"
    PROCESSOR = "processor"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a metric is read as a time: one of the units that it may be in, as seconds, and which share of its run it then has to be.

    A rate's time is its inverse. `varying` asks besides that it varies as its run does.
    """

    units_s: tuple[float, ...]
    share: float
    clock: Clock = Clock.WALL
    rate: bool = False
    varying: bool = False


def is_amount(name: str, unit: str) -> bool:
    """Whether a metric is a size or a count: its unit says so, or, where it has none, the end of its name. `MB/s` is neither."""
    if not unit:
        *_, before, last = ["", "", *_without_summary(name)]
        return last in _AMOUNTS_BY_NAME and before != "per"
    words = unit.lower().split()
    return "/" not in unit and "per" not in words and any(word.strip("()") in _AMOUNTS for word in words)


def is_named_as_a_time(name: str) -> bool:
    """Whether a metric of which the name alone is known, as a guardrail's, is a time or a rate."""
    *_, before, last = ["", "", *_without_summary(name)]
    return last in UNITS_S or last in TIMES or last in RATES or before == "per"


def reading(metric: Metric) -> Reading | None:
    """Give how a metric is read as a time, by direction, unit and name; None where it is no time."""
    if metric.name.startswith(RESERVED):
        return None
    found = _rate(metric) if metric.direction is Direction.HIGHER else _time(metric)
    return None if metric.unit and found.units_s is _UNKNOWN_S else found


def is_said_to_be_time(metric: Metric) -> bool:
    """Whether unit or name say that a metric is a time."""
    return seconds_of(metric) is not None or is_named_as_a_time(metric.name)


def is_whole_and_no_time(metric: Metric, runs: Sequence[Run]) -> bool:
    """Whether a metric is a whole number that is no rounded time or rate: nothing says so, neither name nor runs of the unchanged code.

    The runs say so where it is a fifth of each of them, in whichever unit, and they took about as long. In runs that differ by ten of its
    last digits, such a part would not be the same. A unit that is not known may be a speed's, and 0 a short time.
    """
    read, values = reading(metric), [run.samples[metric.name] for run in runs]
    said = is_said_to_be_time(metric) or not SPEEDS.isdisjoint(_words(metric.name))
    if not values or metric.unit or said or read is None or not all(value and value.is_integer() for value in values):
        return False
    spans, walls = _spans(runs, metric, read), [run.wall_s for run in runs]
    differ = max(walls) > min(walls) * (1 + TELLING_DIGITS / max(map(abs, values)))
    return differ or not any(_is_a_part(spans, unit_s) for unit_s in read.units_s)


def _is_a_part(spans: Sequence[_Span], unit_s: float) -> bool:
    return all(LEAST_SHARE * whole <= value * unit_s <= whole for value, whole in spans)


def _time(metric: Metric) -> Reading:
    words = _without_summary(metric.name)
    named = {word for word in words if word not in UNITS_S} - {"time"}
    clock = Clock.PROCESSOR if named and named <= _PROCESSOR else Clock.WALL
    *_, before, last = ["", "", *words]
    unit_s = UNITS_S.get(metric.unit.lower() if metric.unit else last)
    if unit_s is not None and (metric.unit or before != "per"):
        return Reading((unit_s,), LEAST_SHARE, clock)
    return Reading(_UNKNOWN_S, NEARLY_ALL, clock, varying=last not in TIMES)


def seconds_of(metric: Metric) -> float | None:
    """How many seconds one of a metric's unit is, by its name or unit; None where these do not say that it is a time."""
    if metric.name.startswith(RESERVED):
        return 1.0 if metric.name.endswith("_s") else None
    read = reading(metric)
    return read.units_s[0] if read is not None and not read.rate and len(read.units_s) == 1 else None


def _rate(metric: Metric) -> Reading:
    words = _words(metric.unit) if metric.unit else _without_summary(metric.name)
    *_, counted, per = ["", "", *(word for word in words if word != "per")]
    unit_s = 1.0 if per in RATES else UNITS_S.get(per) if counted in _COUNTED else None
    if unit_s is not None:
        return Reading((unit_s,), GREATER_PART, rate=True)
    return Reading(_UNKNOWN_S, NEARLY_ALL, rate=True, varying=True)


def is_of_many(name: str) -> bool:
    """Whether a metric's name says that it is one of many values, or what lies among them: `mean_ms`, `p50_ms`, `latency.max`; no sum."""
    return any(_SUMMARY.fullmatch(word) and word not in _SUMS for word in _words(name))


def _without_summary(name: str) -> list[str]:
    """Give the words of a metric's name, without those that say which of many values it is."""
    return [word for word in _words(name) if not _SUMMARY.fullmatch(word)]


def _words(text: str) -> list[str]:
    return [word.lower() for word in _BETWEEN_WORDS.split(text) if word]


def objection(runs: Sequence[Run], metric: Metric, guarded: Sequence[str] = (), known: Sequence[str] = ()) -> Fact | None:
    """Why the candidate's runs are no evidence; None where nothing speaks against them.

    It is made only of what differs between the arms, so that a benchmark's own peculiarities accuse nobody. `guarded` names the metrics of
    guardrails, which decide as the primary one does, and so do cases; `known` those of which the unchanged code has printed several values.
    """
    ours, theirs = _arms(runs)
    if not ours or not theirs:
        return None
    if (twice := printed_twice(runs, metric, guarded, known)) is not None:
        return twice
    gone = _elsewhere(ours, theirs, metric)
    return Fact(Kind.CLOCK_DISAGREES, gone.figures) if gone is not None and gone.contradicts else None


def ignores_seeds(runs: Sequence[Run], metric: Metric) -> bool:
    """Whether the candidate's runs, each with another seed, all have the same value, and the incumbent's do not."""
    ours, theirs = ([run.samples[metric.name] for run in made] for made in _arms(runs))
    return len(ours) >= ENOUGH_RUNS and len(set(ours)) == 1 < len(set(theirs))


def printed_twice(runs: Sequence[Run], metric: Metric, guarded: Sequence[str] = (), known: Sequence[str] = ()) -> Fact | None:
    """Say that the candidate's runs print several values of what decides, where the incumbent's do not: another may have printed one."""
    ours, theirs = _arms(runs)
    name = _printed_twice(ours, {*known, *several(theirs)}, {metric.name, *guarded})
    return None if name is None else Fact(Kind.PRINTED_TWICE, {"name": name})


def remark(runs: Sequence[Run], metric: Metric) -> Fact | None:
    """Say of a keep that time was saved in the metric alone and spent elsewhere, which may be honest: someone has to look."""
    ours, theirs = _arms(runs)
    gone = _elsewhere(ours, theirs, metric) if ours and theirs else None
    return None if gone is None else Fact(Kind.TIME_ELSEWHERE, gone.figures)


def _arms(runs: Sequence[Run]) -> tuple[Sequence[Run], Sequence[Run]]:
    return [run for run in runs if run.arm is Arm.CANDIDATE], [run for run in runs if run.arm is Arm.INCUMBENT]


def several(runs: Sequence[Run]) -> frozenset[str]:
    """The metrics of which some of these runs printed different values."""
    return frozenset(name for run in runs for name in run.several)


def _printed_twice(ours: Sequence[Run], known: Collection[str], deciding: Collection[str]) -> str | None:
    """Name a metric that decides, or a case of one, of which a candidate's run printed different values, and no other."""
    found = (name for run in ours for name in run.several if name not in known)
    return next((name for name in found if name in deciding or name.partition("[")[0] in deciding), None)


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """What a time metric says to have saved was spent outside it; `contradicts` where that is no honest change's doing."""

    figures: Mapping[str, Any]
    contradicts: bool


def _elsewhere(ours: Sequence[Run], theirs: Sequence[Run], metric: Metric) -> _Elsewhere | None:
    """Compare how much of a run goes by outside a time metric: work that was really saved shortens the run as much as the metric.

    A metric that is a small part of its run (one of many repetitions) or longer than its run (a sum over threads) is not judged.
    """
    read = reading(metric)
    if read is None or not (spans := _spans(ours, metric, read)) or not (spans_before := _spans(theirs, metric, read)):
        return None
    unit_s = next((one for one in read.units_s if _fits(spans_before, read, one)), None)
    if unit_s is None:
        return None
    (value, whole), (value_before, whole_before) = (_typical(found, unit_s) for found in (spans, spans_before))
    outside, outside_before = whole - value, whole_before - value_before
    saved, more = value_before - value, outside - outside_before
    little = more <= LEAST_OUTSIDE_S
    if saved <= 0 or more <= WHOLE * saved or (little and not _are_apart(spans, spans_before, unit_s)):
        return None
    far_below = MORE_OUTSIDE * value * whole_before < value_before * whole and outside > MORE_OUTSIDE * outside_before
    as_long = more <= WHOLE_AT_MOST * saved and value_before >= GREATER_PART * whole_before
    figures = {
        "metric": metric.name,
        "rate": read.rate,
        "clock": str(read.clock),
        "value_s": value,
        "whole_s": whole,
        "value_before_s": value_before,
        "whole_before_s": whole_before,
    }
    return _Elsewhere(figures, not little and (far_below or (as_long and min(len(spans), len(spans_before)) >= ENOUGH_RUNS)))


def _are_apart(ours: Sequence[_Span], theirs: Sequence[_Span], unit_s: float) -> bool:
    """Whether runs enough to tell show that more of ours goes by outside the metric: by the share of couples (Mann and Whitney 1947)."""
    outside, before = ([whole - value * unit_s for value, whole in spans] for spans in (ours, theirs))
    if min(len(outside), len(before)) < TELLING_RUNS:
        return False
    return sum(one > other for one in outside for other in before) >= CLEARLY * len(outside) * len(before)


def _spans(runs: Sequence[Run], metric: Metric, read: Reading) -> list[_Span]:
    """Give what is known of each run; nothing of one that has no time, as a rate of 0 has none."""
    processor = read.clock is Clock.PROCESSOR
    took = ((run.samples[metric.name], run.samples.get("autotune.cpu_s") if processor else run.wall_s) for run in runs)
    return [(1 / value if read.rate else value, whole) for value, whole in took if whole is not None and (value > 0 or not read.rate)]


def _fits(spans: Sequence[_Span], read: Reading, unit_s: float) -> bool:
    """Whether the metric in this unit was enough of every run, no more than all of it, and varied with them where it has to."""
    parts = [value * unit_s for value, _ in spans]
    besides = [whole - part for part, (_, whole) in zip(parts, spans, strict=True)]
    varies = len(spans) >= TELLING_RUNS and max(besides) - min(besides) < LEFT_BESIDES * (max(parts) - min(parts))
    return all(read.share * whole <= value * unit_s <= whole for value, whole in spans) and (varies or not read.varying)


def _typical(spans: Sequence[_Span], unit_s: float) -> _Span:
    return median([value * unit_s for value, _ in spans]), median([whole for _, whole in spans])


def leftovers(ours: Sequence[str], theirs: Sequence[str]) -> Fact | None:
    """Say that the candidate's runs left processes behind and the incumbent's did not."""
    return Fact(Kind.LEFTOVERS, {"first": ours[0], "more": len(ours) > 1}) if ours and not theirs else None
