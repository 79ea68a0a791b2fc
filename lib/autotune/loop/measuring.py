"""Measuring: runs of candidate and incumbent in one place, until the decision is made."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autotune.core import audit, guards, patterns
from autotune.core.audit import Observed
from autotune.core.decide import decide, most_pairs
from autotune.core.events import Cause, Decided, Purpose, Ran
from autotune.core.figures import number
from autotune.core.model import Arm, Decision, Outcome, Policy, Run, Verdict
from autotune.core.outcome import Finished, classify, escaped, measured_samples, useful_end
from autotune.core.state import CASES, Experiment, State
from autotune.core.stats import median
from autotune.edges import git, locks, place, process, sandbox
from autotune.edges.place import Carried, Place
from autotune.edges.sandbox import Walls
from autotune.errors import AutotuneError
from autotune.loop import holdout, quiet, watching
from autotune.loop.building import Builds
from autotune.loop.holdout import Answer
from autotune.loop.session import Session, now, replace_file, root
from autotune.loop.watching import Tampered
from autotune.targets import TARGETS
from autotune.targets.target import Command

OUTPUT_KEPT = 3000  # characters of a failing command's output that go on the ledger
MACHINE_POLL_S = 1.0
_LOOK = "look at the candidate before anything else: it is kept under refs/autotune"
FEWEST_BASELINE, MOST_BASELINE, BASELINE_BUDGET_S = 3, 8, 120.0


class Interrupted(Exception):  # noqa: N818 - not an error
    """The measurement was told to end before it had an answer; the text says by whom."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of an arm and, where it failed, the useful end of its output. `broken` means that not even the benchmark was reached."""

    run: Run
    why: str
    output: str = ""
    broken: bool = False


