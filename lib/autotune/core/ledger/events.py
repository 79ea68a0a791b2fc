"""What a line of the ledger can say, and its JSON form: a table of events, longer than other modules since a type stands for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autotune.core import rules
from autotune.core.cases.confirming import PLANNED
from autotune.core.cases.drawing import Taken
from autotune.core.cases.outlook import PairOutlook, UnitOutlook
from autotune.core.facts import Fact, whole
from autotune.core.ledger.earlier import Earlier
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.model import Arm, DecisionMode, Direction, Effect, Outcome, Part, Run, Status, Verdict


@dataclass(frozen=True, slots=True)
class SegmentOpened:
    """A segment begins: what is measured, how it is compared, and on which machine. The first one opens the session.

    `rule` is the one by which everything in it is decided, to its end (see `rules.py`).
    """

    name: str
    metric_name: str
    metric_unit: str
    direction: Direction
    segment: int
    mode: str
    timestamp: str
    session: str
    version: str
    branch: str
    started_on: str
    base: str
    tree: str
    workdir: str
    pins: str
    in_place: bool
    config: Mapping[str, Any]
    machine: Mapping[str, str]
    environment: Mapping[str, str]
    reason: Fact
    rule: int = rules.FIRST


@dataclass(frozen=True, slots=True)
class Ran:
    """One run is over. Times are in seconds, memory in MiB; `log` is the output's path in the session's folder.

    `prepare_s` is what `prepare` took before the measured command. Of a metric that was printed more than once, `metrics` has the last
    value and `earlier` number and range of all. Of one that another tool, whose results are read, has several values of, `metrics` has the
    median and `repeated` number and range.

    `seed` is the one that the run was given, where the session has seeds. `cases` are those that it was given, by their places in the
    segment's list, drawn for the `drawn`th measurement of the session. `context` is what its CONTEXT lines say. Where scores decide, `part`
    says what these cases are for, and `unscored` why some got no score, by their places.
    """

    experiment: int
    purpose: Purpose
    arm: Arm
    number: int
    outcome: Outcome
    why: Fact
    metrics: Mapping[str, float]
    wall_s: float
    timestamp: str
    log: str
    malformed: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    earlier: Mapping[str, Mapping[str, float]] | None = None
    repeated: Mapping[str, Mapping[str, float]] | None = None
    prepare_s: float = 0.0
    seed: int | None = None
    drawn: int | None = None
    cases: tuple[int, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    part: Part | None = None
    unscored: Mapping[str, str] = field(default_factory=dict)

    @property
    def run(self) -> Run:
        """The run without what the ledger alone holds of it.

        A tool that is read measures as often as it was told, so that any value besides is one too many, also where it is the same.
        """
        printed = (name for name, said in (self.earlier or {}).items() if said["lowest"] != said["highest"])
        several = (*printed, *(self.repeated or ()))
        return Run(self.arm, self.outcome, self.metrics, self.wall_s, several, self.cases, self.part)


@dataclass(frozen=True, slots=True)
class Opened:
    """The session's branch is checked out and its files are in place."""

    timestamp: str


@dataclass(frozen=True, slots=True)
class CandidateTaken:
    """What differs in scope is a commit now, and is about to be measured. `commit` is kept under refs/autotune.

    `again` is the experiment that this is a second look at.
    """

    experiment: int
    commit: str
    incumbent: str
    files: tuple[str, ...]
    timestamp: str
    settles: bool
    description: str | None = None
    asi: Mapping[str, Any] | None = None
    discard: bool = False
    force: bool = False
    again: int | None = None


