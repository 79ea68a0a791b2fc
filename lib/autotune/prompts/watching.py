"""A canary looked at, and what follows done: promoted, rolled back, ended; a promoted pack held against the frozen record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autotune.core.codec import decode, encode
from autotune.core.records.behaviors import Behavior
from autotune.core.rollout import afterwards, coin_bet
from autotune.core.rollout.afterwards import Record, Watch, Watched
from autotune.core.rollout.assigning import UnitKind
from autotune.core.rollout.coin_bet import Weighed
from autotune.core.rollout.emergencies import Cap, emergency
from autotune.core.rollout.events import Intent
from autotune.core.rollout.exposures import DAY_MS, Drawn, Exposure, Units, since, units
from autotune.core.rollout.look import Look, Policy, Unit, Verdict, counted, looked
from autotune.prompts import canaries, candidates, deploying
from autotune.prompts.canaries import ACTIVE, CANARY, CHECKED, DROPPED, PROMOTED, TAKEN_BACK, Proposal, Standing
from autotune.prompts.exposures import ERRORS, RATIOS, TOOLS, exposures
from autotune.prompts.settings import Settings
from autotune.prompts.trusting import doubt_of
from autotune.records.store import Store
from autotune.rollout import placing
from autotune.rollout.deploying import Rollout, opened, read

ENDED = {Verdict.ROLL_BACK: "rolled back", Verdict.EXPIRE: "expired", Verdict.VOID: "void"}
_HOUR_MS = 3_600_000
_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a canary saw: its units, the look, and the units' scores with their coins."""

    units: Units
    look: Look
    weighed: tuple[Weighed, ...]


def watch(settings: Settings, store: Store, behavior: str, now_ms: int, *, dry: bool = False) -> dict[str, Any]:
    """Look at what a behaviour has outside, and do what follows."""
    target = canaries.target_of(settings, behavior)
    if dry or not read(target).numbered:
        return _looked_at(settings, store, behavior, now_ms)
    with opened(target, "autotune prompts watch", now_ms, deploying.besides(settings, behavior)) as rollout:
        if changed := rollout.changed():
            raise placing.changed(target.places[changed[0]])
        stand = canaries.standing(rollout.state)
        after = None if stand.watched is None else _watch_promoted(store, rollout, behavior, stand, stand.watched, now_ms)
        if after is not None and after["action"] == Watch.TAKE_BACK:
            return after
        if stand.running is not None:
            return _watch_canary(settings, store, rollout, behavior, stand.running, now_ms)
        if stand.waiting is not None:
            found = deploying.begin(settings, store, rollout, behavior, now_ms)
            return {"behavior": behavior, "state": "waiting", "version": stand.waiting.version, **found}
        return after or {"behavior": behavior, "state": "nothing"}


def _looked_at(settings: Settings, store: Store, behavior: str, now_ms: int) -> dict[str, Any]:
    """What a look says, with nothing done."""
    stand = canaries.standing_of(settings, behavior)
    if stand.running is not None:
        return look_values(behavior, stand.running, seen(settings, store, behavior, stand.running, now_ms), now_ms)
    if stand.waiting is not None:
        return {"behavior": behavior, "state": "waiting", "version": stand.waiting.version}
    if stand.watched is not None:
        return _after_values(behavior, stand.watched, _after(store, behavior, stand.watched, now_ms), now_ms)
    return {"behavior": behavior, "state": "nothing"}


def seen(settings: Settings, store: Store, behavior: str, proposal: Proposal, now_ms: int) -> Seen:
    """Look at a canary."""
    records = list(exposures(store, behavior, proposal.since_ms, now_ms, proposal.limits))
    kind = None if proposal.unit == _AUTO else UnitKind(proposal.unit)
    found = units(records, Drawn(proposal.version, proposal.parent, proposal.salt, proposal.share, kind), now_ms)
    policy = _policy(proposal)
    look = looked(
        counted(found.closed, policy), policy, (now_ms - proposal.since_ms) / DAY_MS, _emergency(settings, proposal, records, now_ms)
    )
    weighed = tuple(Weighed(one.canary, one.share, one.score) for one in found.closed if one.score is not None)
    return Seen(found, look, weighed)


def _policy(proposal: Proposal) -> Policy:
    ratios = {name: ratio for name, ratio in RATIOS.items() if name in proposal.limits or name not in {"latency", "cost"}}
    return Policy(
        mode=proposal.mode,
        margin=proposal.margin,
        needed=proposal.needed,
        fewest=proposal.fewest,
        most_units=proposal.max_units,
        most_days=proposal.max_days,
        ratios=ratios,
        start=proposal.mean,
        start_unscored=proposal.unscored,
    )


def _emergency(settings: Settings, proposal: Proposal, records: Sequence[Exposure], now_ms: int) -> str | None:
    """What must not go on, by the requests of the last hours."""
    since_ms = now_ms - settings["canary.health_window_hours"] * _HOUR_MS
    late = [one for one in records if one.at_ms >= since_ms]
    sides = {version: [one.failed for one in late if one.version == version] for version in (proposal.version, proposal.parent)}
    caps = {
        ERRORS: Cap(settings["canary.max_error_rate"], settings["canary.max_error_rate_delta"]),
        TOOLS: Cap(settings["canary.max_tool_failure_rate"], settings["canary.max_tool_failure_rate_delta"]),
    }
    return emergency(sides[proposal.version], sides[proposal.parent], caps)


