"""The configuration: reading, refusing, writing and changing it."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autotune.core.config import keys, shapes
from autotune.core.config.editing import with_value
from autotune.core.config.keys import KEYS, Default, Fixed, acceptance, fixed_differences, keys_changed
from autotune.core.config.model import Config, HealthConfig, RecoveryConfig
from autotune.core.config.reading import not_written, old_keys, parse, parse_part, parse_toml, refuse_beyond, rows, to_mapping, value_of
from autotune.core.config.writing import render
from autotune.core.model import Direction
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
    assert refused.value.hint.endswith((".", "?"))
    refused.value.message.encode()
    return refused.value


def test_three_keys_are_enough_and_the_rest_has_its_default() -> None:
    assert parse(LEAST) == Config(
        name="faster-tests",
        metric="duration_s",
        unit="",
        timed=None,
        direction=Direction.LOWER,
        benchmark="bash autotune.sh",
        read="",
        seeds=False,
        context_free=(),
        checks="",
        prepare="",
        build_once=False,
        setup="",
        carry=(),
        scope=("**",),
        protect=(),
        holdout="",
        sandbox=False,
        void_implausible=True,
        in_place=False,
        decision_mode="auto",
        min_effect=0.0,
        min_effect_found=0.0,
        max_pairs=40,
        error_budget=0.05,
        busy_wait_s=60.0,
        timeout_s=600.0,
        checks_timeout_s=300.0,
        hooks=True,
        format="",
        sign=False,
        target=None,
        max_iterations=None,
        max_wall_time_s=None,
        max_failures=None,
        simplify_margin=0.0,
        guardrails=(),
        max_cost_usd=None,
        cost_metric="",
        max_tokens=None,
        auto_resume="continue",
        fresh_context=None,
        env={},
        health=HealthConfig(max_no_improvement_runs=5, max_crash_streak=2),
        recovery=RecoveryConfig(playbooks=("rebaseline", "shrink_scope", "diagnose", "pause"), max_healing_attempts=3),
    )


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


ACCEPTED: list[tuple[str, object, object]] = [
    ("name", "a" * 60, "a" * 60),
    ("name", "0.1_b-C", "0.1_b-C"),
    ("benchmark", "set -e\nmake bench", "set -e\nmake bench"),
    ("metric", "bundle/size[µs]%", "bundle/size[μs]%"),
    ("metric", "autotune.wall_s", "autotune.wall_s"),
    ("unit", "µs", "µs"),
    ("direction", "higher", Direction.HIGHER),
    ("carry", ["./node_modules/", ".venv"], ("node_modules", ".venv")),
    ("scope", ["src/**", "[a-c].py"], ("src/**", "[a-c].py")),
    ("in_place", True, True),
    ("env", {"TZ": "UTC", "_A1": ""}, {"TZ": "UTC", "_A1": ""}),
    ("decision_mode", "race", "race"),
    ("min_effect", 0, 0.0),
    ("min_effect", 9.99, 9.99),
    ("max_pairs", 2, 2),
    ("max_pairs", 200, 200),
    ("error_budget", 0.5, 0.5),
    ("sandbox", True, True),
    ("sandbox", "on", True),
    ("sandbox", "off", False),
    ("busy_wait_s", 0, 0.0),
    ("timeout_s", 1_000_000, 1e6),
    ("timeout_s", 0.1, 0.1),
    ("target", -3, -3.0),
    ("max_iterations", 1, 1),
    ("max_wall_time_s", "8h", 28_800.0),
    ("max_wall_time_s", "90m", 5_400.0),
    ("max_wall_time_s", "1h30m", 5_400.0),
    ("max_wall_time_s", "45s", 45.0),
    ("max_wall_time_s", "1d1s", 86_401.0),
    ("max_failures", 1, 1),
    ("guardrails", ["memory_mb<=1.02x", "accuracy >= 0.98"], ("memory_mb<=1.02x", "accuracy >= 0.98")),
    ("simplify_margin", 0.01, 0.01),
    ("max_cost_usd", 20, 20.0),
    ("auto_resume", "off", "off"),
]


@pytest.mark.parametrize(("field", "value", "held"), ACCEPTED)
def test_a_value_in_range_is_held(field: str, value: object, held: object) -> None:
    name = {"max_wall_time_s": "max_wall_time"}.get(field, field)
    assert getattr(parse(with_(**{name: value})), field) == held


REFUSED: list[tuple[str, object, str]] = [
    ("name", "", "1 to 60"),
    ("name", "-a", "1 to 60"),
    ("name", "a" * 61, "1 to 60"),
    ("name", "a b", "1 to 60"),
    ("name", "a\n", "1 to 60"),
    ("name", "a..b", "no two dots in a row"),
    ("name", 5, "1 to 60"),
    ("benchmark", " ", "a shell command"),
    ("benchmark", "a\0b", "not text"),
    ("checks", "a\udcffb", "not text"),
    ("checks", True, "or nothing"),
    ("metric", "", "a metric's name"),
    ("metric", "-a", "a metric's name"),
    ("metric", "a b", "a metric's name"),
    ("metric", 5, "a metric's name"),
    ("unit", "a\nb", "one line"),
    ("unit", "a" * 41, "one line"),
    ("direction", "less", 'one of "lower", "higher"'),
    ("direction", None, 'one of "lower", "higher"'),
    ("carry", "node_modules", "a list of relative paths"),
    ("carry", [5], "a list of relative paths"),
    ("carry", ["/abs"], "absolute"),
    ("carry", ["a/../../b"], "at the beginning"),
    ("carry", [".."], "names no file"),
    ("carry", [""], "empty"),
    ("carry", ["a\\b"], "name each path"),
    ("carry", ["*/node_modules"], "name each path"),
    ("scope", [], "at least one"),
    ("scope", "src", "a list of path patterns"),
    ("scope", ["/abs"], "absolute"),
    ("scope", ["a", "b/../c"], "at the beginning"),
    ("scope", [""], "empty"),
    ("scope", ["a\\*"], "backslash"),
    ("protect", ["**.py"], "whole components"),
    ("protect", {"a": "b"}, "a list of path patterns"),
    ("in_place", 1, "true or false"),
    ("in_place", "true", "true or false"),
    ("env", [], "a table of texts"),
    ("env", {"1A": "x"}, '"1A" is not the name'),
    ("env", {"A=B": "x"}, '"A=B" is not the name'),
    ("env", {"A": 1}, "A is 1; quote it"),
    ("env", {"A": "\0"}, "not text"),
    ("decision_mode", "Race", '"auto", "race", "economy", "once"'),
    ("min_effect", -0.1, "at least 0 and below 10"),
    ("min_effect", 10, "at least 0 and below 10"),
    ("min_effect", True, "at least 0 and below 10"),
    ("min_effect", float("nan"), "at least 0 and below 10"),
    ("max_pairs", 1, "a whole number from 2 to 200"),
    ("max_pairs", 201, "a whole number from 2 to 200"),
    ("max_pairs", 10.0, "a whole number from 2 to 200"),
    ("max_pairs", True, "a whole number from 2 to 200"),
    ("error_budget", 0, "above 0 and at most 0.5"),
    ("error_budget", 0.51, "above 0 and at most 0.5"),
    ("sandbox", "auto", "true or false"),
    ("sandbox", [], "true or false"),
    ("timeout_s", 0, "above 0 and at most 1,000,000"),
    ("timeout_s", 1_000_001, "above 0 and at most 1,000,000"),
    ("checks_timeout_s", "300", "a number of seconds"),
    ("hook_timeout_s", -1, "a number of seconds"),
    ("sign", "yes", "true or false"),
    ("target", float("inf"), "a finite number"),
    ("target", float("nan"), "a finite number"),
    ("target", 1 << 2_000, "too large"),
    ("target", "5", "a finite number"),
    ("max_iterations", 0, "a whole number, 1 or more"),
    ("max_wall_time", "", "a length of time"),
    ("max_wall_time", "0s", "a length of time"),
    ("max_wall_time", "8", "a length of time"),
    ("max_wall_time", "30m1h", "a length of time"),
    ("max_wall_time", "1.5h", "a length of time"),
    ("max_wall_time", 3600, "a length of time"),
    ("max_failures", False, "a whole number, 1 or more"),
    ("guardrails", ["memory"], "a metric, <= or >="),
    ("max_cost_usd", 0, "a number"),
    ("health", 3, "a section"),
    ("recovery", [], "a section"),
]


@pytest.mark.parametrize(
    ("name", "value", "part", "hint"),
    [
        ("min_effect", -1, "--min-effect is -1;", "--min-effect 0"),
        ("timeout_s", 0, "--timeout is 0;", "--timeout 600"),
        ("guardrails", ["memory"], '--guardrail is ["memory"]', "--guardrail 'memory_mb <= 1.02x'"),
        ("scope", [], "--scope is []", "--scope 'src/**'"),
    ],
)
def test_a_wrong_value_of_an_option_is_refused_naming_the_option(name: str, value: object, part: str, hint: str) -> None:
    with pytest.raises(AutotuneError) as refusal:
        parse({**LEAST, name: value}, {name})
    assert refusal.value.message.startswith(part)
    assert refusal.value.hint == f"Give for example {hint}"


@pytest.mark.parametrize(("name", "value", "part"), REFUSED)
def test_a_wrong_value_is_refused_naming_key_value_and_what_was_expected(name: str, value: object, part: str) -> None:
    refused = refusal(with_(**{name: value}))
    assert part in refused.message
    assert refused.message.startswith(f"{name} in autotune.toml is ")
    assert len(refused.message) < 400


SECTION_REFUSED: list[tuple[str, str, object, str]] = [
    ("health", "max_no_improvement_runs", 0, "1 or more"),
    ("health", "max_crash_streak", "2", "1 or more"),
    ("recovery", "playbooks", ["pause", "pause"], "twice"),
    ("recovery", "playbooks", ["paus"], '"paus" is none of them'),
    ("recovery", "playbooks", "pause", "rebaseline, shrink_scope, diagnose, pause"),
    ("recovery", "max_healing_attempts", -1, "0 or more"),
    ("recovery", "pause_on_exhausted_recovery", 0, "true or false"),
]


@pytest.mark.parametrize(("section", "name", "value", "part"), SECTION_REFUSED)
def test_a_wrong_value_in_a_section_is_refused_with_its_place(section: str, name: str, value: object, part: str) -> None:
    refused = refusal(with_(**{section: {name: value}}))
    assert part in refused.message
    assert refused.message.startswith(f"{section}.{name} in autotune.toml is ")
    assert f"below [{section}]" in refused.hint


@pytest.mark.parametrize("name", ["name", "metric", "direction"])
def test_a_key_without_default_must_be_there(name: str) -> None:
    refused = refusal({key: value for key, value in LEAST.items() if key != name})
    assert refused.message.startswith(f"{name} is missing in autotune.toml")
    assert f"{name} = " in refused.hint


def test_the_words_that_stand_for_no_default_are_ordinary_text() -> None:
    held = parse(with_(name="required", unit="absent"))
    assert (held.name, held.unit) == ("required", "absent")


@pytest.mark.parametrize(
    ("mapping", "name", "meant"),
    [
        ({"max_pair": 3}, "max_pair", "Did you mean max_pairs?"),
        ({"maxIterations": 3}, "maxIterations", "Did you mean max_iterations?"),
        ({"max_crash_streak": 3}, "max_crash_streak", "Did you mean max_crash_streak in the section [health]?"),
        ({"health.max_crash_streak": 3}, "health.max_crash_streak", "Did you mean max_crash_streak in the section [health]?"),
        ({"health": {"maxCrashStreak": 3}}, "health.maxCrashStreak", "Did you mean max_crash_streak in the section [health]?"),
        ({"recovery": {"timeout_s": 3}}, "recovery.timeout_s", "Did you mean timeout_s?"),
        ({"xyzzy": 3}, "xyzzy", "config show"),
        ({"": 3}, '""', "config show"),
        ({"a\udcff\n": 3}, "\\n", "config show"),
    ],
)
def test_an_unknown_key_is_refused_with_the_one_that_was_meant(mapping: dict[str, Any], name: str, meant: str) -> None:
    refused = refusal(LEAST | mapping)
    assert name in refused.message
    assert meant in refused.hint


def test_a_number_that_python_will_not_write_is_refused_all_the_same() -> None:
    assert "a number of thousands of digits" in refusal(with_(target=1 << 200_000)).message


def test_a_long_value_is_not_repeated_in_full() -> None:
    assert len(refusal(with_(scope="x" * 10_000)).message) < 300


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("name = \n", "line 1, column 8"),
        ('name = "a"\nmetric "b"\n', "line 2"),
        ('name = "a"\nname = "b"\n', "line 2"),
        ('name = "a"\n\nscope = ["a"', "line 3"),
        ("a = " + "[" * 5_000, "nested too deeply"),
        ("a = 1" + "0" * 5_000, "line 1"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_line(text: str, part: str) -> None:
    with pytest.raises(AutotuneError) as refused:
        parse_toml(text)
    assert "is not valid TOML" in refused.value.message
    assert part in refused.value.message
    assert refused.value.message.endswith(".")


def test_toml_and_mapping_say_the_same() -> None:
    assert parse_toml(LEAST_TEXT + "[health]\nmax_crash_streak = 4\n") == parse(with_(health={"max_crash_streak": 4}))


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


@QUICK
@given(CONFIGS)
def test_a_config_survives_json(config: Config) -> None:
    assert parse(json.loads(json.dumps(to_mapping(config)))) == config


@QUICK
@given(CONFIGS)
def test_a_config_survives_its_own_file(config: Config) -> None:
    text = render(config)
    assert parse_toml(text) == config
    assert parse_toml(text.replace("\n", "\r\n")) == config


@QUICK
@given(CONFIGS)
def test_the_file_has_the_keys_that_differ_from_their_default_each_with_its_comment(config: Config) -> None:
    text = render(config)
    said, defaults = tomllib.loads(text), to_mapping(parse(LEAST))
    for row in rows(config):
        section, _, leaf = row.name.rpartition(".")
        is_default = row.name not in REQUIRED and row.value == (defaults[section] if section else defaults).get(leaf)
        assert (leaf in (said.get(section, {}) if section else said)) is not is_default
        assert (f"# {row.comment}\n" in text) is not is_default or row.name == "env"


def test_the_file_of_the_defaults_reads_like_this() -> None:
    text = render(parse(with_(metric="µs", timeout_s=5, min_effect=0.01, env={"TZ": "UTC"}, health={"max_crash_streak": 3})))
    assert text.startswith("# The configuration of a session of autotune")
    assert '\nmetric = "μs"\n' in text
    assert "\n# Seconds that one run of the benchmark may take.\ntimeout_s = 5\n" in text
    assert text.endswith('\n[env]\nTZ = "UTC"\n')
    assert text.index("direction") < text.index("min_effect") < text.index("timeout_s") < text.index("[health]") < text.index("[env]")
    assert "[recovery]" not in text
    assert all(len(line) < 130 for line in text.split("\n"))


@QUICK
@given(CONFIGS)
def test_get_and_keys_say_what_the_file_says(config: Config) -> None:
    mapping = to_mapping(config)
    for row in rows(config):
        section, _, leaf = row.name.rpartition(".")
        assert value_of(config, row.name) == row.value == (mapping[section] if section else mapping).get(leaf)
    for section in ("env", "health", "recovery"):
        assert value_of(config, section) == mapping[section]


def test_get_knows_sections_variables_and_absent_keys() -> None:
    config = parse(with_(env={"TZ": "UTC"}, max_wall_time="90m"))
    assert value_of(config, "health.max_crash_streak") == 2
    assert value_of(config, "max_wall_time") == "1h30m"
    assert value_of(config, "target") is None
    assert value_of(config, "env.TZ") == "UTC"
    assert value_of(config, "env.HOME") is None


@pytest.mark.parametrize("name", ["max_pair", "health.max_pairs", "", "env.", "env.A-B", "target.x", "Config"])
def test_get_and_changed_refuse_what_is_no_key(name: str) -> None:
    with pytest.raises(AutotuneError):
        value_of(parse(LEAST), name)
    with pytest.raises(AutotuneError):
        with_value(LEAST_TEXT, name, "1")


def test_rows_tell_default_and_what_is_fixed() -> None:
    by_name = {row.name: row for row in rows(parse(with_(max_pairs=7)))}
    assert (by_name["max_pairs"].value, by_name["max_pairs"].default, by_name["max_pairs"].fixed) == (7, 40, Fixed.DECISION)
    assert (by_name["target"].value, by_name["target"].default) == (None, None)
    assert (by_name["metric"].default, by_name["metric"].fixed) == (None, Fixed.SEGMENT)
    assert by_name["name"].fixed is Fixed.SESSION
    assert not by_name["sign"].fixed


FIXED = {
    "name": "other",
    "metric": "other",
    "unit": "ms",
    "timed": False,
    "direction": "higher",
    "benchmark": "make bench",
    "read": "junit:report.xml",
    "seeds": True,
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
    assert fixed_differences(parse(LEAST), parse(LEAST | FIXED | DECISION)) == tuple(key.name for key in KEYS if key.fixed)


@pytest.mark.parametrize(("name", "value"), (FIXED | DECISION).items())
def test_a_fixed_key_that_differs_is_named(name: str, value: object) -> None:
    assert fixed_differences(parse(LEAST), parse(with_(**{name: value}))) == (name,)


def test_other_keys_may_differ() -> None:
    config = parse(LEAST)
    other = replace(config, max_iterations=3, target=1.0, health=HealthConfig(9, 9))
    assert fixed_differences(config, other) == ()
    assert keys_changed(config, other) == ("target", "max_iterations", "health.max_no_improvement_runs", "health.max_crash_streak")


@pytest.mark.parametrize(
    ("settings", "timed"),
    [
        ({}, True),
        ({"metric": "autotune.wall_s"}, True),
        ({"unit": "ms"}, True),
        ({"unit": "MB/s"}, True),
        ({"unit": "ms per file"}, True),
        ({"metric": "lines_per_s"}, True),
        ({"metric": "score"}, True),
        ({"unit": "bytes"}, False),
        ({"unit": "kB (gzip)"}, False),
        ({"unit": "KiB"}, False),
        ({"unit": "instructions"}, False),
        ({"unit": "failing tests"}, False),
        ({"metric": "bundle_bytes"}, False),
        ({"metric": "bundle/gzip_kb"}, False),
        ({"metric": "binary.size"}, False),
        ({"metric": "size", "unit": "points"}, True),
        ({"metric": "autotune.peak_rss_mb"}, False),
        ({"unit": "bytes", "timed": True}, True),
        ({"unit": "ms", "timed": False}, False),
        ({"unit": "bytes", "guardrails": ["passed >= 10"]}, False),
        ({"unit": "bytes", "guardrails": ["autotune.wall_s <= 1.1x"]}, True),
        ({"unit": "bytes", "guardrails": ["build_ms <= 1.1x"]}, True),
        ({"unit": "bytes", "guardrails": ["requests_per_day >= 0.9x"]}, True),
        ({"unit": "bytes", "guardrails": ["latency_p95 <= 1.1x"], "timed": False}, False),
    ],
)
def test_what_is_in_bytes_or_counted_measures_no_time_unless_a_guardrail_does_or_a_person_says_otherwise(
    settings: dict[str, object],
    timed: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    assert parse(with_(**settings)).measures_time is timed


def test_what_calibration_found_is_its_own_while_nobody_has_set_another_value() -> None:
    found = parse(with_(min_effect=0.15, min_effect_found=0.15)).without_findings
    assert (found.min_effect, found.min_effect_found) == (0.0, 0.0)
    theirs = parse(with_(min_effect=0.02, min_effect_found=0.15)).without_findings
    assert (theirs.min_effect, theirs.min_effect_found) == (0.02, 0.0)
    assert parse(with_(min_effect=0.02)).without_findings.min_effect == 0.02


def test_a_person_accepts_a_decisions_key_by_its_name_and_all_else_with_a_new_segment() -> None:
    assert acceptance(["max_pairs"]) == "autotune config set max_pairs VALUE"
    assert acceptance(["max_pairs", "min_effect"]) == acceptance(["metric"]) == "autotune rebaseline --accept"


FILE = """\
# mine
name = "faster-tests"   # for good
metric = "duration_s"
direction = "lower"
scope = [
    "src/**",  # the sources
    "lib/**",
]  # more later
# target = 1.5
# note = 1

