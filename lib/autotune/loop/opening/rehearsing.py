"""Rehearsing: a segment tried out on a ledger of its own, before anything is written that stays."""

from __future__ import annotations

import itertools
import math
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from autotune.core.cases.confirming import first_needed
from autotune.core.cases.listed import line_of, listed
from autotune.core.cases.scores import Asked, can_decide
from autotune.core.cases.split import FEWEST_TO_SPLIT, couples_in, digest, is_sided, letters, split, units_in
from autotune.core.config.model import Config
from autotune.core.facts import Fact, Kind, naming
from autotune.core.ledger.events import Listed, Ran, Result, SegmentOpened
from autotune.core.ledger.fold import begin
from autotune.core.ledger.lines import Event, to_line
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.scored import mean_of
from autotune.core.ledger.state import State
from autotune.core.model import Arm, DecisionMode, Outcome, Status
from autotune.core.stats.noise import median
from autotune.core.tell.figures import counted, in_odds
from autotune.core.tell.words import told
from autotune.edges import commits, git, ledger, status
from autotune.edges.clock import now
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError
from autotune.loop.candidate import pinning
from autotune.loop.measure import calibrating, confirmations, reading, recording
from autotune.loop.measure.measuring import baseline
from autotune.loop.measure.places import bench_for
from autotune.loop.measure.turns import Interrupted, Turn, ended_by
from autotune.loop.opening.proving import few_read, prove
from autotune.loop.session import feed, files, layout, logs, settings
from autotune.loop.session.layout import Folder, root
from autotune.loop.session.session import Session

LONG_ID, SOUGHT = 4, 3  # characters of an id that is sought in tracked files, and how many ids are
LONGEST_OFFER_S = 60.0  # a run that takes longer is not made once more to try the sandbox
_TRIAL_TIMES, _TRIAL_S = 5.0, 2.0  # how many times as long as any before, and how much longer still, a run may take there: for a network


def rehearse(session: Session, segment: SegmentOpened, turn: Turn, *, anyway: bool = True) -> tuple[Event, ...]:
    """Measure a baseline and prove that the files in scope are what is measured, on a ledger of their own; gives what was written there.

    The machine is held already, by `turn`. Raises `AutotuneError` where the benchmark or the checks fail, where emptied files change
    nothing, or where next to nothing would be found, unless the session is opened `anyway`.
    """
    ledger.append(session.folder.ledger, lambda prev: to_line(segment, prev))
    session.refresh()
    bench = bench_for(session, None)
    if session.state.config.seeds and session.state.config.cases:
        raise AutotuneError("The session has both `cases` and `seeds`.", "take one of them out: a seed is a case that is only a number")
    if session.state.config.score_range is not None and not session.state.config.cases:
        raise AutotuneError("The session has `score_range` and no `cases`.", "name the cases that have these scores: --cases")
    if command := session.state.config.cases:
        lines = session.state.config.cases_named or tuple(map(line_of, bench.list_cases(command)))
        session.append(_listed(session, lines))
        _tell_of_open_cases(session)
    if session.state.scores is not None and (spent := confirmations.spent(session)) is not None:
        raise AutotuneError(f"{told(spent)}.", "take other cases in place of these")
    values, elapsed_s = baseline(session, bench, turn, once=session.state.decision_mode is DecisionMode.ONCE)
    if (found := reading.what_was_found(session.state.config, bench.report, bench.output)) is not None:
        session.say(found)
    if not anyway and session.state.scores is None:
        calibrating.refuse_blind(session, bench, values, elapsed_s)
    passed, why, output = bench.check(Arm.INCUMBENT)
    if not passed:
        config = session.state.config
        build = "" if config.prepare else "; if they need what the benchmark builds, put the build into `--prepare`"
        raise AutotuneError(
            f"The checks do not pass on the unchanged code: {told(why)}\n{output}", f"mend them; they are `{config.checks}`{build}"
        )
    if (flaky := bench.flaky()) is not None:
        session.say(flaky)
    read: Sequence[str] = ()
    if not session.state.config.in_place:
        tuned = _files_in_scope(session)
        read = few_read(bench, tuned)
        prove(session, bench, values, tuned, read)
    calibrated = calibrating.after_baseline(session, bench, values, elapsed_s, turn, read)
    session.append(_baseline_result(session, values))
    session.append(calibrated)
    calibrating.apply_at_opening(session, calibrated)
    return tuple(feed.events(session.folder.ledger))


