"""Keys of older versions."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.config.configs import LEAST, LEAST_TEXT, nested, refusal, with_

from autotune.core.config import keys
from autotune.core.config.editing import with_value
from autotune.core.config.reading import old_keys, parse
from autotune.errors import AutotuneError

PAUSE = "recovery.pause_on_exhausted_recovery"


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ({"allow": ["pyproject.toml", "src", "**", "tests/[ab].py"], "scope": ["**", "src"]}, {"scope": ["**", "src", "pyproject.toml"]}),
        ({"allow": []}, {}),
        ({"audit": False}, {"void_implausible": False}),
        ({"audit": False, "void_implausible": True}, {}),
        ({"busy_above": 1}, {"busy_wait_s": 0}),
        ({"busy_above": 0.5, "busy_wait_s": 5}, {"busy_wait_s": 5}),
        ({"claim_pairs": 0, "stop_patience": 9}, {}),
        ({"hook_timeout_s": 20}, {}),
        ({"hook_timeout_s": 400}, {"checks_timeout_s": 400}),
        ({PAUSE: True}, {}),
        ({PAUSE: False}, {"recovery.playbooks": ["rebaseline", "shrink_scope", "diagnose"]}),
        ({PAUSE: False, "recovery.max_healing_attempts": 4}, {"recovery.max_healing_attempts": 4}),
        ({PAUSE: True, "recovery.playbooks": ["diagnose"]}, {"recovery.playbooks": ["diagnose", "pause"]}),
        ({PAUSE: False, "recovery.playbooks": ["pause", "diagnose"]}, {"recovery.playbooks": ["diagnose", "pause"]}),
    ],
)
def test_a_key_of_an_older_version_is_read_as_todays(old: dict[str, Any], now: dict[str, Any]) -> None:
    assert parse(LEAST | nested(old)) == parse(LEAST | nested(now))
    assert set(old_keys(nested(old))) == set(old) & set(keys.NOW)
    assert set(keys.NOW.values()) <= {"", *keys.BY_NAME}


def test_an_old_key_is_refused_where_its_value_is_wrong_or_it_is_asked_for() -> None:
    assert refusal(with_(allow=["/x"])).message.startswith('allow in autotune.toml is ["/x"]')
    for name, place in (("allow", "scope"), ("stop_patience", "nothing")):
        with pytest.raises(AutotuneError, match=f"{name} is no key any more") as refused:
            with_value(LEAST_TEXT, name, "1")
        assert place in refused.value.hint
