"""Opening a session, and a segment of one: what is refused, what is tried out first, and what is written once it is sure to work."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from autotune.core import carrying, patterns, protection, stats
from autotune.core.config import Config, parse, to_mapping, toml_table
from autotune.core.events import Event, Opened, Purpose, Ran, Result, SegmentOpened, from_line, to_line
from autotune.core.figures import number
from autotune.core.health import Health, Mode
from autotune.core.metrics import RESERVED
from autotune.core.model import Arm, DecisionMode, Direction, Outcome, Status
from autotune.core.state import State, begin
from autotune.edges import git, ledger, place, process, sandbox, tree
from autotune.edges.git import Repository
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError
from autotune.loop import calibrating, surroundings
from autotune.loop import session as sessions
from autotune.loop.bench import Bench, Interrupted, alone
from autotune.loop.candidate import GIT_FILES
from autotune.loop.files import exclude, project, settings_text, write_missing
from autotune.loop.measuring import baseline
from autotune.loop.places import bench_for, content_of
from autotune.loop.session import (
    BENCHMARK_FILE,
    BRANCHES,
    CHECKS_FILE,
    CONFIG_FILE,
    SESSION_FILES,
    Folder,
    Session,
    now,
    root,
)
from autotune.version import version

UNCHANGED_WITHIN = 0.02  # a metric that emptied files change by less than this, or by less than five noise floors, does not measure them
UNCHANGED_WITHIN_ONCE = 0.10
LONGEST_OFFER_S = 60.0  # a run that takes longer is not made once more to try the sandbox
_NAMED = 8  # files that a message names
_LONGEST_READ = 1024 * 1024  # bytes of a script that are looked at for what it names


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks `init` for. `settings` are configuration keys that win over those of an autotune.toml that is there."""

    folder: Path
    settings: Mapping[str, object]
    once: bool = False
    worktree: bool = False


def open_session(request: Request, say: Callable[[str], None]) -> Session:
    """Open a session: try everything out first, beside the user's work; then make branch, ledger and files.

    Raises `AutotuneError` where the repository, the configuration or the benchmark is not fit for one; then nothing has changed.
    """
    repository = sessions.repository_at(request.folder)
    refuse_unfit(repository)
    _refuse_second(repository, worktree=request.worktree)
    workdir = _workdir(repository, request.folder)
    config = _config(request)
    name = _free_name(repository, config.name)
    segment = _first_segment(repository, name, workdir, config, worktree=request.worktree)
    for words in _protected(repository, segment, config):
        say(words)
    if not config.in_place and (missing := carrying.proposed(git.ignored(request.folder), config.carry)):
        say(_proposed(missing))
    if config.in_place:
        say(f"measured in the checkout itself (in_place): while something is measured, files in scope change in {repository.top}")
    with _staged(repository, name) as folder:
        _remember_ignored(repository, folder)
        _remember_users_files(repository.top, folder, segment.base)
        session = Session(repository, folder, begin(segment), Position(), say)
        with alone(session, "measuring a baseline"):
            rehearse(session, segment)
            _offer_sandbox(session)
        git.set_ref(repository.top, folder_for(repository, name).ref("pins-1"), segment.pins, "what segment 1 is measured with")
        folder.path.rename(folder_for(repository, name).path)
    return complete(repository, name, say)


def _offer_sandbox(session: Session) -> None:
    """Say that the sandbox would do, where it does: with one more run of benchmark and checks, unless that is too dear."""
    state = session.state
    dear = state.decision_mode is DecisionMode.ONCE or (state.baseline_wall_s or 0.0) > LONGEST_OFFER_S
    if state.config.sandbox == "on" or dear or not sandbox.works():
        return
    try:
        works = replace(bench_for(session, None), walled=True).passes()
    except AutotuneError:
        return
    if works:
        session.say("benchmark and checks work in the sandbox too: --sandbox on takes a run's network and its writing elsewhere")


