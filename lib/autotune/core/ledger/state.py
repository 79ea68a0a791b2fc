"""What the events so far amount to.

How it works: a session's ledger is read from the front, each event makes the next `State` out of the one before (`after`), and nothing
else decides what a session is. An experiment goes through three events: `CandidateTaken` (its changes are a commit, measuring may begin),
`Decided` (the verdict), `Result` (git agrees with it). Between the first and the last, `State.experiment` is what is open; with none open,
whatever differs in scope from `State.incumbent` is the next candidate, taken or not. A session is over for now while `State.ended` says
why. What a new segment begins anew is `State.segment`; what it takes over is all the rest.
Only what every command needs is held for all experiments (one number each); words are held for the latest, and for the latest keeps
(`State.recent`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from autotune.core import rules
from autotune.core.config.model import Config
from autotune.core.config.reading import parse
from autotune.core.decide.budget import refills
from autotune.core.decide.decide import learn
from autotune.core.decide.witness import witness_of
from autotune.core.facts import Fact, Kind, whole
from autotune.core.health.transitions import Health, Signal, Vitals, step
from autotune.core.ledger.events import (
    Calibrated,
    CandidateTaken,
    Cause,
    Claimed,
    Decided,
    Described,
    Event,
    Finished,
    Formatted,
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
from autotune.core.model import Arm, Calibration, DecisionMode, Direction, Effect, Metric, Outcome, Policy, Run, Status, Verdict, Witness
from autotune.core.output.combining import CASES
from autotune.core.stats import samples as stats
from autotune.core.trust import audit

RECENT = 40  # experiments, and keeps, whose words are held
TRAIL = 200  # experiments whose effect is held for a chart
REFERENCE_KEPT = 40  # the incumbent's latest values that are held
NOTES = 10
LOOK_EVERY = 10  # experiments
ECONOMY_FROM_S = 120.0  # a run that takes longer is too dear to repeat a dozen times for one idea


class Ending(StrEnum):
    """How a session came to stand still."""

    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Ended:
    """The session stands still, and why."""

    ending: Ending
    reason: Fact


@dataclass(frozen=True, slots=True)
class Experiment:
    """The open experiment: its candidate is a commit; `verdict` is None while it is measured.

    `proposed` is the commit that was taken, where a hook rewrote it before it was measured.
    """

    number: int
    candidate: str
    incumbent: str
    files: tuple[str, ...]
    settles: bool
    started: str
    description: str | None = None
    asi: Mapping[str, Any] | None = None
    discard: bool = False
    force: bool = False
    again: int | None = None
    runs: tuple[Run, ...] = ()
    verdict: Decided | None = None
    proposed: str | None = None

    @property
    def called(self) -> str:
        """Its description, or its number where nobody described it."""
        return self.description or unnamed(self.number)

    @property
    def may_settle(self) -> bool:
        """Whether nothing but git stands between the verdict and the result."""
        return self.settles or self.description is not None


def unnamed(number: int) -> str:
    """Give what stands for the description of an experiment that nobody described."""
    return f"experiment {number}"


@dataclass(frozen=True, slots=True)
class Row:
    """A settled experiment in short. `value` is in the metric's unit, None where nothing was measured; `health` is the session's then.

    `reason` is whole: it has the figures that its verdict was decided by. `again` is the experiment that it was a second look at.
    """

    index: int
    status: Status
    verdict: Verdict
    outcome: Outcome | None
    cause: Cause
    value: float | None
    effect: Effect | None
    description: str
    reason: Fact
    files: tuple[str, ...]
    commit: str
    segment: int
    timestamp: str
    forced: bool
    confirmed: bool
    asi: Mapping[str, Any] | None
    health: Health
    failure: str | None = None
    again: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """The experiments that can be compared, from the event that opened the segment on. A new one begins with nothing but that event.

    `values` holds one value per measured experiment, the baseline first. `pool`, `witness` and `reference` are what `Calibration` asks for;
    none changes while an experiment is measured. `best` is the incumbent's value. `crossed` tells whether the incumbent came to values of
    zero or less, where the baseline was positive. `case_ratios` tells whether the metric's `cases` are compared as ratios. `several` names
    the metrics that the unchanged code was seen to print with several values. `looked` is how many experiments there were when the
    incumbent's earlier values were last looked at.
    """

    opened: SegmentOpened
    baseline: float | None = None
    baseline_runs: tuple[float, ...] = ()
    baseline_wall_s: float | None = None
    baseline_prepare_s: float = 0.0
    baseline_observed: tuple[Run, ...] = ()
    best: float | None = None
    best_index: int = 0
    values: tuple[float, ...] = ()
    reference: tuple[float, ...] = ()
    drift_before: stats.Drift | None = None
    pool: tuple[float, ...] = ()
    witness: Witness | None = None
    crossed: bool = False
    cases: tuple[str, ...] = ()
    case_ratios: bool = True
    several: tuple[str, ...] = ()
    calibrated: Calibrated | None = None
    looked: int = 0
    narrowed: tuple[str, ...] = ()
    narrowed_left: int = 0
    target_checked: str | None = None
    target_reached: bool = False

    @property
    def run_s(self) -> float:
        """About how long a run takes, with what prepares it; 0 while nobody knows."""
        return (self.baseline_wall_s or 0.0) + self.baseline_prepare_s

    @property
    def logs(self) -> bool:
        """Whether values can be compared as ratios: all of the baseline's are positive, and the incumbent's since."""
        return bool(self.baseline_runs) and min(self.baseline_runs) > 0 and not self.crossed

    @property
    def drift(self) -> stats.Drift | None:
        """Whether the incumbent's values drift, or its predecessor's did where there are too few yet; None where that is not known."""
        return stats.rank_von_neumann(self.reference) or self.drift_before

    @property
    def drifts(self) -> bool:
        """Whether the incumbent's latest values were seen to drift."""
        return (drift := self.drift) is not None and drift.flagged


