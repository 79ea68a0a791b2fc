"""Opening a session: what is refused, and what is written once it is sure to work."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from autotune.core.config.commands import needs_network
from autotune.core.config.model import Config
from autotune.core.config.reading import parse, toml_table
from autotune.core.facts import NAMED, Fact, Kind, naming
from autotune.core.health.transitions import Mode
from autotune.core.ledger.events import Opened, SegmentOpened
from autotune.core.ledger.fold import begin
from autotune.core.model import Metric
from autotune.core.output import sources
from autotune.core.output.naming import direction_of
from autotune.core.output.outcome import OWN_UNITS
from autotune.core.tell.words import told
from autotune.core.trust.benchmark import Project
from autotune.core.trust.patterns import from_top
from autotune.edges import commits, copies, folders, git, locks, place, status, submodules, tree, worktrees
from autotune.edges.clock import now
from autotune.edges.git import Repository
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError
from autotune.loop.candidate import pinning
from autotune.loop.measure import places, reading, recording
from autotune.loop.measure.turns import Interrupted, alone
from autotune.loop.opening import rehearsing
from autotune.loop.session import folding, layout, leftovers, sessions, settings, teaching
from autotune.loop.session.files import exclude, project, write_missing
from autotune.loop.session.layout import BENCHMARK_FILE, BRANCHES, CHECKS_FILE, CONFIG_FILE, Folder, root
from autotune.loop.session.session import Say, Session
from autotune.readers.recognising import recognised

_SEED = "AUTOTUNE_(SEED|CASE)"
_POINTER = b"version https://git-lfs.github.com/spec/"  # how a file begins that Git LFS has not brought


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks `init` for. `settings` are configuration keys that win over those of an autotune.toml that is there.

    `anyway` opens a session on a benchmark that sees next to nothing too, and in a working tree of its own whatever the checkout holds.
    """

    folder: Path
    settings: Mapping[str, object]
    once: bool = False
    worktree: bool = False
    anyway: bool = False


def open_session(request: Request, say: Say) -> Session:
    """Open a session: try everything out first, beside the user's work; then make branch, ledger and files.

    Raises `AutotuneError` where the repository, the configuration or the benchmark is not fit for one; then nothing has changed.
    """
    repository = sessions.repository_at(request.folder)
    refuse_unfit(repository, clean=not (request.worktree and request.anyway))
    with _alone_at_it(repository):
        return _open(request, repository, say)


@contextmanager
def _alone_at_it(repository: Repository) -> Iterator[None]:
    """Have one session opened at a time: until it has its name, another one would take the same, and its measuring worktree."""
    lock = root(repository) / "opening.lock"
    there = lock.parent.is_dir()
    with locks.hold(lock, "opening a session"):
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
            if not there:
                with suppress(OSError):
                    lock.parent.rmdir()


def _open(request: Request, repository: Repository, say: Say) -> Session:
    _refuse_second(repository, worktree=request.worktree)
    if request.worktree:
        folders.make(folders.trees(), "make it writable, or open the session without --worktree")
        places.remove_empty(folders.trees())
    workdir = _workdir(repository, request.folder)
    config = _config(request)
    if (old := settings.old_keys(_settings(request))) is not None:
        say(old)
    say(Fact(Kind.DIRECTION, _direction(config, said="direction" in _settings(request) or _tool_says(config))))
    name = _free_name(repository, config.name)
    base = git.resolve(repository.top, "HEAD") or ""
    project = pinning.looked_through(repository, workdir, config, git.tracked(repository.top, base))
    segment = _first_segment(repository, name, project, config, base, worktree=request.worktree)
    for fact in (*pinning.what_is_protected(repository, segment, project), *not_here(repository, segment.base)):
        say(fact)
    if not config.in_place and (missing := places.lacking(repository.top, config, workdir)):
        say(Fact(Kind.NOT_CARRIED, {"paths": list(missing[:NAMED])}))
    if config.seeds and not _reads_seed(repository.top, request.folder, config):
        say(Fact(Kind.SEED_UNREAD, {"script": BENCHMARK_FILE}))
    if config.in_place:
        say(Fact(Kind.MEASURED_IN_PLACE, {"top": str(repository.top)}))
    with _staged(repository, name, say) as folder:
        _remember_ignored(repository, folder)
        _remember_users_files(repository.top, folder, segment.base)
        teaching.give(repository, folder, Metric(config.metric, config.unit, config.direction))
        session = Session(repository, folder, begin(segment), Position(), say)
        try:
            with alone(session, "the baseline") as turn:
                rehearsing.rehearse(session, segment, turn, anyway=request.anyway)
                rehearsing.offer_sandbox(session)
        except Interrupted as why:
            raise AutotuneError(f"The baseline is not measured: {why}.", f"allow more with max_cost_usd in {CONFIG_FILE}") from None
        commits.set_ref(repository.top, layout.folder_of(repository, name).ref("pins-1"), segment.pins, "what segment 1 is measured with")
        folder.path.rename(layout.folder_of(repository, name).path)
    return complete_opening(repository, name, say)


