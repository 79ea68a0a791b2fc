"""What a line of the log needs before it: the one place that says of every kind of line what makes it, or that nobody can tell.

A note, a notice, a pause and a stop are words: whoever can write to the log could have written one, and the log cannot tell who did. So
no verdict and no figure is made of one; the most that they do is that the session stands still, which a person sees and ends. Words to go
on, or to repair, need a session that can be gone on with, and what follows is measured afresh. Every other kind is made of lines before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from autotune.core.cases.confirming import planned_for
from autotune.core.cases.listed import listed
from autotune.core.cases.rounds import of_a_round
from autotune.core.cases.split import digest, letters, split
from autotune.core.decide import decide
from autotune.core.facts import Fact
from autotune.core.findings import Contradiction
from autotune.core.health.recovery import Playbook
from autotune.core.ledger import events
from autotune.core.ledger.given import fits, given
from autotune.core.ledger.lines import Event
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.scored import mean_of
from autotune.core.ledger.state import RECENT, Ending, Experiment, State
from autotune.core.ledger.stopping import recovery_due
from autotune.core.model import Direction, Part, Status
from autotune.core.stats import noise

TARGET_RUNS = 3
LOOK_RUNS = 2
WORDS = (events.Noted, events.Noticed, events.Paused, events.Stopped, events.StopAsked)
USES: Mapping[type[Event], Purpose] = {
    events.TargetChecked: Purpose.TARGET,
    events.Claimed: Purpose.CLAIM,
    events.Looked: Purpose.LOOK,
    events.Calibrated: Purpose.CALIBRATION,
    events.PlaybookEnded: Purpose.DIAGNOSIS,
}
"""For what the runs were made that a line is made of: no other line is made of the same ones."""

Runs = Mapping[Purpose, Sequence[events.Ran]]


def misplaced(state: State, event: Event, runs: Runs) -> Fact | None:  # noqa: C901, PLR0911, PLR0912 - one case an event
    """Tell what a line lacks before it; None where it lacks nothing.

    `state` is what the lines before amount to. `runs` has the good runs of its segment so far that no line has been made of yet. What a
    verdict, result, claim or calibration says of them is for `replay`.
    """
    match event:
        case events.SegmentOpened():
            return _segment(state, event)
        case events.Ran():
            return _run(state, event)
        case events.Opened():
            return Fact(Contradiction.OPENED_TWICE) if state.opened else None
        case events.CandidateTaken():
            return _candidate(state, event)
        case events.Formatted():
            return _formatted(state.experiment, event)
        case events.Described():
            return _description(state, event)
        case events.Result(baseline=True):
            return _baseline(state, event)
        case events.PlaybookBegun():
            due = recovery_due(state)
            fits = due is not None and due.playbook == event.playbook and event.attempt == state.vitals.attempts + 1
            return None if fits and state.playbook is None else Fact(Contradiction.PLAYBOOK_WITHOUT_CAUSE, {"playbook": event.playbook})
        case events.PlaybookEnded():
            return _playbook_end(state, event, runs.get(Purpose.DIAGNOSIS, ()))
        case events.TargetChecked():
            return _target(state, event, runs.get(Purpose.TARGET, ()))
        case events.Claimed():
            return _claim(state, event)
        case events.Looked():
            return _look(state, event, runs.get(Purpose.LOOK, ()))
        case events.Resumed():
            return Fact(Contradiction.WENT_ON_UNSTOPPED) if state.ended is None else None
        case events.RepairAsked():
            return _repair(state, event)
        case events.Restored():
            there = state.experiment is None and 1 <= event.experiment <= state.count
            return None if there else Fact(Contradiction.RESTORED_NOTHING, {"experiment": event.experiment})
        case events.Spent():
            falls = event.cost_usd < state.spending.agent_usd or event.tokens < state.spending.tokens
            return Fact(Contradiction.COST_FELL) if falls else None
        case events.Listed():
            return _listed(state, event)
        case events.Drawn():
            return _drawn(state, event)
        case events.Charged():
            return Fact(Contradiction.COST_FELL) if event.cost_usd < 0 or not state.config.cost_metric else None
        case events.Result() | events.Decided() | events.Calibrated() | events.SettingsChanged() | events.Finished():
            return None  # `replay` makes them again
        case events.Noted() | events.Noticed() | events.Paused() | events.Stopped() | events.StopAsked() | events.Imported():
            return None
        case never:
            assert_never(never)


def _segment(state: State, said: events.SegmentOpened) -> Fact | None:
    before = state.segment.opened
    same = (said.session, said.name, said.branch, said.workdir) == (before.session, before.name, before.branch, before.workdir)
    follows = (said.segment, said.base) == (before.segment + 1, state.incumbent)
    if same and follows and state.experiment is None:
        return None
    return Fact(Contradiction.SEGMENT_ASTRAY, {"segment": said.segment, "before": before.segment})


def _run(state: State, said: events.Ran) -> Fact | None:
    if (otherwise := _given(state, said)) is not None:
        return otherwise
    experiment = state.experiment
    measured = experiment.number if experiment is not None and experiment.verdict is None else None
    if said.purpose in (Purpose.EXPERIMENT, Purpose.CROSS_CHECK) or (said.purpose is Purpose.CHECKS and measured is not None):
        return None if measured == said.experiment else Fact(Contradiction.RUN_ASTRAY, {"experiment": said.experiment})
    if measured is not None:
        return Fact(Contradiction.RUN_MEANWHILE, {"purpose": said.purpose, "experiment": measured})
    begins = said.purpose in (Purpose.BASELINE, Purpose.PROOF)
    late = begins and state.segment.baseline is not None
    return Fact(Contradiction.RUN_AFTER_BASELINE, {"purpose": said.purpose}) if late else None


def _given(state: State, said: events.Ran) -> Fact | None:
    """Tell where a run has another seed or other cases than its place in the log gives it."""
    if fits(state, said):
        return None
    if said.cases or state.segment.listed:
        return Fact(Contradiction.CASES_OTHERWISE)
    found = given(state, said.purpose, said.experiment, said.arm).seed if said.purpose is not Purpose.CHECKS else None
    return Fact(Contradiction.SEED_OTHERWISE, {"said": said.seed, "found": found})


def _listed(state: State, said: events.Listed) -> Fact | None:
    """Tell where cases are named too late, or are others than the settings name."""
    config, segment = state.config, state.segment
    named = config.cases_named or said.cases
    fits_ = bool(config.cases) and not segment.listed and not segment.baseline_runs and named == said.cases
    whole = fits_ and _are_cases(state, said.cases) and (said.parts, said.digest) == _parts(state, said.cases)
    return None if whole else Fact(Contradiction.CASES_ASTRAY)


def _parts(state: State, lines: Sequence[str]) -> tuple[str | None, str | None]:
    """Give what cases are for, and the digest of their list, where scores decide."""
    if state.scores is None:
        return None, None
    cases = listed(lines, sided=state.segment.sided)
    return letters(cases, split(cases, state.config.holdout_share, state.config.search_share)), digest(cases)


def _drawn(state: State, said: events.Drawn) -> Fact | None:
    """Tell where a comparison on cases begins that was not to come, or with another number than it has."""
    experiment, scored = state.experiment, state.scores is not None and said.taken is state.taken
    if experiment is None or (experiment.number, experiment.verdict) != (said.experiment, None) or not scored:
        return Fact(Contradiction.DRAW_ASTRAY, {"experiment": said.experiment})
    if said.part is not Part.CONFIRM:
        again = said.part is Part.HELD_OUT or bool(experiment.drawn) or bool(said.number or said.pool_number)
        return Fact(Contradiction.DRAW_ASTRAY, {"experiment": said.experiment}) if again else None
    searched = bool(state.segment.split.search)
    fits_ = [one.part for one in experiment.drawn] == ([Part.SEARCH] if searched else [])
    counted = (said.number, said.keeps, said.planned) == (state.confirmations + 1, state.gains, planned_for(state.segment.listed))
    in_pool = 1 <= said.pool_number <= said.planned and 0 <= said.pool_keeps < said.pool_number
    return None if fits_ and counted and in_pool else Fact(Contradiction.DRAW_ASTRAY, {"experiment": said.experiment})


def _are_cases(state: State, lines: Sequence[str]) -> bool:
    try:
        return len(listed(lines, sided=state.segment.sided)) == len(lines)
    except ValueError:
        return False


def _candidate(state: State, said: events.CandidateTaken) -> Fact | None:
    fits = state.experiment is None and (said.experiment, said.incumbent) == (state.count + 1, state.incumbent)
    if not fits:
        return Fact(Contradiction.CANDIDATE_ASTRAY, {"experiment": said.experiment})
    return Fact(Contradiction.CANDIDATE_TOO_SOON) if state.segment.baseline is None else None


def _formatted(experiment: Experiment | None, said: events.Formatted) -> Fact | None:
    waits = experiment is not None and experiment.number == said.experiment and experiment.verdict is None and not experiment.runs
    return None if waits else Fact(Contradiction.FORMATTED_ASTRAY, {"experiment": said.experiment})


def _description(state: State, said: events.Described) -> Fact | None:
    experiment = state.experiment
    waits = experiment is not None and experiment.number == said.experiment and experiment.verdict is not None and not experiment.may_settle
    return None if waits else Fact(Contradiction.DESCRIBED_UNASKED, {"experiment": said.experiment})


def _baseline(state: State, said: events.Result) -> Fact | None:
    fits = (said.index, said.commit, said.status, said.segment) == (state.count, state.incumbent, Status.KEEP, state.segment.opened.segment)
    if not fits or state.experiment is not None or state.segment.baseline is not None:
        return Fact(Contradiction.BASELINE_ASTRAY, {"segment": said.segment})
    return None if state.segment.baseline_runs else Fact(Contradiction.BASELINE_OF_NO_RUNS)


def _playbook_end(state: State, said: events.PlaybookEnded, runs: Sequence[events.Ran]) -> Fact | None:
    if state.playbook is None or state.playbook.playbook != said.playbook:
        return Fact(Contradiction.PLAYBOOK_NOT_BEGUN, {"playbook": said.playbook})
    if said.scope and said.playbook != Playbook.SHRINK_SCOPE:
        return Fact(Contradiction.SCOPE_FROM_PLAYBOOK, {"playbook": said.playbook})
    unseen = said.works is True and said.playbook == Playbook.DIAGNOSE and not runs
    return Fact(Contradiction.WORKS_UNSEEN) if unseen else None


def _target(state: State, said: events.TargetChecked, runs: Sequence[events.Ran]) -> Fact | None:
    target, value = state.config.target, said.value
    if not state.target_in_reach or target is None:
        return Fact(Contradiction.TARGET_OUT_OF_REACH)
    if value is None:
        return Fact(Contradiction.TARGET_WITHOUT_VALUE) if said.reached else None
    count = target_runs(state)
    made_of = [run.metrics for run in runs[-count:]]
    reached = value <= target if state.metric.direction is Direction.LOWER else value >= target
    fits = len(made_of) == count and target_value(state, made_of) == value and reached is said.reached
    return None if fits else Fact(Contradiction.TARGET_OTHERWISE)


def target_runs(state: State) -> int:
    """How many fresh runs say whether a target is reached; where cases have scores, about a pass over those that may be seen."""
    if state.scores is None:
        return TARGET_RUNS
    split = state.segment.split
    return len(of_a_round(split.of(split.seen)))


def target_value(state: State, runs: Sequence[Mapping[str, float]]) -> float | None:
    """Give what fresh runs' samples come to: the median, or the mean of all scores."""
    if state.scores is not None:
        return mean_of(runs, state.metric.name)
    return noise.median([run[state.metric.name] for run in runs])


