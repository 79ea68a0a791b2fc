"""A diagnosis: what is there of what autotune needs, what is missing, and what a person has to do."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from autotune.core.config import keys
from autotune.core.config import reading as configuration
from autotune.core.config.commands import Command, benchmark_of, checks_of, prepare_of
from autotune.core.config.model import Config
from autotune.core.facts import Fact, Kind, naming, quoted
from autotune.core.findings import Observation, Remedy
from autotune.core.ledger.state import Ending, State
from autotune.core.model import Outcome
from autotune.core.output.metrics import RESERVED
from autotune.core.output.outcome import Executed, classify, escaped, measured_samples, useful_end, within_a_line
from autotune.core.tell import headline
from autotune.core.tell.contrast import Seen, contrast, side_by_side
from autotune.core.tell.words import told
from autotune.core.trust.patterns import from_top
from autotune.edges import atomic, commits, environment, folders, git, locks, machine, place, process, results, status, tree
from autotune.edges.clock import now
from autotune.edges.git import Repository
from autotune.edges.place import Place
from autotune.errors import AutotuneError
from autotune.loop.candidate import pinning
from autotune.loop.experiment import work
from autotune.loop.measure import cases, places, reading
from autotune.loop.opening import opening, rehearsing
from autotune.loop.session import layout, sessions, settings
from autotune.loop.session.layout import BENCHMARK_FILE, CHECKS_FILE, CONFIG_FILE, SESSION_FILES, Folder
from autotune.loop.session.session import Say, Session
from autotune.version import PACKAGE, ROOT

OLDEST_GIT = (2, 36)  # the first whose `worktree list` can end its lines with NUL
TIMED = 3  # starts of which the median is told
SLOW_START_MS = 1000.0
OUTPUT_SHOWN = 800  # characters of what failed
LOG_LINES = 3
_PACKAGES = ("git.cmd", "numpy", "rich", "tomli_w", "tomlkit", "typer")
_HOOKS_OF_A_COMMIT = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")


class Finding(StrEnum):
    """What a look has found: what is needed, something that may be absent, or something that a person has to mend."""

    OK = "ok"
    MISSING = "missing"
    TO_DO = "to do"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was seen, and what to do about it, where there is anything; `details` are JSON values."""

    name: str
    finding: Finding
    seen: tuple[Fact, ...]
    advice: tuple[Fact, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the diagnosis takes place. `trouble` says why the repository, or the session that is there, cannot be read.

    `settings` are those of a session to be.
    """

    folder: Path
    repository: Repository | None = None
    session: Session | None = None
    trouble: AutotuneError | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    say: Say = lambda _: None


def examine(
    folder: Path,
    session: str | None = None,
    *,
    benchmark: bool = True,
    compare: bool = False,
    wanted: Mapping[str, object] | None = None,
    say: Say = lambda _: None,
) -> Iterator[Check]:
    """Look at one thing after the other, whatever is broken; with `benchmark` it is run once, in a working tree of its own.

    With `compare` it is run once in the checkout besides, in place of the checks. `session` names the session to look at, where the
    repository has several. `wanted` are settings of a session to be, which win over those of an autotune.toml that is there. Raises
    `AutotuneError` where a session has settings of its own.
    """
    scene = replace(_scene(folder, session), say=say)
    if wanted:
        scene = _to_be(scene, wanted)
    for name, look in _LOOKS.items():
        if look is _benchmark and compare:
            yield _looked("comparison", _comparison, scene)
        elif benchmark or look is not _benchmark:
            yield _looked(name, look, scene)


def _to_be(scene: Scene, wanted: Mapping[str, object]) -> Scene:
    """Look at a session to be; one that stands still is not in its way."""
    if scene.session is not None and scene.session.state.ended is None:
        raise AutotuneError(
            f"Session {scene.session.name} is measured with settings of its own.", "leave the options out, or stop it with `autotune stop`"
        )
    return replace(scene, session=None, settings=wanted)


def _looked(name: str, look: Callable[[Scene], Check], scene: Scene) -> Check:
    try:
        return look(scene)
    except AutotuneError as error:
        return _refused(name, error)
    except Exception as error:  # noqa: BLE001 - a diagnosis is for when anything may be broken, and goes on
        failed = Fact(Observation.LOOK_FAILED, {"error": type(error).__name__, "problem": str(error)})
        return Check(name, Finding.TO_DO, (failed,), (Fact(Remedy.MEND_AND_LOOK_AGAIN),))


def _refused(name: str, error: AutotuneError) -> Check:
    return Check(name, Finding.TO_DO, (quoted(error.message),), (quoted(error.hint),))


def _scene(folder: Path, name: str | None) -> Scene:
    try:
        repository = git.discover(folder)
    except AutotuneError as error:
        return Scene(folder, trouble=error)
    if repository is None:
        return Scene(folder)
    try:
        there = name or layout.names(repository) or layout.without_ledger(repository)
        return Scene(folder, repository, sessions.find(folder, name) if there else None)
    except AutotuneError as error:
        return Scene(folder, repository, trouble=error)
    except Exception as error:  # noqa: BLE001 - the same
        return Scene(folder, repository, trouble=AutotuneError(f"The session cannot be read: {error!r}.", "look at its ledger"))


# The programs


def _python(_: Scene) -> Check:
    return Check("python", Finding.OK, (Fact(Observation.PYTHON, {"version": platform.python_version(), "path": sys.executable}),))


def _git(scene: Scene) -> Check:
    said = git.tell(scene.folder, "--version").text
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    found = Fact(Observation.GIT, {"version": said.removeprefix("git version "), "path": shutil.which("git")})
    if version < OLDEST_GIT:
        return Check("git", Finding.TO_DO, (found,), (Fact(Remedy.INSTALL_GIT, {"oldest": ".".join(map(str, OLDEST_GIT))}),))
    return Check("git", Finding.OK, (found,))


def _identity(scene: Scene) -> Check:
    known = commits.identity(scene.folder, "COMMITTER")
    if known is None:
        return Check("identity", Finding.TO_DO, (Fact(Observation.NO_NAME),), (Fact(Remedy.TELL_GIT_YOUR_NAME),))
    return Check("identity", Finding.OK, (Fact(Observation.NAME, {"name": f"{known.rpartition('>')[0]}>"}),))


def _environment(_: Scene) -> Check:
    imported = "; ".join(f"import {name}" for name in _PACKAGES)
    done = subprocess.run([sys.executable, "-I", "-c", imported], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    again = (Fact(Remedy.SET_UP_ANEW, {"program": str(ROOT / "bin" / "autotune")}),)
    if done.returncode != 0:
        problem = "".join(done.stderr.decode(errors="replace").strip().splitlines()[-1:])
        broken = Fact(Observation.ENVIRONMENT_BROKEN, {"folder": sys.prefix, "problem": problem})
        return Check("environment", Finding.TO_DO, (broken,), again)
    record = Path(sys.prefix, "autotune-environment.txt")
    if not record.is_file():
        return Check("environment", Finding.OK, (Fact(Observation.ENVIRONMENT_OF_OTHERS, {"folder": sys.prefix}),))
    digests = {hashlib.sha256(lock.read_bytes()).hexdigest(): lock.name for lock in ROOT.glob("requirements*.lock")}
    name = digests.get(record.read_text("utf-8").partition("\n")[0])
    if name is None:
        return Check("environment", Finding.TO_DO, (Fact(Observation.ENVIRONMENT_OUTDATED, {"folder": sys.prefix}),), again)
    return Check("environment", Finding.OK, (Fact(Observation.ENVIRONMENT, {"folder": sys.prefix, "lock": name}),))


def _cache(_: Scene) -> Check:
    folder = locks.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        closed = Fact(Observation.CACHE_CLOSED, {"folder": str(folder), "problem": error.strerror})
        return Check("cache", Finding.TO_DO, (closed,), (Fact(Remedy.OPEN_THE_CACHE),))
    return Check("cache", Finding.OK, (Fact(Observation.CACHE, {"folder": str(folder), "free_bytes": shutil.disk_usage(folder).free}),))


def _worktrees(scene: Scene) -> Check:
    """Look at where runs happen; without a folder for it nothing can be measured."""
    mine = scene.repository
    try:
        folders.make_worktrees(*(() if mine is None else (mine.top, mine.common)))
        chosen = folders.worktrees()
    except AutotuneError as refused:
        return _refused("worktrees", refused)
    advice = (Fact(Remedy.AVOID_DOT_FOLDERS, {"setting": folders.SETTING}),) if folders.is_dotted(chosen) else ()
    return Check("worktrees", Finding.OK, (Fact(Observation.WORKTREES, {"folder": str(chosen)}),), advice)


def _start_up(_: Scene) -> Check:
    """Measure what every command costs before it does anything: the launcher and Python, and a verb with its imports."""
    launcher, verb = [str(ROOT / "bin" / "autotune"), "--version"], [sys.executable, "-I", str(PACKAGE / "__main__.py"), "status", "--help"]
    reached_ms, begun_ms = _median_ms(launcher), _median_ms(verb)
    details = {"launcher_ms": round(reached_ms, 1), "verb_ms": round(begun_ms, 1)}
    found = Fact(Observation.START_UP, {**details, "starts": TIMED})
    advice = (Fact(Remedy.START_FASTER),) if max(reached_ms, begun_ms) > SLOW_START_MS else ()
    return Check("start-up", Finding.OK, (found,), advice, details)


def _median_ms(command: list[str]) -> float:
    times = []
    for _ in range(TIMED):
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
        if done.returncode != 0:
            words = useful_end(done.stderr, OUTPUT_SHOWN)
            raise AutotuneError(f"`{command[0]}` does not start: {words}", "install autotune again")
    return 1000 * sorted(times)[TIMED // 2]


def _machine(_: Scene) -> Check:
    load, cpus = machine.load_average(), machine.usable_cpus()
    holder = locks.holder(locks.measuring_lock())
    found = Fact(
        Observation.MACHINE,
        {**machine.fingerprint(), "load": None if load is None else round(load, 1), "holder": None if holder is None else str(holder)},
    )
    return Check("machine", Finding.OK, (found,), (Fact(Remedy.QUIET_THE_MACHINE),) if load is not None and load > cpus else ())


# The repository and the session


def _repository(scene: Scene) -> Check:
    repository = scene.repository
    if repository is None:
        if scene.trouble is not None:
            raise scene.trouble
        nowhere = Fact(Observation.NO_REPOSITORY, {"folder": str(scene.folder)})
        return Check("repository", Finding.MISSING, (nowhere,), (Fact(Remedy.GO_TO_A_REPOSITORY),))
    if scene.session is not None and scene.session.state.ended is None:
        sessions.require_branch(scene.session)
    else:
        opening.refuse_unfit(repository)
    figures = {"top": str(repository.top), "branch": git.current_branch(repository), "modified": len(status.modified(repository))}
    return Check("repository", Finding.OK, (Fact(Observation.REPOSITORY, figures),))


def _session(scene: Scene) -> Check:
    if scene.trouble is not None and scene.repository is not None:
        raise scene.trouble
    if scene.session is None:
        none = Fact(Observation.NO_SESSION if scene.repository is not None else Observation.NO_SESSION_WITHOUT_REPOSITORY)
        return Check("session", Finding.MISSING, (none,), (Fact(Remedy.OPEN_A_SESSION),))
    name, state, ended = scene.session.name, scene.session.state, scene.session.state.ended
    count = Fact(Observation.EXPERIMENTS, {"experiments": state.count, "kept": state.keeps + state.forced})
    if (busy := work.worker_of(scene.session)) is not None:
        return Check("session", Finding.OK, (_condition(name, state, count, Fact(Observation.WORKED_AT, {"holder": str(busy)})),))
    if not state.opened:
        return Check("session", Finding.TO_DO, (Fact(Observation.OPENING_CUT_OFF, {"session": name}),), (Fact(Remedy.ANY_COMMAND),))
    if ended is not None and ended.ending is Ending.PAUSED:
        return Check("session", Finding.TO_DO, (_condition(name, state, count),), (Fact(Remedy.UNBLOCK),))
    if state.experiment is not None and not state.experiment.may_settle:
        waiting = Fact(Observation.EXPERIMENT_OPEN, {"experiment": state.experiment.number})
        return Check("session", Finding.OK, (_condition(name, state, count, waiting),), (Fact(Remedy.SETTLE),))
    return Check("session", Finding.OK, (_condition(name, state, count),))


def _condition(name: str, state: State, *besides: Fact) -> Fact:
    if state.ended is not None:
        return Fact(Observation.SESSION, {"session": name, "condition": state.ended.ending}, state.ended.reason, besides)
    return Fact(Observation.SESSION, {"session": name, "condition": state.vitals.health}, state.vitals.why, besides)


def _configuration(scene: Scene) -> Check:
    path, to_be = _workdir(scene) / CONFIG_FILE, _config_to_be(scene) if scene.session is None else None
    if not path.is_file():
        advice = Fact(Remedy.WRITTEN_BY_INIT if scene.session is None else Remedy.PUT_BACK_NEXT)
        return Check("configuration", Finding.MISSING, (Fact(Observation.NO_CONFIGURATION, {"name": CONFIG_FILE}),), (advice,))
    held = configuration.toml_table(settings.text_of(path))
    if scene.session is None and (lacking := [name for name in ("name", "metric") if name not in {**held, **scene.settings}]):
        return Check("configuration", Finding.MISSING, (Fact(Observation.CONFIGURATION_IN_PART, {"path": str(path), "keys": lacking}),))
    written = to_be or configuration.parse_part(held)
    fixed = keys.fixed_differences(scene.session.state.config, written) if scene.session is not None else ()
    if fixed:
        advice = Fact(Remedy.SETTINGS_BACK, {"command": keys.acceptance(fixed)})
        differs = Fact(Observation.CONFIGURATION_DIFFERS, {"path": str(path), "keys": [*fixed]})
        return Check("configuration", Finding.TO_DO, (differs,), (advice,))
    figures = {"path": str(path), "metric": written.metric, "direction": written.direction}
    return Check("configuration", Finding.OK, (Fact(Observation.CONFIGURATION, figures),))


def _config_to_be(scene: Scene) -> Config:
    """Give what `init` would have of autotune.toml and of the options, as far as it is said. Raises `AutotuneError` where that is wrong."""
    folder, path = _workdir(scene), _workdir(scene) / CONFIG_FILE
    held = {**(configuration.toml_table(settings.text_of(path)) if path.is_file() else {}), **scene.settings}
    checks = {"checks": f"bash {CHECKS_FILE}"} if (folder / CHECKS_FILE).is_file() else {}
    config = configuration.parse_part({**checks, **opening.with_defaults(held)}, scene.settings)
    if "metric" in configuration.not_written(opening.with_defaults(held)) and config.source is not None and config.source.names_no_metric:
        raise AutotuneError(
            "The expression's group has no name, so the metric needs one.", "give it with --metric NAME, or name the group: (?P<NAME>...)"
        )
    if scene.repository is not None:
        configuration.refuse_beyond(config, folder.resolve().relative_to(scene.repository.top.resolve()).as_posix())
    return config


def _workdir(scene: Scene) -> Path:
    return scene.folder if scene.session is None else scene.session.workdir


def _hooks(scene: Scene) -> Check:
    if scene.repository is None:
        return Check("commit hooks", Finding.MISSING, (Fact(Observation.NOTHING_HERE),))
    folder = scene.repository.top / git.tell(scene.repository.top, "rev-parse", "--git-path", "hooks").text
    there = [name for name in _HOOKS_OF_A_COMMIT if os.access(folder / name, os.X_OK)]
    if not there:
        return Check("commit hooks", Finding.OK, (Fact(Observation.NONE),))
    found = Fact(Observation.COMMIT_HOOKS, {"names": there, "folder": str(folder)})
    return Check("commit hooks", Finding.OK, (found,), (Fact(Remedy.MIND_COMMIT_HOOKS),))


# A dry run


def _benchmark(scene: Scene) -> Check:
    """Run the benchmark once where it is measured: in the session's measuring worktree, else in a working tree of HEAD made for it."""
    try:
        with _ground(scene) as (config, ground):
            check = _dry_run(config, ground, named=scene.session is not None)
            lacking = () if check.finding is Finding.OK else _left_out(scene, config, ground.workdir)
            return replace(check, advice=(*check.advice, *lacking, *_led_back(scene, config, ground.workdir)))
    except NotRun as reason:
        return _not_run("benchmark", reason.why, *reason.advice)


def _not_run(name: str, why: Fact, *advice: Fact) -> Check:
    return Check(name, Finding.MISSING, (Fact(Observation.NOT_RUN, because=why),), advice)


@contextmanager
def _ground(scene: Scene) -> Iterator[tuple[Config, Ground]]:
    """Give the configuration and the place of a dry run, with the machine to itself where time is measured.

    Raises `NotRun` where there is to be none.
    """
    repository, config = _what_to_run(scene)
    with ExitStack() as stack:
        if _is_timed(scene, config):
            stack.enter_context(locks.hold(locks.measuring_lock(), "autotune doctor's dry run"))
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        scene.say(Fact(Kind.TRYING_OUT, {"since": now()}))
        if scene.session is not None:
            yield config, _measuring_ground(scene.session, Path(scratch))
        else:
            with _ground_of_its_own(repository, scene.folder, config, Path(scratch)) as ground:
                yield config, ground


def _is_timed(scene: Scene, config: Config) -> bool:
    return config.measures_time if scene.session is None else scene.session.state.timed


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
    if _is_timed(scene, config) and (holder := locks.holder(locks.measuring_lock())) is not None:
        raise NotRun(Observation.MACHINE_IN_USE, {"holder": str(holder)}, Fact(Remedy.LOOK_LATER))
    return scene.repository, config


def _without_session(scene: Scene) -> Config:
    """Give what `init` would measure by, as far as it is said; where no metric is named, whatever is printed will do."""
    config = _config_to_be(scene)
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
    finished = _execute(config, setup, ground.place.top / ground.workdir, ground.scratch)
    outcome, why = classify(finished, None)
    if outcome is not Outcome.OK:
        raise AutotuneError(f"`setup` failed: {told(why)}\n{useful_end(finished.tail, OUTPUT_SHOWN)}", "mend `setup`")


def _dry_run(config: Config, ground: Ground, *, named: bool) -> Check:
    """Run what prepares, the benchmark and the checks, up to the first that fails; the checks find what the benchmark found.

    `named`: somebody chose the metric.
    """
    measured = None
    place.occupy(ground.place, ground.content, ())
    for command in filter(None, (prepare_of(config), benchmark_of(config), checks_of(config))):
        if measured is not None:
            place.occupy(ground.place, ground.content, ())
        finished = _execute(config, command, ground.place.top / ground.workdir, ground.scratch)
        outcome, why = _outcome(config, finished) if command.measured else classify(finished, None)
        if outcome is not Outcome.OK:
            failed = Fact(Observation.COMMAND_DOES_NOT_SUCCEED, {"text": command.text, "command": command.name}, why)
            output = useful_end(finished.tail, OUTPUT_SHOWN).rstrip()
            seen = (failed, *((quoted(output),) if output else ()))
            known = reading.how_it_could_be_read(config, finished.tail) if why.kind is Kind.NO_METRIC else None
            return Check("benchmark", Finding.TO_DO, seen, (known or Fact(Remedy.MEND_UNTIL_IT_PASSES),), _details(finished, outcome))
        measured = finished if command.measured else measured
    if measured is None:
        raise AssertionError("a run measures nothing")
    return _passed(config, measured, named=named)


def _execute(config: Config, command: Command, folder: Path, scratch: Path) -> Executed:
    results = reading.expected(config, folder) if command.measured else None
    if results is not None:
        results.clear()
    seed = cases.told(scratch, ("1",) if config.seeds else (), seeded=True)
    finished = process.execute(
        command.text,
        cwd=folder,
        environment=environment.environment_for_runs(os.environ, config.env) | (seed if command.measured else {}),
        timeout_s=command.timeout_s,
        log=scratch / f"{command.name}.log",
        kept_bytes=0 if results is None else results.kept_bytes,
    )
    finished = finished if results is None else results.taken(finished)
    return replace(finished, report=finished.report.of_one("1")) if seed else finished


def _outcome(config: Config, finished: Executed) -> tuple[Outcome, Fact]:
    outcome, why, _ = reading.read_as(config, finished, (), ratios=True)
    return outcome, why


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
    return Check("benchmark", Finding.OK, (found,), tuple(advice), details)


# The benchmark here and there


def _comparison(scene: Scene) -> Check:
    """Run what prepares and the benchmark once in the checkout and once where it is measured, and say where they differ."""
    if scene.repository is None:
        return _not_run("comparison", Fact(Observation.NOTHING_HERE))
    if scene.session is not None and scene.session.state.config.sandbox:
        return _not_run("comparison", Fact(Observation.RUN_IN_SANDBOX))
    try:
        with _ground(scene) as (config, ground):
            before, folder = status.uncommitted(scene.repository), _workdir(scene)
            with results.set_aside(folder, config.source.file, ground.scratch) if config.source and config.source.file else nullcontext():
                here = _seen(scene, config, folder, ground.scratch, scene.repository.top)
            written = sorted({*status.uncommitted(scene.repository)} - {*before})
            left_out = [*_left_out(scene, config, ground.workdir)]
            place.occupy(ground.place, ground.content, ())
            there = _seen(scene, config, ground.place.top / ground.workdir, ground.scratch, ground.place.top)
    except NotRun as reason:
        return _not_run("comparison", reason.why, *reason.advice)
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
    return Check("comparison", finding, tuple(lines), tuple(advice), details)


def _seen(scene: Scene, config: Config, folder: Path, scratch: Path, top: Path) -> Seen:
    """Run what prepares and the benchmark in a folder, up to the first that fails; `top` is what the output may name of the place."""
    for command in filter(None, (prepare_of(config), benchmark_of(config))):
        finished = _execute(config, command, folder, scratch)
        outcome, why = _outcome(config, finished) if command.measured else classify(finished, None)
        if command.measured or outcome is not Outcome.OK:
            output = (scratch / f"{command.name}.log").read_text("utf-8", "replace")
            metrics = dict(finished.report.samples)
            if command.measured and config.measured_from_outside and (scene.session is not None or not metrics):
                metrics[config.metric] = measured_samples(finished)[config.metric]
            reason = why if command.measured else Fact(Kind.COMMAND_FAILED, {"command": command.name}, why)
            return Seen(outcome, told(reason), metrics, output, tuple(dict.fromkeys((str(top), str(top.resolve())))))
    raise AssertionError("a run measures nothing")


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
    if (found := rehearsing.led_back(scene.repository.top, scene.repository.top / workdir, config)) is not None:
        yield found


def _reasons_to_differ(uncommitted: Sequence[str], left_out: Sequence[Fact], there: Seen) -> Iterator[Fact]:
    """Say what the measuring place has not, or has otherwise: the first to look at where something differs."""
    if open_changes := [path for path in uncommitted if path.rpartition("/")[2] not in SESSION_FILES]:
        yield naming(Remedy.COMMIT, open_changes)
    yield from left_out
    yield Fact(Remedy.LOOK_FOR_PLACES, {"folder": there.folders[0]})


def _as_json(seen: Seen) -> dict[str, Any]:
    return {"outcome": seen.outcome, "why": seen.why, "metrics": dict(seen.metrics)}


# What was left


def _leftovers(scene: Scene) -> Check:
    """Look for measuring worktrees, and working trees of sessions, whose session or whole repository is gone.

    Those of a repository that is there are told in that repository.
    """
    here = scene.repository.common if scene.repository is not None else None
    left = [folder for root in _roots() for folder in sorted(root.glob("*-??????????/*/")) if _is_left_over(folder, here)]
    trees = [
        str(tree) for folder in left for tree in (folder / "tree", folder) if tree.is_dir() and (tree != folder or (tree / ".git").exists())
    ]
    gone = [str(folder) for folder in left if not (folder / "tree").is_dir() and not (folder / ".git").exists()]
    found, advice = [], []
    if gone:
        found.append(Fact(Observation.FOLDERS_LEFT, {"folders": gone}))
        advice.append(Fact(Remedy.DELETE_FOLDERS))
    if trees:
        found.append(Fact(Observation.TREES_LEFT, {"folders": trees}))
        advice.append(Fact(Remedy.SAVE_TREES))
    details = {"folders": gone, "working_trees": trees}
    return Check("leftovers", Finding.OK, tuple(found) or (Fact(Observation.NONE),), tuple(advice), details)


def _roots() -> tuple[Path, ...]:
    """List the folders in which sessions have theirs, and had them before."""
    found = [locks.cache_folder()]
    for one in (folders.worktrees, folders.trees):
        with suppress(AutotuneError):
            found.append(one())
    return tuple(dict.fromkeys(found))


def _is_left_over(folder: Path, here: Path | None) -> bool:
    """Whether a folder holds a working tree that git keeps for a session which is no longer there, in the repository `here` or in none."""
    marks = [mark for mark in (folder / "measure" / ".git", folder / "tree" / ".git", folder / ".git") if mark.is_file()]
    for mark in marks:
        own = Path(mark.read_text("utf-8", "surrogateescape").strip().removeprefix("gitdir: "))  # COMMON/worktrees/NAME
        common = own.parents[1]
        if (common / "autotune" / folder.name).is_dir() or (common.is_dir() and (here is None or not common.samefile(here))):
            return False
    owner = re.fullmatch(r"doctor-(\d+)", folder.name)
    return bool(marks) and not (owner and atomic.lives(owner[1]))


def _hook_log(_: Scene) -> Check:
    path = locks.cache_folder() / "hooks.log"
    if not path.is_file():
        return Check("hook log", Finding.OK, (Fact(Observation.HOOKS_WENT_WELL),))
    lines = [escaped(line) for line in path.read_text("utf-8", "replace").splitlines() if line.strip()][-LOG_LINES:]
    seen = (Fact(Observation.HOOK_LOG, {"path": str(path)}), *map(quoted, lines))
    return Check("hook log", Finding.OK, seen, details={"lines": lines})


_LOOKS: dict[str, Callable[[Scene], Check]] = {
    "python": _python,
    "git": _git,
    "identity": _identity,
    "environment": _environment,
    "cache": _cache,
    "worktrees": _worktrees,
    "start-up": _start_up,
    "machine": _machine,
    "repository": _repository,
    "session": _session,
    "configuration": _configuration,
    "commit hooks": _hooks,
    "benchmark": _benchmark,
    "leftovers": _leftovers,
    "hook log": _hook_log,
}