def _protected(repository: Repository, segment: SegmentOpened, config: Config) -> Iterator[str]:
    """Say what is protected, and what the benchmark loads that is not."""
    held = sorted(git.tracked(repository.top, segment.pins))
    yield f"protected, for they decide what is measured: {_listed(held) or 'no files'}; --allow PATTERN frees some"
    folder = repository.top / segment.workdir
    prefix = f"{segment.workdir}/" if segment.workdir else ""
    inside = _within_scope(segment.workdir, config, git.tracked(repository.top, segment.base))
    pinned = [path.removeprefix(prefix) for path in held if path.startswith(prefix)]
    scripts = [name for name in (BENCHMARK_FILE, CHECKS_FILE) if (folder / name).is_file()]
    if loaded := protection.left_open(inside, pinned, scripts, lambda name: _text(folder / name)):
        yield f"open to change, though benchmark or checks load them: {_listed(loaded)}; --protect PATTERN closes what only measures"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _proposed(missing: Sequence[str]) -> str:
    options = " ".join(f"--carry {shlex.quote(path)}" for path in missing[:_NAMED])
    return f"runs happen in a worktree of their own, without what git ignores; if the benchmark needs it: {options}"


def folder_for(repository: Repository, name: str) -> Folder:
    """Give the folder of a session by its name."""
    return Folder(root(repository) / name)


def refuse_unfit(repository: Repository) -> None:
    """Refuse a repository that is in the middle of something, or whose state a session could not be told from."""
    if doing := git.unfinished(repository):
        raise AutotuneError(
            f"A {doing} is in progress in {repository.top}.", f"finish it, or undo it with `git {doing} --abort` or `git {doing} reset`"
        )
    if git.resolve(repository.top, "HEAD") is None:
        raise AutotuneError("The repository has no commit yet.", "commit what is to be tuned, then try again")
    if git.current_branch(repository) is None:
        raise AutotuneError("HEAD is detached, so there is no branch to come back to.", "check out a branch: `git switch BRANCH`")
    if changed := git.modified(repository):
        named = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")  # noqa: PLR2004 - a list's length
        raise AutotuneError(f"Tracked files are modified or staged: {named}.", "commit or stash them first; a session starts from a commit")
    if git.resolve(repository.top, f"refs/heads/{BRANCHES.rstrip('/')}") is not None:
        raise AutotuneError(
            "A branch is called autotune, so none can be called autotune/NAME, as a session's is.", "`git branch -m autotune ANOTHER-NAME`"
        )
    if not git.has_identity(repository):
        raise AutotuneError(
            "git does not know your name, and keeps are commits.",
            "`git config user.name YOU` and `git config user.email YOU@EXAMPLE`",
        )


def _refuse_second(repository: Repository, *, worktree: bool) -> None:
    branch = git.current_branch(repository) or ""
    name = branch.removeprefix(BRANCHES)
    if not worktree and branch.startswith(BRANCHES) and name in sessions.names(repository):
        session = sessions.load(repository, name)
        if session.state.ended is None:
            raise AutotuneError(
                f"Session {name} is active in this working tree.",
                "`autotune stop` ends it; `autotune init --worktree` opens another beside it",
            )


def _workdir(repository: Repository, folder: Path) -> str:
    inside = folder.resolve().relative_to(repository.top.resolve())
    return "" if str(inside) == "." else inside.as_posix()


def _config(request: Request) -> Config:
    written = request.folder / CONFIG_FILE
    held = toml_table(settings_text(written)) if written.is_file() else {}
    settings = {"direction": "lower", **held, **request.settings}
    if request.once:
        settings["decision_mode"] = "once"
    if not settings.get("checks") and "checks" not in request.settings and (request.folder / CHECKS_FILE).is_file():
        settings["checks"] = f"bash {CHECKS_FILE}"
    for name, flag in (("name", "--name"), ("metric", "--metric")):
        if name not in settings:
            raise AutotuneError(f"The session needs a {name}.", f"give one with {flag}, or as `{name}` in {CONFIG_FILE}")
    config = parse(settings)
    if config.benchmark == f"bash {BENCHMARK_FILE}" and not (request.folder / BENCHMARK_FILE).is_file():
        raise AutotuneError(
            f"There is no benchmark: {BENCHMARK_FILE} is not in {request.folder}.",
            f"write one that prints `METRIC {config.metric}=VALUE`, or name a command with --command",
        )
    return config


def _free_name(repository: Repository, name: str) -> str:
    dated = f"{name}-{datetime.now(UTC):%Y%m%d}"
    branches = git.refs(repository.top, f"refs/heads/{BRANCHES}")
    taken = {*sessions.names(repository), *(one.removeprefix(f"refs/heads/{BRANCHES}").partition("/")[0] for one in branches)}
    return next(one for one in (dated, *(f"{dated}-{number}" for number in range(2, 10_000))) if one not in taken)