@dataclass(frozen=True, slots=True)
class Formatted:
    """A hook or `format` rewrote `files` of the candidate before it was measured: `commit` is measured, the one before it is still kept."""

    experiment: int
    commit: str
    by: str
    files: tuple[str, ...]
    timestamp: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The verdict on an experiment; a later one of the same experiment replaces it. `output` is the useful end of what failed.

    `min_effect` is what was asked of the candidate, below 0 where it may be worse; older versions did not say it.
    """

    experiment: int
    verdict: Verdict
    outcome: Outcome | None
    cause: Cause
    reason: Fact
    timestamp: str
    value: float | None = None
    effect: Effect | None = None
    evidence: float | None = None
    needed: float | None = None
    pairs: int = 0
    confirmed: bool = True
    output: str = ""
    min_effect: float | None = None

    def told(self, unit: str) -> Fact:
        """Give the reason with the figures that the verdict was decided by, so that it can be told alone."""
        return whole(self.reason, self.effect, self.evidence, self.needed, self.pairs, unit)


@dataclass(frozen=True, slots=True)
class Described:
    """The experiment's words came after its measurement; it may settle now."""

    experiment: int
    description: str
    timestamp: str
    asi: Mapping[str, Any] | None = None
    discard: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """An experiment has settled. The baseline of a segment is one too, with its segment's first value.

    `metric` is the median of the candidate's runs; `metrics` holds the last run's other metrics; `failure`
    is the useful end of what failed.
    """

    index: int
    commit: str
    metric: float | None
    status: Status
    description: str
    timestamp: str
    segment: int
    metrics: Mapping[str, float]
    asi: Mapping[str, Any] | None
    failure: str | None
    reason: Fact
    files: tuple[str, ...]
    verdict: Verdict = Verdict.KEEP
    outcome: Outcome | None = None
    cause: Cause = Cause.IDEA
    effect: Effect | None = None
    forced: bool = False
    confirmed: bool = True
    baseline: bool = False
    snapshot: str | None = None


@dataclass(frozen=True, slots=True)
class PlaybookBegun:
    """A recovery action starts: which, why, and the how-manieth since the last keep."""

    playbook: str
    attempt: int
    why: Fact
    timestamp: str


@dataclass(frozen=True, slots=True)
class PlaybookEnded:
    """A recovery action is over. `scope` holds the patterns that candidates are limited to, for `experiments` experiments.

    `works` tells whether benchmark and checks passed on the unchanged code, None where that was not looked at.
    """

    playbook: str
    result: Fact
    timestamp: str
    scope: tuple[str, ...] = ()
    experiments: int = 0
    report: str | None = None
    works: bool | None = None


@dataclass(frozen=True, slots=True)
class TargetChecked:
    """Fresh runs of the incumbent say whether the session's target is reached."""

    value: float | None
    reached: bool
    reason: Fact
    timestamp: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """Fresh coin-flip pairs say what may be claimed: of the session (its first state against its last), or of one keep against its parent.

    `keeps` is how many keeps the session had then. `branch` is one that is handed over, measured against what it stands on; such a claim
    says nothing of the session.
    """

    first: str
    last: str
    improved: bool
    pairs: int
    reason: Fact
    keeps: int
    timestamp: str
    effect: Effect | None = None
    experiment: int | None = None
    branch: str | None = None

    def told(self, unit: str) -> Fact:
        """Give the reason with the figures of the claim, so that it can be told alone."""
        return whole(self.reason, self.effect, None, None, self.pairs, unit)


