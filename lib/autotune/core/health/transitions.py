"""How the loop is doing: running, improving, plateaued, crashing, healing, paused or finished, and which way it gets from one to the other.

Every settled experiment and every control event is a `Signal`. `step` counts it, asks whether a streak has passed its threshold
(then the signal is NO_PROGRESS or FAILURES instead; after a playbook that left no streak as long, WELL), and looks up TRANSITIONS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from autotune.core.facts import Fact, Kind


class Health(StrEnum):
    """The loop's condition."""

    RUNNING = "running"
    IMPROVING = "improving"
    PLATEAUED = "plateaued"
    CRASHING = "crashing"
    HEALING = "healing"
    PAUSED = "paused"
    FINISHED = "finished"


class Mode(StrEnum):
    """What the proposer is asked for: a better metric, or a loop that works again."""

    OPTIMIZE = "optimize"
    REPAIR = "repair"


class Signal(StrEnum):
    """What has happened, as far as health is concerned."""

    KEPT = "kept"
    NOT_BETTER = "not better"
    NOT_MEASURED = "not measured"
    FAILED = "failed"
    BROKEN = "broken"  # the benchmark or its environment fails without the candidate too
    HEALED_BY = "playbook ended"  # without a look at the unchanged code
    WORKS = "unchanged code works"  # as a playbook found, or a new segment's baseline
    FAILS = "unchanged code fails"  # as a playbook found
    HEALING_BEGAN = "playbook begun"
    REPAIR_ASKED = "repair asked"
    RESUMED = "resumed"
    PAUSED = "paused"
    FINISHED = "finished"
    # what a streak turns NOT_BETTER or FAILED into, and the want of one HEALED_BY or WORKS:
    NO_PROGRESS = "no progress"
    FAILURES = "failures"
    WELL = "well"


@dataclass(frozen=True, slots=True)
class Vitals:
    """Health, and the counts behind it.

    `no_improvement` counts experiments in a row that were judged and not kept, `failures` candidates' failures in a row. Of these,
    `excused` and `excused_failures` came before the last playbook ended or a person went on, and count towards no threshold.
    `total_failures` are the session's, `attempts` the playbooks begun since the last keep. `broken` says how often the incumbent failed too
    since it last passed.
    """

    health: Health = Health.RUNNING
    mode: Mode = Mode.OPTIMIZE
    no_improvement: int = 0
    failures: int = 0
    excused: int = 0
    excused_failures: int = 0
    total_failures: int = 0
    attempts: int = 0
    broken: int = 0
    why: Fact = Fact(Kind.SESSION_BEGAN)  # noqa: RUF009 - frozen


_R, _I, _P, _C, _H, _PAUSED, _F = Health
TRANSITIONS: Mapping[Signal, Mapping[Health, Health]] = {
    #                      running      improving    plateaued    crashing     healing      paused       finished
    Signal.KEPT:          {_R: _I,      _I: _I,      _P: _I,      _C: _I,      _H: _I,      _PAUSED: _PAUSED, _F: _F},
    Signal.NOT_BETTER:    {_R: _R,      _I: _R,      _P: _P,      _C: _R,      _H: _H,      _PAUSED: _PAUSED, _F: _F},
    Signal.NOT_MEASURED:  {_R: _R,      _I: _I,      _P: _P,      _C: _C,      _H: _H,      _PAUSED: _PAUSED, _F: _F},
    Signal.FAILED:        {_R: _R,      _I: _R,      _P: _P,      _C: _C,      _H: _H,      _PAUSED: _PAUSED, _F: _F},
    Signal.BROKEN:        {_R: _C,      _I: _C,      _P: _C,      _C: _C,      _H: _C,      _PAUSED: _PAUSED, _F: _F},
    Signal.NO_PROGRESS:   {_R: _P,      _I: _P,      _P: _P,      _C: _P,      _H: _P,      _PAUSED: _PAUSED, _F: _F},
    Signal.FAILURES:      {_R: _C,      _I: _C,      _P: _C,      _C: _C,      _H: _C,      _PAUSED: _PAUSED, _F: _F},
    Signal.REPAIR_ASKED:  {_R: _C,      _I: _C,      _P: _C,      _C: _C,      _H: _C,      _PAUSED: _C,      _F: _C},
    Signal.HEALING_BEGAN: {_R: _H,      _I: _H,      _P: _H,      _C: _H,      _H: _H,      _PAUSED: _PAUSED, _F: _F},
    Signal.HEALED_BY:     {_R: _R,      _I: _I,      _P: _P,      _C: _C,      _H: _H,      _PAUSED: _PAUSED, _F: _F},
    Signal.WORKS:         {_R: _R,      _I: _I,      _P: _P,      _C: _C,      _H: _H,      _PAUSED: _PAUSED, _F: _F},
    Signal.FAILS:         {_R: _R,      _I: _I,      _P: _P,      _C: _C,      _H: _H,      _PAUSED: _PAUSED, _F: _F},
    Signal.WELL:          {_R: _R,      _I: _I,      _P: _R,      _C: _R,      _H: _R,      _PAUSED: _PAUSED, _F: _F},
    Signal.RESUMED:       {_R: _R,      _I: _I,      _P: _R,      _C: _R,      _H: _R,      _PAUSED: _R,      _F: _R},
    Signal.PAUSED:        {_R: _PAUSED, _I: _PAUSED, _P: _PAUSED, _C: _PAUSED, _H: _PAUSED, _PAUSED: _PAUSED, _F: _F},
    Signal.FINISHED:      dict.fromkeys(Health, _F),
}  # fmt: skip


