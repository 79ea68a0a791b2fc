"""The state after each event; a result as a row of the log, and as a signal to the loop's health."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from autotune.core import rules
from autotune.core.config.model import Config
from autotune.core.config.reading import of_log
from autotune.core.decide.budget import refills
from autotune.core.decide.decide import learn
from autotune.core.decide.witness import witness_of
from autotune.core.facts import Fact, Kind, whole
from autotune.core.health.transitions import Health, Signal, step
from autotune.core.ledger import events
from autotune.core.ledger.earlier import with_imported
from autotune.core.ledger.events import Result
from autotune.core.ledger.lines import Event
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.ledger.segment import REFERENCE_KEPT, Segment, comparable, compared, seen
from autotune.core.ledger.state import NOTES, RECENT, TRAIL, Ended, Ending, Experiment, Recent, Row, State, Step
from autotune.core.model import Arm, Outcome, Status, Verdict, Witness
from autotune.core.output.outcome import cost_of
from autotune.core.stats import noise


def begin(event: events.SegmentOpened) -> State:
    """Give the state after a session's first event."""
    config = of_log(event.config)
    return State(
        segment=Segment(event),
        config=config,
        started=event.timestamp,
        first=event.base,
        planned=config.max_iterations or 100,
        incumbent=event.base,
    )


def after(state: State, event: Event) -> State:  # noqa: C901, PLR0911, PLR0912 - one case an event
    """Give the state after one more event."""
    match event:
        case events.SegmentOpened():
            segment = Segment(event, best_index=state.count, looked=state.count)
            renewed = event.timestamp if event.reason.kind is Kind.CONTEXT_CHANGED else state.renewed
            return replace(state, segment=segment, config=of_log(event.config), last_playbook_is_news=False, renewed=renewed)
        case events.Opened():
            return replace(state, opened=True, spending=replace(state.spending, active_since=event.timestamp))
        case events.Ran():
            return _ran(state, event)
        case events.CandidateTaken():
            return replace(state, experiment=_experiment(event), last_playbook_is_news=False)
        case events.Formatted():
            return state if state.experiment is None else replace(state, experiment=_formatted(state.experiment, event))
        case events.Decided():
            return _decided(state, event)
        case events.Described():
            return _described(state, event)
        case events.Result():
            return _baseline(state, event) if event.baseline else _settled(state, event)
        case events.PlaybookBegun():
            begun = _signal(state, Signal.HEALING_BEGAN, Fact(Kind.PLAYBOOK, {"playbook": event.playbook}, event.why))
            return replace(begun, playbook=event, asked_playbook=None)
        case events.PlaybookEnded():
            return _healed(state, event)
        case events.TargetChecked():
            return replace(state, segment=replace(state.segment, target_checked=state.incumbent, target_reached=event.reached))
        case events.Claimed():
            pair = f"{event.first}..{event.last}"
            asked = replace(state, claimed={**(state.claimed or {}), pair: (state.claimed or {}).get(pair, 0) + 1})
            if event.branch is not None:
                return asked
            confirmed = _confirmed(asked, event)
            return replace(confirmed, claim=event) if event.experiment is None else confirmed
        case events.Looked():
            reference = event.values if event.moved else (*state.segment.reference, *event.values)
            looked = replace(state.segment, reference=reference[-REFERENCE_KEPT:], looked=state.count)
            return replace(state, segment=comparable(looked))
        case events.Calibrated():
            return replace(state, segment=replace(state.segment, calibrated=event))
        case events.SettingsChanged():
            return _configured(state, of_log(event.config))
        case events.Paused():
            return _end(_signal(state, Signal.PAUSED, event.reason), Ending.PAUSED, event.reason, event.timestamp)
        case events.Finished():
            return _end(_signal(state, Signal.FINISHED, event.reason), Ending.FINISHED, event.reason, event.timestamp)
        case events.Stopped():
            return _end(_signal(state, Signal.PAUSED, event.reason), Ending.STOPPED, event.reason, event.timestamp)
        case events.StopAsked():
            return replace(state, stop_asked=event) if state.ended is None else state
        case events.Resumed():
            return _going_on(_signal(state, Signal.RESUMED, Fact(Kind.RESUMED)), event.timestamp)
        case events.RepairAsked():
            asked = _signal(state, Signal.REPAIR_ASKED, Fact(Kind.REPAIR_ASKED))
            return replace(_going_on(asked, event.timestamp), asked_playbook=event.playbook, asked_why=event.why)
        case events.Restored():
            return _looked_after(state, event.experiment)
        case events.Noted():
            alike = (*(note for note in state.recent.notes if note.own is event.own), event)[-NOTES:]
            notes = (*(note for note in state.recent.notes if note.own is not event.own), *alike)
            return replace(state, recent=replace(state.recent, notes=notes))
        case events.Noticed():
            noticed = replace(state, recent=replace(state.recent, notices=(*state.recent.notices, event)[-NOTES:]))
            overtaken = event.found.kind is Kind.OVERTAKEN
            return _looked_after(noticed, event.found.figures["experiment"]) if overtaken else noticed
        case events.Spent():
            return replace(state, spending=replace(state.spending, spent=event))
        case events.Imported():
            return replace(state, imports=with_imported(state.imports, event))
        case events.Listed():
            return replace(state, segment=replace(state.segment, named=event.cases, parts=event.parts or ""))
        case events.Drawn():
            return _drawn(state, event)
        case events.Charged():
            return replace(state, spending=replace(state.spending, printed_usd=state.spending.printed_usd + event.cost_usd))
        case never:
            assert_never(never)


