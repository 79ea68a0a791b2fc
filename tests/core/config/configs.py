"""Settings to try things with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from autotune.core.config.reading import parse
from autotune.errors import AutotuneError

# How long an example takes depends on who else uses the machine.
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


LEAST: dict[str, Any] = {"name": "faster-tests", "metric": "duration_s", "direction": "lower"}


LEAST_TEXT = 'name = "faster-tests"\nmetric = "duration_s"\ndirection = "lower"\n'


def with_(**changes: object) -> dict[str, Any]:
    return LEAST | changes


def refusal(mapping: dict[str, Any]) -> AutotuneError:
    with pytest.raises(AutotuneError) as refused:
        parse(mapping)
    assert refused.value.message.endswith(".")
    assert refused.value.hint
    refused.value.message.encode()
    return refused.value


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


PATTERNS = st.lists(st.sampled_from(["src/**", "a b", "*.py", "é/[*]", "x'y", 'x"y', "tab\t"]), max_size=3)


SECONDS = st.floats(0, 1e6, exclude_min=True) | st.integers(1, 1_000_000)


VALUES = {
    "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", fullmatch=True),
    "metric": st.sampled_from(["t", "wall time".replace(" ", "_"), "µs", "a/b[%]"]),
    "unit": st.sampled_from(["", "s", "µs", "\\", '"']),
    "timed": st.booleans(),
    "min_effect_found": st.floats(0, 10, exclude_max=True),
    "direction": st.sampled_from(["lower", "higher"]),
    "benchmark": TEXT.filter(str.strip),
    "read": st.sampled_from(["", "go", "hyperfine:out.json", r"regex:total \"([0-9]+)\""]),
    "checks": TEXT,
    "prepare": TEXT,
    "build_once": st.booleans(),
    "setup": TEXT,
    "carry": PATTERNS.map(lambda paths: [path for path in paths if "*" not in path]),
    "scope": PATTERNS.filter(bool),
    "protect": PATTERNS,
    "seeds": st.booleans(),
    "cases": st.sampled_from(["", "make cases", ["a", "b\tgroup"]]),
    "cases_count": st.sampled_from(["each alike", "total"]),
    "score_range": st.sampled_from([[0, 1], [-2.5, 10]]),
    "holdout_share": st.floats(0, 0.8),
    "search_share": st.floats(0, 0.8),
    "worth": st.floats(0.01, 0.9),
    "order_seed": st.integers(0, 9),
    "context_free": st.lists(st.sampled_from(["judge", "data"]), unique=True),
    "sandbox": st.booleans(),
    "void_implausible": st.booleans(),
    "cost_metric": st.sampled_from(["", "cost_usd"]),
    "in_place": st.booleans(),
    "decision_mode": st.sampled_from(["auto", "race", "economy", "once"]),
    "min_effect": st.floats(0, 10, exclude_max=True),
    "max_pairs": st.integers(2, 200),
    "error_budget": st.floats(0, 0.5, exclude_min=True),
    "busy_wait_s": st.floats(0, 86_400),
    "timeout_s": SECONDS,
    "checks_timeout_s": SECONDS,
    "sign": st.booleans(),
    "target": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20),
    "max_iterations": st.integers(1),
    "max_wall_time": st.sampled_from(["8h", "90m", "1h30m", "45s", "100d", "1d2h3m4s"]),
    "max_failures": st.integers(1, 10**6),
    "env": st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True), TEXT, max_size=3),
    "health.max_no_improvement_runs": st.integers(1, 99),
    "health.max_crash_streak": st.integers(1, 99),
    "recovery.playbooks": st.permutations(["rebaseline", "shrink_scope", "diagnose", "pause"]).flatmap(
        lambda names: st.integers(0, 4).map(lambda count: names[:count])
    ),
    "recovery.max_healing_attempts": st.integers(0, 99),
}


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for name, value in flat.items():
        section, _, leaf = name.rpartition(".")
        (mapping.setdefault(section, {}) if section else mapping)[leaf] = value
    return mapping


REQUIRED = ("name", "metric", "direction")


CONFIGS = st.fixed_dictionaries(
    {name: VALUES[name] for name in REQUIRED}, optional={name: values for name, values in VALUES.items() if name not in REQUIRED}
).map(lambda flat: parse(nested(flat)))
