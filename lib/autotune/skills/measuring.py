"""A skill's suite measured by one instrument: its cases probed, several at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from autotune.core.facts import Fact, Kind
from autotune.core.skills import probing, suite
from autotune.core.skills.probed import One, Probed, again, is_void, together, total
from autotune.core.skills.probing import Measures, Probing
from autotune.core.skills.signs import Failing, Outcome
from autotune.core.skills.suite import Suite, SuiteCase
from autotune.edges import toml
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.skills import clients, routing_host, routing_judge, suites, tasks
from autotune.skills.metering import Meter
from autotune.skills.staging import Neighbourhood, neighbourhood

VERSION = 1
"""Of how probes are made and counted: another one is another measurement."""

_PER_CORE = 2
_LOOK_AGAIN_S = 0.5  # a signal may come just before a wait, and would be seen after it alone
_FINAL = {None, Failing.CAPPED, Failing.UNLISTED}  # what another try does not change

Instrument = Callable[[Any], One]
Say = Callable[[Fact], None]
_saying: ContextVar[Say] = ContextVar("saying", default=lambda _: None)


@dataclass(frozen=True, slots=True)
class Bench:
    """All that a run needs, read: the settings and their folder, the skill with its siblings, the suite."""

    settings: Probing
    base: Path
    around: Neighbourhood
    suite: Suite

    @property
    def cases(self) -> dict[str, SuiteCase]:
        """The cases that the instrument measures on, by their ids."""
        found = self.suite.tasks if self.settings.instrument is Measures.TASK else self.suite.routing
        return {case.id: case for case in found}

    @property
    def workspaces(self) -> Path:
        """The folder that tasks' workspaces lie in."""
        return (self.base / self.settings.suite).parent


@dataclass
class Void(Exception):  # noqa: N818 - a run that says nothing is no error of ours
    """So many probes have failed that the run says nothing; with what had been probed by then."""

    failed: tuple[Outcome, ...]
    planned: int
    usd: float | None


def opened(path: Path, skill: Path | None = None) -> Bench:
    """Read the settings of a probe and all that they name, relative to the folder of theirs, or `skill` in place of theirs.

    Raises AutotuneError.
    """
    settings = probing.parse(toml.read(path), path.name)
    return bench_of(settings if skill is None else replace(settings, skill=str(skill.absolute())), path.parent)


def bench_of(settings: Probing, base: Path) -> Bench:
    """Read all that settings name. Raises AutotuneError."""
    settings = probing.checked(settings, "the settings")
    bench = Bench(settings, base, neighbourhood(settings, base, Path.home()), _suite(base / settings.suite))
    if settings.instrument is Measures.TASK:
        tasks.refuse(bench.suite, settings, bench.workspaces)
    return bench


def context(bench: Bench) -> dict[str, str]:
    """Say what has to stay the same for two runs to be comparable."""
    settings, by_judge = bench.settings, bench.settings.instrument is Measures.ROUTING_JUDGE
    said = {
        "instrument": f"{settings.instrument} {VERSION}",
        "host": "none" if by_judge else f"{settings.host} {clients.version(settings.host)}",
        "model": settings.judge if by_judge else settings.model or "the client's own choice",
        "suite": bench.suite.hash,
        "siblings": f"{bench.around.hash} ({len(bench.around.siblings)})",
        "probes": f"{settings.samples} of each, {settings.turns} turns",
    }
    if settings.instrument is Measures.TASK:
        said |= {"judge": settings.judge or "none", "workspaces": suites.workspaces_hash(bench.suite, bench.workspaces)}
    return said


