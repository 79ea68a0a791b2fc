"""What the loop does by itself between experiments: playbooks, the check of a reached target, and the stop rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from posixpath import join

from autotune.core.decide import comparison, decide, pace
from autotune.core.facts import Fact, Kind, joined
from autotune.core.health import recovery
from autotune.core.health.recovery import SHRUNK_FOR, Playbook
from autotune.core.ledger.events import Finished, Looked, Paused, PlaybookBegun, PlaybookEnded, Ran, Stopped, TargetChecked
from autotune.core.ledger.order import LOOK_RUNS, target_runs, target_value
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.state import Row, State
from autotune.core.ledger.stopping import Action, Next, next_action
from autotune.core.model import Arm, Direction, Outcome, Status
from autotune.core.stats import noise
from autotune.core.tell import pages
from autotune.core.trust import patterns, surroundings
from autotune.edges.atomic import replace_file
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.candidate.lending import borrowed
from autotune.loop.experiment import settling
from autotune.loop.measure import claiming, quiet, recording
from autotune.loop.measure.places import bench_for
from autotune.loop.measure.turns import Interrupted, alone, ended_by
from autotune.loop.opening import rehearsing
from autotune.loop.session.session import Session


def advance(session: Session) -> None:
    """Settle what is decided, then do what the loop does by itself, until it is the proposer's turn or the session stands still."""
    settling.bring_together(session)
    while (step := next_action(session.state, now())) is not None:
        if (kind := _SAID.get(step.action)) is not None:
            session.append(kind(reason=step.reason, timestamp=now()))
        else:
            _TAKE[step.action](session, step)


def to_measure(session: Session) -> str | None:
    """Name what comes next, where that runs commands and may take long."""
    step = next_action(session.state, now())
    return None if step is None else _MEASURED.get(step.action)


def _check_target(session: Session, step: Next) -> None:
    session.say(step.reason)
    metric, target = session.state.metric, session.state.config.target
    count = target_runs(session.state)
    runs = _fresh(session, alone(session, "the target's check"), Purpose.TARGET, count)
    if isinstance(runs, Fact):
        session.append(TargetChecked(value=None, reached=False, reason=runs, timestamp=now()))
        return
    good = [run.metrics for run in runs if run.outcome is Outcome.OK]
    value = target_value(session.state, good) if len(good) == count else None
    reached = value is not None and target is not None and (value <= target if metric.direction is Direction.LOWER else value >= target)
    found = Fact(Kind.RUNS_FAILED) if value is None else Fact(Kind.TARGET_MEASURED, {"runs": count, "value": value})
    session.append(TargetChecked(value=value, reached=reached, reason=found, timestamp=now()))


def _fresh(session: Session, turn: AbstractContextManager[object], purpose: Purpose, count: int) -> list[Ran] | Fact:
    """Run the incumbent so many times, in a turn at the machine; gives why that cannot be, where it cannot."""
    try:
        with turn, borrowed(session):
            quiet.wait_for_quiet(session, count * session.state.segment.run_s)
            bench = bench_for(session, None)
            if purpose is Purpose.TARGET:
                bench.builds = None  # with one build, its luck might reach the target
            outlooks = (pace.of_known_length("run", number, count, bench.run_s) for number in range(1, count + 1))
            return [bench.run(Arm.INCUMBENT, purpose, outlook)[0] for outlook in outlooks]
    except (AutotuneError, Interrupted) as error:
        return Fact(Kind.COULD_NOT_MEASURE, because=ended_by(error))


def _claim(session: Session, step: Next) -> None:
    session.say(Fact(Kind.CLAIMING, because=step.reason))
    claimed = claiming.claim(session)
    session.append(claimed)
    session.say(Fact(Kind.CLAIMED, because=claimed.told(session.state.metric.unit)))