def count_in_scope(session: Session) -> int:
    """Count the tracked files that a candidate may change."""
    opened = session.state.segment.opened
    return len(pinning.in_scope(session.repository, opened.workdir, session.state.config, session.state.incumbent, opened.pins))


def not_here(repository: Repository, commit: str) -> Iterator[Fact]:
    """Say which tracked files have no content in the checkout, so that a benchmark which needs them cannot have it either."""
    empty = [path for path in submodules.commits_recorded(repository.top, commit) if not (repository.top / path / ".git").exists()]
    if empty:
        yield naming(Kind.SUBMODULES_EMPTY, empty)
    large = sorted(status.kept_by_lfs(repository.top, commit))
    if pointers := [path for path in large if (repository.top / path).is_file() and _is_pointer(repository.top / path)]:
        yield naming(Kind.LFS_NAMES_ALONE, pointers, installed=git.has_lfs())


def _reads_seed(top: Path, folder: Path, config: Config) -> bool:
    """Whether the benchmark's command, its script or a tracked file names a variable that a seed comes in."""
    script = folder / BENCHMARK_FILE
    texts = (config.benchmark, script.read_text("utf-8", "replace") if script.is_file() else "")
    return any(re.search(_SEED, text) for text in texts) or bool(status.mentioning(top, _SEED))


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER


def refuse_unfit(repository: Repository, *, clean: bool = True) -> None:
    """Refuse a repository that is in the middle of something, or whose state a session could not be told from."""
    sessions.refuse_unfinished(repository)
    if git.resolve(repository.top, "HEAD") is None:
        raise AutotuneError("The repository has no commit yet.", "commit what is to be tuned, then try again")
    if git.current_branch(repository) is None:
        raise AutotuneError("HEAD is detached, so there is no branch to come back to.", "check out a branch: `git switch BRANCH`")
    if clean and (changed := status.modified(repository)):
        named = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")  # noqa: PLR2004 - a list's length
        large = status.kept_by_lfs(repository.top, git.resolve(repository.top, "HEAD") or "").intersection(changed)
        hint = "commit or stash them first; or say `--worktree --anyway`: then the session works elsewhere, and they stay as they are"
        hint = git.LFS_HINT if large and not git.has_lfs() else hint
        raise AutotuneError(f"Tracked files are modified or staged: {named}.", hint)
    if git.resolve(repository.top, f"refs/heads/{BRANCHES.rstrip('/')}") is not None:
        raise AutotuneError(
            "A branch is called autotune, so no session can have its branch, autotune/NAME.", "`git branch -m autotune ANOTHER-NAME`"
        )
    refuse_nameless(repository)


def refuse_nameless(repository: Repository) -> None:
    """Raise AutotuneError where git cannot make a commit of a keep for want of a name."""
    if not commits.has_identity(repository):
        raise AutotuneError(
            "git does not know your name, and each keep is a commit.",
            "`git config --global user.name YOU` and `git config --global user.email YOU@EXAMPLE`",
        )


def _refuse_second(repository: Repository, *, worktree: bool) -> None:
    branch = git.current_branch(repository) or ""
    name = branch.removeprefix(BRANCHES)
    if not worktree and branch.startswith(BRANCHES) and name in layout.names(repository):
        session = sessions.load(repository, name)
        if session.state.ended is None:
            raise AutotuneError(
                f"Session {name} is active in this working tree.",
                "`autotune stop` ends it; `autotune init --worktree` opens another one next to it",
            )


