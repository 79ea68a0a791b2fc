"""The benchmark run once, where it is measured and, if wished, in the checkout."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autotune.core.cases.listed import listed
from autotune.core.cases.rounds import size_of
from autotune.core.cases.split import split
from autotune.core.config.commands import Command, benchmark_of, checks_of, prepare_of
from autotune.core.config.model import Config
from autotune.core.escaping import escaped
from autotune.core.facts import Fact, Kind, naming, quoted
from autotune.core.findings import Observation, Remedy
from autotune.core.model import Outcome
from autotune.core.output.metrics import RESERVED
from autotune.core.output.outcome import Executed, classify, measured_samples, useful_end, within_a_line
from autotune.core.tell import headline
from autotune.core.tell.contrast import Seen, contrast, side_by_side
from autotune.core.tell.words import told
from autotune.core.trust.patterns import from_top
from autotune.edges import environment, git, locks, place, process, results, status, tree
from autotune.edges.clock import now
from autotune.edges.git import Repository
from autotune.edges.place import Place
from autotune.errors import AutotuneError
from autotune.loop.candidate import pinning
from autotune.loop.inspect.scene import Check, Finding, Scene, config_to_be, is_metric_named, is_timed, missing, workdir
from autotune.loop.measure import places, reading
from autotune.loop.measure.ground import variables_of_cases
from autotune.loop.opening import opening, proving
from autotune.loop.session import layout
from autotune.loop.session.layout import BENCHMARK_FILE, SESSION_FILES, Folder
from autotune.loop.session.session import Session

OUTPUT_SHOWN = 800  # characters of what failed


def benchmark(scene: Scene) -> Check:
    """Run the benchmark once where it is measured: in the session's measuring worktree, else in a working tree of HEAD made for it."""
    try:
        with _ground(scene) as (config, ground):
            check = _dry_run(config, ground, named=is_metric_named(scene))
            lacking = () if check.finding is Finding.OK else _left_out(scene, config, ground.workdir)
            return replace(check, advice=(*check.advice, *lacking, *_led_back(scene, config, ground.workdir)))
    except NotRun as reason:
        return _not_run(reason.why, *reason.advice)


def _not_run(why: Fact, *advice: Fact) -> Check:
    return missing(Fact(Observation.NOT_RUN, because=why), *advice)


@contextmanager
def _ground(scene: Scene) -> Iterator[tuple[Config, Ground]]:
    """Give the configuration and the place of a dry run, with the machine to itself where time is measured.

    Raises `NotRun` where there is to be none.
    """
    repository, config = _what_to_run(scene)
    with ExitStack() as stack:
        if is_timed(scene, config):
            stack.enter_context(locks.hold(locks.measuring_lock(), "autotune doctor's dry run"))
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        scene.say(Fact(Kind.TRYING_OUT, {"since": now()}))
        if scene.session is not None:
            yield config, _measuring_ground(scene.session, Path(scratch))
        else:
            with _ground_of_its_own(repository, scene.folder, config, Path(scratch)) as ground:
                yield config, ground


class NotRun(Exception):  # noqa: N818 - not an error
    """There is nothing to run, or it must not be run now; `why` says which, `advice` what to do about it."""

    def __init__(self, why: Observation, figures: Mapping[str, str] | None = None, *advice: Fact) -> None:
        super().__init__(why)
        self.why, self.advice = Fact(why, figures or {}), advice


def _what_to_run(scene: Scene) -> tuple[Repository, Config]:
    """Give where a run happens and the configuration that it follows. Raises `NotRun` where there is to be none."""
    if scene.repository is None or git.resolve(scene.repository.top, "HEAD") is None:
        raise NotRun(Observation.NO_COMMIT)
    if scene.trouble is not None:
        raise NotRun(Observation.SESSION_UNREADABLE)
    config = scene.session.state.config if scene.session is not None else _without_session(scene)
    if config.in_place:
        raise NotRun(Observation.RUN_IN_PLACE)
    if is_timed(scene, config) and (holder := locks.holder(locks.measuring_lock())) is not None:
        raise NotRun(Observation.MACHINE_IN_USE, {"holder": str(holder)}, Fact(Remedy.LOOK_LATER))
    return scene.repository, config