def _first_segment(repository: Repository, name: str, workdir: str, config: Config, *, worktree: bool) -> SegmentOpened:
    base = git.resolve(repository.top, "HEAD") or ""
    home = sessions.session_cache(repository, name) / "tree" if worktree else repository.top
    scratch = repository.folder / "autotune-scratch-index"
    try:
        pins = pin(repository, workdir, config, base, scratch)
    finally:
        scratch.unlink(missing_ok=True)
    refuse_scope(repository, workdir, config, base, pins)
    return SegmentOpened(
        name=config.name,
        metric_name=config.metric,
        metric_unit=config.unit,
        direction=config.direction,
        segment=1,
        mode=Mode.OPTIMIZE,
        timestamp=now(),
        session=name,
        version=version(),
        branch=BRANCHES + name,
        started_on=git.current_branch(repository) or "",
        base=base,
        tree=str(home),
        workdir=workdir,
        pins=pins,
        in_place=config.in_place,
        config=to_mapping(config),
        machine=surroundings.recorded(config, repository.top / workdir),
        environment=process.recorded_environment(process.environment_for_runs(os.environ, config.env)),
        reason="the session opens",
    )


def pin(repository: Repository, workdir: str, config: Config, commit: str, scratch: Path) -> str:
    """Make a commit of what decides what is measured, as it is now: benchmark, checks, and what `protect` names."""
    held = git.tracked(repository.top, commit)
    prefix = f"{workdir}/" if workdir else ""
    protected = patterns.matcher(config.protect)
    chosen = {path for path in held if path.startswith(prefix) and protected(path.removeprefix(prefix))}
    chosen |= {prefix + name for name in (BENCHMARK_FILE, CHECKS_FILE)}
    named = {*_named_files(repository.top / workdir, config)}
    chosen |= {prefix + name for name in named | found_to_protect(repository.top / workdir, workdir, config, held, named).keys()}
    chosen |= set(_led_to(repository.top, chosen))
    entries = {path: _entry(repository, path) for path in chosen if (repository.top / path).is_file()}
    return git.commit_tree(repository.top, git.make_tree(repository.top, entries, scratch), [], "autotune: what is measured with")


def found_to_protect(folder: Path, workdir: str, config: Config, held: Iterable[str], named: Iterable[str]) -> Mapping[str, str]:
    """Map the tracked files in scope that decide what is measured, as far as can be told from their names and texts, to why."""
    scripts = [name for name in (BENCHMARK_FILE, CHECKS_FILE, *sorted(named)) if (folder / name).is_file()]
    checks = {CHECKS_FILE, *_files_in(folder, config, (config.checks,))} - {*_files_in(folder, config, (config.benchmark,))}
    inside = _within_scope(workdir, config, held)
    return protection.measured_with(
        inside, config.scope, config.allow, scripts, lambda name: _text(folder / name), [one for one in scripts if one in checks]
    )


def _within_scope(workdir: str, config: Config, held: Iterable[str]) -> set[str]:
    """Give the tracked files in scope, relative to the working directory, the session's own left out."""
    prefix = f"{workdir}/" if workdir else ""
    scope = patterns.matcher(config.scope)
    return {path for one in held if one.startswith(prefix) and scope(path := one.removeprefix(prefix))} - {*SESSION_FILES}


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:_LONGEST_READ].decode(errors="replace")
    except OSError:
        return ""


def _led_to(top: Path, paths: Iterable[str]) -> Iterator[str]:
    """Give the files of the working tree to which links among some paths lead."""
    for path in paths:
        if (top / path).is_symlink() and (target := (top / path).resolve()).is_relative_to(top.resolve()):
            yield target.relative_to(top.resolve()).as_posix()


def _entry(repository: Repository, path: str) -> tuple[str, str]:
    target = repository.top / path
    if target.is_symlink():
        return "120000", git.store(repository.top, os.fsencode(target.readlink()))
    return ("100755" if os.access(target, os.X_OK) else "100644"), git.store(repository.top, target.read_bytes())


def _named_files(folder: Path, config: Config) -> Iterator[str]:
    """Give the files that the commands name, but not those that the scope names, nor those of a command measured from outside."""
    measured = () if config.metric.startswith(RESERVED) else (config.benchmark,)
    yield from _files_in(folder, config, (config.checks, config.prepare, config.setup, *measured))


