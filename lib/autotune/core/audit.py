"""Whether the runs behind a keep can be what they say: how long they took, and how often they printed their metric, besides its value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autotune.core.events import Ran
from autotune.core.model import Arm, Direction, Metric
from autotune.core.stats import median

# How much more of a run may go by outside a time metric than on the unchanged code, as a multiple and in seconds, and how much smaller
# a share of its run the metric may become, as a multiple: an honest change may load a little more at its start. Starting a program
# takes tens of milliseconds that vary by as much, so that below 0.1 s nothing can be told.
MORE_OUTSIDE = 5.0
LEAST_OUTSIDE_S = 0.1
# Of the run that the metric has to be on the unchanged code; below, it is one of many repetitions and says nothing of the run.
LEAST_SHARE = 0.2
# Of what a time metric says was saved, so much has to have gone elsewhere before anything is said: whoever saves a second and loads a
# library for it in a tenth has saved time. Where it is all of it, within a fifth, the run takes as long as before: a clock that runs
# slower looks like that. Several runs have to say so, of which the metric was the greater part.
WHOLE, WHOLE_AT_MOST = 0.8, 1.2
GREATER_PART = 0.5
ENOUGH_RUNS = 3
_UNITS_S = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
}


@dataclass(frozen=True, slots=True)
class Observed:
    """One good run as autotune saw it: the primary metric's last value, and how long the run took in seconds.

    `several` names the metrics that it printed more than once with different values.
    """

    arm: Arm
    value: float
    wall_s: float
    several: tuple[str, ...] = ()


def observed(run: Ran, metric: Metric) -> Observed:
    """Give what speaks for or against a good run besides its value."""
    several = tuple(name for name, said in (run.earlier or {}).items() if said["lowest"] != said["highest"])
    return Observed(run.arm, run.metrics[metric.name], run.wall_s, several)


def seconds_per_unit(metric: Metric) -> float | None:
    """How many seconds one of the metric's unit is, by its unit or else by its name's last part; None where it is no time."""
    if metric.unit:
        return _UNITS_S.get(metric.unit.lower())
    return _UNITS_S.get(re.split(r"[_.\-/]", metric.name.lower())[-1])


def objection(runs: Sequence[Observed], metric: Metric, guarded: Sequence[str] = ()) -> str | None:
    """Why the candidate's runs are no evidence, as a sentence without its full stop; None where nothing speaks against them.

    It is made only of what differs between the arms, so that a benchmark's own peculiarities accuse nobody. `guarded` names the metrics of
    guardrails, which decide as the primary one does, and so do cases.
    """
    ours, theirs = _arms(runs)
    if not ours or not theirs:
        return None
    if (name := _printed_twice(ours, theirs, {metric.name, *guarded})) is not None:
        return (
            f"its runs print {name} more than once with different values, which the unchanged code's do not: who printed which is unknown"
        )
    gone = _elsewhere(ours, theirs, metric)
    return gone.sentence if gone is not None and gone.contradicts else None


def with_remark(reason: str, runs: Sequence[Observed], metric: Metric) -> str:
    """Add to a keep's reason that time was saved in the metric alone and spent elsewhere, which may be honest: someone has to look."""
    ours, theirs = _arms(runs)
    gone = _elsewhere(ours, theirs, metric) if ours and theirs else None
    return reason if gone is None else f"{reason}; look at it twice: {gone.sentence}"


def _arms(runs: Sequence[Observed]) -> tuple[Sequence[Observed], Sequence[Observed]]:
    return [run for run in runs if run.arm is Arm.CANDIDATE], [run for run in runs if run.arm is Arm.INCUMBENT]


def _printed_twice(ours: Sequence[Observed], theirs: Sequence[Observed], deciding: set[str]) -> str | None:
    """Name a metric that decides, or a case of one, of which a candidate's run printed different values and no other arm's did."""
    known = {name for run in theirs for name in run.several}
    found = (name for run in ours for name in run.several if name not in known)
    return next((name for name in found if name in deciding or name.partition("[")[0] in deciding), None)


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """What a time metric says to have saved was spent outside it; `contradicts` where that is no honest change's doing."""

    sentence: str
    contradicts: bool


def _elsewhere(ours: Sequence[Observed], theirs: Sequence[Observed], metric: Metric) -> _Elsewhere | None:
    """Compare how much of a run goes by outside a time metric: work that was really saved shortens the run as much as the metric.

    A metric that is a small part of its run (one of many repetitions) or longer than its run (a sum over threads) is not judged.
    """
    unit_s = seconds_per_unit(metric)
    if unit_s is None or metric.direction is not Direction.LOWER or metric.name.startswith("autotune."):
        return None
    (value, wall), (value_before, wall_before) = (_typical(runs, unit_s) for runs in (ours, theirs))
    outside, outside_before = wall - value, wall_before - value_before
    saved, more = value_before - value, outside - outside_before
    if not LEAST_SHARE * wall_before <= value_before <= wall_before or saved <= 0 or more <= max(LEAST_OUTSIDE_S, WHOLE * saved):
        return None
    far_below = MORE_OUTSIDE * value * wall_before < value_before * wall and outside > MORE_OUTSIDE * outside_before
    as_long = more <= WHOLE_AT_MOST * saved and value_before >= GREATER_PART * wall_before
    sentence = (
        f"its {metric.name} says {value:.3g} s of runs that took {wall:.3g} s, while on the unchanged code it said {value_before:.3g} s "
        f"of {wall_before:.3g} s: the time went elsewhere, or the clock is not to be trusted"
    )
    return _Elsewhere(sentence, far_below or (as_long and min(len(ours), len(theirs)) >= ENOUGH_RUNS))


def _typical(runs: Sequence[Observed], unit_s: float) -> tuple[float, float]:
    return median([run.value * unit_s for run in runs]), median([run.wall_s for run in runs])


def with_leftovers(reason: str, ours: Sequence[str], theirs: Sequence[str]) -> str:
    """Add to a verdict's reason that the candidate's runs left processes behind and the incumbent's did not."""
    if not ours or theirs:
        return reason
    return f"{reason}; the candidate's runs left processes behind, which were ended: {ours[0]}" + (" and others" if len(ours) > 1 else "")