# about health
[health]
max_crash_streak = 4 # four

[recovery]
"""


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("name", "other", 'name = "faster-tests"   # for good', 'name = "other"   # for good'),
        ("direction", '"higher"', 'direction = "lower"', 'direction = "higher"'),
        ("scope", '["a"]', FILE[FILE.index("scope") : FILE.index("# target")], 'scope = ["a"]  # more later\n'),
        ("target", "0.10", "# target", "target = 0.1\n# target"),
        ("sign", "true", "# target", "sign = true\n# target"),
        ("benchmark", "bash run.sh --fast", "# target", 'benchmark = "bash run.sh --fast"\n# target'),
        ("health.max_crash_streak", "5", "max_crash_streak = 4 # four", "max_crash_streak = 5 # four"),
        ("health.max_no_improvement_runs", "9", "# four\n", "# four\nmax_no_improvement_runs = 9\n"),
        ("recovery.playbooks", '["pause"]', "[recovery]\n", '[recovery]\nplaybooks = ["pause"]\n'),
        ("env.TZ", "UTC", "[recovery]\n", '[recovery]\n\n[env]\nTZ = "UTC"\n'),
    ],
)
def test_one_key_changes_and_all_else_stays(name: str, value: str, old: str, new: str) -> None:
    assert FILE.count(old) == 1
    assert with_value(FILE, name, value) == FILE.replace(old, new)
    windows = FILE.replace("\n", "\r\n")
    assert with_value(windows, name, value) == windows.replace(old.replace("\n", "\r\n"), new.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("health.max_crash_streak = 4", "health.max_crash_streak", "5", "health.max_crash_streak = 5"),
        (
            "health.max_crash_streak = 4\n",
            "health.max_no_improvement_runs",
            "9",
            "health.max_crash_streak = 4\nhealth.max_no_improvement_runs = 9\n",
        ),
        ("health = { max_crash_streak = 4 } # h\n", "health.max_crash_streak", "5", "health = { max_crash_streak = 5 } # h\n"),
        ("env = { A = '1' }\n", "env.B", "2", "env = { A = '1', B = \"2\"}\n"),
        ('"max_pairs"=3# x\n', "max_pairs", "5", '"max_pairs"=5# x\n'),
        ("  max_pairs\t=\t3\n", "max_pairs", "5", "  max_pairs\t=\t5\n"),
        ("max_pairs = 999\n", "max_pairs", "5", "max_pairs = 5\n"),
        ('checks = """\na = 1\n[env]\n"""\n', "checks", "make", 'checks = "make"\n'),
        ('checks = """a = \\"""\n""""\n', "unit", "s", 'checks = """a = \\"""\n""""\nunit = "s"\n'),
        ("checks = '''# it's'''\n", "sign", "true", "checks = '''# it's'''\nsign = true\n"),
        ("checks = 'a # b = c'\n", "checks", "", 'checks = ""\n'),
    ],
)
def test_other_spellings_of_toml_are_changed_in_place(before: str, name: str, value: str, after: str) -> None:
    assert with_value(LEAST_TEXT + before, name, value) == LEAST_TEXT + after


