"""Code as a target: a run is the benchmark, after what prepares it."""

from __future__ import annotations

from collections.abc import Mapping

from autotune.core.config.reading import Config
from autotune.core.ledger.state import CASES
from autotune.core.stats.samples import are_ratios, cases_of, combined
from autotune.targets.target import Command


class Code:
    """A diff in scope, measured by a benchmark that prints METRIC lines."""

    def commands(self, config: Config) -> tuple[Command, ...]:
        """Prepare, untimed, then the benchmark."""
        prepare = (Command("prepare", config.prepare, config.timeout_s),) if config.prepare else ()
        return (*prepare, Command("benchmark", config.benchmark, config.timeout_s, measured=True))

    def next_commands(self, config: Config, samples: Mapping[str, float]) -> tuple[Command, ...]:  # noqa: ARG002 - others do
        """Nothing: a benchmark's numbers need no grading."""
        return ()

    def samples(self, config: Config, printed: Mapping[str, float], cases: tuple[str, ...], *, ratios: bool) -> Mapping[str, float]:
        """Give what was printed; a metric that is printed by cases alone, as `t[a]` and `t[b]`, is combined into one value.

        How is settled by the baseline's first run: a case that falls to 0 later must not change the scale of all others.
        """
        name = config.metric
        known = cases or (() if name in printed else cases_of(printed, name))
        if not known:
            return printed
        logs = ratios if cases else are_ratios(printed, name, known)
        return {**printed, name: combined(printed, name, known, logs=logs), CASES: float(len(known))}

    def checks(self, config: Config) -> Command | None:
        """The checks, where there are any."""
        return Command("checks", config.checks, config.checks_timeout_s) if config.checks else None