@dataclass(slots=True)
class Bench:
    """The place and the two arms' content: what every run of one measurement shares. `walled` is to run in the sandbox in any case."""

    session: Session
    place: Place
    content: dict[Arm, str]
    alternating: tuple[str, ...] = ()
    experiment: int = 0
    number: int = 0
    random: random.Random = field(default_factory=random.SystemRandom)
    observed: list[Observed] = field(default_factory=list)
    walled: bool = False
    leftovers: dict[Arm, list[str]] = field(default_factory=lambda: {arm: [] for arm in Arm})
    builds: Builds | None = None
    output_bytes: int = 0  # the most that a run has printed

    def __post_init__(self) -> None:
        config = self.session.state.config
        if config.build_once and config.prepare and self.place.settled is not None:
            self.builds = Builds(self.place)

    def run(self, arm: Arm, purpose: Purpose) -> Measured:
        """Put an arm in place, execute what the target's run consists of, and write what happened to the ledger."""
        self._occupy(arm)
        self.number += 1
        log = self._log(f"{purpose}-{self.number}-{arm}")
        finished, failed = self._execute(arm, log)
        measured = self._read(arm, finished, failed)
        self._observe(measured.run, finished)
        self.session.append(self._event(measured, finished, purpose, log))
        return measured

    def check(self, arm: Arm) -> tuple[bool, str, str]:
        """Run the checks on what is in place (put there first): passed, why not, and the useful end of the output."""
        command = TARGETS["code"].checks(self.session.state.config)
        if command is None:
            return True, "", ""
        self._occupy(arm)
        self.number += 1
        finished = self._one(command, self._log(f"checks-{self.number}-{arm}"))
        outcome, why = classify(finished, None)
        return outcome is Outcome.OK, f"the checks failed: {why}", useful_end(finished.tail, OUTPUT_KEPT)

    def _log(self, name: str) -> str:
        return f"runs/{self.experiment}/{name}.log"

    def _occupy(self, arm: Arm) -> None:
        """Put an arm in place, with what stays (carried, made by `setup`, built and kept) as it was when the place was made."""
        session = self.session
        built = self.builds.enter(arm, self.content[arm]) if self.builds is not None else ()
        lost = place.reset_carried(self.place, _staying(session, self.place.settled or ()))
        if lost:
            (session.cache / "measure.json").unlink(missing_ok=True)
            raise AutotuneError(
                f"A run changed {', '.join(lost[:3])}, which is not to be had as it was; the place is made anew.",
                "try again; if it happens every time, let the benchmark write elsewhere",
            )
        spot = replace(self.place, settled=frozenset({*(self.place.settled or ()), *built})) if built else self.place
        place.occupy(spot, self.content[arm], () if built else self.alternating)

    def _observe(self, run: Run, finished: Finished) -> None:
        """Remember of a good run what speaks for or against it besides its value."""
        self.output_bytes = max(self.output_bytes, finished.output_bytes)
        self.leftovers[run.arm] += finished.leftovers
        name = self.session.state.metric.name
        if run.outcome is Outcome.OK and name in run.samples:
            printed = finished.report.earlier.get(name)
            several = printed is not None and printed.lowest != printed.highest
            self.observed.append(Observed(run.arm, run.samples[name], run.wall_s, several))

    def _execute(self, arm: Arm, log: str) -> tuple[Finished, Command | None]:
        """Execute a run's commands up to the first that fails; give the last one's end, and which failed before the measured one."""
        builds, content = self.builds, self.content[arm]
        for command in TARGETS["code"].commands(self.session.state.config):
            if builds is not None and not command.measured and builds.standing(arm, content):
                continue
            finished = self._one(command, log if command.measured else f"{log}.{command.name}")
            if command.measured:
                return finished, None
            if classify(finished, None)[0] is not Outcome.OK:
                return finished, command
            if builds is not None:
                builds.remember(arm, content)
        raise AssertionError("a target's run measures nothing")

    def unseen(self, arm: Arm, command: Command, folder: Path) -> bool:
        """Run a command that nobody sees anything of on an arm, with a folder that it may read; gives whether it passed."""
        self._occupy(arm)
        finished = self._one(command, "runs/unseen", more={"AUTOTUNE_HOLDOUT": str(folder)}, shown=(folder,))
        return classify(finished, None)[0] is Outcome.OK

    def passes(self) -> bool:
        """Whether benchmark and checks pass on the incumbent, tried out without a line on the ledger."""
        self._occupy(Arm.INCUMBENT)
        finished, failed = self._execute(Arm.INCUMBENT, "runs/tried.log")
        return failed is None and self._readable(finished)[0] is Outcome.OK and self.check(Arm.INCUMBENT)[0]

    def _walled(self, command: str, temporary: Path, shown: Sequence[Path]) -> str:
        """Give the command as it is run: within the sandbox where the session has one."""
        if self.session.state.config.sandbox != "on" and not self.walled:
            return command
        hidden = (root(self.session.repository), self.session.hidden, *((self.session.cache,) if self.place.settled is None else ()))
        writable = (self.place.top, temporary)
        kept = [path for path in (self.place.top / ".git",) if path.exists()]
        return sandbox.wrapped(command, Walls(writable, kept, [path for path in hidden if path.is_dir()], shown))

    def _one(self, command: Command, log: str, *, more: Mapping[str, str] | None = None, shown: Sequence[Path] = ()) -> Finished:
        state, path = self.session.state, self.session.folder.path / log
        path.parent.mkdir(parents=True, exist_ok=True)
        before = watching.mark(self.session)
        index = self.place.view.index
        stamp = watching.stamp(index)
        moorings = {path: watching.stamp(path) for path in place.moorings(self.place)}
        with _private_folder() as temporary:
            variables = {**dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(temporary)), **state.config.env, **dict(more or {})}
            finished = process.execute(
                self._walled(command.text, temporary, shown),
                cwd=self.place.top / state.segment.workdir,
                environment=process.environment_for_runs(process.as_recorded(os.environ, state.segment.environment), variables),
                timeout_s=command.timeout_s,
                log=temporary / "unseen.log" if shown else path,
                stopped=lambda: self.session.interrupted() is not None,
            )
        watching.refuse_forged(self.session, before)
        if stamp is not None and watching.stamp(index) != stamp:
            index.unlink(missing_ok=True)
            raise Tampered(f"a run wrote to {index}, by which autotune knows what is in place; it is made anew", _LOOK)
        if any(watching.stamp(path) != before_it for path, before_it in moorings.items()):
            (self.session.cache / "measure.json").unlink(missing_ok=True)
            raise Tampered("a run pointed the measuring worktree at another repository; it is made anew", _LOOK)
        if finished.stopped:
            raise Interrupted(self.session.interrupted() or "it was stopped")
        return finished

    def _read(self, arm: Arm, finished: Finished, failed: Command | None) -> Measured:
        if failed is not None:
            outcome, why = classify(finished, None)
            run = Run(arm=arm, outcome=outcome, wall_s=finished.wall_s)
            return Measured(run, f"`{failed.name}` failed: {why}", useful_end(finished.tail, OUTPUT_KEPT), broken=True)
        outcome, why, samples = self._readable(finished)
        run = Run(arm=arm, outcome=outcome, samples=samples, wall_s=finished.wall_s)
        return Measured(run, why, "" if outcome is Outcome.OK else useful_end(finished.tail, OUTPUT_KEPT))

    def _readable(self, finished: Finished) -> tuple[Outcome, str, Mapping[str, float]]:
        """Tell what a run of the benchmark was, with its samples: the primary metric has to be among them, and those of guardrails."""
        state = self.session.state
        observed = measured_samples(finished)
        try:
            printed = TARGETS["code"].samples(state.config, finished.report.samples, state.cases, ratios=state.case_ratios)
        except ValueError as error:
            outcome, why = classify(finished, None)
            return (Outcome.UNREADABLE, str(error), observed) if outcome is Outcome.OK else (outcome, why, observed)
        outcome, why = classify(finished, None if CASES in printed else state.metric.name)
        samples = {**printed, **observed}
        missing = [guard for guard in map(guards.read, state.config.guardrails) if guard.metric not in samples]
        if outcome is Outcome.OK and missing:
            return Outcome.UNREADABLE, f"it does not print {missing[0].metric}, which a guardrail needs", samples
        return outcome, why, samples

    def _event(self, measured: Measured, finished: Finished, purpose: Purpose, log: str) -> Ran:
        return Ran(
            experiment=self.experiment,
            purpose=purpose,
            arm=measured.run.arm,
            number=self.number,
            outcome=measured.run.outcome,
            why=measured.why,
            metrics=measured.run.samples,
            wall_s=round(finished.wall_s, 6),
            timestamp=now(),
            log=log,
            malformed=tuple(escaped(f"{one.text} ({one.why})") for one in finished.report.malformed[:5]),
            leftovers=finished.leftovers[:10],
            earlier={
                name: {"count": one.count, "first": one.first, "lowest": one.lowest, "highest": one.highest}
                for name, one in finished.report.earlier.items()
            },
        )


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Give a fresh folder for one run's temporary files. Its path is short: sockets have names of at most 104 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="autotune-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone(session: Session, what: str) -> Iterator[None]:
    """Hold the machine for one measurement: two at once would measure each other. Waits as long as it takes, and says for whom."""
    with ExitStack() as stack:
        _take_machine(stack, session, what)
        yield