def probed(bench: Bench, wanted: Sequence[str], *, without: bool = False) -> Iterator[Probed]:
    """Probe cases, several at once; each is given when it is complete. `without` leaves the skill itself out.

    Raises Void once too many probes have failed, AutotuneError for a case that is not there.
    """
    cases = bench.cases
    missing = next((one for one in wanted if one not in cases), None)
    if missing is not None:
        raise AutotuneError(
            f"There is no case {missing} for {bench.settings.instrument} in {bench.settings.suite}.", "take the ids from that file"
        )
    stopped, say = Event(), _saying.get()
    figures = {"skill": bench.around.name, "cases": len(wanted), "since": now()}
    say(Fact(Kind.PROBING, {"done": 0, **figures}))
    with _instrument(bench, stopped, without=without) as instrument:
        for done, one in enumerate(_gathered(bench, [cases[one] for one in wanted], instrument, stopped), 1):
            say(Fact(Kind.PROBING, {"done": done, **figures}))
            yield one


@contextmanager
def telling(say: Say) -> Iterator[None]:
    """Have probes tell how far they are, as long as the context lasts."""
    before = _saying.set(say)
    try:
        yield
    finally:
        _saying.reset(before)


def at_once(settings: Probing) -> int:
    """How many probes are made at once: where nothing is said, two on each core."""
    return settings.together or _PER_CORE * (os.cpu_count() or 1)


def expected_at_once(settings: Probing, skill: str) -> int:
    """How many probes will be made at once: one by one where a cap on money holds and nobody can say what a probe costs at most."""
    if settings.instrument is Measures.ROUTING_JUDGE:
        return at_once(settings)
    with Meter(settings, skill) as meter:
        return at_once(settings) if meter.lets_several else 1


def usd_each(bench: Bench) -> float | None:
    """Say what one probe of this skill has cost so far; None where none was paid for, or nobody knows."""
    with Meter(bench.settings, bench.around.name) as meter:
        return meter.each()


def _instrument(bench: Bench, stopped: Event, *, without: bool) -> AbstractContextManager[Instrument]:
    match bench.settings.instrument:
        case Measures.ROUTING_HOST:
            return routing_host.measuring(bench.settings, bench.around, bench.base, stopped)
        case Measures.ROUTING_JUDGE:
            return routing_judge.measuring(bench.settings, bench.around, at_once(bench.settings))
        case Measures.TASK:
            return tasks.measuring(bench.settings, bench.around, bench.base, bench.workspaces, stopped=stopped, without=without)


def _gathered(bench: Bench, cases: Sequence[SuiteCase], instrument: Instrument, stopped: Event) -> Iterator[Probed]:
    """Make all probes of all cases; give each case when its own are there."""
    samples, found = bench.settings.samples, dict[str, list[One]]()

    def tried(case: SuiteCase) -> One:
        tries = [instrument(case)]
        while len(tries) < bench.settings.tries and tries[-1].outcome.failing not in _FINAL and not stopped.is_set():
            tries.append(instrument(case))
        return again(tries)

    with ThreadPoolExecutor(at_once(bench.settings)) as threads, _ended(threads, stopped):
        open_ones: dict[Future[One], SuiteCase] = {threads.submit(tried, case): case for case in cases for _ in range(samples)}
        planned, failed = len(open_ones), list[Outcome]()
        while open_ones:
            done, _ = wait(open_ones, _LOOK_AGAIN_S, FIRST_COMPLETED)
            for future in done:
                case, one = open_ones.pop(future), future.result()
                found.setdefault(case.id, []).append(one)
                failed += [one.outcome] if one.score is None else []
                if is_void(len(failed), planned, bench.settings.most_failed):
                    raise Void(tuple(failed), planned, total(one.usd for each in found.values() for one in each))
                if len(found[case.id]) == samples:
                    yield together(case.id, found[case.id])


@contextmanager
def _ended(threads: ThreadPoolExecutor, stopped: Event) -> Iterator[None]:
    """Have probes that are under way ended with the context, and those that wait never made."""
    try:
        yield
    finally:
        stopped.set()
        threads.shutdown(cancel_futures=True)


def _suite(path: Path) -> Suite:
    try:
        return suite.parse(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise AutotuneError(f"{path} cannot be read as a suite: {problem}.", "`autotune skills eval generate NAME` makes one") from problem
