"""The table of keys: what agrees with it, and what holds a value."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from tests.core.config.configs import LEAST, with_

from autotune.core.config import keys
from autotune.core.config.keys import KEYS, Default, Fixed, acceptance, fixed_differences, keys_changed
from autotune.core.config.model import Config, HealthConfig, RecoveryConfig
from autotune.core.config.reading import parse
from autotune.errors import AutotuneError


def test_the_table_of_keys_and_the_fields_of_a_config_agree() -> None:
    named = {keys.FIELDS.get(key.name, key.name) for key in KEYS if not key.section} | {"health", "recovery"}
    assert named == {field.name for field in fields(Config)}
    for section, kind in (("health", HealthConfig), ("recovery", RecoveryConfig)):
        assert {key.leaf for key in KEYS if key.section == section} == {field.name for field in fields(kind)}
    assert set(keys.SECTIONS) == {key.section for key in KEYS if key.section} | {"env"}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_default_and_every_example_is_accepted_by_its_own_key(key: keys.Key) -> None:
    given_values = [value for value in (key.default, key.example) if value is not None and not isinstance(value, Default)]
    assert given_values
    for value in given_values:
        assert key.shape.write(key.shape.read(value)) == value
    assert len(key.comment) < 120
    assert "\n" not in key.comment


FIXED = {
    "name": "other",
    "metric": "other",
    "unit": "ms",
    "timed": False,
    "direction": "higher",
    "benchmark": "make bench",
    "read": "junit:report.xml",
    "seeds": True,
    "cases": ["a"],
    "cases_count": "total",
    "score_range": [0, 1],
    "holdout_share": 0.3,
    "search_share": 0.25,
    "worth": 0.1,
    "order_seed": 7,
    "context_free": ["judge"],
    "cost_metric": "cost_usd",
    "checks": "make test",
    "prepare": "make",
    "build_once": True,
    "setup": "npm ci",
    "carry": [".venv"],
    "scope": ["src"],
    "protect": ["tests"],
    "holdout": "make holdout",
    "sandbox": True,
    "void_implausible": False,
    "in_place": True,
    "env": {"TZ": "UTC"},
}


PERSON = {"notify": "desktop"}
DECISION = {
    "decision_mode": "once",
    "min_effect": 0.1,
    "simplify_margin": 0.1,
    "hooks": False,
    "format": "black src",
    "guardrails": ["size <= 3"],
    "max_pairs": 3,
    "error_budget": 0.5,
}


def test_exactly_what_decides_what_is_measured_compared_or_kept_is_fixed() -> None:
    assert {key.name for key in KEYS if key.fixed in (Fixed.SEGMENT, Fixed.SESSION)} == set(FIXED)
    assert {key.name for key in KEYS if key.fixed is Fixed.DECISION} == set(DECISION)
    assert {key.name for key in KEYS if key.fixed is Fixed.PERSON} == set(PERSON)
    assert fixed_differences(parse(LEAST), parse(LEAST | FIXED | DECISION | PERSON)) == tuple(key.name for key in KEYS if key.fixed)


@pytest.mark.parametrize(("name", "value"), (FIXED | DECISION | PERSON).items())
def test_a_fixed_key_that_differs_is_named(name: str, value: object) -> None:
    assert fixed_differences(parse(LEAST), parse(with_(**{name: value}))) == (name,)


def test_other_keys_may_differ() -> None:
    config = parse(LEAST)
    other = replace(config, max_iterations=3, target=1.0, health=HealthConfig(9, 9))
    assert fixed_differences(config, other) == ()
    assert keys_changed(config, other) == ("target", "max_iterations", "health.max_no_improvement_runs", "health.max_crash_streak")


def test_a_person_accepts_a_decisions_key_by_its_name_and_all_else_with_a_new_segment_or_session() -> None:
    assert acceptance(["max_pairs"]) == "autotune config set max_pairs VALUE"
    assert acceptance(["notify"]) == "autotune config set notify VALUE"
    assert acceptance(["max_pairs", "min_effect"]) == acceptance(["metric"]) == "autotune rebaseline --accept"
    assert acceptance(["name", "metric"]) == "autotune init --name NAME"


@pytest.mark.parametrize("value", ["", "desktop", "https://example.org", "https://example.org/a?b=c", "say 'done: it'", "mail -s x me"])
def test_a_notification_is_sent_by_https_or_a_command(value: str) -> None:
    assert parse(with_(notify=value)).notify == value


@pytest.mark.parametrize("value", ["http://example.org", "ftp://a", "https://me:secret@example.org/", "https://", "https://a b", "a\nb", 1])
def test_no_other_address_is_taken(value: object) -> None:
    with pytest.raises(AutotuneError):
        parse(with_(notify=value))
