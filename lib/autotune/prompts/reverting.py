"""A person's word over a canary: promoted by hand, or a pack taken up again that was active before, byte for byte."""

from __future__ import annotations

from typing import Any

from autotune.core.rollout.events import State
from autotune.errors import AutotuneError
from autotune.prompts import canaries, deploying, watching
from autotune.prompts.canaries import ACTIVE, CANARY, DROPPED, FORCED, RESTORED
from autotune.prompts.settings import Settings
from autotune.records.store import Store
from autotune.rollout import placing
from autotune.rollout.deploying import Target, opened, read

ENDED = "ended by hand"


def promote(
    settings: Settings, store: Store, behavior: str, now_ms: int, *, version: str | None = None, dry: bool = False
) -> dict[str, Any]:
    """Promote the canary that runs, whatever its odds; the log says that a person did."""
    target = canaries.target_of(settings, behavior)
    stand = canaries.standing(read(target))
    if stand.running is None or (version is not None and not stand.running.version.startswith(version)):
        named = "" if version is None else f" {version}"
        raise AutotuneError(f"No canary{named} of {behavior} runs.", "`autotune prompts deploy` begins one")
    found = watching.seen(settings, store, behavior, stand.running, now_ms)
    said = {**watching.look_values(behavior, stand.running, found, now_ms), "action": "promoted by hand", "dry_run": dry}
    if dry:
        return said
    with opened(target, "autotune prompts promote", now_ms, deploying.besides(settings, behavior)) as rollout:
        running = canaries.standing(rollout.state).running
        if running is not None:
            watching.promote(settings, rollout, behavior, running, found, FORCED, now_ms)
    return said


def kept(settings: Settings, behavior: str) -> dict[str, Any]:
    """Every pack that can be taken up again, the oldest first, and which is active."""
    target = canaries.target_of(settings, behavior)
    state = read(target)
    made = {one.number: one for one in state.deployments}
    there = [
        {"number": number, "version": version, "snapshot": snapshot, "why": made[number].why, "at_ms": made[number].at_ms}
        for number, snapshot, version in canaries.versions(target, state)
    ]
    return {"behavior": behavior, "active": state.placed.get(ACTIVE), "versions": there}


def rollback(
    settings: Settings, behavior: str, now_ms: int, *, version: str | None = None, adopt: bool = False, dry: bool = False
) -> dict[str, Any]:
    """End the canary that runs; without one, or with a version named, take up an earlier pack again."""
    target = canaries.target_of(settings, behavior)
    if dry:
        return {**_planned(target, read(target), behavior, version), "dry_run": True}
    with opened(target, "autotune prompts rollback", now_ms, deploying.besides(settings, behavior), adopt=adopt) as rollout:
        if changed := rollout.changed():
            raise placing.changed(target.places[changed[0]])
        stand, said = canaries.standing(rollout.state), _planned(target, rollout.state, behavior, version)
        data = {"version": said["from"], "main": "restore"}
        if stand.waiting is not None:
            rollout.note(DROPPED, now_ms, {"salt": stand.waiting.salt, "version": stand.waiting.version})
        if said["action"] == "ended":
            rollout.change({CANARY: None}, ENDED, now_ms, {"version": said["from"]})
        elif said["action"] == "restored":
            to = {ACTIVE: said["snapshot"]} | ({CANARY: None} if stand.running is not None else {})
            rollout.change(to, RESTORED, now_ms, {**data, "to": said["to"]})
        return {**said, "dry_run": False}


def _planned(target: Target, state: State, behavior: str, version: str | None) -> dict[str, Any]:
    """What a rollback would do."""
    stand, there = canaries.standing(state), canaries.versions(target, state)
    said = {"behavior": behavior, "from": canaries.active_version(target, state) if state.placed.get(ACTIVE) else None}
    if version is None and stand.running is not None:
        return {**said, "action": "ended", "from": stand.running.version, "to": stand.running.parent}
    now = state.placed.get(ACTIVE)
    first = next((place for place, one in enumerate(there) if one[1] == now), 0)
    earlier = there[:first] if version is None else [one for one in there if one[1] != now and _is(one, version)]
    if earlier:
        number, snapshot, found = earlier[-1]
        return {**said, "action": "restored", "to": found, "snapshot": snapshot, "number": number}
    if version is None and stand.waiting is not None:
        return {**said, "action": "dropped", "from": stand.waiting.version, "to": said["from"]}
    known = ", ".join(f"{found or '?'} ({number})" for number, _, found in there) or "none"
    raise AutotuneError(f"There is no earlier pack{f' {version}' if version else ''} of {behavior}.", f"these are kept: {known}")


def _is(one: tuple[int, str, str | None], said: str) -> bool:
    """Whether a pack is meant: by its version, its snapshot, or the number of its deployment."""
    number, snapshot, version = one
    return said == str(number) or (version is not None and version.startswith(said)) or snapshot.startswith(said)