def follows(result: events.Result, state: State) -> bool:
    """Whether a result is a baseline's, or that of the experiment that is open and decided: nobody writes another."""
    return result.baseline or (
        state.experiment is not None and (state.experiment.number, bool(state.experiment.verdict)) == (result.index, True)
    )


def _looked_after(state: State, experiment: int) -> State:
    """An experiment waits for no second look any more."""
    return replace(state, recent=replace(state.recent, restored=(*state.recent.restored, experiment)[-RECENT:]))


def _signal(state: State, signal: Signal, why: Fact) -> State:
    health = state.config.health
    return replace(state, vitals=step(state.vitals, signal, health.max_no_improvement_runs, health.max_crash_streak, why))


def _configured(state: State, config: Config) -> State:
    """Take other settings; another target was not reached yet, nor checked."""
    same = config.target == state.config.target
    segment = state.segment if same else replace(state.segment, target_checked=None, target_reached=False)
    return replace(state, config=config, segment=segment)


def _end(state: State, ending: Ending, reason: Fact, now: str) -> State:
    """Stand still; what is finished stays so, whoever stops it besides."""
    finished = state.ended is not None and state.ended.ending is Ending.FINISHED
    ended = state.ended if finished else Ended(ending, reason)
    spending = replace(state.spending, active_s=state.spending.active(now), active_since=None)
    return replace(state, ended=ended, stop_asked=None, spending=spending)


def _going_on(state: State, now: str) -> State:
    spending = replace(state.spending, active_since=state.spending.active_since or now)
    return replace(state, ended=None, spending=spending, playbook=None, last_playbook_is_news=False)


def _experiment(event: events.CandidateTaken) -> Experiment:
    return Experiment(
        number=event.experiment,
        candidate=event.commit,
        incumbent=event.incumbent,
        files=event.files,
        settles=event.settles,
        started=event.timestamp,
        description=event.description,
        asi=event.asi,
        discard=event.discard,
        force=event.force,
        again=event.again,
    )


def _formatted(experiment: Experiment, event: events.Formatted) -> Experiment:
    files = tuple(dict.fromkeys((*experiment.files, *event.files)))
    return replace(experiment, candidate=event.commit, proposed=experiment.candidate, files=files)


def _ran(state: State, event: events.Ran) -> State:
    cost = cost_of(event.metrics, state.config.cost_metric)
    spending = replace(
        state.spending, run_s=state.spending.run_s + event.prepare_s + event.wall_s, printed_usd=state.spending.printed_usd + cost
    )
    segment = seen(state.segment, state.metric, event)
    state = replace(state, spending=spending, segment=segment, seeds=state.seeds.after(event))
    if event.purpose is not Purpose.EXPERIMENT or state.experiment is None:
        return state
    return replace(state, experiment=replace(state.experiment, runs=(*state.experiment.runs, event.run)))


