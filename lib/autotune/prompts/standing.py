"""How each behaviour stands, as JSON values: scores, agreement, bias, money, what is wrong. `status`, `explain` and panels draw it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from autotune.core.asking.limits import Spent
from autotune.core.codec import encode
from autotune.core.judging import condition
from autotune.core.judging.condition import Condition
from autotune.core.judging.means import Sums, mean_of
from autotune.core.records.behaviors import Behavior
from autotune.edges.folders import data_folder
from autotune.errors import AutotuneError
from autotune.prompts import canaries, trusting
from autotune.prompts.canaries import Proposal
from autotune.prompts.settings import Settings
from autotune.records import judged, probes, scoring
from autotune.records.judged import Group
from autotune.records.store import Store

DAY_MS = 86_400_000
_DAYS_SHOWN = 21  # of a shorter time, days are told apart; of a longer one, weeks
_NEWEST_MARKS = 500
_LATE_DAYS = 7


def standing(store: Store, settings: Settings, now_ms: int) -> dict[str, Any]:
    """How all behaviours stand: few figures of each, quickly had."""
    groups = judged.groups(store)
    behaviors = [_behavior(store, settings, behavior, groups) for behavior in map(Behavior, settings["behaviors"])]
    money = spent(settings)
    conditions = [*_general(store, money, now_ms), *(one for said in behaviors for one in _of_behavior(store, said))]
    canary = [one for behavior in map(Behavior, settings["behaviors"]) if (one := _rollout(settings, behavior)) is not None]
    return {"scores": behaviors, "rollouts": canary, "money": money, "conditions": [encode(one) for one in conditions]}


def in_full(store: Store, settings: Settings, behavior: Behavior, now_ms: int) -> dict[str, Any]:
    """How one behaviour stands: the same with scores over time, criteria, and why cases have no score."""
    said = _behavior(store, settings, behavior, judged.groups(store, behavior))
    instrument = said["instrument"]
    money = spent(settings)
    conditions = [*_general(store, money, now_ms), *_of_behavior(store, said)]
    more: dict[str, Any] = {"judges": judged.instruments(store, behavior), "money": money}
    if instrument is not None:
        length = DAY_MS if judged.span_ms(store, behavior, instrument) < _DAYS_SHOWN * DAY_MS else 7 * DAY_MS
        marks = judged.marks(store, behavior, instrument, _NEWEST_MARKS)
        periods = judged.over_time(store, behavior, instrument, length)
        more |= {
            "period_ms": length,
            "periods": [{"from_ms": one.from_ms, "mean": _mean(one.sums), "unscored": one.unscored} for one in periods],
            "criteria": {name: {"marks": count, "mean": mean} for name, (count, mean) in marks.items()},
            "unscored_why": dict(judged.unscored(store, behavior, instrument)),
        }
        drift = _drift(store, behavior, instrument, now_ms)
        conditions += [] if drift is None else [drift]
    from autotune.prompts import watching

    runs = _rollout(settings, behavior)
    looked = None if runs is None or "problem" in runs else watching.watch(settings, store, behavior, now_ms, dry=True)
    return {**said, **more, "rollout": looked or runs, "conditions": [encode(one) for one in conditions]}


def _rollout(settings: Settings, behavior: Behavior) -> dict[str, Any] | None:
    """What a behaviour has outside, by the log of its deployments alone; None where nothing runs, waits or is watched."""
    try:
        stand = canaries.standing_of(settings, behavior)
    except AutotuneError as problem:
        return {"behavior": str(behavior), "problem": problem.message}
    said = {"behavior": str(behavior)}
    if stand.running is not None:
        return {**said, "state": "canary", **_of_proposal(stand.running)}
    if stand.waiting is not None:
        return {**said, "state": "waiting", **_of_proposal(stand.waiting)}
    return None if stand.watched is None else {**said, "state": "promoted", "version": stand.watched.data["version"]}


def _of_proposal(one: Proposal) -> dict[str, Any]:
    return {"version": one.version, "parent": one.parent, "share": one.share, "since_ms": one.since_ms, "expires_ms": one.expires_ms}


def spent(settings: Settings) -> dict[str, Any]:
    """What models have cost today (UTC), and what is left below the caps."""
    from autotune.models import spending

    today = spending.spent(spending.today()) if (data_folder() / "models.db").is_file() else Spent()
    usd, calls = today.usd, today.calls
    most_usd, most_calls = settings["max_usd_per_day"], settings["max_calls_per_day"]
    return {
        "usd": usd,
        "calls": calls,
        "unknown": today.unknown,
        "guessed": today.usd_guessed,
        "max_usd": most_usd,
        "max_calls": most_calls,
        "left_usd": None if most_usd is None else max(0.0, most_usd - usd),
        "left_calls": max(0, most_calls - calls),
    }


def _behavior(store: Store, settings: Settings, behavior: Behavior, groups: Sequence[Group]) -> dict[str, Any]:
    instrument = scoring.current(store, behavior)
    own = [one for one in groups if one.behavior == behavior]
    now = sorted((one for one in own if one.instrument == instrument), key=lambda one: -one.last_ms)
    found = {} if instrument is None else probes.found(store, behavior, instrument)
    return {
        "behavior": str(behavior),
        "instrument": instrument,
        "versions": [{"version": one.version, "mean": _mean(one.sums), "unscored": one.unscored, "last_ms": one.last_ms} for one in now],
        "earlier": sum(round(one.sums.n) for one in own if one.instrument != instrument),
        "obeyed": 0 if instrument is None else judged.obeyed(store, behavior, instrument),
        "bias": {kind: _mean(sums, least=-1.0) for kind, sums in found.items()},
        "agreement": trusting.values(store, settings, behavior),
    }


def _mean(sums: Sums, least: float = 0.0) -> dict[str, Any] | None:
    found: dict[str, Any] | None = encode(mean_of(sums, least))
    return found


def _general(store: Store, money: dict[str, Any], now_ms: int) -> Iterator[Condition]:
    """What is wrong with all behaviours."""
    yield from condition.traffic(judged.newest(store, condition.SEEN), now_ms)
    found = condition.budget(money["usd"], money["calls"], money["max_usd"], money["max_calls"])
    if found is not None:
        yield found


def _of_behavior(store: Store, said: dict[str, Any]) -> Iterator[Condition]:
    """What is wrong with one."""
    found = (
        condition.judge(said["behavior"], judged.outcomes(store, said["behavior"], condition.DEAD_AFTER)),
        condition.obedience(said["behavior"], said["obeyed"]),
    )
    yield from (one for one in found if one is not None)


def _drift(store: Store, behavior: Behavior, instrument: str, now_ms: int) -> Condition | None:
    """Whether the newest pack's scores are others in the last week than before."""
    late_ms = now_ms - _LATE_DAYS * DAY_MS
    before, late = judged.around(store, behavior, instrument, late_ms)
    return condition.scores(behavior, mean_of(before), mean_of(late), late_ms)