def _claim(state: State, said: events.Claimed) -> Fact | None:
    if said.keeps != state.all_keeps:
        return Fact(Contradiction.KEEPS_OTHERWISE, {"said": said.keeps, "found": state.all_keeps})
    if said.branch is not None:
        return None
    if said.experiment is None:
        fits = (said.first, said.last) == (state.first, state.incumbent)
        return None if fits else Fact(Contradiction.STATES_OTHERWISE)
    known = any((row.index, row.commit) == (said.experiment, said.last) for row in state.recent.kept)
    return None if known or state.all_keeps > RECENT else Fact(Contradiction.CLAIM_OF_NO_KEEP, {"experiment": said.experiment})


def _look(state: State, said: events.Looked, runs: Sequence[events.Ran]) -> Fact | None:
    if not state.look_is_due:
        return Fact(Contradiction.LOOK_NOT_DUE)
    if not said.values:
        return Fact(Contradiction.LOOK_WITHOUT_RUNS) if said.moved else None
    values = tuple(run.metrics[state.metric.name] for run in runs[-LOOK_RUNS:])
    fits = values == said.values and len(values) == LOOK_RUNS and decide.reference_moved(state.calibration, values) is said.moved
    return None if fits else Fact(Contradiction.LOOK_OTHERWISE)


def _repair(state: State, said: events.RepairAsked) -> Fact | None:
    if state.ended is not None and state.ended.ending is Ending.FINISHED:
        return Fact(Contradiction.REPAIRED_AT_END)
    known = said.playbook is None or said.playbook in {*Playbook} - {Playbook.PAUSE}
    return None if known else Fact(Contradiction.PLAYBOOK_UNKNOWN, {"playbook": said.playbook})
