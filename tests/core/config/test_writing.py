"""A new autotune.toml."""

from __future__ import annotations

import tomllib

from hypothesis import given
from tests.core.config.configs import CONFIGS, LEAST, QUICK, REQUIRED, with_

from autotune.core.config.model import Config
from autotune.core.config.reading import parse, parse_toml, rows, to_mapping
from autotune.core.config.writing import render


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
    for key, value in rows(config):
        section, leaf = key.section, key.leaf
        is_default = key.name not in REQUIRED and value == (defaults[section] if section else defaults).get(leaf)
        assert (leaf in (said.get(section, {}) if section else said)) is not is_default
        assert (f"# {key.comment}\n" in text) is not is_default or key.name == "env"


def test_the_file_of_the_defaults_reads_like_this() -> None:
    text = render(parse(with_(metric="µs", timeout_s=5, min_effect=0.01, env={"TZ": "UTC"}, health={"max_crash_streak": 3})))
    assert text.startswith("# The configuration of a session of autotune")
    assert '\nmetric = "μs"\n' in text
    assert "\n# Seconds that one run of the benchmark may take.\ntimeout_s = 5\n" in text
    assert text.endswith('\n[env]\nTZ = "UTC"\n')
    assert text.index("direction") < text.index("min_effect") < text.index("timeout_s") < text.index("[health]") < text.index("[env]")
    assert "[recovery]" not in text
    assert all(len(line) < 130 for line in text.split("\n"))
