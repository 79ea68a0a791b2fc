"""Settings read, or refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from tests.core.config.configs import CONFIGS, LEAST, LEAST_TEXT, QUICK, refusal, with_

from autotune.core.config.editing import with_value
from autotune.core.config.keys import BY_NAME, Fixed
from autotune.core.config.model import Config, HealthConfig, RecoveryConfig
from autotune.core.config.reading import (
    NewerError,
    not_written,
    of_log,
    parse,
    parse_part,
    parse_toml,
    refuse_beyond,
    rows,
    to_mapping,
    value_of,
)
from autotune.core.model import Direction
from autotune.errors import AutotuneError


@pytest.mark.parametrize(
    ("more", "named"),
    [({"of_tomorrow": 1}, "of_tomorrow"), ({"health": {"of_tomorrow": 1}}, "health.of_tomorrow"), ({"recovery": {"x": 1}}, "recovery.x")],
)
def test_a_log_with_keys_of_a_newer_version_is_told_as_that(more: dict[str, Any], named: str) -> None:
    with pytest.raises(NewerError, match="newer version of autotune wrote this session's log") as refused:
        of_log(LEAST | more)
    assert f'"{named}"' in refused.value.message
    assert "that version" in refused.value.hint


def test_a_log_with_keys_of_this_or_an_older_version_is_read() -> None:
    old = {"audit": True, "health": {"max_crash_streak": 2}, "env": {"A": "b"}}
    assert of_log(LEAST | old) == parse(LEAST | old)
    with pytest.raises(AutotuneError, match="health"):
        of_log(LEAST | {"health": 1})


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
        cases="",
        cases_count="each alike",
        score_range=None,
        holdout_share=0.2,
        search_share=0.5,
        worth=0.05,
        order_seed=None,
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
        notify="",
        env={},
        health=HealthConfig(max_no_improvement_runs=5, max_crash_streak=2),
        recovery=RecoveryConfig(playbooks=("rebaseline", "shrink_scope", "diagnose", "pause"), max_healing_attempts=3),
    )


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
    ("cases", "a\nb", "a list of ids"),
    ("cases", ["a b"], "line 1"),
    ("context_free", ["a b"], "is not a name"),
    *(("score_range", value, "two numbers") for value in ([1, 0], [0], [0, True], "0 1", [0, 0], [-1e308, 1e308])),
    ("cost_metric", "a b", "a metric's name"),
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
    assert refusal.value.hint.endswith(hint)


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
        ({"max_pair": 3}, "max_pair", "max_pairs?"),
        ({"maxIterations": 3}, "maxIterations", "max_iterations?"),
        ({"max_crash_streak": 3}, "max_crash_streak", "max_crash_streak in the section [health]?"),
        ({"health.max_crash_streak": 3}, "health.max_crash_streak", "max_crash_streak in the section [health]?"),
        ({"health": {"maxCrashStreak": 3}}, "health.maxCrashStreak", "max_crash_streak in the section [health]?"),
        ({"recovery": {"timeout_s": 3}}, "recovery.timeout_s", "timeout_s?"),
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
        ("#" * 2_000_000, "longer than 1,000,000 characters"),
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


@QUICK
@given(CONFIGS)
def test_a_config_survives_json(config: Config) -> None:
    assert parse(json.loads(json.dumps(to_mapping(config)))) == config


@QUICK
@given(CONFIGS)
def test_get_and_keys_say_what_the_file_says(config: Config) -> None:
    mapping = to_mapping(config)
    for key, value in rows(config):
        assert value_of(config, key.name) == value == (mapping[key.section] if key.section else mapping).get(key.leaf)
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


def test_every_key_is_told_with_its_value() -> None:
    values = {key.name: value for key, value in rows(parse(with_(max_pairs=7)))}
    assert (values["max_pairs"], values["target"], values["sign"]) == (7, None, False)
    assert (BY_NAME["max_pairs"].fixed, BY_NAME["metric"].fixed, BY_NAME["name"].fixed) == (Fixed.DECISION, Fixed.SEGMENT, Fixed.SESSION)


@pytest.mark.parametrize("key", ["scope", "protect", "carry"])
def test_a_path_that_leads_out_of_the_repository_is_refused_with_its_key(key: str) -> None:
    held = parse(with_(**{key: ["../a"]}))
    refuse_beyond(held, "packages")
    with pytest.raises(AutotuneError, match=f"In `{key}`.*out of the repository") as refused:
        refuse_beyond(held, "")
    assert "at most 0 times ../" in refused.value.hint


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