def _take_machine(stack: ExitStack, session: Session, what: str) -> None:
    told = False
    while True:
        try:
            stack.enter_context(locks.hold(locks.measuring_lock(), what, wait_s=MACHINE_POLL_S if told else 0.0))
        except AutotuneError as busy:
            if (why := session.interrupted()) is not None:
                raise Interrupted(why) from None
            if not told and locks.holder(locks.measuring_lock()) is not None:
                session.say(f"waiting for the machine: {busy.message}")
                told = True
        else:
            return


def content_of(session: Session, commit: str) -> str:
    """Give the tree that is measured for a commit: its own, with the pinned files as they were when the segment opened."""
    pins = git.tracked(session.top, session.state.segment.pins)
    scratch = session.folder.path / "scratch-index"
    scratch.unlink(missing_ok=True)
    git.tell(session.top, "read-tree", commit, index=scratch)
    git.set_entries(session.top, scratch, pins, ())
    return git.write_tree(session.top, scratch)


def place_of(session: Session) -> Place:
    """Give the place where this session's runs happen, built first where it is missing or of another segment."""
    state, config = session.state, session.state.config
    if config.in_place:
        return place.in_checkout(session.top, session.folder.path / "place-index")
    top, known = session.cache / "measure", session.cache / "measure.json"
    wanted = {"segment": state.segment.segment, "pins": state.segment.pins, "opened": state.segment.timestamp}
    built = _known(known) if _is_worktree(session, top) else {}
    if {key: built.get(key) for key in wanted} != wanted:
        known.unlink(missing_ok=True)
        settled = _build(session, top)
        place.keep_copies(top, _made(session, settled), session.cache / "made")
        built = {**wanted, "settled": settled, "carried": place.carried_now(top, _staying(session, settled))}
        replace_file(known, json.dumps(built).encode())
    return place.private(top, built["settled"], Carried(built.get("carried", {}), (session.cache / "made", session.top)))


