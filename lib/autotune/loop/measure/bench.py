"""The bench: an arm put in place and run, and what happened written to the ledger."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from autotune.core import rules
from autotune.core.cases.listed import listed
from autotune.core.cases.split import Case
from autotune.core.config.commands import Command, benchmark_of, checks_of, prepare_of
from autotune.core.escaping import escaped
from autotune.core.facts import Fact, Kind, joined
from autotune.core.ledger.events import Ran
from autotune.core.ledger.given import NOTHING, Given, given
from autotune.core.ledger.purposes import Purpose
from autotune.core.model import Arm, Outcome
from autotune.core.output.metrics import MetricReport
from autotune.core.output.outcome import PASSED, Executed, classify, is_run_again, useful_end
from autotune.edges import caches, carried, place, tree
from autotune.edges.clock import now
from autotune.edges.place import Place
from autotune.errors import AutotuneError
from autotune.loop.candidate import lending, returning
from autotune.loop.measure import reading
from autotune.loop.measure.building import Builds
from autotune.loop.measure.ground import Ground
from autotune.loop.measure.turns import Interrupted
from autotune.loop.session import logs, sessions
from autotune.loop.session.session import Session

OUTPUT_KEPT = 3000  # characters of a failing command's output that go on the ledger


class What(StrEnum):
    """What is run on an arm."""

    BENCHMARK = "benchmark"
    CHECKS = "checks"


@dataclass(slots=True)
class Tally:
    """How often something was run on an arm, how often it failed, and why it did the last time."""

    runs: int = 0
    failures: int = 0
    why: Fact = PASSED

    @property
    def flaky(self) -> bool:
        """Whether it fails now and then."""
        return 0 < self.failures < self.runs

    def take(self, ran: Ran) -> None:
        """Count a run."""
        self.runs += 1
        if ran.outcome is not Outcome.OK:
            self.failures, self.why = self.failures + 1, ran.why


@dataclass(slots=True)
class Bench:
    """The place and the two arms' content: what every run of one measurement shares.

    With `trial_s` it is in the sandbox in any case, and no command takes longer.
    """

    session: Session
    place: Place
    content: dict[Arm, str]
    alternating: tuple[str, ...] = ()
    experiment: int = 0
    number: int = 0
    random: random.Random = field(default_factory=random.SystemRandom)
    trial_s: float | None = None
    leftovers: dict[Arm, list[str]] = field(default_factory=lambda: {arm: [] for arm in Arm})
    builds: Builds | None = None
    report: MetricReport = field(default_factory=MetricReport)  # of the last run
    output: bytes = b""  # the end of what it printed
    _written: dict[str, str] = field(default_factory=dict)
    output_bytes: int = 0  # the most that a run has printed
    spent_s: float = 0.0  # what its runs have taken, with what prepares them
    ran: int = 0
    tallies: dict[tuple[What, Arm], Tally] = field(default_factory=lambda: {(what, arm): Tally() for what in What for arm in Arm})
    _prepare_s: float = 0.0  # what came before the measured command of the latest run
    _begun: int = field(init=False)
    _given_before: tuple[int, int] = field(init=False)  # how far seeds and measurements were before this bench's first run

    def __post_init__(self) -> None:
        self._begun = self.session.position.lines
        self._given_before = (self.session.state.seeds.last, self.session.state.seeds.begun)
        config = self.session.state.config
        reading.refuse_made(self.session.state.segment.opened.workdir, config, self.place.settled or ())
        if config.built_once:
            outside = caches.built_outside(self._ground.variables({}), self.place.top)
            if outside is None:
                self.builds = Builds(self.place)
            else:
                self.session.say(Fact(Kind.BUILT_OUTSIDE, {"variable": outside}))

    def run(self, arm: Arm, purpose: Purpose, outlook: Mapping[str, Any] | None = None) -> tuple[Ran, str]:
        """Put an arm in place, execute what the target's run consists of, and write what happened to the ledger.

        What fails for the first time is run again. Gives what was written last and, of a run that failed, the useful end of its output.
        `outlook` is what is said of it while it lasts.
        """
        self._refuse_beyond_cost()
        ran, output = self._run(arm, purpose, outlook)
        if purpose is Purpose.PROOF or not self._is_run_again(What.BENCHMARK, ran):  # a proof has to fail
            return ran, output
        self._refuse_beyond_cost()
        return self._run(arm, purpose, outlook)

    def _refuse_beyond_cost(self) -> None:
        """Raise `Interrupted` where runs cost money, and all that the session may cost is spent: so it is passed by one run at most."""
        config, spent_usd = self.session.state.config, self.session.state.spending.cost_usd
        if config.cost_metric and config.max_cost_usd is not None and spent_usd >= config.max_cost_usd:
            figures = {"limit": "max_cost_usd", "reached": spent_usd, "allowed": config.max_cost_usd}
            raise Interrupted(Fact(Kind.LIMIT_REACHED, figures))

    def _is_run_again(self, what: What, ran: Ran) -> bool:
        """Tell whether a run that was just counted is made once more before anybody is blamed."""
        tally = self.tallies[what, ran.arm]
        by_rule = self.session.state.segment.opened.rule >= rules.FAILS_TWICE
        return by_rule and is_run_again(ran.outcome, ran.wall_s, tally.failures)

    def flaky(self) -> Fact | None:
        """Say what failed once and passed when it was run again."""
        return joined(
            Fact(Kind.FLAKY, {"what": what, "arm": arm, "failed": tally.failures, "runs": tally.runs}, tally.why)
            for (what, arm), tally in self.tallies.items()
            if tally.flaky
        )

    def _run(self, arm: Arm, purpose: Purpose, outlook: Mapping[str, Any] | None) -> tuple[Ran, str]:
        begun = time.monotonic()
        figures = {"purpose": purpose, "experiment": self.experiment, "arm": arm, **(outlook or {})}
        prepare = {"command": "prepare"} if self.session.state.config.prepare else {}
        self.session.going_on(Kind.RUNNING, **figures, **prepare)
        self._occupy(arm)
        log, told = self._next_log(purpose, arm), self._given(purpose, arm)
        failed_before = self._build(arm, log)
        if prepare:
            self.session.going_on(Kind.RUNNING, **figures)
        finished, failed = failed_before or (self._measured(log, told), None)
        self.spent_s += time.monotonic() - begun
        self.ran += 1
        self.report, self.output = finished.report, finished.tail
        event = self._event(arm, finished, failed, purpose, log, self._readable(finished, told), told)
        self.output_bytes = max(self.output_bytes, finished.output_bytes)
        self.leftovers[arm] += finished.leftovers
        self._tell(event)
        return event, "" if event.outcome is Outcome.OK else useful_end(finished.tail, OUTPUT_KEPT)

    def _given(self, purpose: Purpose, arm: Arm) -> Given:
        """Give what a run that comes next is given: a seed or cases, where the session has any."""
        state = self.session.state
        return given(state, purpose, self.experiment, arm, anew=(state.seeds.last, state.seeds.begun) == self._given_before)

    def _ids(self, told: Given) -> tuple[str, ...]:
        """Name the cases of a run; its seed is one."""
        listed = self.session.state.segment.listed
        return tuple(listed[place].name for place in told.cases) if told.seed is None else (str(told.seed),)

    def list_cases(self, command: str) -> tuple[Case, ...]:
        """Run the command that prints the cases, on the incumbent. Raises `AutotuneError` where it fails or prints something else."""
        named = Command("cases", command, self.session.state.config.timeout_s)
        self._occupy(Arm.INCUMBENT)
        built = self._build(Arm.INCUMBENT, logs.TRIED)
        finished, failed = built or (self._ground.one(named, logs.TRIED, kept_bytes=reading.KEPT_BYTES), None)
        if failed is not None or finished.exit_code != 0:
            raise AutotuneError(
                f"The cases are not known: `{failed.text if failed else command}` fails.\n{useful_end(finished.tail, OUTPUT_KEPT)}",
                "let it print an id on each line, and exit with 0",
            )
        try:
            return listed(finished.printed["stdout"].decode(errors="replace").split("\n"))
        except ValueError as wrong:
            raise AutotuneError(f"`{command}` prints no list of cases: {wrong}.", "let it print an id on each line") from None

    @property
    def _ground(self) -> Ground:
        return Ground(self.session, self.place, self.trial_s)

    @property
    def run_s(self) -> float:
        """About how long a run takes, with what prepares it: as its own runs did, else as the segment's."""
        return self.spent_s / self.ran if self.ran else self.session.state.segment.run_s

    def check(self, arm: Arm) -> tuple[bool, Fact, str]:
        """Run the checks on an arm, put in place and built first: passed, why not, and the useful end of the output."""
        command = checks_of(self.session.state.config)
        if command is None:
            return True, PASSED, ""
        ran, output = self._check(arm, command)
        self._tell(ran)
        if self._is_run_again(What.CHECKS, ran):
            ran, output = self._check(arm, command)
            self._tell(ran)
        reached = ran.why.kind is not Kind.COMMAND_FAILED
        failure = Fact(Kind.CHECKS_FAILED, {}, ran.why) if reached else replace(ran.why, kind=Kind.CHECKS_NOT_REACHED)
        return ran.outcome is Outcome.OK, failure, output

    def _check(self, arm: Arm, command: Command) -> tuple[Ran, str]:
        self.session.going_on(Kind.CHECKING, arm=arm)
        self._occupy(arm)
        log = self._next_log(Purpose.CHECKS, arm)
        finished, failed = self._build(arm, log) or (self._ground.one(command, log), None)
        outcome, why = classify(finished, None)
        return self._event(arm, finished, failed, Purpose.CHECKS, log, (outcome, why, {})), useful_end(finished.tail, OUTPUT_KEPT)

    def _tell(self, ran: Ran) -> None:
        """Write a run to the ledger, and count it."""
        self.session.append(ran)
        if ran.purpose is not Purpose.PROOF:
            self.tallies[What.CHECKS if ran.purpose is Purpose.CHECKS else What.BENCHMARK, ran.arm].take(ran)

    @contextmanager
    def emptied(self, arm: Arm, entries: Mapping[str, tuple[str, str]]) -> Iterator[None]:
        """Have files, by their modes and blobs, empty in an arm's place as long as the context lasts."""
        if self.builds is not None:
            self.builds.enter(arm, self.content[arm])
        away = self.session.cache / "away"
        compared = bool(self.session.state.config.prepare)
        moved = place.empty(self.place, self.content[arm], entries, away, compared=compared)
        try:
            yield
        finally:
            place.fill(self.place, self.content[Arm.INCUMBENT], moved, entries, compared=compared)
            shutil.rmtree(away, ignore_errors=True)

    def _next_log(self, what: str, arm: Arm) -> str:
        """Number the run that comes next, and name its output: after those that a measurement which was killed has left."""
        folder = logs.below(self.experiment, self._begun)
        self.number = (self.number or logs.latest(self.session.folder.path / folder)) + 1
        return logs.of(folder, what, self.number, arm)

    def _occupy(self, arm: Arm) -> None:
        """Put an arm in place, with what stays (carried, made by `setup`, built and kept) as it was when the place was made."""
        session = self.session
        if self.place.settled is None and self.alternating:
            self._keep_edits()
        self._ground.refuse_gone()
        built = self.builds.enter(arm, self.content[arm]) if self.builds is not None else ()
        lost = carried.reset_carried(self.place)
        if lost:
            (session.cache / "measure.json").unlink(missing_ok=True)
            raise AutotuneError(
                f"A run changed {', '.join(lost[:3])}, and that cannot be put back; the measuring worktree is made again.",
                "try again; if it happens every time, let the benchmark write elsewhere",
            )
        spot = replace(self.place, settled=frozenset({*(self.place.settled or ()), *built})) if built else self.place
        self._ground.forget_caches()
        place.occupy(spot, self.content[arm], () if built else self.alternating, compared=bool(session.state.config.prepare))
        self._written = {path: tree.identity(self.place.top, path) for path in self.alternating}

    def _keep_edits(self) -> None:
        """Keep what somebody wrote in the checkout where a run in place is about to write: it is neither arm's."""
        session = self.session
        sessions.require_branch(session)
        if not self._written or any(tree.identity(session.top, path) != seen for path, seen in self._written.items()):
            lending.keep_edits(session, self.place.view, self.content.values(), self.alternating)
        returning.clear_the_way(session, self.alternating, self.alternating)

    def _measured(self, log: str, told: Given) -> Executed:
        """Execute the benchmark on the arm that is in place."""
        ids = self._ids(told)
        finished = self._ground.one(benchmark_of(self.session.state.config), log, cases=ids)
        return finished if told.seed is None else replace(finished, report=finished.report.of_one(*ids))

    def _build(self, arm: Arm, log: str) -> tuple[Executed, Command] | None:
        """Execute `prepare`, unless its build stands; gives its end and the command where it fails."""
        builds, content = self.builds, self.content[arm]
        self._prepare_s = 0.0
        command = prepare_of(self.session.state.config)
        if command is None or (builds is not None and builds.standing(arm, content)):
            return None
        finished = self._ground.one(command, _log_of(command, log))
        self._prepare_s = finished.wall_s
        if classify(finished, None)[0] is not Outcome.OK:
            return finished, command
        if builds is not None:
            builds.remember(arm, content)
        return None

    def unseen(self, arm: Arm, command: Command, folder: Path) -> tuple[Outcome, float]:
        """Run a command that nobody sees anything of on an arm, built first, with a folder that it may read.

        Gives what that was, and how many seconds it took.
        """
        self.session.going_on(Kind.CONSULTING, arm=arm)
        self._occupy(arm)
        failed = self._build(arm, logs.UNSEEN)
        finished = failed[0] if failed else self._ground.one(command, logs.UNSEEN, more={"AUTOTUNE_HOLDOUT": str(folder)}, shown=(folder,))
        return classify(finished, None)[0], finished.wall_s

    def passes(self) -> bool:
        """Whether benchmark and checks pass on the incumbent, tried out without a line on the ledger."""
        self._occupy(Arm.INCUMBENT)
        told = self._given(Purpose.DIAGNOSIS, Arm.INCUMBENT)
        finished, failed = self._build(Arm.INCUMBENT, logs.TRIED) or (self._measured(logs.TRIED, told), None)
        command = checks_of(self.session.state.config)
        readable = failed is None and self._readable(finished, told)[0] is Outcome.OK
        return readable and (command is None or self._check(Arm.INCUMBENT, command)[0].outcome is Outcome.OK)

    def _readable(self, finished: Executed, told: Given) -> tuple[Outcome, Fact, Mapping[str, float]]:
        """Tell what a run of the benchmark was in this segment, with its samples."""
        segment, ids = self.session.state.segment, self._ids(told) if told.seed is None else ()
        ratios = None if ids and not segment.baseline_runs else segment.case_ratios
        return reading.read_as(self.session.state.config, finished, segment.cases, ratios=ratios, given=ids)

    def _unscored(self, finished: Executed, told: Given, metrics: Mapping[str, float]) -> dict[str, str]:
        """Give why cases of a run got no score, by their places, where scores decide."""
        if told.part is None:
            return {}
        config, ids = self.session.state.config, self._ids(told)
        reasons = reading.unscored_of(config, finished.unscored, ids)
        places = dict(zip(ids, told.cases, strict=True))
        return {str(places[case]): escaped(why) for case, why in reasons.items() if f"{config.metric}[{case}]" not in metrics}

    def _event(
        self,
        arm: Arm,
        finished: Executed,
        failed: Command | None,
        purpose: Purpose,
        log: str,
        read: tuple[Outcome, Fact, Mapping[str, float]],
        told: Given = NOTHING,
    ) -> Ran:
        outcome, why, samples = read
        if failed is not None:
            (outcome, cause), samples = classify(finished, None), {}
            why = Fact(Kind.COMMAND_FAILED, {"command": failed.name}, cause)
        metrics = reading.recorded(self.session.state.config, samples)
        return Ran(
            experiment=self.experiment,
            purpose=purpose,
            arm=arm,
            number=self.number,
            outcome=outcome,
            why=why,
            metrics=metrics,
            wall_s=round(finished.wall_s, 6),
            timestamp=now(),
            log=log if failed is None else _log_of(failed, log),
            malformed=tuple(escaped(f"{one.text} ({one.why})") for one in finished.report.malformed[:5]),
            leftovers=finished.leftovers[:10],
            **{"repeated" if self.session.state.config.read else "earlier": _several(finished.report, metrics)},
            prepare_s=round(self._prepare_s, 6),
            seed=told.seed,
            drawn=told.drawn,
            cases=told.cases,
            context={escaped(name): escaped(value) for name, value in finished.context.items()},
            part=told.part,
            unscored=self._unscored(finished, told, metrics),
        )


def _several(report: MetricReport, recorded: Collection[str]) -> dict[str, dict[str, float]]:
    """Give number and range of the values of each metric that has several, of those that are recorded."""
    return {
        name: {"count": one.count, "first": one.first, "lowest": one.lowest, "highest": one.highest}
        for name, one in report.earlier.items()
        if name in recorded
    }


def _log_of(command: Command, log: str) -> str:
    """Name the file that holds a command's output, where the run's own is `log`."""
    return log if command.measured else f"{log}.{command.name}"
