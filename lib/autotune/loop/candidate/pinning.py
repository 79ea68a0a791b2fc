"""Pinning: which files decide what is measured, and which a candidate may change."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path, PurePosixPath

from autotune.core.config import reading as configuration
from autotune.core.config.model import Config
from autotune.core.facts import Fact, Kind, naming
from autotune.core.ledger.events import SegmentOpened
from autotune.core.output import printing
from autotune.core.tell.figures import listed
from autotune.core.tell.words import told
from autotune.core.trust import benchmark, patterns, protection, runners
from autotune.core.trust.runners import Tree
from autotune.edges import commits, git, indexes, status
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.candidate.boundary import GIT_FILES
from autotune.loop.session.layout import BENCHMARK_FILE, CHECKS_FILE, SESSION_FILES
from autotune.readers.recognising import recognised

_FEW = 200  # files that can be named one by one for git to look through
_LONGEST_READ = 4 * 1024 * 1024  # bytes of a file that are looked at for what it names and prints
_COMMAND, _CHECKS = "<benchmark>", "<checks>"  # names for command lines, which no file has


def pin(repository: Repository, workdir: str, config: Config, commit: str, scratch: Path, project: benchmark.Project | None = None) -> str:
    """Make a commit of what decides what is measured, as it is now: benchmark, checks, and what `protect` names.

    `project` is what was looked at, where that was done already.
    """
    held = git.tracked(repository.top, commit)
    project = project or looked_through(repository, workdir, config, held)
    chosen = {*filter(patterns.matcher(config.protect, workdir), held)}
    chosen |= {patterns.from_top(name, workdir) for name in (BENCHMARK_FILE, CHECKS_FILE)}
    chosen |= {*_named_files(repository.top, workdir, config), *benchmark.parts(project)}
    chosen |= set(_led_to(repository.top, chosen))
    entries = {path: _entry(repository, path) for path in chosen if _can_be_held(repository.top / path)}
    return commits.commit_tree(repository.top, indexes.make_tree(repository.top, entries, scratch), [], "autotune: what is measured with")


def looked_through(repository: Repository, workdir: str, config: Config, held: Iterable[str]) -> benchmark.Project:
    """Give the project's files as they are now, to find among them what decides what is measured."""
    configuration.refuse_beyond(config, workdir)
    top, measured = repository.top, not config.command_is_tuned
    command, checks, *own = (patterns.from_top(name, workdir) for name in (_COMMAND, _CHECKS, BENCHMARK_FILE, CHECKS_FILE))
    lines = {**({command: config.benchmark} if measured else {}), **({checks: config.checks} if config.checks else {})}
    files = [path for path in (*own, *sorted({*_named_files(top, workdir, config)})) if (top / path).is_file()]
    of_checks = {checks, own[1], *_files_in(top, workdir, config, (config.checks,))} - {
        *_files_in(top, workdir, config, (config.benchmark,))
    }
    return benchmark.Project(
        tree=Tree(frozenset(held), workdir),
        inside=_within_scope(workdir, config, held),
        scope=config.scope,
        scripts=(*lines, *files),
        checks=tuple(one for one in (*lines, *files) if one in of_checks),
        speaking=_speaking(top, held, printing.WORD if config.source is None else config.source.held),
        source=config.source,
        text=cache(lambda path: lines[path] if path in lines else _text(top / path)),
    )


def _speaking(top: Path, held: Iterable[str], word: str) -> tuple[str, ...]:
    """Give the tracked files that hold a word, of those that can be run or name what is; others too where these are many."""
    programs = list(islice((path for path in held if printing.is_run(path) or runners.is_runner(path)), _FEW + 1))
    return git.holding(top, word, paths=programs if len(programs) <= _FEW else ()) if word and programs else ()


def _within_scope(workdir: str, config: Config, held: Iterable[str]) -> set[str]:
    """Give the tracked files in scope, the session's own left out."""
    scope = patterns.matcher(config.scope, workdir)
    return {path for path in held if scope(path)} - {patterns.from_top(name, workdir) for name in SESSION_FILES}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_READ).decode(errors="replace")
    except OSError:
        return ""


def _led_to(top: Path, paths: Iterable[str]) -> Iterator[str]:
    """Give the files of the working tree to which links among some paths lead."""
    for path in paths:
        if (top / path).is_symlink() and (target := (top / path).resolve()).is_relative_to(top.resolve()):
            yield target.relative_to(top.resolve()).as_posix()


def _can_be_held(path: Path) -> bool:
    return path.is_file() or path.is_symlink()


def _entry(repository: Repository, path: str) -> tuple[str, str]:
    target = repository.top / path
    if target.is_symlink():
        return "120000", git.store(repository.top, os.fsencode(target.readlink()))
    return ("100755" if os.access(target, os.X_OK) else "100644"), git.store(repository.top, target.read_bytes())


def _named_files(top: Path, workdir: str, config: Config) -> Iterator[str]:
    """Give the files that the commands name, but not those of a command measured from outside, nor those that may be what is tuned.

    These are what the scope names, and sources in scope that a compiler is given.
    """
    measured = () if config.command_is_tuned else (config.benchmark,)
    inside = patterns.matcher(config.scope, workdir)
    for name in _files_in(top, workdir, config, (config.checks, config.prepare, config.setup, *measured)):
        if not (inside(name) and protection.is_compiled(name)):
            yield name


def _files_in(top: Path, workdir: str, config: Config, commands: Iterable[str]) -> Iterator[str]:
    tuned = {os.path.normpath(os.path.join(workdir, pattern)) for pattern in config.scope}  # noqa: PTH118 - relative to the top
    tuned |= {patterns.from_top(config.results_file, workdir)} if config.results_file else set()
    for command in commands:
        try:
            words = shlex.split(command)
        except ValueError:
            words = command.split()
        for word in words:
            path = os.path.normpath(os.path.join(workdir, word))  # noqa: PTH118
            if not path.startswith(("/", "..")) and path not in tuned and (top / path).is_file():
                yield from _way_to(top, path)