def _decided(state: State, event: events.Decided) -> State:
    experiment = state.experiment
    if experiment is None:
        return state
    learns = experiment.verdict is None and event.verdict is not Verdict.VOID and state.scores is None
    segment = _learnt(state, experiment) if learns else state.segment
    if event.verdict is Verdict.VOID and event.reason.kind is Kind.CONTEXT_CHANGED:
        segment = replace(segment, left_behind=event.reason)
    if event.reason.kind is Kind.POOL_SPENT:
        segment = replace(segment, spent=event.reason)
    return replace(state, segment=segment, experiment=replace(experiment, verdict=event))


def _learnt(state: State, experiment: Experiment) -> Segment:
    """Give the segment with what the experiment's runs teach of noise."""
    try:
        learnt = learn([run for run in experiment.runs if run.outcome is Outcome.OK], state.calibration, state.policy)
    except ValueError:  # made for another policy, as where a change only removes lines: its blocks cannot be told, so it teaches nothing
        return state.segment
    return replace(state.segment, pool=learnt.pool, witness=learnt.witness)


def _drawn(state: State, event: events.Drawn) -> State:
    experiment = state.experiment and replace(state.experiment, drawn=(*state.experiment.drawn, event))
    return replace(state, experiment=experiment, confirmations=max(state.confirmations, event.number))


def _described(state: State, event: events.Described) -> State:
    if state.experiment is None:
        return state
    described = replace(state.experiment, description=event.description, asi=event.asi, discard=event.discard, force=event.force)
    return replace(state, experiment=described)


def _baseline(state: State, event: events.Result) -> State:
    """Take in a segment's first value: benchmark and checks have passed on the unchanged code, so there is nothing to repair."""
    value, opened, runs = event.metric, state.segment.opened, state.segment.baseline_runs
    begins = Fact(Kind.SEGMENT_BEGINS, {"segment": opened.segment, "metric": opened.metric_name, "value": value})
    measured = replace(
        state.segment,
        baseline=value,
        best=value,
        best_index=state.count,
        values=() if value is None else (value,),
        pool=() if state.scores is not None else noise.residual_pool(runs, logs=min(runs, default=0.0) > 0),
        witness=_witness(state),
        crossed=False,
    )
    return replace(
        _signal(state, Signal.WORKS, begins if opened.segment > 1 else state.vitals.why),
        incumbent=event.commit,
        segment=measured,
    )


def _witness(state: State) -> Witness | None:
    """Give the second witness that the baseline's runs show, from the rule on that hears it."""
    if state.segment.opened.rule < rules.SECOND_WITNESS:
        return None
    found = witness_of(state.segment.baseline_observed, state.metric)
    return found if isinstance(found, Witness) else None


def _settled(state: State, event: events.Result) -> State:
    kept = event.status is Status.KEEP
    gained = event.confirmed and not event.forced and refills(_asked(state))
    fresh = _values_of(state, Arm.CANDIDATE if kept else Arm.INCUMBENT)
    segment = compared(state.segment, event.index, event.metric, fresh, kept=kept)
    if state.scores is not None and state.experiment is not None:
        made = (event.index, state.experiment.runs, state.metric.name, segment.listed)
        segment = replace(segment, searched=segment.searched.with_experiment(*made, kept=kept))
    decided, again = (state.experiment.verdict, state.experiment.again) if state.experiment is not None else (None, None)
    odds = (decided.evidence, decided.needed, decided.pairs) if decided is not None else (None, None, 0)
    reason = whole(event.reason, event.effect, *odds, state.metric.unit)
    state = _signal(state, signal_of(event), reason)
    statuses = dict(state.statuses or {})
    statuses[event.status] = statuses.get(event.status, 0) + 1
    state = replace(
        state,
        experiment=None,
        count=event.index,
        statuses=statuses,
        voided=state.voided + (event.verdict is Verdict.VOID and event.status is Status.DISCARD),
        segment=segment,
        recent=_with(state.recent, row(event, reason, state.vitals.health, again)),
    )
    if not kept:
        return state
    return replace(
        state,
        incumbent=event.commit,
        keeps=state.keeps + (not event.forced),
        confirmed=state.confirmed + (event.confirmed and not event.forced),
        gains=state.gains + gained,
        forced=state.forced + event.forced,
    )