def _workdir(repository: Repository, folder: Path) -> str:
    inside = folder.resolve().relative_to(repository.top.resolve())
    return "" if str(inside) == "." else inside.as_posix()


def _settings(request: Request) -> dict[str, object]:
    """Give what a person set: in an autotune.toml that is there, and now."""
    path = request.folder / CONFIG_FILE
    written = toml_table(settings.text_of(path)) if path.is_file() else {}
    if "metric" in request.settings and request.settings["metric"] != written.get("metric"):
        written = {key: value for key, value in written.items() if key not in {"unit", "direction"}}  # they are another metric's
    return {**written, **request.settings}


def _config(request: Request) -> Config:
    settings = with_defaults(_settings(request))
    if request.once:
        settings["decision_mode"] = "once"
    if not settings.get("checks") and "checks" not in request.settings and (request.folder / CHECKS_FILE).is_file():
        settings["checks"] = f"bash {CHECKS_FILE}"
    for name, flag in (("name", "--name"), ("metric", "--metric")):
        if name not in settings:
            known = recognised(str(settings.get("benchmark", ""))) if name == "metric" else None
            hint = f"give one with {flag}, or as `{name}` in {CONFIG_FILE}"
            raise AutotuneError(f"The session needs a {name}.", hint if known is None else f"{hint}; {told(known)}")
    config = parse(settings, request.settings).without_findings
    if config.notify:
        raise AutotuneError(
            f"notify in {CONFIG_FILE} is refused: only you can set it, at a terminal.",
            "take the line out; once the session is open, `autotune config set notify VALUE` sets it",
        )
    if config.sandbox and needs_network(config):
        raise AutotuneError("The judge asks models, and in the sandbox there is no network.", "leave `sandbox` false for this session")
    if config.benchmark == f"bash {BENCHMARK_FILE}" and not (request.folder / BENCHMARK_FILE).is_file():
        raise AutotuneError(
            f"There is no benchmark: {BENCHMARK_FILE} is not in {request.folder}.",
            f"write one that prints `METRIC {config.metric}=VALUE`, or name a command with --command",
        )
    return config


def _direction(config: Config, *, said: bool) -> dict[str, object]:
    speaks_for = direction_of(config.metric, config.unit)
    return {"metric": config.metric, "direction": str(config.direction), "said": said, "speaks_for": speaks_for and str(speaks_for)}


def _tool_says(config: Config) -> bool:
    """Whether the tool whose results are read is known to say which way its metrics get better."""
    return config.source is not None and bool(config.source.format.metric)


def with_defaults(settings: Mapping[str, object]) -> dict[str, object]:
    """Add what goes without saying of a metric: its direction, and its unit where autotune measures it or a tool whose results are read."""
    try:
        source = sources.source(str(settings.get("read") or ""))
    except ValueError:  # refused with key and value when all is read
        source = None
    implied = source.implied(settings.get("metric")) if source is not None else {}
    own = {"unit": OWN_UNITS.get(str(settings.get("metric")), ""), "direction": "lower"}
    return own | implied | dict(settings)


def _free_name(repository: Repository, name: str) -> str:
    dated = f"{name}-{datetime.now(UTC):%Y%m%d}"
    branches = commits.refs(repository.top, f"refs/heads/{BRANCHES}")
    trees = layout.session_tree(repository, name).parent
    taken = {path.name for path in trees.glob("*")}
    taken |= {*layout.names(repository), *(one.removeprefix(f"refs/heads/{BRANCHES}").partition("/")[0] for one in branches)}
    return next(one for one in (dated, *(f"{dated}-{number}" for number in range(2, 10_000))) if one not in taken)


