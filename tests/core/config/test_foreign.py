"""The settings of another loop, made into keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autotune.core.config.foreign import converted, settings_in

WHOLE: dict[str, Any] = {
    "workingDir": ".",
    "maxIterations": 50,
    "autoResume": "headless",
    "mode": "optimize",
    "health": {"maxNoImprovementRuns": 4, "maxCrashStreak": 3},
    "recovery": {"playbooks": ["diagnose", "pause"], "maxHealingAttempts": 2, "pauseOnExhaustedRecovery": True},
}


def test_what_a_key_means_is_taken_and_the_rest_is_named() -> None:
    found, left = converted(WHOLE)
    assert found == {
        "max_iterations": 50,
        "auto_resume": "headless",
        "health.max_no_improvement_runs": 4,
        "health.max_crash_streak": 3,
        "recovery.playbooks": ["diagnose", "pause"],
        "recovery.max_healing_attempts": 2,
    }
    assert left == ("workingDir", "mode")


def test_a_loop_that_does_not_pause_has_no_pause_among_its_playbooks() -> None:
    assert converted({"recovery": {"pauseOnExhaustedRecovery": False}})[0] == {
        "recovery.playbooks": ["rebaseline", "shrink_scope", "diagnose"]
    }
    assert converted({**WHOLE, "recovery": {"playbooks": ["diagnose", "pause"], "pauseOnExhaustedRecovery": False}})[0][
        "recovery.playbooks"
    ] == ["diagnose"]


@pytest.mark.parametrize("none", [None, 0])
def test_as_many_iterations_as_it_takes_is_the_default(none: object) -> None:
    assert converted({"maxIterations": none}) == ({}, ())


@pytest.mark.parametrize(
    "body",
    [{"maxIterations": -1}, {"autoResume": "sometimes"}, {"recovery": {"pauseOnExhaustedRecovery": "no"}}, {"health": 3}, {"other": 1}],
)
def test_a_value_that_no_key_takes_is_named(body: dict[str, Any]) -> None:
    found, left = converted(body)
    assert (found, len(left)) == ({}, 1)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"type":"config","mode":"x"}', b'{"run":1,"mode":"x"}', b'{"a":1}', b"\xff"])
def test_what_holds_no_settings_is_told_apart(content: bytes) -> None:
    assert settings_in(content) is None


def test_settings_are_known_by_their_names() -> None:
    assert settings_in(json.dumps(WHOLE).encode()) == WHOLE