def _files_in(folder: Path, config: Config, commands: Iterable[str]) -> Iterator[str]:
    for command in commands:
        try:
            words = shlex.split(command)
        except ValueError:
            words = command.split()
        for word in words:
            name = os.path.normpath(word)
            if not name.startswith(("/", "..")) and name not in config.scope and (folder / name).is_file():
                yield name


def in_scope(repository: Repository, workdir: str, config: Config, commit: str, pins: str) -> dict[str, tuple[str, str]]:
    """Map the tracked files that a candidate may change to their mode and blob."""
    prefix = f"{workdir}/" if workdir else ""
    scope, protected = patterns.matcher(config.scope), patterns.matcher(config.protect)
    never = {*git.tracked(repository.top, pins), *(prefix + name for name in SESSION_FILES)}
    return {
        path: entry
        for path, entry in git.tracked(repository.top, commit).items()
        if path.startswith(prefix)
        and scope(path.removeprefix(prefix))
        and not protected(path.removeprefix(prefix))
        and path not in never
        and path.rpartition("/")[2] not in GIT_FILES
    }


def refuse_scope(repository: Repository, workdir: str, config: Config, commit: str, pins: str) -> None:
    """Refuse a scope that holds nothing, or what cannot be taken back: submodules, LFS files, files git was told not to look at."""
    held = in_scope(repository, workdir, config, commit, pins)
    if not held:
        raise AutotuneError(
            f"No tracked file is in scope ({', '.join(config.scope)}).",
            "name what may be changed with --scope PATTERN; what the benchmark's command names is protected unless the scope names it too",
        )
    submodules = [path for path, (mode, _) in held.items() if mode == "160000"]
    large = [path for path, value in git.attribute(repository.top, "filter", tuple(held)).items() if value == "lfs"]
    hidden = [path for path in git.flagged(repository) if path in held]
    for found, what, hint in (
        (submodules, "are submodules", "leave them out of the scope"),
        (large, "are kept by Git LFS", "leave them out of the scope"),
        (
            hidden,
            "are marked assume-unchanged or skip-worktree",
            "clear the marks (`git update-index --no-assume-unchanged --no-skip-worktree FILE`)",
        ),
    ):
        if found:
            raise AutotuneError(f"In scope, {', '.join(found[:5])} {what}, so autotune could not take changes back.", hint)


@contextmanager
def _staged(repository: Repository, name: str) -> Iterator[Folder]:
    """Give a folder in which a session comes to be; whatever goes wrong, nothing is left of it."""
    sessions.remove_leftovers(repository)
    _forget_place(repository, name)
    path = root(repository) / f"{sessions.OPENING}{name}-{os.getpid()}"
    path.mkdir(parents=True)
    try:
        yield Folder(path)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        _forget_place(repository, name)
        raise


def _forget_place(repository: Repository, name: str) -> None:
    """Delete the measuring worktree of a session that does not exist (yet, or any more)."""
    cache = sessions.session_cache(repository, name)
    if cache.exists():
        place.remove(repository, cache / "measure")
        shutil.rmtree(cache, ignore_errors=True)


def _remember_ignored(repository: Repository, folder: Folder) -> None:
    """Write down which files git is told to ignore, apart from .gitignore files, as it is before the session."""
    own = git.tell(repository.top, "rev-parse", "--git-path", "info/exclude").text
    configured = git.ask(repository.top, "config", "--type=path", "core.excludesFile").text
    general = Path(configured) if configured else Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "git" / "ignore"
    held = [path.read_bytes() for path in (general, repository.top / own) if path.is_file()]
    (folder.path / "exclude").write_bytes(b"\n".join(held) + b"\n")


def _remember_users_files(top: Path, folder: Folder, commit: str) -> None:
    """Write down what git does not track as it is before the session: these files are the user's."""
    view = tree.View(top, folder.path / "index", folder.path / "exclude")
    tree.point_at(view, commit)
    found = (f"{tree.identity(top, path)}\t{path}" for path in tree.untracked(view))
    (folder.path / "untracked").write_bytes(git.encode(found))
    (folder.path / "folders").write_bytes(git.encode(tree.untracked_folders(view)))