@pytest.mark.parametrize("text", ["", "[env]\n", "health.max_crash_streak = 4\n", "# nothing yet"])
def test_a_key_set_in_a_file_that_lacks_others_is_refused_for_those(text: str) -> None:
    with pytest.raises(AutotuneError, match="metric is missing"):
        with_value(text, "name", "x")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("unit", "5", "5"),
        ("benchmark", "true", "true"),
        ("benchmark", "make # all", "make # all"),
        ("unit", "'ms'", "ms"),
        ("max_wall_time", "2d", "48h"),
        ("max_pairs", " 7 # seven", 7),
        ("checks", "a\nb = 1", "a\nb = 1"),
        ("metric", "µs", "μs"),
        ("env.A", "[1]", "[1]"),
    ],
)
def test_text_needs_no_quotes(name: str, value: str, said: object) -> None:
    assert value_of(parse_toml(with_value(LEAST_TEXT, name, value)), name) == said


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("max_pairs", "500", "max_pairs in autotune.toml is 500; expected a whole number from 2 to 200"),
        ("max_pairs", "many", 'max_pairs in autotune.toml is "many"'),
        ("max_pairs", "7\nsign = true", "max_pairs in autotune.toml is"),
        ("max_pairs", "", 'max_pairs in autotune.toml is ""'),
        ("sign", "True", "expected true or false"),
        ("scope", "src/**", "expected a list"),
        ("unit", '"ms', "begins with a quote"),
        ("health", "{}", "health is a section"),
        ("env", "{}", "env is a section"),
    ],
)
def test_a_wrong_value_changes_nothing(name: str, value: str, part: str) -> None:
    with pytest.raises(AutotuneError) as refused:
        with_value(LEAST_TEXT, name, value)
    assert part in refused.value.message