def _listed(session: Session, lines: tuple[str, ...]) -> Listed:
    """Name the segment's cases, and where they have scores, what each is for; refuse those that can decide nothing, before they cost."""
    config = session.state.config
    try:
        cases = listed(lines)
    except ValueError as wrong:
        raise AutotuneError(f"The cases cannot be told apart: {wrong}.", "write a side behind each, or behind none") from None
    if config.score_range is None and is_sided(cases):
        raise AutotuneError("The cases have sides, and the session no `score_range`.", "say what scores they have: --score-range 0 1")
    if config.score_range is None:
        return Listed(cases=lines, timestamp=now())
    parts = split(cases, config.holdout_share, config.search_share)
    units, needs = units_in(parts.confirm), first_needed(cases, config.error_budget)
    if is_sided(cases):
        if not couples_in(parts.confirm) or (parts.search and not couples_in(parts.search)):
            raise AutotuneError("There are too few positive or negative cases: a run takes some of both.", "list more of both sides")
    elif not can_decide(units, Asked(needs, 0.0)):
        fewest = next(count for count in itertools.count(units) if can_decide(count, Asked(needs, 0.0)))
        raise AutotuneError(
            f"{counted(units, 'case')} can decide nothing, however good a change is: a keep takes odds of {in_odds(needs)}.",
            f"{fewest} are the fewest; from {FEWEST_TO_SPLIT} on there are also some that the proposer may see",
        )
    return Listed(cases=lines, timestamp=now(), parts=letters(cases, parts), digest=digest(cases))


