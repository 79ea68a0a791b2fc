"""Pinning: which files decide what is measured, and which a candidate may change."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from autotune.core import config as configuration
from autotune.core import patterns, protection
from autotune.core.config import Config
from autotune.core.events import SegmentOpened
from autotune.core.metrics import RESERVED
from autotune.edges import git
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.candidate import GIT_FILES
from autotune.loop.session import (
    BENCHMARK_FILE,
    CHECKS_FILE,
    SESSION_FILES,
)

_NAMED = 8  # files that a message names
_LONGEST_READ = 1024 * 1024  # bytes of a script that are looked at for what it names


def pin(repository: Repository, workdir: str, config: Config, commit: str, scratch: Path) -> str:
    """Make a commit of what decides what is measured, as it is now: benchmark, checks, and what `protect` names."""
    held = git.tracked(repository.top, commit)
    configuration.refuse_beyond(config, workdir)
    chosen = {*filter(patterns.matcher(config.protect, workdir), held)}
    chosen |= {patterns.from_top(name, workdir) for name in (BENCHMARK_FILE, CHECKS_FILE)}
    named = {*_named_files(repository.top, workdir, config)}
    chosen |= named | found_to_protect(repository.top, workdir, config, held, named).keys()
    chosen |= set(_led_to(repository.top, chosen))
    entries = {path: _entry(repository, path) for path in chosen if (repository.top / path).is_file()}
    return git.commit_tree(repository.top, git.make_tree(repository.top, entries, scratch), [], "autotune: what is measured with")


def found_to_protect(top: Path, workdir: str, config: Config, held: Iterable[str], named: Iterable[str]) -> Mapping[str, str]:
    """Map the tracked files in scope that decide what is measured, as far as can be told from their names and texts, to why."""
    own = [patterns.from_top(name, workdir) for name in (BENCHMARK_FILE, CHECKS_FILE)]
    scripts = [path for path in (*own, *sorted(named)) if (top / path).is_file()]
    checks = {own[1], *_files_in(top, workdir, config, (config.checks,))} - {*_files_in(top, workdir, config, (config.benchmark,))}
    inside = _within_scope(workdir, config, held)
    return protection.measured_with(
        inside, config.scope, config.allow, scripts, lambda path: _text(top / path), [one for one in scripts if one in checks], workdir
    )


def _within_scope(workdir: str, config: Config, held: Iterable[str]) -> set[str]:
    """Give the tracked files in scope, the session's own left out."""
    scope = patterns.matcher(config.scope, workdir)
    return {path for path in held if scope(path)} - {patterns.from_top(name, workdir) for name in SESSION_FILES}


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


def _named_files(top: Path, workdir: str, config: Config) -> Iterator[str]:
    """Give the files that the commands name, but not those of a command measured from outside, nor those that may be what is tuned.

    These are what the scope names, what `allow` means, and sources in scope that a compiler is given.
    """
    measured = () if config.metric.startswith(RESERVED) else (config.benchmark,)
    allowed, inside = patterns.matcher(config.allow, workdir), patterns.matcher(config.scope, workdir)
    for name in _files_in(top, workdir, config, (config.checks, config.prepare, config.setup, *measured)):
        if not allowed(name) and not (inside(name) and protection.is_compiled(name)):
            yield name


def _files_in(top: Path, workdir: str, config: Config, commands: Iterable[str]) -> Iterator[str]:
    tuned = {os.path.normpath(os.path.join(workdir, pattern)) for pattern in config.scope}  # noqa: PTH118 - relative to the top
    for command in commands:
        try:
            words = shlex.split(command)
        except ValueError:
            words = command.split()
        for word in words:
            path = os.path.normpath(os.path.join(workdir, word))  # noqa: PTH118
            if not path.startswith(("/", "..")) and path not in tuned and (top / path).is_file():
                yield path


def in_scope(repository: Repository, workdir: str, config: Config, commit: str, pins: str) -> dict[str, tuple[str, str]]:
    """Map the tracked files that a candidate may change to their mode and blob."""
    scope, protected = patterns.matcher(config.scope, workdir), patterns.matcher(config.protect, workdir)
    never = {
        *git.tracked(repository.top, pins),
        *git.left_out(repository.top),
        *(patterns.from_top(name, workdir) for name in SESSION_FILES),
    }
    return {
        path: entry
        for path, entry in git.tracked(repository.top, commit).items()
        if scope(path) and not protected(path) and path not in never and path.rpartition("/")[2] not in GIT_FILES
    }


def refuse_scope(repository: Repository, workdir: str, config: Config, commit: str, pins: str) -> None:
    """Refuse a scope that holds nothing, or what cannot be taken back: submodules, LFS files, files git was told not to look at."""
    held = in_scope(repository, workdir, config, commit, pins)
    if not held:
        raise AutotuneError(
            f"No tracked file is in scope ({', '.join(config.scope)}).",
            "name what may be changed with --scope PATTERN; what the commands name is protected unless the scope names it too, or --allow",
        )
    submodules = [path for path, (mode, _) in held.items() if mode == git.SUBMODULE]
    large = [path for path, value in git.attribute(repository.top, "filter", tuple(held)).items() if value == "lfs"]
    hidden = [path for path in git.flagged(repository) if path in held]
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


def told(repository: Repository, segment: SegmentOpened, config: Config) -> Iterator[str]:
    """Say what is protected, and what the benchmark loads that is not."""
    held = sorted(git.tracked(repository.top, segment.pins))
    if held:
        yield f"protected, for they decide what is measured: {_listed(held)}; --allow PATTERN frees some"
    else:
        yield "protected: the session's own files; besides, nothing was found that decides what is measured; --protect PATTERN names it"
    inside = _within_scope(segment.workdir, config, git.tracked(repository.top, segment.base))
    own = (patterns.from_top(name, segment.workdir) for name in (BENCHMARK_FILE, CHECKS_FILE))
    scripts = [path for path in own if (repository.top / path).is_file()]
    if loaded := protection.left_open(inside, held, scripts, lambda path: _text(repository.top / path), segment.workdir):
        yield f"open to change, though benchmark or checks load them: {_listed(loaded)}; --protect PATTERN closes what only measures"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