@dataclass(frozen=True, slots=True)
class Step:
    """What a chart needs of an experiment: its effect against what was the incumbent then, None where none was measured."""

    index: int
    effect: Effect | None
    status: Status
    segment: int


@dataclass(frozen=True, slots=True)
class Recent:
    """The latest of what a session's log says: experiments and keeps in short, effects for a chart, notes and notices."""

    rows: tuple[Row, ...] = ()
    kept: tuple[Row, ...] = ()
    trail: tuple[Step, ...] = ()
    restored: tuple[int, ...] = ()
    notes: tuple[Noted, ...] = ()
    notices: tuple[Noticed, ...] = ()

    @property
    def second_looks(self) -> tuple[Row, ...]:
        """The latest experiments that were inconclusive, and not opened, looked at again or overtaken since: a queue, the oldest first.

        A second look is the last one, unless nothing was measured in it.
        """
        looked_at = {*self.restored, *(row.again for row in self.rows if row.verdict is not Verdict.VOID)}
        found = (row for row in self.rows if row.verdict is Verdict.INCONCLUSIVE and row.again is None)
        return tuple(row for row in found if row.index not in looked_at)


@dataclass(frozen=True, slots=True)
class Spending:
    """What a session has cost: the time it was active, that of its runs, and what proposers said of tokens and money."""

    active_since: str | None = None
    active_s: float = 0.0
    run_s: float = 0.0
    spent: Spent | None = None

    @property
    def cost_usd(self) -> float:
        """What the proposers have cost in all."""
        return self.spent.cost_usd if self.spent is not None else 0.0

    @property
    def tokens(self) -> int:
        """How many tokens the proposers have used in all."""
        return self.spent.tokens if self.spent is not None else 0

    @property
    def cost_estimated(self) -> bool:
        """Whether part of the cost is an estimate."""
        return self.spent is not None and self.spent.estimated

    def active(self, now: str) -> float:
        """Give the seconds this session has been active until `now`, an ISO time."""
        return self.active_s + (0.0 if self.active_since is None else seconds_between(self.active_since, now))


