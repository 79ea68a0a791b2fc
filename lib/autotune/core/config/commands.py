"""What a session's runs execute, by its settings."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from autotune.core.config.model import Config


@dataclass(frozen=True, slots=True)
class Command:
    """One command, by its name in messages. The `measured` one yields the samples; the others only have to succeed."""

    name: str
    text: str
    timeout_s: float
    measured: bool = False


def prepare_of(config: Config) -> Command | None:
    """Give what is run before each run of the benchmark, untimed, where there is anything."""
    return Command("prepare", config.prepare, config.timeout_s) if config.prepare else None


def benchmark_of(config: Config) -> Command:
    """Give what yields the samples."""
    return Command("benchmark", config.benchmark, config.timeout_s, measured=True)


def needs_network(config: Config) -> bool:
    """Whether the benchmark is autotune's own judge, which asks models: in the sandbox it would reach none."""
    words = config.benchmark.split()
    return any(pair == ("prompts", "judge") for pair in pairwise(words))


def checks_of(config: Config) -> Command | None:
    """Give what has to pass too, where there is anything."""
    return Command("checks", config.checks, config.checks_timeout_s) if config.checks else None
