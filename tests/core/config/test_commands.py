"""What a session's runs execute, by its settings."""

from __future__ import annotations

from autotune.core.config.commands import Command, benchmark_of, checks_of, needs_network, prepare_of
from autotune.core.config.reading import parse

NEEDED = {"name": "x", "metric": "t", "direction": "lower", "benchmark": "bash b.sh", "timeout_s": 7, "checks_timeout_s": 5}


def test_each_command_has_its_time_limit_and_the_benchmark_is_what_is_measured() -> None:
    config = parse({**NEEDED, "prepare": "make", "checks": "make test"})
    assert prepare_of(config) == Command("prepare", "make", 7)
    assert benchmark_of(config) == Command("benchmark", "bash b.sh", 7, measured=True)
    assert checks_of(config) == Command("checks", "make test", 5)


def test_what_is_not_set_is_not_executed() -> None:
    config = parse(NEEDED)
    assert (prepare_of(config), checks_of(config)) == (None, None)


def test_a_judge_needs_the_network() -> None:
    assert needs_network(parse({**NEEDED, "benchmark": "bin/autotune prompts judge judge.toml"}))
    assert not needs_network(parse({**NEEDED, "benchmark": "judge prompts"}))