def _look(session: Session, step: Next) -> None:
    """Run the incumbent afresh; where it moved, those runs take the place of what single runs were compared with."""
    session.say(step.reason)
    metric, calibration = session.state.metric, session.state.calibration
    runs = _fresh(session, alone(session, "a look at the incumbent"), Purpose.LOOK, LOOK_RUNS)
    values = () if isinstance(runs, Fact) else tuple(run.metrics[metric.name] for run in runs if run.outcome is Outcome.OK)
    if len(values) < LOOK_RUNS:
        why = runs if isinstance(runs, Fact) else Fact(Kind.RUNS_FAILED)
        session.append(Looked(values=(), moved=False, reason=why, timestamp=now()))
        return
    moved = decide.reference_moved(calibration, values)
    before, fresh = noise.median(calibration.reference[-comparison.REFERENCES :]), noise.median(values)
    found = Fact(Kind.LOOKED, {"before": before, "now": fresh, "moved": moved})
    session.append(Looked(values=values, moved=moved, reason=found, timestamp=now()))


def _renew(session: Session, step: Next) -> None:
    """Open a new segment, for the benchmark measures with something else by now."""
    session.say(step.reason)
    try:
        with alone(session, "the baseline") as turn, borrowed(session):
            events = rehearsing.rehearse_again(session, step.reason, turn)
    except (AutotuneError, Interrupted) as error:
        events = ended_by(error)
    if isinstance(events, Fact):
        session.append(Paused(reason=Fact(Kind.INCUMBENT_NOT_MEASURED, because=events), timestamp=now()))
        return
    rehearsing.begin_segment(session, *events)


def _playbook(session: Session, step: Next) -> None:
    playbook = step.playbook
    if playbook is None:
        raise AssertionError("a playbook is named")
    if session.state.playbook is None:
        attempt = session.state.vitals.attempts + 1
        session.append(PlaybookBegun(playbook=playbook, attempt=attempt, why=step.reason, timestamp=now()))
    session.say(Fact(Kind.PLAYBOOK_BEGINS, {"playbook": playbook}, step.reason))
    try:
        ended = _PLAYBOOKS[playbook](session)
    except (AutotuneError, Interrupted) as error:
        ended = _ended(playbook, Fact(Kind.PLAYBOOK_FAILED, because=ended_by(error)))
    except Exception as bug:
        session.append(
            _ended(playbook, Fact(Kind.PLAYBOOK_FAILED, because=Fact(Kind.BUG, {"error": repr(bug)})))
        )  # or every command meets it again
        raise
    session.append(ended)
    session.say(Fact(Kind.PLAYBOOK_ENDS, {"playbook": playbook}, ended.result))


def _rebaseline(session: Session) -> PlaybookEnded:
    """Measure the incumbent again; a new segment begins where the machine, or what it measures, has changed."""
    before = session.state
    changed = recording.what_changed(session)
    with alone(session, "the baseline") as turn, borrowed(session):
        events = rehearsing.rehearse_again(session, Fact(Kind.BY_PLAYBOOK), turn)
    if isinstance(events, Fact):
        cut_off = session.interrupted() is not None
        return _ended(Playbook.REBASELINE, Fact(Kind.INCUMBENT_NOT_MEASURED, because=events), works=None if cut_off else False)
    fresh = rehearsing.values_of(events)
    found = (
        surroundings.shifted(before.segment.reference or before.segment.baseline_runs, fresh, logs=before.segment.logs),
        surroundings.noise_changed(before.segment.pool, fresh, logs=before.segment.logs),
    )
    if not changed and not any(found):
        same = Fact(Kind.NOTHING_CHANGED, {"metric": before.metric.name, "value": noise.median(fresh)})
        return _ended(Playbook.REBASELINE, same, works=True)
    why = joined([*changed, *filter(None, found)])
    rehearsing.begin_segment(session, *events)
    return _ended(Playbook.REBASELINE, Fact(Kind.NEW_SEGMENT, because=why), works=True)


