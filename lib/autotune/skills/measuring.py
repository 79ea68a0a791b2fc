"""A skill's suite measured by one instrument: its cases probed, several at once."""

from __future__ import annotations

import os
import threading
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from autotune.core.asking.costs import Cost, Sure
from autotune.core.asking.limits import Admission, Limits, Most
from autotune.core.asking.prices import price_of, usd
from autotune.core.skills import probing
from autotune.core.skills.probed import Probed, Query, is_void, right
from autotune.core.skills.probing import Client, Probing
from autotune.core.skills.signs import Failing, Outcome, Watched, outcome
from autotune.errors import AutotuneError
from autotune.models.asking import FORBIDDING, shipped_prices
from autotune.models.spending import Spending, Ticket
from autotune.skills import clients
from autotune.skills.cases import Cases, read
from autotune.skills.staging import Neighbourhood, Stage, neighbourhood, staged, users_settings
from autotune.skills.watching import Ran, watch

VERSION = 1
"""Of how probes are made and counted: another one is another measurement."""

_PER_CORE = 2
_LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Bench:
    """All that a run needs, read: the settings and their folder, the skill with its siblings, the cases."""

    settings: Probing
    base: Path
    around: Neighbourhood
    cases: Cases


@dataclass
class Void(Exception):  # noqa: N818 - a run that says nothing is no error of ours
    """So many probes have failed that the run says nothing; with what had been probed by then."""

    failed: tuple[Outcome, ...]
    planned: int
    usd: float | None


def opened(path: Path) -> Bench:
    """Read the settings of a probe and all that they name, relative to the folder of theirs. Raises AutotuneError."""
    return bench_of(probing.parse(_toml(path), path.name), path.parent)


def bench_of(settings: Probing, base: Path) -> Bench:
    """Read all that settings name. Raises AutotuneError."""
    return Bench(settings, base, neighbourhood(settings, base, Path.home()), read(base / settings.suite))


def context(bench: Bench) -> dict[str, str]:
    """Say what has to stay the same for two runs to be comparable."""
    settings = bench.settings
    return {
        "instrument": f"{settings.instrument} {VERSION}",
        "host": f"{settings.host} {clients.version(settings.host)}",
        "model": settings.model or "the client's own choice",
        "suite": bench.cases.hash,
        "siblings": f"{bench.around.hash} ({len(bench.around.siblings)})",
        "probes": f"{settings.samples} of each query, {settings.turns} turns",
    }


def probed(bench: Bench, wanted: Sequence[str]) -> Iterator[Probed]:
    """Probe cases, several at once; each is given when it is complete. Raises Void once too many probes have failed."""
    if os.environ.get(FORBIDDING):
        raise AutotuneError(f"{FORBIDDING} forbids to start {bench.settings.host}.", "unset it")
    queries = [bench.cases.query(one) for one in wanted]
    clients.found(bench.settings.host)
    with staged(bench.around, bench.settings, bench.base) as stage, _Meter(bench) as meter:
        probe = _Probe(bench, stage, meter, users_settings(bench.settings, Path.home()))
        try:
            yield from _gathered(bench, queries, probe)
        finally:
            _sweep(bench.settings, stage)


def together(settings: Probing) -> int:
    """How many clients run at once: where nothing is said, two on each core."""
    return settings.together or _PER_CORE * (os.cpu_count() or 1)


def usd_each(bench: Bench) -> float | None:
    """Say what one probe of this skill has cost so far; None where none was paid for, or nobody knows."""
    with _Meter(bench) as meter:
        return meter.each()


@dataclass(frozen=True, slots=True)
class One:
    """One probe that was made, with all its tries."""

    outcome: Outcome
    usd: float | None
    seconds: float


class _Probe:
    """Puts a query to the client, again where that fails."""

    def __init__(self, bench: Bench, stage: Stage, meter: _Meter, users: Mapping[str, object]) -> None:
        self._bench, self._stage, self._meter, self._users = bench, stage, meter, users
        self.stopped = threading.Event()

    def __call__(self, query: Query) -> One:
        tries = list[One]()
        while len(tries) < self._bench.settings.tries and not self.stopped.is_set():
            tries.append(self._once(query))
            if tries[-1].outcome.failing in {None, Failing.CAPPED, Failing.UNLISTED}:
                break
        if not tries:
            return One(Outcome((), Failing.CRASHED), 0.0, 0.0)
        return One(tries[-1].outcome, total(one.usd for one in tries), sum(one.seconds for one in tries))

    def _once(self, query: Query) -> One:
        settings, program = self._bench.settings, clients.of(self._bench.settings.host)
        ticket = self._meter.begin(query)
        if ticket is None:
            return One(Outcome((), Failing.CAPPED), 0.0, 0.0)
        ran: Ran | None = None
        try:
            launch = program.launch(query.text, self._stage, settings, self._users)
            known = None if program.lists else self._bench.around.names
            ran = watch(launch, program.stream(), Watched(settings.turns, self._bench.around.name, known), settings.timeout_s)
        finally:
            cost = self._meter.end(ticket, ran)
        return One(outcome(ran.watched, ran.failing, ran.said), cost, ran.seconds)