def _tell_of_open_cases(session: Session) -> None:
    """Say which tracked files name the cases that decide, as far as their ids are long enough to be told from other words."""
    state = session.state
    names = [case.name for case in state.segment.split.confirm if len(case.name) >= LONG_ID] if state.scores is not None else []
    some = names[:: max(len(names) // SOUGHT, 1)][:SOUGHT]
    found = [set(status.mentioning(session.top, rf"(^|[^[:alnum:]_]){re.escape(name)}([^[:alnum:]_]|$)")) for name in some]
    if paths := sorted(set.intersection(*found) if found else ()):
        session.say(naming(Kind.CASES_OPEN, paths))


def _files_in_scope(session: Session) -> dict[str, str]:
    """Map the files that a candidate may change to their modes."""
    state, opened = session.state, session.state.segment.opened
    held = pinning.in_scope(session.repository, opened.workdir, state.config, state.incumbent, opened.pins)
    return {path: mode for path, (mode, _) in held.items() if mode.startswith("100")}


def _baseline_result(session: Session, values: Sequence[float]) -> Result:
    state = session.state
    return Result(
        index=state.count,
        commit=state.incumbent,
        metric=median(values),
        status=Status.KEEP,
        description="baseline" if state.segment.opened.segment == 1 else f"baseline of segment {state.segment.opened.segment}",
        timestamp=now(),
        segment=state.segment.opened.segment,
        metrics={},
        asi=None,
        failure=None,
        reason=Fact(Kind.BASELINE, {"runs": len(values)}),
        files=(),
        outcome=Outcome.OK,
        baseline=True,
    )


def offer_sandbox(session: Session) -> None:
    """Say whether the sandbox would do: with one more run of benchmark and checks, unless that is too dear.

    It is where a baseline took three runs, and this would take two builds more. Where the system has no sandbox, the run fails.
    """
    state = session.state
    built_twice = bool(state.config.prepare and state.config.checks)
    dear = (
        state.scores is not None
        or state.decision_mode is DecisionMode.ONCE
        or state.segment.run_s > LONGEST_OFFER_S
        or (state.exact and built_twice)
    )
    if state.config.sandbox or dear:
        return
    took_s = max(event.wall_s + event.prepare_s for event in feed.events(session.folder.ledger) if isinstance(event, Ran))
    most_s = math.ceil(_TRIAL_TIMES * took_s + _TRIAL_S)
    try:
        bench = replace(bench_for(session, None), trial_s=most_s)
        session.going_on(Kind.TRYING_SANDBOX)
        works = bench.passes()
    except AutotuneError:
        return
    session.say(Fact(Kind.SANDBOX_WORKS if works else Kind.SANDBOX_FAILS))


def rehearse_again(session: Session, reason: Fact, turn: Turn, config: Config | None = None) -> tuple[Event, ...] | Fact:
    """Measure the incumbent as a new segment would, beside the session; gives the new segment's events, or why it does not work.

    The machine is held already, by `turn`. With `config` the segment takes what it names from the working tree as it is now; without,
    everything stays pinned as it was.
    """
    state, repository = session.state, session.repository
    path = root(repository) / f"{layout.OPENING}{session.name}-{os.getpid()}"
    path.mkdir(parents=True)
    try:
        measured = (config or state.config).without_findings
        pins = state.segment.opened.pins
        if config is not None:
            pins = pinning.pin(repository, state.segment.opened.workdir, measured, state.incumbent, path / "pins-index")
            pinning.refuse_scope(repository, state.segment.opened.workdir, measured, state.incumbent, pins)
            reading.refuse_unfit(session.top, state.segment.opened.workdir, measured, git.tracked(session.top, state.incumbent))
        segment = replace(
            state.segment.opened,
            segment=state.segment.opened.segment + 1,
            base=state.incumbent,
            pins=pins,
            **recording.of_segment(measured, session.top, state.segment.opened.workdir, reason),
        )
        staged = replace_state(session, Folder(path), begin(segment), state)
        events = rehearse(staged, segment, turn)
        commits.set_ref(
            repository.top, session.folder.ref(f"pins-{segment.segment}"), pins, f"what segment {segment.segment} is measured with"
        )
        _keep_logs(path, session.folder.path, segment.segment)
    except (AutotuneError, Interrupted) as error:
        return ended_by(error)
    finally:
        shutil.rmtree(path, ignore_errors=True)
    return events


def begin_segment(session: Session, *events: Event) -> None:
    """Have the session go on in a segment that was rehearsed."""
    session.append(*events)
    settings.complete_settings(session)
    files.keep_written(session)


def replace_state(session: Session, folder: Folder, state: State, before: State) -> Session:
    """Give a session beside a session, with a ledger of its own, that goes on from the same incumbent."""
    goes_on = replace(state, incumbent=before.incumbent, count=before.count, seeds=before.seeds, spending=before.spending)
    return Session(session.repository, folder, goes_on, Position(), session.say, session.interrupted, beside=session)


def _keep_logs(staged: Path, folder: Path, segment: int) -> None:
    for made, kept in ((logs.RUNS, logs.of_segment(segment)), (logs.OF_CASES, logs.of_cases(logs.of_segment(segment)))):
        if (staged / made).is_dir():
            shutil.copytree(staged / made, folder / kept, dirs_exist_ok=True)


def values_of(events: Iterable[Event]) -> tuple[float, ...]:
    """Give the baseline's values from a segment's events."""
    metric = next(event.metric_name for event in events if isinstance(event, SegmentOpened))
    runs = [event for event in events if isinstance(event, Ran) and event.purpose is Purpose.BASELINE]
    if any(run.part is not None for run in runs):  # batches differ by their cases, so their mean counts
        return (mean_of([run.metrics for run in runs], metric) or 0.0,)
    return tuple(run.metrics[metric] for run in runs if metric in run.metrics)