def _staying(session: Session, settled: Iterable[str]) -> tuple[str, ...]:
    """List what stays between runs: what is carried, and what `setup` made."""
    return (*(session.inside(path) for path in session.state.config.carry), *_made(session, settled))


def _made(session: Session, settled: Iterable[str]) -> tuple[str, ...]:
    """List what stays and is not carried, without what is within something that is."""
    carried = patterns.matcher(patterns.literal(session.inside(path)) for path in session.state.config.carry)
    return tuple(path.rstrip("/") for path in settled if not carried(path.rstrip("/")))


def _known(record: Path) -> dict[str, Any]:
    """Read what was noted of a place; empty where that is gone or damaged, so that the place is made anew."""
    with suppress(OSError, ValueError):
        return dict(json.loads(record.read_bytes()))
    return {}


def _is_worktree(session: Session, top: Path) -> bool:
    """Whether a folder is a working tree of the session's repository, and not just a folder in somebody else's."""
    found = git.discover(top)
    return found is not None and found.common == session.repository.common and found.top.samefile(top)


@contextmanager
def second_place(session: Session) -> Iterator[Place]:
    """Give a second measuring worktree, built like the first, for as long as the context lasts."""
    top = session.cache / "second"
    try:
        yield place.private(top, _build(session, top))
    finally:
        place.remove(session.repository, top)


def _build(session: Session, top: Path) -> Sequence[str]:
    config = session.state.config
    place.build(session.repository, top, session.state.incumbent, [session.inside(path) for path in config.carry])
    empty = place.private(top)
    fresh = replace(empty, settled=frozenset(place.beside(empty.view)))
    place.occupy(fresh, content_of(session, session.state.incumbent), ())
    if config.setup:
        bench = Bench(session, fresh, {})
        finished = bench._one(Command("setup", config.setup, config.timeout_s), "runs/setup.log")  # noqa: SLF001 - the same module
        outcome, why = classify(finished, None)
        if outcome is not Outcome.OK:
            raise AutotuneError(
                f"`setup` failed in the measuring worktree: {why}\n{useful_end(finished.tail, 1000)}", f"mend `setup`; it ran in {top}"
            )
    return place.beside(fresh.view)


def bench_for(session: Session, candidate: str | None) -> Bench:
    """Give what a measurement of the incumbent, and of a candidate beside it, needs."""
    if candidate is not None:
        return bench_between(session, session.state.incumbent, candidate)
    content = {Arm.INCUMBENT: content_of(session, session.state.incumbent)}
    return Bench(session, place_of(session), content, (), _open_number(session))


def bench_between(session: Session, incumbent: str, candidate: str) -> Bench:
    """Give what a measurement of two commits side by side needs."""
    content = {Arm.INCUMBENT: content_of(session, incumbent), Arm.CANDIDATE: content_of(session, candidate)}
    alternating = git.differing(session.top, content[Arm.INCUMBENT], content[Arm.CANDIDATE])
    return Bench(session, place_of(session), content, alternating, _open_number(session))


def _open_number(session: Session) -> int:
    return session.state.experiment.number if session.state.experiment else 0


def baseline(session: Session, bench: Bench, *, once: bool) -> tuple[float, ...]:
    """Measure the incumbent alone: once, or at least three times and up to eight while that takes under two minutes.

    Gives the primary metric's values. Raises `AutotuneError` at the first run that fails or does not print the metric.
    """
    values: list[float] = []
    spent = 0.0
    most = 1 if once else MOST_BASELINE
    while len(values) < most and (len(values) < FEWEST_BASELINE or spent + spent / len(values) <= BASELINE_BUDGET_S):
        measured = bench.run(Arm.INCUMBENT, Purpose.BASELINE)
        if measured.run.outcome is not Outcome.OK:
            raise AutotuneError(
                f"The benchmark does not work on the unchanged code: {measured.why}{_quoted(measured.output)}",
                "mend it until `autotune doctor` is content; what it needs and git does not track goes into `carry` or is made by `setup`; "
                "where it works in the checkout alone, --in-place measures there",
            )
        values.append(measured.run.samples[session.state.metric.name])
        spent += measured.run.wall_s
        session.say(f"baseline run {len(values)}: {session.state.metric.name} = {number(values[-1])}")
    return tuple(values)


