"""The settings of another loop, autotune.config.json, made into keys of autotune.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autotune.core.codec import mapping_in
from autotune.core.config.keys import BY_NAME
from autotune.core.health.recovery import Playbook

MEANS = {
    "maxIterations": "max_iterations",
    "autoResume": "auto_resume",
    "health.maxNoImprovementRuns": "health.max_no_improvement_runs",
    "health.maxCrashStreak": "health.max_crash_streak",
    "recovery.playbooks": "recovery.playbooks",
    "recovery.maxHealingAttempts": "recovery.max_healing_attempts",
}
PAUSES = "recovery.pauseOnExhaustedRecovery"
_SECTIONS = ("health", "recovery")
_OWN = {"workingDir", "mode", *_SECTIONS, *(name for name in MEANS if "." not in name)}


def settings_in(content: bytes) -> dict[str, Any] | None:
    """The settings that a file holds; None where it is no such file."""
    body = mapping_in(content) or {}
    return body if _OWN & {*body} and not {"type", "run", "status"} & {*body} else None


def converted(body: Mapping[str, Any]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Give the keys of autotune.toml with their values, as they are in the file, and the names of settings that are not taken."""
    found: dict[str, object] = {}
    left: list[str] = []
    for name, value in _flat(body):
        if name == PAUSES and isinstance(value, bool):
            continue
        key = BY_NAME.get(MEANS.get(name, ""))
        if name == "maxIterations" and value in (None, 0):
            continue  # as many as it takes, which is the default
        if key is None:
            left.append(name)
            continue
        try:
            found[key.name] = key.shape.write(key.shape.read(value))
        except ValueError:
            left.append(name)
    if dict(_flat(body)).get(PAUSES) is False:
        tried = found.get("recovery.playbooks", BY_NAME["recovery.playbooks"].default)
        found["recovery.playbooks"] = [one for one in tried if one != Playbook.PAUSE] if isinstance(tried, list | tuple) else tried
    return found, tuple(left)


def _flat(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if name in _SECTIONS and isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", held) for inner, held in value.items())
        else:
            yield name, value
