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

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from autotune.core import rules
from autotune.core.cases.drawing import Taken
from autotune.core.cases.rounds import size_of
from autotune.core.cases.split import is_sided
from autotune.core.cases.units import ScoreRange
from autotune.core.config.model import Config
from autotune.core.facts import BY_SCORES, Fact
from autotune.core.health.transitions import Health, Vitals
from autotune.core.ledger.earlier import Imports
from autotune.core.ledger.events import Claimed, Decided, Drawn, Noted, Noticed, PlaybookBegun, PlaybookEnded, Spent, StopAsked
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.seeded import Seeds
from autotune.core.ledger.segment import Segment
from autotune.core.model import Calibration, DecisionMode, Direction, Effect, Metric, Outcome, Policy, Run, Status, Verdict
from autotune.core.stats import noise
from autotune.core.trust import audit

RECENT = 40  # experiments, and keeps, whose words are held
TRAIL = 200  # experiments whose effect is held for a chart
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

    `proposed` is the commit that was taken, where a hook rewrote it before it was measured. `drawn` says which parts of the cases it was
    begun on, where scores decide.
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
    drawn: tuple[Drawn, ...] = ()

    @property
    def called(self) -> str:
        """Its description, or its number where nobody described it."""
        return self.description or unnamed(self.number)

    @property
    def decided(self) -> Decided:
        """The verdict. Raises ValueError where there is none yet."""
        if self.verdict is None:
            raise ValueError("the experiment has no verdict yet")
        return self.verdict

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

        A second look is the last one, unless nothing was measured in it. Where scores decided there is none: the same cases say the same.
        """
        looked_at = {*self.restored, *(row.again for row in self.rows if row.verdict is not Verdict.VOID)}
        found = (row for row in self.rows if row.verdict is Verdict.INCONCLUSIVE and row.again is None and row.reason.kind not in BY_SCORES)
        return tuple(row for row in found if row.index not in looked_at)


@dataclass(frozen=True, slots=True)
class Spending:
    """What a session has cost: the time it was active, that of its runs, and what agents, runs and proposers said of tokens and money."""

    active_since: str | None = None
    active_s: float = 0.0
    run_s: float = 0.0
    spent: Spent | None = None
    printed_usd: float = 0.0

    @property
    def cost_usd(self) -> float:
        """What all have cost: the agent, and what runs and proposers printed as their cost."""
        return self.agent_usd + self.printed_usd

    @property
    def agent_usd(self) -> float:
        """What the agent has cost, over all its clients."""
        return self.spent.cost_usd if self.spent is not None else 0.0

    @property
    def tokens(self) -> int:
        """How many tokens the agent has used in all."""
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

    `planned` is how many experiments the error budget was shared out to. `keeps` counts keeps that were decided. `confirmed` counts those
    of them with exact evidence, and `gains` those of these that had to be better. Gains alone refill the error budget; by the first rule
    all of `confirmed` do. `forced` counts keeps that were forced. `voided` counts discards that say nothing of an idea. `claimed` counts
    how often two states were claimed against each other. `last_playbook_is_news` until the next experiment begins, or a person has the
    session go on or asks for a repair. `stop_asked` is a stop that waits for an experiment. `renewed` is when a segment last opened by
    itself, since what was measured with had changed. `confirmations` counts comparisons on the cases that confirm, through all segments.
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
    asked_why: Fact | None = None
    claim: Claimed | None = None
    claimed: Mapping[str, int] | None = None
    stop_asked: StopAsked | None = None
    ended: Ended | None = None
    recent: Recent = field(default_factory=Recent)
    imports: Imports = field(default_factory=Imports)
    spending: Spending = field(default_factory=Spending)
    seeds: Seeds = field(default_factory=Seeds)
    renewed: str | None = None
    confirmations: int = 0

    @property
    def metric(self) -> Metric:
        """The primary metric."""
        opened = self.segment.opened
        return Metric(opened.metric_name, opened.metric_unit, opened.direction)

    @property
    def calibration(self) -> Calibration:
        """What `decide` has to know before the next comparison.

        No run is held against earlier values where those had other seeds or cases, nor in economy where they drift.
        """
        alone = self.pairs_alone or (self.decision_mode is DecisionMode.ECONOMY and self.segment.drifts)
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
        return noise.pool_by_digits(segment.pool, segment.baseline_runs[-1], logs=segment.logs)

    @property
    def scores(self) -> ScoreRange | None:
        """The range of the cases' scores, where these decide."""
        found = self.config.score_range
        return None if found is None else ScoreRange(*found, self.metric.direction)

    @property
    def relative(self) -> bool:
        """Whether effects are ratios: those of scores on cases are differences, as are those of values that may be 0."""
        return self.scores is None and self.segment.logs

    @property
    def taken(self) -> Taken:
        """What counts as one unit where scores decide: what a calibration found, else the case or its group. A batch is no couple."""
        found = self.segment.calibrated
        taken = Taken.CASE if found is None or found.by_unit is None else found.by_unit.taken
        return Taken.ONE_BY_ONE if taken is Taken.BATCH and is_sided(self.segment.listed) else taken

    @property
    def pairs_alone(self) -> bool:
        """Whether runs of different pairs say little of each other, since each pair has a seed or cases of its own."""
        return self.config.seeds or self.scores is not None or size_of(self.segment.listed) < len(self.segment.listed)

    @property
    def exact(self) -> bool:
        """Whether the benchmark repeats exactly: its baseline shows it, and nothing has contradicted it since.

        Where runs have seeds, or parts of the cases, it never does.
        """
        segment, name = self.segment, self.metric.name
        if self.pairs_alone or any(segment.pool):
            return False
        if segment.opened.rule < rules.EXACT_IS_SHOWN:
            return len(segment.baseline_runs) > 1 and len(set(segment.baseline_runs)) == 1
        names = [f"{name}[{case}]" for case in segment.cases] or [name]
        printed = [run.samples[one] for run in segment.baseline_observed[-1:] for one in names]
        return noise.repeats_exactly(segment.baseline_runs, printed, timed=self.config.measures_time, rounded=self._may_be_rounded)

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
        return self.scores is None and self.config.measures_time and (self.config.timed is not None or not self.exact)

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
            paired=config.seeds or bool(self.segment.listed),
            rule=self.segment.opened.rule,
        )

    @property
    def decision_mode(self) -> DecisionMode:
        """How decisions are made: as configured, else by what a run of the baseline cost."""
        if self.scores is not None:
            return DecisionMode.RACE
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
        """Whether a claim is to be made that knows of all that was kept; what cannot be repeated is not run forty times unasked."""
        claimed = self.claim.keeps if self.claim is not None else 0
        return self.all_keeps > claimed and self.config.decision_mode != DecisionMode.ONCE and self.segment.can_claim

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
