"""What a person has settled about a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from autotune.core.decide import guards
from autotune.core.health.recovery import Playbook
from autotune.core.model import Direction
from autotune.core.output import sources
from autotune.core.output.metrics import RESERVED
from autotune.core.output.sources import Source
from autotune.core.trust import audit


@dataclass(frozen=True, slots=True)
class HealthConfig:
    """When the loop counts as plateaued or crashing."""

    max_no_improvement_runs: int
    max_crash_streak: int


@dataclass(frozen=True, slots=True)
class RecoveryConfig:
    """What is tried when the loop is stuck, and how often."""

    playbooks: tuple[str, ...]
    max_healing_attempts: int

    @property
    def tries(self) -> int:
        """How many playbooks are tried before the loop pauses, or goes on without."""
        return min(self.max_healing_attempts, sum(one != Playbook.PAUSE for one in self.playbooks))


@dataclass(frozen=True, slots=True)
class Config:
    """What a person has settled about a session; times are in seconds. `decision_mode` is a DecisionMode's value or "auto"."""

    name: str
    metric: str
    unit: str
    timed: bool | None
    direction: Direction
    benchmark: str
    read: str
    seeds: bool
    cases: str
    cases_count: str
    score_range: tuple[float, float] | None
    holdout_share: float
    search_share: float
    worth: float
    order_seed: int | None
    context_free: tuple[str, ...]
    checks: str
    prepare: str
    build_once: bool
    setup: str
    carry: tuple[str, ...]
    scope: tuple[str, ...]
    protect: tuple[str, ...]
    holdout: str
    sandbox: bool
    void_implausible: bool
    in_place: bool
    decision_mode: str
    min_effect: float
    min_effect_found: float
    simplify_margin: float
    guardrails: tuple[str, ...]
    max_pairs: int
    error_budget: float
    busy_wait_s: float
    timeout_s: float
    checks_timeout_s: float
    hooks: bool
    format: str
    sign: bool
    target: float | None
    max_iterations: int | None
    max_wall_time_s: float | None
    max_failures: int | None
    max_cost_usd: float | None
    cost_metric: str
    max_tokens: int | None
    auto_resume: str
    fresh_context: int | None
    notify: str
    env: Mapping[str, str]
    health: HealthConfig
    recovery: RecoveryConfig

    @property
    def cases_named(self) -> tuple[str, ...]:
        """The cases that are named, as they are written; none where a command prints them, or there are none."""
        return tuple(self.cases.splitlines()) if self.cases.endswith("\n") else ()

    @property
    def measured_from_outside(self) -> bool:
        """Whether autotune measures the metric itself."""
        return self.metric.startswith(RESERVED)

    @property
    def results_file(self) -> str:
        """The file in which the benchmark leaves its results, relative to the working directory; empty where it prints them."""
        return "" if self.source is None else self.source.file

    @property
    def source(self) -> Source | None:
        """Where the metrics are found when they are not METRIC lines."""
        return sources.source(self.read)

    @property
    def command_is_tuned(self) -> bool:
        """Whether what the command names is what is tuned, since something else measures it: autotune itself, or hyperfine."""
        return self.measured_from_outside or (self.source is not None and self.source.format.times_commands)

    @property
    def measures_time(self) -> bool:
        """Whether metric or guardrails measure time, as far as they say; who else is at work on the machine matters to that alone."""
        if self.timed is not None:
            return self.timed
        named = (guards.read_guard(text).metric for text in self.guardrails)
        return not audit.is_amount(self.metric, self.unit) or any(map(audit.is_named_as_a_time, named))

    @property
    def min_effect_is_found(self) -> bool:
        """Whether nobody but calibration has said what is asked for."""
        return self.min_effect == self.min_effect_found

    @property
    def without_findings(self) -> Config:
        """The same, without what calibration found for this benchmark: that says nothing of another one."""
        return replace(self, min_effect=0.0 if self.min_effect_is_found else self.min_effect, min_effect_found=0.0)

    @property
    def built_once(self) -> bool:
        """Whether each side of a comparison is built once; in the checkout every run is built anew."""
        return self.build_once and bool(self.prepare) and not self.in_place