@dataclass(frozen=True, slots=True)
class State:
    """A session as it stands.

    `planned` is how many experiments the error budget was shared out to. `keeps` counts keeps that were decided, `confirmed` those of them
    with exact evidence, `gains` those of these that had to be better, which alone refill that budget (by the first rule all of `confirmed`
    do), `forced` keeps that were forced. `voided` counts discards that say nothing of an idea. `claimed` counts how often two states were
    claimed against each other. `last_playbook_is_news` until the next experiment begins, or a person has the session go on or asks for a
    repair.
    """

    segment: Segment
    config: Config
    started: str
    first: str
    planned: int = 100
    opened: bool = False
    incumbent: str = ""
    count: int = 0
    keeps: int = 0
    confirmed: int = 0
    gains: int = 0
    forced: int = 0
    statuses: Mapping[str, int] | None = None
    voided: int = 0
    vitals: Vitals = field(default_factory=Vitals)
    experiment: Experiment | None = None
    playbook: PlaybookBegun | None = None
    last_playbook: PlaybookEnded | None = None
    last_playbook_is_news: bool = False
    asked_playbook: str | None = None
    claim: Claimed | None = None
    claimed: Mapping[str, int] | None = None
    ended: Ended | None = None
    recent: Recent = field(default_factory=Recent)
    spending: Spending = field(default_factory=Spending)

    @property
    def metric(self) -> Metric:
        """The primary metric."""
        opened = self.segment.opened
        return Metric(opened.metric_name, opened.metric_unit, opened.direction)

    @property
    def calibration(self) -> Calibration:
        """What `decide` has to know before the next comparison; in economy no run is held against earlier values where they drift."""
        alone = self.decision_mode is DecisionMode.ECONOMY and self.segment.drifts
        return Calibration(
            pool=self._known_noise,
            keeps=self.gains if self.segment.opened.rule >= rules.GAINS_REFILL else self.confirmed,
            planned=self.planned,
            experiment=self.count + 1,
            reference=() if alone else self.segment.reference,
            logs=self.segment.logs,
            witness=self.segment.witness,
        )

    @property
    def _known_noise(self) -> tuple[float, ...]:
        """The pool, with what digits may hide where all values were equal and that does not show that they always are."""
        segment = self.segment
        if not segment.pool or any(segment.pool) or self.exact:
            return segment.pool
        return stats.pool_by_digits(segment.pool, segment.baseline_runs[-1], logs=segment.logs)

    @property
    def exact(self) -> bool:
        """Whether the benchmark repeats exactly: its baseline shows it, and nothing has contradicted it since."""
        segment, name = self.segment, self.metric.name
        if any(segment.pool):
            return False
        if segment.opened.rule < rules.EXACT_IS_SHOWN:
            return len(segment.baseline_runs) > 1 and len(set(segment.baseline_runs)) == 1
        names = [f"{name}[{case}]" for case in segment.cases] or [name]
        printed = [run.samples[one] for run in segment.baseline_observed[-1:] for one in names]
        return stats.repeats_exactly(segment.baseline_runs, printed, timed=self.config.measures_time, rounded=self._may_be_rounded)

    @property
    def _may_be_rounded(self) -> bool:
        """Whether the metric may be a time, of which few digits hide the noise."""
        segment = self.segment
        if segment.opened.rule < rules.WHOLE_IS_EXACT or self.config.timed or segment.cases:
            return True
        return not audit.is_whole_and_no_time(self.metric, segment.baseline_observed)

    @property
    def timed(self) -> bool:
        """Whether what is measured is time: then nothing else may be measured meanwhile, and a busy machine is waited for."""
        return self.config.measures_time and (self.config.timed is not None or not self.exact)

    @property
    def policy(self) -> Policy:
        """What a keep demands in this session."""
        config = self.config
        return Policy(
            metric=self.metric,
            mode=self.decision_mode,
            min_effect=config.min_effect,
            max_pairs=config.max_pairs,
            error_budget=config.error_budget,
            built_once=config.built_once,
            rule=self.segment.opened.rule,
        )

    @property
    def decision_mode(self) -> DecisionMode:
        """How decisions are made: as configured, else by what a run of the baseline cost."""
        if self.config.decision_mode != "auto":
            return DecisionMode(self.config.decision_mode)
        alone = self.config.built_once or self.segment.opened.rule < rules.PREPARE_COUNTS
        run_s = (self.segment.baseline_wall_s or 0.0) if alone else self.segment.run_s
        return DecisionMode.ECONOMY if run_s > ECONOMY_FROM_S else DecisionMode.RACE

    @property
    def look_is_due(self) -> bool:
        """Whether single runs were compared with the incumbent's earlier values ten times since those were last looked at."""
        compared = self.decision_mode is DecisionMode.ECONOMY and bool(self.calibration.reference)
        return compared and self.count - self.segment.looked >= LOOK_EVERY

    @property
    def all_keeps(self) -> int:
        """Keeps that were decided, and keeps that were forced."""
        return self.keeps + self.forced

    def looks_at(self, first: str, last: str) -> int:
        """How often these two states were claimed against each other, the next time included; by the first rule that did not matter."""
        return (self.claimed or {}).get(f"{first}..{last}", 0) + 1 if self.segment.opened.rule >= rules.CLAIMS_SPEND else 1

    @property
    def claims_by_few(self) -> bool:
        """Whether two runs a side are enough for a claim, if each side's are equal: since the rule that asks a baseline to show it."""
        return self.exact and self.segment.opened.rule >= rules.EXACT_IS_SHOWN

    @property
    def claim_is_due(self) -> bool:
        """Whether a claim is to be made that knows of all that was kept; with `claim_pairs` 0 none is made by itself."""
        return self.config.claim_pairs > 0 and self.all_keeps > (self.claim.keeps if self.claim is not None else 0)

    @property
    def target_in_reach(self) -> bool:
        """Whether the incumbent's value reaches the target and fresh runs have not been asked yet."""
        target, best = self.config.target, self.segment.best
        if target is None or best is None or self.segment.target_checked == self.incumbent:
            return False
        return best <= target if self.metric.direction is Direction.LOWER else best >= target