def _watch_canary(settings: Settings, store: Store, rollout: Rollout, behavior: str, proposal: Proposal, now_ms: int) -> dict[str, Any]:
    found = seen(settings, store, behavior, proposal, now_ms)
    said = look_values(behavior, proposal, found, now_ms)
    verdict = found.look.verdict
    if verdict is Verdict.PROMOTE:
        doubt = doubt_of(store, settings, Behavior(behavior))
        if doubt is not None and proposal.salt not in canaries.standing(rollout.state).promotable:
            return {**said, "action": "waits for approval", "doubt": str(doubt)}
        promote(settings, rollout, behavior, proposal, found, PROMOTED, now_ms)
    elif verdict is not Verdict.WAIT:
        rollout.change({CANARY: None}, ENDED[verdict], now_ms, {"salt": proposal.salt, "version": proposal.version, **facts(found)})
    return {**said, "action": str(verdict)}


def facts(found: Seen) -> dict[str, Any]:
    """What a look rests on, as the log keeps it."""
    return {"look": encode(found.look), "unit": str(found.units.kind), "left_out": dict(found.units.left_out)}


def promote(settings: Settings, rollout: Rollout, behavior: str, proposal: Proposal, found: Seen, why: str, now_ms: int) -> None:
    """Make a canary's pack the active one and bring main to its commit, with the frozen record of what ran beside it."""
    controls = [unit for unit in found.units.closed if not unit.canary]
    failures = {name: sum(name in unit.failed for unit in controls) for name in found.look.guards}
    record = afterwards.frozen([unit.score for unit in controls if unit.score is not None], failures, len(controls))
    pack = candidates.at(canaries.workshop_of(settings), proposal.commit, behavior).pack
    data = {
        "version": proposal.version,
        "parent": proposal.parent,
        "commit": proposal.commit,
        "main": "bring",
        "salt": proposal.salt,
        "watch_until_ms": now_ms + round(settings["canary.watch_days"] * DAY_MS),
        "limits": dict(proposal.limits),
        "record": encode(record),
        **facts(found),
    }
    rollout.change({ACTIVE: rollout.keep(deploying.active_file(pack, proposal)), CANARY: None}, why, now_ms, data)


def look_values(behavior: str, proposal: Proposal, found: Seen, now_ms: int) -> dict[str, Any]:
    """What is to be said of a look."""
    return {
        "behavior": behavior,
        "state": "canary",
        "version": proposal.version,
        "parent": proposal.parent,
        "share": proposal.share,
        "mode": str(proposal.mode),
        "days": round((now_ms - proposal.since_ms) / DAY_MS, 2),
        "max_days": proposal.max_days,
        "unit": str(found.units.kind),
        "by_format": found.units.by_format,
        "open": found.units.open,
        "waiting": found.units.waiting,
        "left_out": dict(found.units.left_out),
        "fewest": proposal.fewest,
        "effect": coin_bet.estimate(found.weighed),
        "interval": list(coin_bet.interval(found.weighed, proposal.mean)) if found.weighed else None,
        **encode(found.look),
        "action": "wait",
    }


def _watch_promoted(store: Store, rollout: Rollout, behavior: str, stand: Standing, intent: Intent, now_ms: int) -> dict[str, Any]:
    """Look at a promoted pack. Taken back, it takes along a canary that is held against it, or a proposal for one."""
    found = _after(store, behavior, intent, now_ms)
    said = _after_values(behavior, intent, found, now_ms)
    if found.watch is Watch.TAKE_BACK:
        before = next(change.before for change in intent.changes if change.slot == ACTIVE)
        data = {"version": intent.data["version"], "about": found.about, "odds": dict(found.odds), "main": "restore"}
        if stand.waiting is not None:
            rollout.note(DROPPED, now_ms, {"salt": stand.waiting.salt, "version": stand.waiting.version})
        rollout.change({ACTIVE: before} | ({CANARY: None} if stand.running is not None else {}), TAKEN_BACK, now_ms, data)
    elif found.watch is Watch.OVER:
        rollout.note(CHECKED, now_ms, {"number": intent.number, "odds": dict(found.odds)})
    return said


def _after(store: Store, behavior: str, intent: Intent, now_ms: int) -> Watched:
    """How a promoted pack does since."""
    data = intent.data
    found: Sequence[Unit] = since(list(exposures(store, behavior, intent.at_ms, now_ms, data["limits"])), data["version"], now_ms)
    record = decode(Record, data["record"])
    failures = {name: [name in unit.failed for unit in found] for name in record.most_failures}
    days, for_days = (now_ms - intent.at_ms) / DAY_MS, (data["watch_until_ms"] - intent.at_ms) / DAY_MS
    return afterwards.watched(record, [unit.score for unit in found if unit.score is not None], failures, days, for_days)


def _after_values(behavior: str, intent: Intent, found: Watched, now_ms: int) -> dict[str, Any]:
    return {
        "behavior": behavior,
        "state": "promoted",
        "version": intent.data["version"],
        "parent": intent.data["parent"],
        "days": round((now_ms - intent.at_ms) / DAY_MS, 2),
        "for_days": round((intent.data["watch_until_ms"] - intent.at_ms) / DAY_MS, 2),
        "least_score": intent.data["record"].get("least_score"),
        "about": found.about,
        "odds": dict(found.odds),
        "action": str(found.watch),
    }
