"""What a line of the log needs before it: the one place that says of every kind of line what makes it, or that nobody can tell.

A note, a notice, a pause and a stop are words: whoever can write to the log could have written one, and the log cannot tell who did. So
no verdict and no figure is made of one; the most that they do is that the session stands still, which a person sees and ends. Words to go
on, or to repair, need a session that can be gone on with, and what follows is measured afresh. Every other kind is made of lines before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from autotune.core import decide, stats
from autotune.core.events import (
    Calibrated,
    CandidateTaken,
    Claimed,
    Decided,
    Described,
    Event,
    Finished,
    Looked,
    Noted,
    Noticed,
    Opened,
    Paused,
    PlaybookBegun,
    PlaybookEnded,
    Purpose,
    Ran,
    RepairAsked,
    Restored,
    Result,
    Resumed,
    SegmentOpened,
    SettingsChanged,
    Spent,
    Stopped,
    TargetChecked,
)
from autotune.core.model import Direction, Status
from autotune.core.recovery import Playbook
from autotune.core.state import RECENT, Ending, State
from autotune.core.stopping import recovery_due

TARGET_RUNS = 3
LOOK_RUNS = 2
WORDS = (Noted, Noticed, Paused, Stopped)

Runs = Mapping[Purpose, Sequence[Ran]]


def misplaced(state: State, event: Event, runs: Runs) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one case an event
    """Tell what a line lacks before it, as the end of a sentence that begins with "Line 7 has"; None where it lacks nothing.

    `state` is what the lines before amount to. `runs` has the good runs of its segment so far that no line has been made of yet. What a
    verdict, result, claim or calibration says of them is for `replay`.
    """
    match event:
        case SegmentOpened():
            return _segment(state, event)
        case Ran():
            return _run(state, event)
        case Opened():
            return "the opening of a session that is open" if state.opened else None
        case CandidateTaken():
            return _candidate(state, event)
        case Described():
            return _description(state, event)
        case Result(baseline=True):
            return _baseline(state, event)
        case PlaybookBegun():
            due = recovery_due(state)
            fits = due is not None and due.playbook == event.playbook and event.attempt == state.vitals.attempts + 1
            return None if fits and state.playbook is None else f"a playbook, {event.playbook}, for which there was no cause"
        case PlaybookEnded():
            return _playbook_end(state, event, runs.get(Purpose.DIAGNOSIS, ()))
        case TargetChecked():
            return _target(state, event, runs.get(Purpose.TARGET, ()))
        case Claimed():
            return _claim(state, event)
        case Looked():
            return _look(state, event, runs.get(Purpose.LOOK, ()))
        case Resumed():
            return "a word to go on, in a session that did not stand still" if state.ended is None else None
        case RepairAsked():
            return _repair(state, event)
        case Restored():
            there = state.experiment is None and 1 <= event.experiment <= state.count
            return None if there else f"the changes of experiment {event.experiment} brought back, which was not there to be"
        case Spent():
            falls = event.cost_usd < state.spending.cost_usd or event.tokens < state.spending.tokens
            return "a cost of the agent that is less than before" if falls else None
        case Result() | Decided() | Calibrated() | SettingsChanged() | Finished():
            return None  # `replay` makes them again
        case Noted() | Noticed() | Paused() | Stopped():
            return None
        case never:
            assert_never(never)


def _segment(state: State, said: SegmentOpened) -> str | None:
    before = state.segment.opened
    same = (said.session, said.name, said.branch, said.workdir) == (before.session, before.name, before.branch, before.workdir)
    follows = (said.segment, said.base) == (before.segment + 1, state.incumbent)
    return (
        None
        if same and follows and state.experiment is None
        else f"segment {said.segment}, which does not follow from segment {before.segment}"
    )


def _run(state: State, said: Ran) -> str | None:
    experiment = state.experiment
    measured = experiment.number if experiment is not None and experiment.verdict is None else None
    if said.purpose in (Purpose.EXPERIMENT, Purpose.CROSS_CHECK):
        return None if measured == said.experiment else f"a run of experiment {said.experiment}, which was not being measured"
    if measured is not None:
        return f"a run of a {said.purpose} while experiment {measured} was measured"
    begins = said.purpose in (Purpose.BASELINE, Purpose.PROOF)
    return f"a run of a {said.purpose} after the segment's baseline" if begins and state.segment.baseline is not None else None


def _candidate(state: State, said: CandidateTaken) -> str | None:
    fits = state.experiment is None and (said.experiment, said.incumbent) == (state.count + 1, state.incumbent)
    if not fits:
        return f"a candidate of experiment {said.experiment}, which does not follow from what was kept"
    return "a candidate in a segment that has no baseline" if state.segment.baseline is None else None


def _description(state: State, said: Described) -> str | None:
    experiment = state.experiment
    waits = experiment is not None and experiment.number == said.experiment and experiment.verdict is not None and not experiment.may_settle
    return None if waits else f"words for experiment {said.experiment}, which did not wait for any"


def _baseline(state: State, said: Result) -> str | None:
    fits = (said.index, said.commit, said.status, said.segment) == (state.count, state.incumbent, Status.KEEP, state.segment.opened.segment)
    if not fits or state.experiment is not None or state.segment.baseline is not None:
        return f"a baseline of segment {said.segment}, which was not about to get one"
    return None if state.segment.baseline_runs else "a baseline that is made of no runs"


def _playbook_end(state: State, said: PlaybookEnded, runs: Sequence[Ran]) -> str | None:
    if state.playbook is None or state.playbook.playbook != said.playbook:
        return f"the end of a playbook, {said.playbook}, that had not begun"
    if said.scope and said.playbook != Playbook.SHRINK_SCOPE:
        return f"another scope from a playbook, {said.playbook}, that sets none"
    unseen = said.works is True and said.playbook == Playbook.DIAGNOSE and not runs
    return "a benchmark that works, which no run before it shows" if unseen else None


def _target(state: State, said: TargetChecked, runs: Sequence[Ran]) -> str | None:
    target, value = state.config.target, said.value
    if not state.target_in_reach or target is None:
        return "a check of a target that was not in reach"
    if value is None:
        return "a target that is reached without a value" if said.reached else None
    made_of = [run.metrics[state.metric.name] for run in runs[-TARGET_RUNS:]]
    reached = value <= target if state.metric.direction is Direction.LOWER else value >= target
    fits = len(made_of) == TARGET_RUNS and stats.median(made_of) == value and reached is said.reached
    return None if fits else "another check of the target than its runs give"


def _claim(state: State, said: Claimed) -> str | None:
    if said.keeps != state.all_keeps:
        return f"a claim that knows of {said.keeps} keeps, where there are {state.all_keeps}"
    if said.experiment is None:
        fits = (said.first, said.last) == (state.first, state.incumbent)
        return None if fits else "a claim of other states than the session's first and last"
    known = any((row.index, row.commit) == (said.experiment, said.last) for row in state.recent.kept)
    return None if known or state.all_keeps > RECENT else f"a claim of experiment {said.experiment}, which is no keep"


def _look(state: State, said: Looked, runs: Sequence[Ran]) -> str | None:
    if not state.look_is_due:
        return "a look at the unchanged code that was not due"
    if not said.values:
        return "a look that found another value without any run" if said.moved else None
    values = tuple(run.metrics[state.metric.name] for run in runs[-LOOK_RUNS:])
    fits = values == said.values and len(values) == LOOK_RUNS and decide.reference_moved(state.calibration, values) is said.moved
    return None if fits else "another look at the unchanged code than its runs give"


def _repair(state: State, said: RepairAsked) -> str | None:
    if state.ended is not None and state.ended.ending is Ending.FINISHED:
        return "a repair of a session that is finished"
    known = said.playbook is None or said.playbook in {*Playbook} - {Playbook.PAUSE}
    return None if known else f"a repair by a playbook, {said.playbook}, that there is not"


def uses(event: Event) -> tuple[Purpose, ...]:
    """Name the purposes of the runs that a line is made of: no other line is made of the same ones."""
    match event:
        case TargetChecked():
            return (Purpose.TARGET,)
        case Claimed():
            return (Purpose.CLAIM,)
        case Looked():
            return (Purpose.LOOK,)
        case Calibrated():
            return (Purpose.CALIBRATION,)
        case PlaybookEnded():
            return (Purpose.DIAGNOSIS,)
        case _:
            return ()