def seconds_between(earlier: str, later: str) -> float:
    """Give the seconds from one ISO time to another, never negative (clocks are put back)."""
    return max(0.0, (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds())


def begin(event: SegmentOpened) -> State:
    """Give the state after a session's first event."""
    config = parse(event.config)
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
        case SegmentOpened():
            segment = Segment(event, best_index=state.count, looked=state.count)
            return replace(state, segment=segment, config=parse(event.config), last_playbook_is_news=False)
        case Opened():
            return replace(state, opened=True, spending=replace(state.spending, active_since=event.timestamp))
        case Ran():
            return _ran(state, event)
        case CandidateTaken():
            return replace(state, experiment=_experiment(event), last_playbook_is_news=False)
        case Formatted():
            return state if state.experiment is None else replace(state, experiment=_formatted(state.experiment, event))
        case Decided():
            return _decided(state, event)
        case Described():
            return _described(state, event)
        case Result():
            return _baseline(state, event) if event.baseline else _settled(state, event)
        case PlaybookBegun():
            begun = _signal(state, Signal.HEALING_BEGAN, Fact(Kind.PLAYBOOK, {"playbook": event.playbook}, event.why))
            return replace(begun, playbook=event, asked_playbook=None)
        case PlaybookEnded():
            return _healed(state, event)
        case TargetChecked():
            return replace(state, segment=replace(state.segment, target_checked=state.incumbent, target_reached=event.reached))
        case Claimed():
            pair = f"{event.first}..{event.last}"
            asked = replace(state, claimed={**(state.claimed or {}), pair: (state.claimed or {}).get(pair, 0) + 1})
            confirmed = _confirmed(asked, event)
            return replace(confirmed, claim=event) if event.experiment is None else confirmed
        case Looked():
            reference = event.values if event.moved else (*state.segment.reference, *event.values)
            looked = replace(state.segment, reference=reference[-REFERENCE_KEPT:], looked=state.count)
            return replace(state, segment=_comparable(looked))
        case Calibrated():
            return replace(state, segment=replace(state.segment, calibrated=event))
        case SettingsChanged():
            return _configured(state, parse(event.config))
        case Paused():
            return _end(_signal(state, Signal.PAUSED, event.reason), Ending.PAUSED, event.reason, event.timestamp)
        case Finished():
            return _end(_signal(state, Signal.FINISHED, event.reason), Ending.FINISHED, event.reason, event.timestamp)
        case Stopped():
            return _end(_signal(state, Signal.PAUSED, event.reason), Ending.STOPPED, event.reason, event.timestamp)
        case Resumed():
            resumed = _signal(state, Signal.RESUMED, Fact(Kind.RESUMED))
            return replace(resumed, ended=None, spending=_going_on(state, event.timestamp), playbook=None, last_playbook_is_news=False)
        case RepairAsked():
            asked = _signal(state, Signal.REPAIR_ASKED, Fact(Kind.REPAIR_ASKED))
            asked = replace(asked, ended=None, spending=_going_on(state, event.timestamp), playbook=None)
            return replace(asked, asked_playbook=event.playbook, last_playbook_is_news=False)
        case Restored():
            return _looked_after(state, event.experiment)
        case Noted():
            alike = (*(note for note in state.recent.notes if note.own is event.own), event)[-NOTES:]
            notes = (*(note for note in state.recent.notes if note.own is not event.own), *alike)
            return replace(state, recent=replace(state.recent, notes=notes))
        case Noticed():
            noticed = replace(state, recent=replace(state.recent, notices=(*state.recent.notices, event)[-NOTES:]))
            overtaken = event.found.kind is Kind.OVERTAKEN
            return _looked_after(noticed, event.found.figures["experiment"]) if overtaken else noticed
        case Spent():
            return replace(state, spending=replace(state.spending, spent=event))
        case never:
            assert_never(never)


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
    return replace(state, ended=ended, spending=replace(state.spending, active_s=state.spending.active(now), active_since=None))


def _going_on(state: State, now: str) -> Spending:
    return replace(state.spending, active_since=state.spending.active_since or now)


def _experiment(event: CandidateTaken) -> Experiment:
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


def _formatted(experiment: Experiment, event: Formatted) -> Experiment:
    files = tuple(dict.fromkeys((*experiment.files, *event.files)))
    return replace(experiment, candidate=event.commit, proposed=experiment.candidate, files=files)


def _ran(state: State, event: Ran) -> State:
    spending = replace(state.spending, run_s=state.spending.run_s + event.prepare_s + event.wall_s)
    state = replace(state, spending=spending, segment=_seen(state.segment, state.metric, event))
    if event.purpose is not Purpose.EXPERIMENT or state.experiment is None:
        return state
    return replace(state, experiment=replace(state.experiment, runs=(*state.experiment.runs, event.run)))


def _seen(segment: Segment, metric: Metric, event: Ran) -> Segment:
    """Take in what a run of the unchanged code printed; those of the baseline tell what the metric's values are."""
    value = event.metrics.get(metric.name)
    if event.outcome is not Outcome.OK or value is None:
        return segment
    if event.arm is Arm.INCUMBENT:
        segment = replace(segment, several=tuple(sorted({*segment.several, *event.run.several})))
    if event.purpose is not Purpose.BASELINE:
        return segment
    runs = (*segment.baseline_runs, value)
    cases = stats.cases_of(event.metrics, metric.name) if CASES in event.metrics else ()
    return replace(
        segment,
        baseline_runs=runs,
        baseline_wall_s=event.wall_s,
        baseline_prepare_s=max(segment.baseline_prepare_s, event.prepare_s),
        baseline_observed=(*segment.baseline_observed, event.run),
        reference=runs[-REFERENCE_KEPT:],
        cases=cases,
        case_ratios=segment.case_ratios if segment.cases else stats.are_ratios(event.metrics, metric.name, cases),
    )


def _decided(state: State, event: Decided) -> State:
    experiment = state.experiment
    if experiment is None:
        return state
    learns = experiment.verdict is None and event.verdict is not Verdict.VOID
    segment = _learnt(state, experiment) if learns else state.segment
    return replace(state, segment=segment, experiment=replace(experiment, verdict=event))


def _learnt(state: State, experiment: Experiment) -> Segment:
    """Give the segment with what the experiment's runs teach of noise."""
    try:
        learnt = learn([run for run in experiment.runs if run.outcome is Outcome.OK], state.calibration, state.policy)
    except ValueError:  # made for another policy, as where a change only removes lines: its blocks cannot be told, so it teaches nothing
        return state.segment
    return replace(state.segment, pool=learnt.pool, witness=learnt.witness)


def _described(state: State, event: Described) -> State:
    if state.experiment is None:
        return state
    described = replace(state.experiment, description=event.description, asi=event.asi, discard=event.discard, force=event.force)
    return replace(state, experiment=described)


def _baseline(state: State, event: Result) -> State:
    """Take in a segment's first value: benchmark and checks have passed on the unchanged code, so there is nothing to repair."""
    value, opened, runs = event.metric, state.segment.opened, state.segment.baseline_runs
    begins = Fact(Kind.SEGMENT_BEGINS, {"segment": opened.segment, "metric": opened.metric_name, "value": value})
    measured = replace(
        state.segment,
        baseline=value,
        best=value,
        best_index=state.count,
        values=() if value is None else (value,),
        pool=stats.residual_pool(runs, logs=min(runs, default=0.0) > 0),
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


def _settled(state: State, event: Result) -> State:
    kept = event.status is Status.KEEP
    gained = event.confirmed and not event.forced and refills(_asked(state))
    segment = _compared(state.segment, event, _values_of(state, Arm.CANDIDATE if kept else Arm.INCUMBENT))
    decided, again = (state.experiment.verdict, state.experiment.again) if state.experiment is not None else (None, None)
    odds = (decided.evidence, decided.needed, decided.pairs) if decided is not None else (None, None, 0)
    reason = whole(event.reason, event.effect, *odds, state.metric.unit)
    state = _signal(state, _signal_of(event), reason)
    statuses = dict(state.statuses or {})
    statuses[event.status] = statuses.get(event.status, 0) + 1
    state = replace(
        state,
        experiment=None,
        count=event.index,
        statuses=statuses,
        voided=state.voided + (event.verdict is Verdict.VOID and event.status is Status.DISCARD),
        segment=segment,
        recent=_with(state.recent, _row(event, reason, state.vitals.health, again)),
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


def _compared(segment: Segment, event: Result, fresh: tuple[float, ...]) -> Segment:
    """Take in what an experiment came to; `fresh` are its values of what is the incumbent now."""
    kept = event.status is Status.KEEP
    left = 0 if kept else max(0, segment.narrowed_left - 1)
    found = replace(
        segment,
        values=segment.values if event.metric is None else (*segment.values, event.metric),
        narrowed_left=left,
        narrowed=segment.narrowed if left else (),
        reference=(fresh if kept else (*segment.reference, *fresh))[-REFERENCE_KEPT:],
        drift_before=segment.drift,
    )
    found = _comparable(found)
    return replace(found, best=segment.best if event.metric is None else event.metric, best_index=event.index) if kept else found


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


def _comparable(segment: Segment) -> Segment:
    """From the incumbent's first value that has no logarithm on, values themselves are compared, with the noise that the baseline had."""
    if not segment.logs or min(segment.reference, default=1.0) > 0:
        return segment
    level = stats.median(segment.baseline_runs)
    return replace(segment, crossed=True, pool=tuple(level * math.expm1(min(residual, 700.0)) for residual in segment.pool))


def _confirmed(state: State, event: Claimed) -> State:
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


def _signal_of(event: Result) -> Signal:
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


def _row(event: Result, reason: Fact, health: Health, again: int | None) -> Row:
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


def _healed(state: State, event: PlaybookEnded) -> State:
    state = _signal(state, _FOUND[event.works], Fact(Kind.PLAYBOOK, {"playbook": event.playbook}, event.result))
    segment = replace(state.segment, narrowed=event.scope, narrowed_left=event.experiments) if event.scope else state.segment
    return replace(state, playbook=None, last_playbook=event, last_playbook_is_news=True, segment=segment)


_FOUND = {None: Signal.HEALED_BY, True: Signal.WORKS, False: Signal.FAILS}