def _quoted(output: str) -> str:
    return f"\n{output}" if output else ""


def compare(session: Session, bench: Bench) -> Decided:
    """Measure the open experiment's candidate beside the incumbent until it is decided, and give the verdict."""
    experiment = session.state.experiment
    if experiment is None:
        raise AssertionError("no experiment is open")
    busy = quiet.wait(session)
    watch = watching.watch(session)
    try:
        verdict = _compare(session, bench, experiment)
    except Tampered as error:
        return _void(session, Cause.IDEA, f"not to be trusted: {error.message}")
    if (touched := watch.touched()) is not None:
        return _void(session, Cause.IDEA, f"not to be trusted: while it was measured, something changed {touched}")
    return replace(verdict, reason=f"{verdict.reason}; {busy}") if busy else verdict


def _compare(session: Session, bench: Bench, experiment: Experiment) -> Decided:
    runs: list[Run] = []
    checked = False
    policy = _policy(session, experiment)
    decision = _ask(session, policy, runs, bench)
    while decision.verdict is Verdict.MEASURE_AGAIN:
        measured = bench.run(decision.arms[0], Purpose.EXPERIMENT)
        if measured.run.outcome is not Outcome.OK:
            return _failed(session, bench, measured, [run.arm for run in runs])
        if measured.run.arm is Arm.CANDIDATE and not checked:
            passed, why, output = bench.check(Arm.CANDIDATE)
            checked = True
            if not passed:
                return _checks_failed(session, bench, why, output, measured.run)
        runs.append(measured.run)
        decision = _ask(session, policy, runs, bench)
        session.say(f"experiment {experiment.number}: {_progress(session, runs)}")
    return _audited(session, bench, _verdict(session, decision, runs))


def _audited(session: Session, bench: Bench, verdict: Decided) -> Decided:
    """Look at a keep once more: whether its runs contradict it, and whether it passes what it was never shown."""
    reason = audit.with_leftovers(verdict.reason, bench.leftovers[Arm.CANDIDATE], bench.leftovers[Arm.INCUMBENT])
    verdict = replace(verdict, reason=reason)
    if verdict.verdict is not Verdict.KEEP:
        return verdict
    state = session.state
    if state.config.audit:
        observed = _with_baseline(state, bench.observed)
        if (why := audit.objection(observed, state.metric)) is not None:
            return _void(session, Cause.IDEA, f"not to be trusted: {why}")
        verdict = replace(verdict, reason=audit.with_remark(verdict.reason, observed, state.metric))
    if (damaged := _damaged(session, bench)) is not None:
        return _void(session, Cause.IDEA, f"not to be trusted: {damaged} has another content in git's store than its name is the hash of")
    match holdout.answer(session, bench):
        case Answer.FAILED:
            return replace(verdict, verdict=Verdict.DISCARD, reason=holdout.REASON, value=None, effect=None, evidence=None, needed=None)
        case Answer.BROKEN:
            return _void(session, Cause.BENCHMARK, "the hold-out fails on the unchanged code too")
    return verdict


def _damaged(session: Session, bench: Bench) -> str | None:
    """Name a file that the arms differ in, or that is pinned, of which git's store no longer holds what was measured."""
    both = [git.tracked(session.top, content) for content in bench.content.values()]
    entries = {(path, held[path][1]) for held in both for path in bench.alternating if path in held}
    entries |= {(path, sha) for path, (_, sha) in git.tracked(session.top, session.state.segment.pins).items()}
    found = git.hashes(session.top, {sha for _, sha in entries})
    return next((path for path, sha in sorted(entries) if found.get(sha) != sha), None)


def _with_baseline(state: State, observed: Sequence[Observed]) -> Sequence[Observed]:
    """Where only the candidate was run, let the segment's baseline stand for the incumbent."""
    if any(one.arm is Arm.INCUMBENT for one in observed) or state.baseline is None or state.baseline_wall_s is None:
        return observed
    return (*observed, Observed(Arm.INCUMBENT, state.baseline, state.baseline_wall_s))