def _first_segment(repository: Repository, name: str, project: Project, config: Config, base: str, *, worktree: bool) -> SegmentOpened:
    workdir = project.tree.folder
    home = layout.session_tree(repository, name) if worktree else repository.top
    scratch = repository.folder / "autotune-scratch-index"
    try:
        pins = pinning.pin(repository, workdir, config, base, scratch, project)
    finally:
        scratch.unlink(missing_ok=True)
    pinning.refuse_silence(project, config)
    pinning.refuse_scope(repository, workdir, config, base, pins)
    reading.refuse_unfit(repository.top, workdir, config, git.tracked(repository.top, base))
    return SegmentOpened(
        **recording.of_segment(config, repository.top, workdir, Fact(Kind.SESSION_OPENS)),
        name=config.name,
        segment=1,
        mode=Mode.OPTIMIZE,
        session=name,
        branch=BRANCHES + name,
        started_on=git.current_branch(repository) or "",
        base=base,
        tree=str(home),
        workdir=workdir,
        pins=pins,
    )


@contextmanager
def _staged(repository: Repository, name: str, say: Say) -> Iterator[Folder]:
    """Give a folder in which a session comes to be; whatever goes wrong, nothing is left of it."""
    leftovers.remove_leftovers(repository)
    _forget_place(repository, name)
    path = root(repository) / f"{layout.OPENING}{name}-{os.getpid()}"
    path.mkdir(parents=True)
    try:
        yield Folder(path)
    except BaseException:
        say(Fact(Kind.REMOVING_PLACE, {"since": now()}))
        shutil.rmtree(path, ignore_errors=True)
        _forget_place(repository, name)
        raise


def _forget_place(repository: Repository, name: str) -> None:
    """Delete the measuring worktree of a session that does not exist (yet, or any more)."""
    if (cache := layout.session_cache(repository, name)).exists():
        places.remove_places(repository, cache)


def _remember_ignored(repository: Repository, folder: Folder) -> None:
    """Write down which files git is told to ignore, apart from .gitignore files, as it is before the session."""
    own = git.tell(repository.top, "rev-parse", "--git-path", "info/exclude").text
    configured = git.query(repository.top, "config", "--type=path", "core.excludesFile")
    general = Path(configured.text) if configured else Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "git" / "ignore"
    held = [path.read_bytes() for path in (general, repository.top / own) if path.is_file()]
    (folder.path / "exclude").write_bytes(b"\n".join(held) + b"\n")


def _remember_users_files(top: Path, folder: Folder, commit: str) -> None:
    """Write down what git does not track as it is before the session: these files are the user's."""
    view = tree.View(top, folder.path / "index", folder.path / "exclude", tree.apart(top, commit))
    tree.point_at(view, commit)
    found = (f"{tree.identity(top, path)}\t{path}" for path in tree.untracked(view))
    (folder.path / "untracked").write_bytes(git.encode_paths(found))
    (folder.path / "folders").write_bytes(git.encode_paths(tree.untracked_folders(view, git.tracked(top, commit))))


def complete_opening(repository: Repository, name: str, say: Say = lambda _: None) -> Session:
    """Bring a session that has its ledger, but not all of its branch, working tree and files, to where it is open."""
    folder = layout.folder_of(repository, name)
    state, _ = folding.read_session(folder)
    segment = state.segment.opened
    home = Path(segment.tree)
    if git.resolve(repository.top, f"refs/heads/{segment.branch}") is None:
        commits.set_ref(repository.top, f"refs/heads/{segment.branch}", segment.base, "the session's branch")
    if layout.is_own_tree(home, name):
        say(Fact(Kind.MAKING_TREE, {"since": now()}))
        _make_tree(repository, home, folder, segment, state.config)
    own = git.discover(home) or repository
    if git.current_branch(own) == segment.started_on and git.resolve(own.top, "HEAD") == segment.base and home == own.top:
        worktrees.switch_to_new(own, segment.branch)
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
    if repository.top == home:  # cut off before, and about to be removed
        others = (tree for tree in worktrees.checked_out(repository) if tree != home)
        repository = replace(repository, top=next(others, repository.common))
    place.take_down(repository, home)
    folders.make(home.parent, "make it writable, then run the command again")
    git.tell(repository.top, "worktree", "add", "-q", str(home), segment.branch)
    submodules.fill_submodules(repository.top, home, submodules.commits_recorded(repository.top, segment.base))
    for path in config.carry:
        name = from_top(path, segment.workdir)
        if os.path.lexists(repository.top / name):
            copies.bring_copies(repository.top, home, name)
    _remember_users_files(home, folder, segment.base)
    made.touch()