@pytest.mark.parametrize("section", ["health", "env"])
def test_a_section_that_is_none_is_refused(section: str) -> None:
    with pytest.raises(AutotuneError, match=f"{section} in autotune.toml is 3; expected a section"):
        with_value(f"{LEAST_TEXT}{section} = 3\n", f"{section}.max_crash_streak", "5")


def test_a_file_that_is_wrong_elsewhere_is_refused_by_that_key() -> None:
    with pytest.raises(AutotuneError, match="timeout_s in"):
        with_value(LEAST_TEXT + "timeout_s = 0\n", "sign", "true")
    with pytest.raises(AutotuneError, match="line 4"):
        with_value(LEAST_TEXT + "timeout_s = \n", "sign", "true")


SPELLINGS = [
    "# a comment = [\n",
    "\n",
    "sign = true # [x]\n",
    "scope = [ # one = 1\n  'a', # ]\n  'b',\n]\n",
    'checks = """\n[health] # no\nmax_crash_streak = 1"""\n',
    "prepare = '''\"a'''\n",
    'setup = "a\\"b # ["\n',
    "env.A = '='\n",
    "# max_iterations = 100\n",
]
HEALTH = st.sampled_from(["", "[health]\n", "[ health ] # x\nmax_crash_streak = 3\n\n# end\n", "['health']\n\n# y\n"])
RECOVERY = st.sampled_from(["", "[recovery]\n# max_healing_attempts = 3\nplaybooks = []\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    above, below = draw(
        st.permutations(SPELLINGS).flatmap(lambda all_: st.integers(0, len(all_)).map(lambda cut: (all_[:cut:2], all_[1:cut:2])))
    )
    text = "".join([*above, LEAST_TEXT, *below, draw(HEALTH), draw(RECOVERY)])
    return text.removesuffix("\n") if draw(st.booleans()) else text


@QUICK
@given(files(), st.sampled_from(sorted(set(VALUES) - {"env"} | {"env.A", "env.B"})), st.data())
def test_whatever_the_file_only_the_one_key_changes(text: str, name: str, data: st.DataObject) -> None:
    value = data.draw(TEXT if name.startswith("env.") else VALUES[name])
    result = with_value(text, name, shapes.literal(value))
    said, expected = tomllib.loads(result), tomllib.loads(text)
    section, _, leaf = name.rpartition(".")
    table = expected.setdefault(section, {}) if section else expected
    table[leaf] = value_of(parse_toml(result), name)
    assert said == expected
    assert table[leaf] == value or name in {"metric", "max_wall_time"}
    assert result.count("# a comment = [") == text.count("# a comment = [")


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
    for name, place in (("allow", "Set scope instead."), ("stop_patience", "Nothing has its place.")):
        with pytest.raises(AutotuneError, match=f"{name} is no key any more") as refused:
            with_value(LEAST_TEXT, name, "1")
        assert refused.value.hint == place


def test_a_key_that_is_set_takes_the_place_of_its_old_name() -> None:
    text = LEAST_TEXT + "hook_timeout_s = 400\n[recovery]\npause_on_exhausted_recovery = false\n"
    assert parse_toml(with_value(text, "checks_timeout_s", "5")).checks_timeout_s == 5
    assert "pause_on" not in with_value(text, "recovery.playbooks", '["pause"]')


@pytest.mark.parametrize("key", ["scope", "protect", "carry"])
def test_a_path_that_leads_out_of_the_repository_is_refused_with_its_key(key: str) -> None:
    held = parse(with_(**{key: ["../a"]}))
    refuse_beyond(held, "packages")
    with pytest.raises(AutotuneError, match=f"In `{key}`.*out of the repository") as refused:
        refuse_beyond(held, "")
    assert "at most 0 times ../" in refused.value.hint


def test_the_command_is_what_is_tuned_where_something_else_measures_it() -> None:
    assert [parse(with_(metric=metric, read=read)).command_is_tuned for metric, read in (("t", ""), ("autotune.wall_s", ""))] == [
        False,
        True,
    ]
    assert [parse(with_(read=read)).command_is_tuned for read in ("go", "hyperfine")] == [False, True]


def test_what_is_written_so_far_is_read_without_what_a_session_needs() -> None:
    assert parse_part({"timeout_s": 5}).timeout_s == 5.0
    assert parse_part({"metric": "size"}).metric == "size"
    assert not_written({"metric": "size"}) == {"name", "direction"}
    with pytest.raises(AutotuneError):
        parse_part({"timeout_s": "no"})
    text = with_value("# mine\n", "timeout_s", "7", whole=False)
    assert "timeout_s = 7" in text
    with pytest.raises(AutotuneError):
        with_value("# mine\n", "timeout_s", "7")