def _with(recent: Recent, row: Row) -> Recent:
    return replace(
        recent,
        rows=(*recent.rows, row)[-RECENT:],
        kept=(*recent.kept, row)[-RECENT:] if row.status is Status.KEEP else recent.kept,
        trail=(*recent.trail, Step(row.index, row.effect, row.status, row.segment))[-TRAIL:],
    )


def _asked(state: State) -> float:
    """What was asked of the open experiment; the least that it can have been, where an older version did not say it."""
    verdict = state.experiment.verdict if state.experiment is not None else None
    if verdict is not None and verdict.min_effect is not None:
        return verdict.min_effect
    return -state.config.simplify_margin or state.config.min_effect


def _confirmed(state: State, event: events.Claimed) -> State:
    """Lift the label from a keep that fresh runs against its parent confirm; the error budget was never asked, so it is not refilled.

    A claim of the session does that for a keep that is its only one, and by the same metric. Of several it says what they gain together:
    where one gains much, another may be worse.
    """

    def speaks_of(row: Row) -> bool:
        if event.experiment is not None:
            return row.index == event.experiment
        return event.keeps == 1 and row.commit == event.last and row.segment == state.segment.opened.segment

    def lifted(rows: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(replace(row, confirmed=True) if row.status is Status.KEEP and speaks_of(row) else row for row in rows)

    recent = state.recent
    return replace(state, recent=replace(recent, rows=lifted(recent.rows), kept=lifted(recent.kept))) if event.improved else state


def _values_of(state: State, arm: Arm) -> tuple[float, ...]:
    """The open experiment's values of one arm. A keep makes the candidate's the incumbent's."""
    runs = state.experiment.runs if state.experiment is not None else ()
    name = state.metric.name
    return tuple(run.samples[name] for run in runs if run.arm is arm and run.outcome is Outcome.OK and name in run.samples)


def _healed(state: State, event: events.PlaybookEnded) -> State:
    state = _signal(state, _FOUND[event.works], Fact(Kind.PLAYBOOK, {"playbook": event.playbook}, event.result))
    segment = replace(state.segment, narrowed=event.scope, narrowed_left=event.experiments) if event.scope else state.segment
    return replace(state, playbook=None, last_playbook=event, last_playbook_is_news=True, segment=segment)


_FOUND = {None: Signal.HEALED_BY, True: Signal.WORKS, False: Signal.FAILS}


def signal_of(event: Result) -> Signal:
    """Tell what a result says of how the loop is doing."""
    if event.status is Status.KEEP:
        return Signal.NOT_MEASURED if event.forced else Signal.KEPT  # a person's word says nothing of the loop
    match event.cause:
        case Cause.BENCHMARK | Cause.ENVIRONMENT:
            return Signal.BROKEN
        case Cause.NOT_MEASURED | Cause.PERSON:
            return Signal.NOT_MEASURED
        case Cause.CANDIDATE | Cause.HOOK:
            return Signal.FAILED
        case Cause.IDEA:
            return Signal.NOT_MEASURED if event.verdict is Verdict.VOID else Signal.NOT_BETTER
        case never:
            assert_never(never)


def row(event: Result, reason: Fact, health: Health, again: int | None) -> Row:
    """Make a result into a row of the log."""
    return Row(
        index=event.index,
        status=event.status,
        verdict=event.verdict,
        outcome=event.outcome,
        cause=event.cause,
        value=event.metric,
        effect=event.effect,
        description=event.description,
        reason=reason,
        files=event.files[:20],
        commit=event.commit,
        segment=event.segment,
        timestamp=event.timestamp,
        forced=event.forced,
        confirmed=event.confirmed,
        asi=event.asi,
        health=health,
        failure=event.failure,
        again=again,
    )