def rehearse(session: Session, segment: SegmentOpened) -> tuple[Event, ...]:
    """Measure a baseline and prove that the files in scope are what is measured, on a ledger of their own; gives its events.

    The caller holds the machine. Raises `AutotuneError` where the benchmark or the checks fail, or where emptied files change nothing.
    """
    ledger.append(session.folder.ledger, lambda prev: to_line(segment, prev))
    session.refresh()
    bench = bench_for(session, None)
    begun = time.monotonic()
    values = baseline(session, bench, once=session.state.decision_mode is DecisionMode.ONCE)
    elapsed_s = time.monotonic() - begun
    passed, why, output = bench.check(Arm.INCUMBENT)
    if not passed:
        raise AutotuneError(
            f"The checks do not pass on the unchanged code: {why}\n{output}", f"mend them; they are `{session.state.config.checks}`"
        )
    if not session.state.config.in_place:
        _prove(session, bench, values)
    calibrated = calibrating.after_baseline(session, bench, values, elapsed_s)
    session.append(_baseline_result(session, values))
    session.append(calibrated)
    calibrating.apply_at_opening(session, calibrated)
    return tuple(event for line, _ in ledger.read(session.folder.ledger, Position()) if (event := from_line(line)) is not None)


def _prove(session: Session, bench: Bench, values: Sequence[float]) -> None:
    """Show that the worktree is what is measured: with the files in scope emptied, the benchmark has to fail or to change its metric."""
    state = session.state
    held = in_scope(session.repository, state.segment.workdir, state.config, state.incumbent, state.segment.pins)
    nothing = git.store(session.top, b"")
    emptied = {path: (mode, nothing) for path, (mode, _) in held.items() if mode.startswith("100")}
    scratch = session.folder.path / "scratch-index"
    git.tell(session.top, "read-tree", content_of(session, state.incumbent), index=scratch)
    git.set_entries(session.top, scratch, emptied, ())
    bench.content[Arm.CANDIDATE] = git.write_tree(session.top, scratch)
    bench.alternating = tuple(emptied)
    session.say("proof: the same benchmark with every file in scope emptied")
    measured = bench.run(Arm.CANDIDATE, Purpose.PROOF)
    bench.alternating = tuple(emptied)
    value = measured.run.samples.get(state.metric.name)
    if bench.builds is not None:
        _prove_apart(bench, stats.median(values), value)
    if measured.run.outcome is Outcome.OK and value is not None and _unchanged(values, value, logs=min(values) > 0):
        raise AutotuneError(
            f"With every file in scope emptied the benchmark still passes, with {state.metric.name} = {number(value)} "
            f"(before: {number(stats.median(values))}): it does not measure this code.",
            "look for an editable install or an absolute path that leads out of the measuring worktree; "
            "where that has to be, --in-place measures in the checkout instead",
        )


def _prove_apart(bench: Bench, before: float, emptied: float | None) -> None:
    """Show that the build of emptied files, made last, left the unchanged code's own build as it was."""
    kept = bench.run(Arm.INCUMBENT, Purpose.PROOF)
    value = kept.run.samples.get(bench.session.state.metric.name)
    mixed_up = value is not None and emptied is not None and abs(value - emptied) < abs(value - before)
    if kept.run.outcome is not Outcome.OK or mixed_up:
        raise AutotuneError(
            f"Once `prepare` has run on other files, the unchanged code's build is not its own any more: {kept.why}.",
            "`prepare` writes outside of the working tree, so it has to run before every run: take build_once out",
        )


def _unchanged(values: Sequence[float], value: float, *, logs: bool) -> bool:
    if not logs:
        return min(values) <= value <= max(values)
    if value <= 0:
        return False
    ordinary = stats.noise_floor(stats.residual_pool(values, logs=True)) if len(values) > 1 else 0.0
    floor = UNCHANGED_WITHIN if len(values) > 1 else UNCHANGED_WITHIN_ONCE
    before, after = stats.places([stats.median(values), value], Direction.HIGHER, logs=True)
    return abs(after - before) <= max(floor, 5 * ordinary)


def _baseline_result(session: Session, values: Sequence[float]) -> Result:
    state = session.state
    return Result(
        index=state.count,
        commit=state.incumbent,
        metric=stats.median(values),
        status=Status.KEEP,
        description="baseline" if state.segment.segment == 1 else f"baseline of segment {state.segment.segment}",
        timestamp=now(),
        segment=state.segment.segment,
        metrics={},
        asi=None,
        failure=None,
        health=Health.RUNNING,
        recovery={},
        reason=f"the median of {len(values)} runs" if len(values) > 1 else "one run",
        files=(),
        mode=Mode.OPTIMIZE,
        outcome=Outcome.OK,
        baseline=True,
    )