def _without_session(scene: Scene) -> Config:
    """Give what `init` would measure by, as far as it is said; where no metric is named, whatever is printed will do."""
    config = config_to_be(scene)
    if config.benchmark == f"bash {BENCHMARK_FILE}" and not (scene.folder / BENCHMARK_FILE).is_file():
        name = {"name": BENCHMARK_FILE}
        raise NotRun(Observation.NO_BENCHMARK, name, Fact(Remedy.WRITE_A_BENCHMARK, name))
    return config


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a dry run happens: a place, the tree that it is to hold, and the working directory in it. Logs go to `scratch`."""

    place: Place
    content: str
    workdir: str
    scratch: Path


def _measuring_ground(session: Session, scratch: Path) -> Ground:
    """Give the session's measuring worktree and its incumbent, without touching the session's own files."""
    (scratch / session.name).mkdir()
    beside = Session(session.repository, Folder(scratch / session.name), session.state, session.position)
    content = places.content_of(beside, session.state.incumbent)
    return Ground(places.place_of(beside), content, session.state.segment.opened.workdir, scratch)


@contextmanager
def _ground_of_its_own(repository: Repository, folder: Path, config: Config, scratch: Path) -> Iterator[Ground]:
    """Make a working tree of HEAD, with benchmark and checks as they are now, and remove it afterwards."""
    inside = folder.resolve().relative_to(repository.top.resolve()).as_posix()
    workdir = "" if inside == "." else inside
    cache = layout.made_cache(repository, f"doctor-{os.getpid()}")
    try:
        head = git.tell(repository.top, "rev-parse", "--verify", "HEAD").text
        reading.refuse_unfit(repository.top, workdir, config, git.tracked(repository.top, head))
        pins = pinning.pin(repository, workdir, config, head, scratch / "pins")
        content = tree.tree_having(repository.top, head, scratch / "index", git.tracked(repository.top, pins))
        place.build(repository, cache / "measure", head, [from_top(path, workdir) for path in config.carry])
        verbatim, apart = git.tracked(repository.top, pins), tree.apart(repository.top, head)
        empty = place.private(cache / "measure", verbatim=verbatim, apart=apart)
        fresh = Ground(replace(empty, settled=frozenset(place.beside(empty.view))), content, workdir, scratch)
        if config.setup:
            _prepared(config, fresh)
        yield replace(fresh, place=replace(empty, settled=frozenset(place.beside(empty.view))))
    finally:
        place.take_down(repository, cache / "measure")
        shutil.rmtree(cache, ignore_errors=True)


def _prepared(config: Config, ground: Ground) -> None:
    """Run `setup`. Raises `AutotuneError` where it fails."""
    place.occupy(ground.place, ground.content, ())
    setup = Command("setup", config.setup, config.timeout_s)
    ((_, finished, outcome, why),) = _ran(config, (setup,), ground.place.top / ground.workdir, ground.scratch)
    if outcome is not Outcome.OK:
        raise AutotuneError(f"`setup` failed: {told(why)}\n{useful_end(finished.tail, OUTPUT_SHOWN)}", "mend `setup`")


def _dry_run(config: Config, ground: Ground, *, named: bool) -> Check:
    """Run what prepares, the benchmark and the checks, up to the first that fails; the checks find what the benchmark found.

    `named`: somebody chose the metric.
    """
    measured = None
    for commands in ((prepare_of(config), benchmark_of(config)), (checks_of(config),)):
        if any(commands):
            place.occupy(ground.place, ground.content, ())
        for command, finished, outcome, why in _ran(config, commands, ground.place.top / ground.workdir, ground.scratch):
            if outcome is not Outcome.OK:
                failed = Fact(Observation.COMMAND_DOES_NOT_SUCCEED, {"text": command.text, "command": command.name}, why)
                output = useful_end(finished.tail, OUTPUT_SHOWN).rstrip()
                seen = (failed, *((quoted(output),) if output else ()))
                known = reading.how_it_could_be_read(config, finished.tail) if why.kind is Kind.NO_METRIC else None
                return Check(Finding.TO_DO, seen, (known or Fact(Remedy.MEND_UNTIL_IT_PASSES),), _details(finished, outcome))
            measured = finished if command.measured else measured
    if measured is None:
        raise AssertionError("a run measures nothing")
    return _passed(config, measured, named=named)


def _ran(
    config: Config, commands: Iterable[Command | None], folder: Path, scratch: Path
) -> Iterator[tuple[Command, Executed, Outcome, Fact]]:
    """Run commands one after the other, up to the first that fails; gives what each was, and why."""
    for command in filter(None, commands):
        ids = _ids(config, folder, scratch) if command.measured else ()
        finished = _execute(config, command, folder, scratch, ids)
        outcome, why = classify(finished, None)
        if command.measured:
            outcome, why, _ = reading.read_as(config, finished, (), ratios=None, given=() if config.seeds else ids)
        yield command, finished, outcome, why
        if outcome is not Outcome.OK:
            return


def _ids(config: Config, folder: Path, scratch: Path) -> tuple[str, ...]:
    """Name the cases that a run gets here: as many as in a session, the first ones, or the seed 1."""
    if config.seeds or not config.cases:
        return ("1",) if config.seeds else ()
    lines: Sequence[str] = config.cases_named
    if not lines:
        finished = process.execute(
            config.cases,
            cwd=folder,
            environment=environment.environment_for_runs(os.environ, config.env),
            timeout_s=config.timeout_s,
            log=scratch / "cases.log",
            kept_bytes=reading.KEPT_BYTES,
        )
        lines = finished.printed["stdout"].decode(errors="replace").split("\n")
    try:
        found = listed(lines)
    except ValueError as wrong:
        raise AutotuneError(f"`{config.cases}` prints no list of cases: {wrong}.", "let it print an id on each line") from None
    seen = found if config.score_range is None else (parts := split(found, config.holdout_share, config.search_share)).of(parts.seen)
    return tuple(case.name for case in seen[: size_of(seen)])


def _execute(config: Config, command: Command, folder: Path, scratch: Path, ids: Sequence[str] = ()) -> Executed:
    results = reading.expected(config, folder) if command.measured else None
    if results is not None:
        results.clear()
    given = variables_of_cases(scratch, ids, seeded=config.seeds)
    finished = process.execute(
        command.text,
        cwd=folder,
        environment=environment.environment_for_runs(os.environ, config.env) | (given if command.measured else {}),
        timeout_s=command.timeout_s,
        log=scratch / f"{command.name}.log",
        kept_bytes=0 if results is None else results.kept_bytes,
    )
    finished = finished if results is None else results.taken(finished)
    return replace(finished, report=finished.report.of_one(*ids)) if config.seeds and ids else finished


def _details(finished: Executed, outcome: Outcome) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "wall_s": round(finished.wall_s, 4),
        "metrics": dict(finished.report.samples),
        "malformed": [escaped(f"{one.text.strip()} ({one.why})") for one in finished.report.malformed],
    }


def _passed(config: Config, finished: Executed, *, named: bool) -> Check:
    """Tell of a benchmark that passes; where somebody `named` the metric, one that is measured from outside is there too."""
    details = _details(finished, Outcome.OK)
    if named and config.measured_from_outside:
        details["metrics"][config.metric] = measured_samples(finished)[config.metric]
    besides = (Fact(Kind.CHECKS_PASS),) if config.checks else ()
    found = Fact(Observation.PASSES, {"wall_s": finished.wall_s, "metrics": details["metrics"]}, besides=besides)
    advice = []
    if not details["metrics"] and config.measured_from_outside:
        known = within_a_line(finished.tail) or reading.how_it_could_be_read(config, finished.tail)
        advice.append(known or Fact(Remedy.PRINT_A_METRIC, {"metric": f"{RESERVED}wall_s"}))
    if details["malformed"]:
        advice.append(Fact(Remedy.MEND_LINES, {"lines": details["malformed"]}))
    if finished.leftovers:
        advice.append(Fact(Remedy.END_PROCESSES, {"processes": [*finished.leftovers]}))
    return Check(Finding.OK, (found,), tuple(advice), details)


def comparison(scene: Scene) -> Check:
    """Run what prepares and the benchmark once in the checkout and once where it is measured, and say where they differ."""
    if scene.repository is None:
        return _not_run(Fact(Observation.NOTHING_HERE))
    if scene.session is not None and scene.session.state.config.sandbox:
        return _not_run(Fact(Observation.RUN_IN_SANDBOX))
    try:
        with _ground(scene) as (config, ground):
            before, folder = status.uncommitted(scene.repository), workdir(scene)
            with results.set_aside(folder, config.results_file, ground.scratch) if config.results_file else nullcontext():
                here = _seen(scene, config, folder, ground.scratch, scene.repository.top)
            written = sorted({*status.uncommitted(scene.repository)} - {*before})
            left_out = [*_left_out(scene, config, ground.workdir)]
            place.occupy(ground.place, ground.content, ())
            there = _seen(scene, config, ground.place.top / ground.workdir, ground.scratch, ground.place.top)
    except NotRun as reason:
        return _not_run(reason.why, *reason.advice)
    found = contrast(here, there, _noise_known(scene))
    differs = found.matters or bool(found.output)
    passes = here.outcome is there.outcome is Outcome.OK
    lines = [*map(quoted, (*side_by_side(config.metric, here, there), *found.told))]
    lines += [] if differs else [Fact(Observation.NOTHING_DIFFERS)]
    lines += [Fact(Observation.PRINTED_OTHERWISE), *map(quoted, found.output)] if found.output else []
    lines += [naming(Observation.WROTE_HERE, written)] if written else []
    advice = [*_reasons_to_differ(before, left_out, there)] if differs else []
    advice += [] if passes else [Fact(Remedy.MEND_UNTIL_IT_PASSES)]
    finding = Finding.OK if passes and not found.matters else Finding.TO_DO
    details = {"checkout": _as_json(here), "measuring_place": _as_json(there), "differences": found.told, "output": found.output}
    return Check(finding, tuple(lines), tuple(advice), details)


def _seen(scene: Scene, config: Config, folder: Path, scratch: Path, top: Path) -> Seen:
    """Run what prepares and the benchmark in a folder, up to the first that fails; `top` is what the output may name of the place."""
    *_, (command, finished, outcome, why) = _ran(config, (prepare_of(config), benchmark_of(config)), folder, scratch)
    output = (scratch / f"{command.name}.log").read_text("utf-8", "replace")
    metrics = dict(finished.report.samples)
    if command.measured and config.measured_from_outside and (scene.session is not None or not metrics):
        metrics[config.metric] = measured_samples(finished)[config.metric]
    reason = why if command.measured else Fact(Kind.COMMAND_FAILED, {"command": command.name}, why)
    return Seen(outcome, told(reason), metrics, output, tuple(dict.fromkeys((str(top), str(top.resolve())))))


def _noise_known(scene: Scene) -> float | None:
    """Give the spread of a single run as a share, where a session knows it."""
    if scene.session is None or not scene.session.state.segment.pool or not scene.session.state.segment.logs:
        return None
    return headline.noise_of_a_run(scene.session.state).sigma


def _left_out(scene: Scene, config: Config, workdir: str) -> Iterator[Fact]:
    """Say what the measuring place has not: what git ignores, unless it is carried, and what is tracked and not in the checkout either."""
    if scene.repository is None:
        return
    yield from opening.not_here(scene.repository, git.tell(scene.repository.top, "rev-parse", "--verify", "HEAD").text)
    if left_out := places.lacking(scene.repository.top, config, workdir):
        yield naming(Remedy.CARRY, left_out)


def _led_back(scene: Scene, config: Config, workdir: str) -> Iterator[Fact]:
    """Say what leads Python from the measuring place back to the checkout, unless the settings see to that."""
    if scene.repository is None or "PYTHONPATH" in config.env:
        return
    if (found := proving.led_back(scene.repository.top, scene.repository.top / workdir, config)) is not None:
        yield found


def _reasons_to_differ(uncommitted: Sequence[str], left_out: Sequence[Fact], there: Seen) -> Iterator[Fact]:
    """Say what the measuring place has not, or has otherwise: the first to look at where something differs."""
    if open_changes := [path for path in uncommitted if path.rpartition("/")[2] not in SESSION_FILES]:
        yield naming(Remedy.COMMIT, open_changes)
    yield from left_out
    yield Fact(Remedy.LOOK_FOR_PLACES, {"folder": there.folders[0]})


def _as_json(seen: Seen) -> dict[str, Any]:
    return {"outcome": seen.outcome, "why": seen.why, "metrics": dict(seen.metrics)}
