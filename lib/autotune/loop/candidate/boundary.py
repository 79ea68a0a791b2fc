"""Which files a candidate may change."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from autotune.core.facts import Fact
from autotune.core.findings import Objection
from autotune.core.trust import benchmark, patterns, protection, runners
from autotune.edges import git, tree
from autotune.edges.atomic import is_unfinished
from autotune.edges.tree import Difference
from autotune.errors import AutotuneError
from autotune.loop.session.layout import BENCHMARK_FILE, CHECKS_FILE, SESSION_FILES
from autotune.loop.session.session import Session

# These decide what git sees, stores and runs, so no candidate may bring or change one.
GIT_FILES = frozenset({".gitignore", ".gitattributes", ".gitmodules"})


class Boundary:
    """Which paths, relative to the top, are whose: in scope, protected, the session's, or the user's own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._workdir = session.state.segment.opened.workdir
        self._in_scope = patterns.matcher(session.state.config.scope, self._workdir)
        self._narrowed = (
            patterns.matcher(session.state.segment.narrowed, self._workdir) if session.state.segment.narrowed else lambda _: True
        )
        self._protected = patterns.matcher(session.state.config.protect, self._workdir)
        self._session_files = frozenset(map(session.inside, SESSION_FILES))
        self._results = session.inside(results) if (results := session.state.config.results_file) else None

    @cached_property
    def users(self) -> frozenset[str]:
        """The files that git did not track when the session opened."""
        return frozenset(self._identified.values())

    @cached_property
    def _identified(self) -> dict[str, str]:
        """What those files are, whatever they are called, mapped to their paths then."""
        return dict(_split(entry) for entry in held(self._session.folder.path / "untracked"))

    def moved_from(self, path: str) -> str | None:
        """The path that one of those files had, where it is at `path` now."""
        was = self._identified.get(tree.identity(self._session.top, path)) if self._identified else None
        return None if was is None or os.path.lexists(self._session.top / was) else was

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders without tracked files when the session opened."""
        return frozenset(held(self._session.folder.path / "folders"))

    @cached_property
    def _roots(self) -> frozenset[str]:
        """The folders in which Python looks for modules first: its own, and those of scripts."""
        return frozenset({self._workdir, *(one.rpartition("/")[0] for one in self.pinned)})

    @cached_property
    def _commands(self) -> frozenset[str]:
        """The words of the benchmark's and the checks' scripts and command lines."""
        return runners.commands_in(self._scripts)

    @cached_property
    def _scripts(self) -> tuple[str, ...]:
        config = self._session.state.config
        scripts = (path for path in map(self._session.inside, (BENCHMARK_FILE, CHECKS_FILE)) if path in self.pinned)
        return (config.benchmark, config.checks, config.prepare, *map(self._pinned_text, scripts))

    def _pinned_text(self, path: str) -> str:
        return git.content(self._session.top, self._pins[path][1]).decode(errors="replace")

    @cached_property
    def _modules(self) -> frozenset[str]:
        """The names of Python's own modules, and of those that pinned programs load from elsewhere than the project."""
        programs = (self._pinned_text(path) for path in self.pinned if path.endswith(".py"))
        loaded = runners.modules_in([*self._scripts, *programs])
        held = git.tracked(self._session.top, self._session.state.incumbent)
        first = {patterns.from_folder(path, self._workdir).split("/", 1)[0] for path in held}
        return sys.stdlib_module_names | (loaded - {name.removesuffix(".py") for name in first})

    def is_free(self, path: str) -> bool:
        """Whether the person named this very file to be changed, so that it may be what would be refused."""
        return patterns.literal_names(self._session.state.config.scope, path, self._workdir)

    def refusal(self, change: Difference) -> Fact | None:
        """Why a candidate may not have this in scope; None where it may."""
        if change.path.endswith("/"):
            return Fact(Objection.IS_A_REPOSITORY)
        if self.is_free(change.path):
            return None
        target = self._session.top / change.path
        if target.is_symlink() and protection.leads_out(change.path, str(target.readlink())):
            return Fact(Objection.LEADS_OUT)
        if not change.added:
            return None
        shadowed = protection.shadows(change.path, roots=self._roots, modules=self._modules, commands=self._commands, pinned=self.pinned)
        return protection.loads(change.path) or shadowed or self._joins_benchmarks(change.path) or self._taken_in(change.path)

    def _taken_in(self, path: str) -> Fact | None:
        """Why a new file would become a part of what runs the benchmark: scripts take it in where it is there."""
        alone = runners.Tree(frozenset({path}), self._workdir)
        scripts = (one for one in self.pinned if runners.is_commands(one))
        by = next((one for one in scripts if path in runners.included(alone, one, self._pinned_text(one))), None)
        return None if by is None else Fact(Objection.IS_TAKEN_IN, {"script": by})

    def _joins_benchmarks(self, path: str) -> Fact | None:
        """Why a new file would be one of the benchmarks: it lies in their folder."""
        folder = self._bench_folder(path)
        named = patterns.has_part(self._session.state.config.scope, path, folder.rpartition("/")[2], self._workdir)
        return Fact(Objection.JOINS_BENCHMARKS, {"folder": folder}) if folder in self._bench_folders and not named else None

    def _bench_folder(self, path: str) -> str:
        return benchmark.bench_folder(patterns.from_folder(path, self._workdir))

    @cached_property
    def _bench_folders(self) -> frozenset[str]:
        return frozenset(map(self._bench_folder, self.pinned)) - {""}

    @cached_property
    def pinned(self) -> frozenset[str]:
        """The files whose content was pinned when the segment opened."""
        return frozenset(self._pins)

    @cached_property
    def _pins(self) -> Mapping[str, tuple[str, str]]:
        return git.tracked(self._session.top, self._session.state.segment.opened.pins)

    def is_session_file(self, path: str) -> bool:
        """Whether autotune wrote it or reads it as its own."""
        folder, name = path.rpartition("/")[::2]
        return path in self._session_files or self._is_of_results(path) or (folder == self._workdir and is_unfinished(name))

    def _is_of_results(self, path: str) -> bool:
        """Whether it is what the benchmark leaves its results in, or lies there."""
        return self._results is not None and (path == self._results or path.startswith(f"{self._results}/"))

    def in_scope(self, path: str) -> bool:
        """Whether a candidate may change it, as far as the configuration goes."""
        return self._in_scope(path) and not self.is_protected(path)

    def in_narrowed_scope(self, path: str) -> bool:
        """Whether a candidate may change it now, while a playbook narrows the scope."""
        return self.in_scope(path) and self._narrowed(path)

    def is_protected(self, path: str) -> bool:
        """Whether it decides what is measured."""
        if path.rpartition("/")[2] in GIT_FILES or path in self.pinned or path in self._session_files or self._is_of_results(path):
            return True
        return self._protected(path)

    def spares(self, folder: str) -> bool:
        """Whether an empty folder was there before the session."""
        return folder in self.folders


def _split(entry: str) -> tuple[str, str]:
    identity, _, path = entry.partition("\t")
    return identity, path


def held(path: Path) -> list[str]:
    """Read a list that the session's opening wrote. Without it nothing may be taken for a candidate's, so that is refused."""
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        raise AutotuneError(
            f"{path} is gone, and autotune needs it to tell your own files from a candidate's.",
            "nothing was changed. `autotune clear`, then `autotune init`, starts over; what was kept stays on its branch",
        ) from None
    return [git.decode_paths(one) for one in written.split(b"\0") if one]