@dataclass(frozen=True, slots=True)
class Looked:
    """Fresh runs of the incumbent, where single runs are compared with its earlier ones; `moved` lets them take their place.

    `values` is empty where they could not be made.
    """

    values: tuple[float, ...]
    moved: bool
    reason: Fact
    timestamp: str


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The unchanged code's own runs say what benchmark and machine can see.

    Where `logs`, sizes are relative (0.02 for 2 %), else in the metric's unit. `run_s` is what the benchmark takes, `prepare_s` what is
    done before each run, untimed. `noise` is the noise floor of a single run, 0 for a benchmark that repeats exactly; `few` and `many`
    are the smallest effects found four times in five with 20 and 40 pairs. `warm_up` is by how much first runs were worse than the rest,
    None where they were not. `bias` is the second place against the first; `min_effect` what should be asked for because of it, None
    where nothing was found. `busy` is the share of all cores that others used, `output_bytes` what a run prints. `seeded` names lines in
    scope that fix a seed. `exact` tells whether values count as the same whenever they are measured, so that few runs decide. `timed` tells
    whether time is measured, as far as that was said. `coarse` tells that all values were equal; `noise` is then what their last digit may
    hide. `by_pair` says what pairs show where each has a seed or cases of its own, `by_unit` what cases with scores show,
    `run_cost_usd` what a run costs by what it prints.
    `findings` and `advice` are older versions' sentences.
    """

    runs: int
    run_s: float
    noise: float
    few: float
    many: float
    logs: bool
    mode: DecisionMode
    timestamp: str
    warm_up: float | None = None
    bias: Effect | None = None
    bias_pairs: int = 0
    min_effect: float | None = None
    build_once: bool = False
    prepare_s: float = 0.0
    busy: float | None = None
    output_bytes: int = 0
    seeded: tuple[str, ...] = ()
    exact: bool = False
    timed: bool | None = None
    coarse: bool = False
    by_pair: PairOutlook | None = None
    by_unit: UnitOutlook | None = None
    run_cost_usd: float = 0.0
    findings: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The keys of autotune.toml that may change inside a segment have other values now."""

    config: Mapping[str, Any]
    changed: tuple[str, ...]
    timestamp: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The session stands still with a blocker that a person can lift."""

    reason: Fact
    timestamp: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A stop rule holds."""

    reason: Fact
    timestamp: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A person said stop."""

    reason: Fact
    timestamp: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A person said stop, but not before experiment `after` has settled."""

    after: int
    reason: Fact
    timestamp: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """A person said go on."""

    timestamp: str


@dataclass(frozen=True, slots=True)
class RepairAsked:
    """A person said repair; `playbook` is the one they named. `why` is there where the loop itself asks for it, and says what for."""

    timestamp: str
    playbook: str | None = None
    why: Fact | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """An earlier experiment's changes are open again."""

    experiment: int
    timestamp: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A person's word to the proposer, or a reminder that an agent wrote for itself (`own`): that one is no instruction."""

    text: str
    timestamp: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something of the session was found changed from outside, and what was done about it."""

    found: Fact
    timestamp: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What the session's agent has cost up to now, over all its clients: a sum, not a difference.

    `tokens` counts all that a model read and wrote, cached or not. `estimated` says that part of the money is an estimate, because a client
    died before it could tell its own figure. `client` is the last conversation, of
    which `client_usd` and `client_tokens` are in here.
    """

    cost_usd: float
    tokens: int
    client: str
    timestamp: str
    estimated: bool = False
    client_usd: float = 0.0
    client_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Charged:
    """What a proposer printed as its cost, once it had ended. `log` is its output's path in the session's folder."""

    cost_usd: float
    log: str
    timestamp: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The segment's cases, each with its group behind a tab if it has one: what the settings name, or what their command printed.

    Where scores decide, `parts` says by a letter each what they are for (`split.letters`), and `digest` is that of the list.
    """

    cases: tuple[str, ...]
    timestamp: str
    parts: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A comparison on a part of the cases begins: by `order` it is drawn in which order, in batches of `size` cases.

    A confirmation has its `number` in the session and `pool_number` on these cases, both from 1 on, and how many keeps were decided like
    this before: in the session, and on these cases. Each was planned for `planned` of them.
    """

    experiment: int
    part: Part
    order: str
    size: int
    taken: Taken
    timestamp: str
    number: int = 0
    keeps: int = 0
    pool_number: int = 0
    pool_keeps: int = 0
    planned: int = PLANNED


@dataclass(frozen=True, slots=True)
class Imported:
    """What another loop's log says of its experiments: words, of which no verdict and no figure is made."""

    file: str
    format: str
    sha256: str
    rows: tuple[Earlier, ...]
    timestamp: str