def _policy(session: Session, experiment: Experiment) -> Policy:
    """Give what this candidate's keep demands: one that only removes lines may be worse by the margin that was configured."""
    policy, margin = session.state.policy, session.state.config.simplify_margin
    only_removes = margin > 0 and git.only_removes(session.top, experiment.incumbent, experiment.candidate)
    return replace(policy, min_effect=-margin) if only_removes else policy


def _ask(session: Session, policy: Policy, runs: Sequence[Run], bench: Bench) -> Decision:
    """Ask for the decision; a keep has to hold its guardrails too, which may take more pairs than the metric did."""
    state = session.state
    held = tuple(map(guards.read, state.config.guardrails))
    if not held:
        return decide(runs, state.calibration, policy, bench.random)
    asked = (decide(runs[:known], state.calibration, policy, bench.random) for known in range(len(runs) + 1))
    decision = next((one for one in asked if one.verdict is not Verdict.MEASURE_AGAIN), None)
    if decision is None:
        return decide(runs, state.calibration, policy, bench.random)
    return guards.guarded(decision, held, runs, most_pairs(policy), bench.random) if decision.verdict is Verdict.KEEP else decision


def _progress(session: Session, runs: Sequence[Run]) -> str:
    last = runs[-1]
    return f"run {len(runs)}, {last.arm} {session.state.metric.name} = {number(last.samples[session.state.metric.name])}"


def _verdict(session: Session, decision: Decision, runs: Sequence[Run]) -> Decided:
    values = [run.samples[session.state.metric.name] for run in runs if run.arm is Arm.CANDIDATE]
    return Decided(
        experiment=_number(session),
        verdict=decision.verdict,
        outcome=Outcome.OK,
        cause=Cause.IDEA,
        reason=decision.reason,
        timestamp=now(),
        value=median(values) if values else None,
        effect=decision.effect,
        evidence=decision.evidence,
        needed=decision.needed,
        pairs=decision.pairs,
        confirmed=decision.confirmed,
    )


def _failed(session: Session, bench: Bench, measured: Measured, passed: Sequence[Arm]) -> Decided:
    """Tell whose failure it is: the candidate's only if the incumbent still passes."""
    if measured.run.arm is Arm.INCUMBENT:
        return _broken(session, measured)
    if Arm.INCUMBENT not in passed:
        other = bench.run(Arm.INCUMBENT, Purpose.CROSS_CHECK)
        if other.run.outcome is not Outcome.OK:
            return _broken(session, other)
    return _discarded(session, measured.run.outcome, Cause.CANDIDATE, measured.why, measured.output)


def _checks_failed(session: Session, bench: Bench, why: str, output: str, run: Run) -> Decided:
    passed, other, words = bench.check(Arm.INCUMBENT)
    if not passed:
        return _void(session, Cause.BENCHMARK, f"the checks fail on the incumbent too: {other}", words)
    value = run.samples[session.state.metric.name]
    return replace(_discarded(session, Outcome.CHECKS_FAILED, Cause.CANDIDATE, why, output), value=value)


def _broken(session: Session, measured: Measured) -> Decided:
    cause = Cause.ENVIRONMENT if measured.broken else Cause.BENCHMARK
    what = "what prepares the benchmark" if measured.broken else "the benchmark"
    return _void(session, cause, f"{what} fails on the incumbent too: {measured.why}", measured.output)


def _discarded(session: Session, outcome: Outcome, cause: Cause, why: str, output: str) -> Decided:
    verdict = Verdict.DISCARD
    return Decided(_number(session), verdict, outcome, cause, reason=why, timestamp=now(), output=output)


def _void(session: Session, cause: Cause, why: str, output: str = "") -> Decided:
    return Decided(_number(session), Verdict.VOID, None, cause, reason=why, timestamp=now(), output=output)


def voided(session: Session, cause: Cause, why: str) -> Decided:
    """Give the verdict on an experiment whose measurement has no answer."""
    return _void(session, cause, why)


def _number(session: Session) -> int:
    if session.state.experiment is None:
        raise AssertionError("no experiment is open")
    return session.state.experiment.number