def complete(repository: Repository, name: str, say: Callable[[str], None] = lambda _: None) -> Session:
    """Bring a session that has its ledger, but not all of its branch, working tree and files, to where it is open."""
    folder = folder_for(repository, name)
    state, _ = sessions.read(folder)
    segment = state.segment
    home = Path(segment.tree)
    if git.resolve(repository.top, f"refs/heads/{segment.branch}") is None:
        git.set_ref(repository.top, f"refs/heads/{segment.branch}", segment.base, "the session's branch")
    if home == sessions.session_cache(repository, name) / "tree":
        _make_tree(repository, home, folder, segment, state.config)
    own = git.discover(home) or repository
    if git.current_branch(own) == segment.started_on and git.resolve(own.top, "HEAD") == segment.base and home == own.top:
        git.switch_to_new(own, segment.branch)
    session = sessions.load(own, name)
    session.say = say
    exclude(session)
    write_missing(session)
    if not session.state.opened:
        session.append(Opened(timestamp=now()))
        project(session)
    return session


def _make_tree(repository: Repository, home: Path, folder: Folder, segment: SegmentOpened, config: Config) -> None:
    """Make a session's own working tree, anew if that was cut off before."""
    made = folder.path / "tree-made"
    if made.exists():
        return
    place.remove(repository, home)
    home.parent.mkdir(parents=True, exist_ok=True)
    git.tell(repository.top, "worktree", "add", "-q", str(home), segment.branch)
    for path in config.carry:
        source, target = repository.top / segment.workdir / path, home / segment.workdir / path
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    _remember_users_files(home, folder, segment.base)
    made.touch()


def rehearse_again(session: Session, reason: str, config: Config | None = None) -> tuple[Event, ...] | str:
    """Measure the incumbent as a new segment would, beside the session; gives the new segment's events, or why it does not work.

    The caller holds the machine. With `config` the segment takes what it names from the working tree as it is now; without, everything
    stays pinned as it was.
    """
    state, repository = session.state, session.repository
    path = root(repository) / f"{sessions.OPENING}{session.name}-{os.getpid()}"
    path.mkdir(parents=True)
    try:
        settings = config or state.config
        pins = state.segment.pins
        if config is not None:
            pins = pin(repository, state.segment.workdir, config, state.incumbent, path / "pins-index")
            refuse_scope(repository, state.segment.workdir, config, state.incumbent, pins)
        segment = replace(
            state.segment,
            segment=state.segment.segment + 1,
            timestamp=now(),
            version=version(),
            base=state.incumbent,
            metric_name=settings.metric,
            metric_unit=settings.unit,
            direction=settings.direction,
            in_place=settings.in_place,
            pins=pins,
            config=to_mapping(settings),
            machine=surroundings.recorded(settings, session.workdir),
            environment=process.recorded_environment(process.environment_for_runs(os.environ, settings.env)),
            reason=reason,
        )
        staged = replace_state(session, Folder(path), begin(segment), state)
        events = rehearse(staged, segment)
        git.set_ref(repository.top, session.folder.ref(f"pins-{segment.segment}"), pins, f"what segment {segment.segment} is measured with")
        _keep_logs(path, session.folder.path, segment.segment)
    except (AutotuneError, Interrupted) as error:
        return str(error)
    finally:
        shutil.rmtree(path, ignore_errors=True)
    return events


def replace_state(session: Session, folder: Folder, state: State, before: State) -> Session:
    """Give a session beside a session, with a ledger of its own, that goes on from the same incumbent."""
    goes_on = replace(state, incumbent=before.incumbent, count=before.count)
    return Session(session.repository, folder, goes_on, Position(), session.say, session.interrupted)


def _keep_logs(staged: Path, folder: Path, segment: int) -> None:
    if (staged / "runs").is_dir():
        shutil.copytree(staged / "runs", folder / "runs" / f"segment-{segment}", dirs_exist_ok=True)


def values_of(events: Iterable[Event]) -> tuple[float, ...]:
    """Give the baseline's values from a segment's events."""
    metric = next(event.metric_name for event in events if isinstance(event, SegmentOpened))
    runs = [event for event in events if isinstance(event, Ran) and event.purpose is Purpose.BASELINE]
    return tuple(run.metrics[metric] for run in runs if metric in run.metrics)