def _shrink_scope(session: Session) -> PlaybookEnded:
    """Narrow the scope for the next experiments to the files of the last keep, else to the folder that holds the last failures.

    Where nothing has failed either, to the folder that holds what was tried last: something is known there, if only what does not work.
    """
    state = session.state
    kept = _from_workdir(state, state.recent.kept[-1].files) if state.recent.kept else []
    failed = [_from_workdir(state, row.files) for row in (_failures(state) or state.recent.rows)[-SHRUNK_FOR:]]
    narrowed = recovery.narrower_scope(kept, failed, state.config.scope)
    if not narrowed:
        return _ended(Playbook.SHRINK_SCOPE, Fact(Kind.NOTHING_NARROWER))
    ended = _ended(Playbook.SHRINK_SCOPE, Fact(Kind.NARROWED, {"experiments": SHRUNK_FOR, "patterns": list(narrowed)}))
    return replace(ended, scope=narrowed, experiments=SHRUNK_FOR)


def _from_workdir(state: State, paths: Iterable[str]) -> list[str]:
    return [patterns.from_folder(path, state.segment.opened.workdir) for path in paths]


def _failures(state: State) -> tuple[Row, ...]:
    """The latest experiments that failed, the oldest first."""
    return tuple(row for row in state.recent.rows if row.status in (Status.CRASH, Status.CHECKS_FAILED))


def _diagnose(session: Session) -> PlaybookEnded:
    """Run benchmark and checks on the incumbent and write down what they say, for the proposer."""
    with alone(session, "a diagnosis"), borrowed(session):
        bench = bench_for(session, None)
        run, said = bench.run(Arm.INCUMBENT, Purpose.DIAGNOSIS)
        passed, why, output = bench.check(Arm.INCUMBENT)
    name = join("reports", f"diagnosis-{session.position.lines}.md")
    failures, checks = _failures(session.state)[-3:], None if passed else why
    page = pages.diagnosis(session.name, session.state.count, run, checks, said or output, failures)
    replace_file(session.folder.path / name, page.encode())
    runs = run.outcome is Outcome.OK
    benchmark = Fact(Kind.BENCHMARK_WORKS) if runs else Fact(Kind.BENCHMARK_FAILS, because=run.why)
    checked = Kind.CHECKS_PASS if session.state.config.checks else Kind.NO_CHECKS
    flaky = bench.flaky()
    seen = (Fact(checked) if passed else Fact(Kind.CHECKS_FAIL, because=why), *([flaky] if flaky is not None else []))
    result = replace(benchmark, besides=seen)
    works = runs and passed
    return replace(_ended(Playbook.DIAGNOSE, result, works=works), report=str(session.folder.path / name))


def _ended(playbook: Playbook, result: Fact, *, works: bool | None = None) -> PlaybookEnded:
    return PlaybookEnded(playbook=playbook, result=result, timestamp=now(), works=works)


_MEASURED = {
    Action.CHECK_TARGET: "the target",
    Action.CLAIM: "a claim",
    Action.LOOK: "the unchanged code",
    Action.RENEW: "a new segment",
    Action.PLAYBOOK: "recovery",
}
_PLAYBOOKS: dict[Playbook, Callable[[Session], PlaybookEnded]] = {
    Playbook.REBASELINE: _rebaseline,
    Playbook.SHRINK_SCOPE: _shrink_scope,
    Playbook.DIAGNOSE: _diagnose,
}
_SAID: dict[Action, type[Finished | Paused | Stopped]] = {Action.FINISH: Finished, Action.PAUSE: Paused, Action.STOP: Stopped}
_TAKE: dict[Action, Callable[[Session, Next], None]] = {
    Action.CHECK_TARGET: _check_target,
    Action.CLAIM: _claim,
    Action.LOOK: _look,
    Action.RENEW: _renew,
    Action.PLAYBOOK: _playbook,
}