def _gathered(bench: Bench, queries: Sequence[Query], probe: _Probe) -> Iterator[Probed]:
    """Make all probes of all queries; give each query when its own are there."""
    samples, found = bench.settings.samples, dict[str, list[One]]()
    with ThreadPoolExecutor(together(bench.settings)) as threads:
        open_ones: dict[Future[One], Query] = {threads.submit(probe, query): query for query in queries for _ in range(samples)}
        planned, failed = len(open_ones), list[Outcome]()
        try:
            while open_ones:
                done, _ = wait(open_ones, return_when=FIRST_COMPLETED)
                for future in done:
                    query, one = open_ones.pop(future), future.result()
                    found.setdefault(query.id, []).append(one)
                    failed += [one.outcome] if one.outcome.failing is not None else []
                    if is_void(len(failed), planned, bench.settings.most_failed):
                        raise Void(tuple(failed), planned, total(one.usd for each in found.values() for one in each))
                    if len(found[query.id]) == samples:
                        yield _case(query, bench.around.name, found[query.id])
        finally:
            probe.stopped.set()
            threads.shutdown(cancel_futures=True)


def _case(query: Query, skill: str, made: Sequence[One]) -> Probed:
    had = [one.outcome for one in made if one.outcome.failing is None]
    failed = tuple(one.outcome for one in made if one.outcome.failing is not None)
    scores, fired = tuple(right(query, skill, one) for one in had), tuple(one.called for one in had)
    return Probed(query.id, scores, failed, fired, total(one.usd for one in made), sum(one.seconds for one in made))


class _Meter:
    """What probes cost, written down with all other calls of models, and held to the caps."""

    def __init__(self, bench: Bench) -> None:
        settings = bench.settings
        self._name = f"{settings.host}:{settings.model or 'default'}"
        self._run = f"probe {bench.around.name}"
        self._day = Limits(calls=settings.max_calls_per_day, usd=settings.max_usd_per_day)
        self._model, self._prices, self._spending = settings.model, shipped_prices(), Spending()
        self._begun = dict[int, float]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spending.close()

    def each(self) -> float | None:
        """Give the mean cost of the probes so far."""
        spent = self._spending.spent(f"run {self._run}")
        known = spent.calls - spent.unknown - spent.under_way
        return spent.usd / known if known > 0 else None

    def begin(self, query: Query) -> Ticket | None:
        """Let a probe through as soon as the caps allow it; None where they never will today."""
        while True:
            found = self._spending.begin(self._run, self._name, "probe", query.id, Most(), Limits(), self._day)
            if isinstance(found, Ticket):
                self._begun[found.number] = time.monotonic()
                return found
            if found[0] is Admission.NEVER:
                return None
            time.sleep(_LOOK_AGAIN_S)

    def end(self, ticket: Ticket, ran: Ran | None) -> float | None:
        """Write down what a probe has cost, killed or not; None where that is not known."""
        used, said = (None, None) if ran is None else (ran.watched.usage, ran.watched.usd)
        if ran is not None and said is None and used is not None and used.total:
            model = ran.watched.listed.model if ran.watched.listed is not None else ""
            price = price_of(model or self._model, self._prices)
            said = None if price is None else usd(price, used)
        cost = Cost(used, said, Sure.UNKNOWN if said is None else Sure.EXACT)
        self._spending.end(ticket, cost, None, time.monotonic() - self._begun.pop(ticket.number, time.monotonic()))
        return said


def total(costs: Iterable[float | None]) -> float | None:
    """Add up what is known; None where nothing is."""
    known = [one for one in costs if one is not None]
    return sum(known) if known else None


def _sweep(settings: Probing, stage: Stage) -> None:
    """Take away the empty folders that Claude Code leaves for a project that is gone."""
    if settings.host is not Client.CLAUDE_CODE or settings.transcripts:
        return
    folder = Path(settings.config or os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude").expanduser() / "projects"
    slug = "".join(one if one.isascii() and one.isalnum() else "-" for one in str(stage.project))
    for path in (folder / slug / "memory", folder / slug):
        with suppress(OSError):
            path.rmdir()


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise AutotuneError(f"{path} cannot be read: {problem.strerror}.", "name the file with the probe's settings") from problem
    except ValueError as problem:
        raise AutotuneError(f"{path.name} is no TOML: {problem}.", "correct that line, then run the command again") from problem
