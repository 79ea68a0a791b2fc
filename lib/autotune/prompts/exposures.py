"""Records read as what a canary is decided by: which pack each shows, what failed in it, what the judge that judged last made of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autotune.core.judging.besides import refuses
from autotune.core.rollout.duration import SPREAD
from autotune.core.rollout.exposures import DAY_MS, Exposure, Judged
from autotune.records import scoring
from autotune.records.store import Store

ERRORS, TOOLS, REFUSALS, FEEDBACK, LATENCY, COST = "errors", "tool failures", "refusals", "negative feedback", "latency", "cost"
RATIOS = {ERRORS: 1.0, TOOLS: 1.0, REFUSALS: 1.0, FEEDBACK: 1.0, LATENCY: 1.5, COST: 1.5}
"""The guardrails, each with how many times the control's rate it may fail: latency and cost by being beyond the history's limit."""
BEYOND = 0.95  # of the history's values, that are within the limit
FIGURES = {LATENCY: "latency_ms", COST: "cost_total_usd"}
HISTORY_DAYS = 14
_FEWEST = 20  # values of a history, below which it sets no limit, and scores, below which it has no mean


@dataclass(frozen=True, slots=True)
class History:
    """What records were like before a canary: units a day, mean and spread of scores, and what latency and cost were seldom beyond."""

    per_day: float
    mean: float | None
    spread: float
    unscored: float | None
    limits: Mapping[str, float]


def exposures(store: Store, behavior: str, from_ms: int, until_ms: int, limits: Mapping[str, float]) -> Iterator[Exposure]:
    """The records of a time, oldest first."""
    query = """
        SELECT case_id, record.at_ms, user, conversation, instr(applies, ?) > 0, shown, record.content,
            score.record_id IS NOT NULL, score.score, score.again_ms
        FROM record LEFT JOIN score ON score.record_id = record.record_id AND behavior = ? AND instrument = ?
        WHERE record.kind = 'trace' AND record.at_ms >= ? AND record.at_ms < ? ORDER BY record.at_ms, case_id"""
    instrument = scoring.current(store, behavior)
    for row in store.connection.execute(query, (json.dumps(behavior), behavior, instrument, from_ms, until_ms)):
        case, at_ms, user, conversation, applies, shown, content, tried, score, again_ms = row
        judged = _judged(score, applies=bool(applies), tried=bool(tried), again=again_ms is not None)
        version = json.loads(shown).get(behavior)
        yield Exposure(case, at_ms, user, conversation, version, failed(json.loads(content), limits), judged, score)


def _judged(score: float | None, *, applies: bool, tried: bool, again: bool) -> Judged:
    if score is not None:
        return Judged.SCORED
    if not applies:
        return Judged.NOT_MEANT
    return Judged.UNSCORED if tried and not again else Judged.PENDING


def failed(trace: Mapping[str, Any], limits: Mapping[str, float]) -> frozenset[str]:
    """What failed in a record."""
    found = {
        ERRORS: trace.get("error") is not None,
        TOOLS: any(call.get("ok") is False for call in trace.get("tool_calls") or ()),
        REFUSALS: trace.get("error") is None and trace.get("output") is not None and refuses(trace["output"]),
        FEEDBACK: trace.get("feedback", 0) < 0,
        **{name: trace.get(FIGURES[name], 0) > limit for name, limit in limits.items()},
    }
    return frozenset(name for name, fails in found.items() if fails)


def shows(store: Store, behavior: str, version: str, since_ms: int) -> bool:
    """Whether a record since then shows this version."""
    query = "SELECT DISTINCT shown FROM record WHERE kind = 'trace' AND at_ms >= ?"
    return any(json.loads(row[0]).get(behavior) == version for row in store.connection.execute(query, (since_ms,)))


def history(store: Store, behavior: str, now_ms: int) -> History:
    """What the last 14 days were like."""
    since_ms = now_ms - HISTORY_DAYS * DAY_MS
    scores: dict[str, list[float]] = {}
    units, values = set(), {name: list[float]() for name in FIGURES}
    judged = unscored = first = 0
    figures = ", ".join(f"json_extract(content, '$.{figure}')" for figure in FIGURES.values())
    for row in store.connection.execute(
        f"SELECT coalesce(user, conversation, case_id), at_ms, {figures} FROM record"  # noqa: S608 - names of ours
        " WHERE kind = 'trace' AND at_ms >= ? AND at_ms <= ? ORDER BY at_ms",
        (since_ms, now_ms),
    ):
        unit, at_ms, *found = row
        units.add((unit, at_ms // DAY_MS))
        first = first or at_ms
        for name, value in zip(FIGURES, found, strict=True):
            values[name] += [] if value is None else [value]
    if (instrument := scoring.current(store, behavior)) is not None:
        for one in scoring.scored(store, behavior, instrument, since_ms, now_ms):
            judged, unscored = judged + 1, unscored + (one.score is None)
            if one.score is not None:
                scores.setdefault(f"{one.user or one.conversation or one.case} {one.seen_ms // DAY_MS}", []).append(one.score)
    means = [sum(some) / len(some) for some in scores.values()]
    mean = sum(means) / len(means) if len(means) >= _FEWEST else None
    days = max((now_ms - first) / DAY_MS, 1.0) if units else 1.0
    limits = {name: limit for name, some in values.items() if (limit := _limit(some)) is not None}
    return History(len(units) / days, mean, _spread(means, mean), unscored / judged if judged >= _FEWEST else None, limits)


def _spread(means: list[float], mean: float | None) -> float:
    if mean is None:
        return SPREAD
    return max(math.sqrt(sum((one - mean) ** 2 for one in means) / len(means)), 0.05)


def _limit(values: list[float]) -> float | None:
    """What 95 of 100 values do not pass."""
    return sorted(values)[int(BEYOND * (len(values) - 1))] if len(values) >= _FEWEST else None
