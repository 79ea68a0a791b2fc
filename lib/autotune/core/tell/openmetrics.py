"""A session as OpenMetrics text, for tools that collect figures (github.com/prometheus/OpenMetrics, version 1.0)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autotune.core.escaping import escaped
from autotune.core.ledger.state import State
from autotune.core.model import Status
from autotune.core.tell import headline


@dataclass(frozen=True, slots=True)
class Family:
    """Figures of one name, each with labels of its own besides those that all have."""

    name: str
    kind: str
    says: str
    figures: Sequence[tuple[Mapping[str, str], float | None]]


def text(state: State, now: str) -> str:
    """Give the session's figures as of an ISO time; what is not known is left out."""
    opened = state.segment.opened
    labels = {"session": opened.session, "metric": opened.metric_name, "direction": opened.direction}
    return "".join(line for family in _families(state, now) for line in _lines(family, labels)) + "# EOF\n"


def _families(state: State, now: str) -> Iterator[Family]:
    segment, claim, spending = state.segment, state.claim, state.spending
    statuses = dict(state.statuses or {})
    yield Family("autotune_baseline", "gauge", "The first value of the segment.", [({}, segment.baseline)])
    yield Family("autotune_noise", "gauge", "The standard deviation of a run, relative or in the metric's unit.", [({}, _noise(state))])
    yield Family("autotune_experiments", "counter", "Experiments by status.", [({"status": one}, statuses.get(one, 0)) for one in Status])
    yield Family("autotune_unconfirmed", "gauge", "Keeps that nothing has confirmed.", [({}, headline.unconfirmed(state))])
    effect = claim.effect if claim is not None else None
    ends = {} if effect is None else {"estimate": effect.estimate, "low": effect.low, "high": effect.high}
    scale = "ratio" if effect is None or effect.relative else "difference"
    said = "The last state against the first, by fresh runs."
    yield Family(f"autotune_claim_{scale}", "gauge", said, [({"bound": name}, value) for name, value in ends.items()])
    yield Family("autotune_active_seconds", "counter", "How long the session was active.", [({}, spending.active(now))])
    yield Family("autotune_run_seconds", "counter", "How long its runs took.", [({}, spending.run_s)])
    told = spending.spent is not None
    paid = spending.cost_usd if headline.cost_is_known(state) else None
    yield Family("autotune_cost_usd", "counter", "What agents, runs and proposers said that they cost.", [({}, paid)])
    yield Family("autotune_tokens", "counter", "What the agent has cost in tokens.", [({}, spending.tokens if told else None)])


def _noise(state: State) -> float | None:
    return headline.noise_of_a_run(state).sigma if state.segment.pool else None


def _lines(family: Family, labels: Mapping[str, str]) -> Iterator[str]:
    known = [(more, value) for more, value in family.figures if value is not None]
    if not known:
        return
    yield f"# TYPE {family.name} {family.kind}\n# HELP {family.name} {family.says}\n"
    suffix = "_total" if family.kind == "counter" else ""
    for more, value in known:
        pairs = ",".join(f'{name}="{_label(said)}"' for name, said in {**labels, **more}.items())
        yield f"{family.name}{suffix}{{{pairs}}} {value!r}\n"


def _label(said: str) -> str:
    return escaped(said).replace("\\", "\\\\").replace('"', '\\"')