def step(vitals: Vitals, signal: Signal, max_no_improvement: int, max_failures: int, why: Fact) -> Vitals:
    """Give the vitals after `signal`; the two thresholds count experiments in a row. `why` is kept as the reason of the new health."""
    after = _count(vitals, signal)
    effective = _effective(after, signal, max_no_improvement, max_failures)
    health = TRANSITIONS[effective][vitals.health]
    stays = _reason_stays(effective, vitals.health, health)
    return replace(after, health=health, why=vitals.why if stays else _reason(after, health, effective, why))


def _reason_stays(signal: Signal, before: Health, after: Health) -> bool:
    """Whether the reason of a health outlives a signal: nothing was learnt, or the session stands still or heals as it did."""
    if signal is Signal.PAUSED:
        return after is Health.FINISHED
    if signal is Signal.NOT_MEASURED or (before is after and after in (Health.PAUSED, Health.FINISHED)):
        return True
    if signal in (Signal.NOT_BETTER, Signal.FAILED):
        return before is after is Health.HEALING
    return signal in (Signal.HEALED_BY, Signal.WORKS) and after is Health.CRASHING


def _effective(vitals: Vitals, signal: Signal, max_no_improvement: int, max_failures: int) -> Signal:
    if signal is Signal.FAILED and vitals.failures - vitals.excused_failures >= max_failures:
        return Signal.FAILURES
    if signal in (Signal.NOT_BETTER, Signal.FAILED) and vitals.no_improvement - vitals.excused >= max_no_improvement:
        return Signal.NO_PROGRESS
    well = not vitals.broken and vitals.no_improvement < max_no_improvement and vitals.failures < max_failures
    return Signal.WELL if well and signal in (Signal.HEALED_BY, Signal.WORKS) else signal


def _count(vitals: Vitals, signal: Signal) -> Vitals:  # noqa: C901, PLR0911 - one case a signal
    match signal:
        case Signal.KEPT:
            return Vitals(total_failures=vitals.total_failures)
        case Signal.NOT_BETTER:
            longer = vitals.no_improvement + 1
            return replace(vitals, no_improvement=longer, failures=0, excused_failures=0, broken=0, mode=Mode.OPTIMIZE)
        case Signal.FAILED:
            return replace(
                vitals,
                no_improvement=vitals.no_improvement + 1,
                failures=vitals.failures + 1,
                total_failures=vitals.total_failures + 1,
                broken=0,  # a candidate's own failure: the unchanged code has passed
                mode=Mode.OPTIMIZE,
            )
        case Signal.BROKEN:
            return replace(vitals, broken=vitals.broken + 1, mode=Mode.REPAIR)
        case Signal.REPAIR_ASKED:
            return replace(vitals, mode=Mode.REPAIR, attempts=0)
        case Signal.HEALING_BEGAN:
            return replace(vitals, attempts=vitals.attempts + 1, mode=Mode.REPAIR if vitals.broken else vitals.mode)
        case Signal.HEALED_BY:
            return replace(_excused(vitals), mode=Mode.REPAIR if vitals.broken else Mode.OPTIMIZE)
        case Signal.WORKS:
            return replace(_excused(vitals), broken=0, mode=Mode.OPTIMIZE)
        case Signal.FAILS:
            return replace(_excused(vitals), mode=Mode.REPAIR)
        case Signal.RESUMED:
            return replace(_excused(vitals), attempts=0, broken=0, mode=Mode.OPTIMIZE)
        case _:
            return vitals


def _excused(vitals: Vitals) -> Vitals:
    """Give the streaks a new start without forgetting them."""
    return replace(vitals, excused=vitals.no_improvement, excused_failures=vitals.failures)


def _reason(vitals: Vitals, health: Health, signal: Signal, why: Fact) -> Fact:
    """The reason of a health: the whole streak that brought it about, else `why`."""
    if health is Health.PLATEAUED:
        return Fact(Kind.PLATEAU, {"experiments": vitals.no_improvement})
    if signal is Signal.FAILURES and health is Health.CRASHING:
        return Fact(Kind.FAILURES, {"failures": vitals.failures})
    return why