def _way_to(top: Path, path: str) -> Iterator[str]:
    """Give a file, and the links to folders through which a path leads to it; nothing of what lies behind a link that leads out."""
    own = top.resolve()
    for folder in reversed(PurePosixPath(path).parents):
        if not (top / folder).is_symlink():
            continue
        real = (top / folder).resolve()
        if real.is_relative_to(own):
            yield folder.as_posix()
            yield from _way_to(top, (real.relative_to(own) / PurePosixPath(path).relative_to(folder)).as_posix())
        return
    yield path


def in_scope(repository: Repository, workdir: str, config: Config, commit: str, pins: str) -> Mapping[str, tuple[str, str]]:
    """Map the tracked files that a candidate may change to their mode and blob."""
    return _in_scope(repository.top, workdir, config.scope, config.protect, commit, pins)


@lru_cache(maxsize=8)
def _in_scope(
    top: Path, workdir: str, scope: Sequence[str], protect: Sequence[str], commit: str, pins: str
) -> Mapping[str, tuple[str, str]]:
    means, protected = patterns.matcher(scope, workdir), patterns.matcher(protect, workdir)
    never = {*git.tracked(top, pins), *status.left_out(top), *(patterns.from_top(name, workdir) for name in SESSION_FILES)}
    return {
        path: entry
        for path, entry in git.tracked(top, commit).items()
        if means(path) and not protected(path) and path not in never and path.rpartition("/")[2] not in GIT_FILES
    }


def refuse_scope(repository: Repository, workdir: str, config: Config, commit: str, pins: str) -> None:
    """Refuse a scope that holds nothing, or what cannot be taken back: submodules, LFS files, files git was told not to look at."""
    held = in_scope(repository, workdir, config, commit, pins)
    if not held:
        raise _nothing_in_scope(repository, workdir, config, commit, pins)
    submodules = [path for path, (mode, _) in held.items() if mode == git.SUBMODULE]
    large = [path for path, value in status.attribute(repository.top, "filter", tuple(held)).items() if value == "lfs"]
    hidden = [path for path in status.flagged(repository) if path in held]
    for found, what, hint in (
        (submodules, "submodules", "leave them out of the scope, or name them with --protect"),
        (large, "files kept by Git LFS", "leave them out of the scope, or name them with --protect"),
        (
            hidden,
            "files marked assume-unchanged or skip-worktree",
            "clear the marks (`git update-index --no-assume-unchanged --no-skip-worktree FILE`)",
        ),
    ):
        if found:
            raise AutotuneError(f"The scope holds {what}, so that autotune could not take changes back: {', '.join(found[:5])}.", hint)


_MOST_FREED = 3  # files that a hint names


def _nothing_in_scope(repository: Repository, workdir: str, config: Config, commit: str, pins: str) -> AutotuneError:
    """Say that nothing may be changed: name the files that the scope holds and that are protected, with what frees them."""
    scope, pinned = patterns.matcher(config.scope, workdir), git.tracked(repository.top, pins)
    closed = [patterns.from_folder(path, workdir) for path in sorted(git.tracked(repository.top, commit)) if path in pinned and scope(path)]
    what = f"No tracked file is in scope ({', '.join(config.scope)})"
    if not closed:
        return AutotuneError(f"{what}.", "name the files that may be changed: --scope PATTERN; commit new ones first")
    are = "is protected, because it decides" if len(closed) == 1 else "are protected, because they decide"
    free = " ".join(f"--scope {shlex.quote(path)}" for path in closed[:_MOST_FREED])
    return AutotuneError(f"{what}: {listed(closed)} {are} what is measured.", f"to change it anyway, name the file: {free}")


def refuse_silence(project: benchmark.Project, config: Config) -> None:
    """Refuse to open a session on everything where nothing is seen to print the metric: what does is somewhere in scope, or nowhere."""
    if config.measured_from_outside or config.protect or not any(map(patterns.is_everything, config.scope)):
        return
    if benchmark.makes_the_line(project, config.metric):
        return
    found = benchmark.parts(project)
    reached = sorted(path for path in project.loaded if path in project.inside and path not in found) or sorted(
        {*project.inside} - {*found}
    )
    known = recognised(config.benchmark) if config.source is None else None
    makes = f"prints METRIC {config.metric}=VALUE" if config.source is None else f"makes what is read ({config.read})"
    raise AutotuneError(
        f"Nothing was found that {makes}, so autotune cannot tell what to protect. "
        f"A change could touch everything, even the benchmark: {listed(reached)}.",
        "name the files that may be changed with --scope PATTERN, or the files that measure with --protect PATTERN"
        + (f"; {told(known)}" if known else ""),
    )


def what_is_protected(repository: Repository, segment: SegmentOpened, project: benchmark.Project) -> Iterator[Fact]:
    """Say what is protected, which lines of what is tuned stay under watch, and what the benchmark loads that is not protected."""
    held = sorted(git.tracked(repository.top, segment.pins), key=lambda path: (protection.goes_without_saying(path), path))
    yield naming(Kind.PROTECTED, held) if held else Fact(Kind.NOTHING_PROTECTED)
    for path, number, words in benchmark.watched(project):
        yield Fact(Kind.LINE_WATCHED, {"path": path, "line": number, "text": words.splitlines()[0]})
    if loaded := benchmark.left_open(project, held):
        yield naming(Kind.LEFT_OPEN, loaded)
