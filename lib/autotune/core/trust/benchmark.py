"""What benchmark and checks are made of: the tracked files by which it is decided what is measured."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from posixpath import basename, splitext

from autotune.core.output import printing
from autotune.core.output.sources import Source
from autotune.core.trust import patterns, protection, runners
from autotune.core.trust.protection import INTERPRETED, SOURCE
from autotune.core.trust.runners import Tree

# What a file that a script runs is called when it measures, and does not do the work that is measured.
_MEASURES = re.compile(r"(?:bench(?:mark)?(?:es|s)?|perf|measure|timer|timing|stopwatch|harness)", re.IGNORECASE)
_BENCH = re.compile(r"bench(?:mark)?(?:es|s)?", re.IGNORECASE)
_BENCH_FOLDER = re.compile(r"bench.*|perf", re.IGNORECASE)
_MOST_READ = 2000  # files that are read for what they load


@dataclass(frozen=True)
class Project:
    """What is looked at: all tracked files, those in scope, what the scope names, and what benchmark and checks begin with.

    Paths are relative to the top, patterns to the tree's folder. Benchmark and checks begin with `scripts`, of which `checks` are the
    checks' own; a command line stands among them under a name of its own. `source` says where the metrics are if they are no METRIC lines;
    `speaking` are the tracked files that hold the word METRIC, or that the source's benchmarks hold.
    """

    tree: Tree
    inside: Collection[str]
    scope: tuple[str, ...]
    scripts: tuple[str, ...]
    checks: tuple[str, ...]
    speaking: tuple[str, ...]
    text: Callable[[str], str]
    source: Source | None = None

    def is_free(self, path: str) -> bool:
        """Whether the scope names this very file: then it is tuned, whatever else it is."""
        return patterns.literal_names(self.scope, path, self.tree.folder)

    def is_open(self, path: str, component: str = "") -> bool:
        """Whether the scope has a file's name, or the component, in so many letters: what merely goes with the benchmark is tuned then."""
        return patterns.has_part(self.scope, path, component or basename(path), self.tree.folder)

    def way(self, path: str) -> str:
        """The path from the working directory: what folders above it are called says nothing."""
        return patterns.from_folder(path, self.tree.folder) if self.tree.folder else path

    @cached_property
    def own(self) -> tuple[str, ...]:
        """What the benchmark begins with."""
        return tuple(one for one in self.scripts if one not in self.checks)

    @cached_property
    def printing(self) -> tuple[str, ...]:
        """The files that print a METRIC line, or that another tool's benchmarks are made of.

        A test that quotes such a line does not print it, unless the benchmark comes to it.
        """
        found = [path for path in self.speaking if printing.is_run(path) and self._makes_metrics(self.text(path))]
        quoting = protection.part_of_tests if self.source is None else lambda _: None
        return tuple(path for path in found if quoting(self.way(path)) is None or path in self.reached)

    def _makes_metrics(self, text: str) -> bool:
        return printing.prints(text) if self.source is None else re.search(self.source.mark, text) is not None

    @cached_property
    def called(self) -> Mapping[str, str]:
        """What the benchmark calls of runners' files, as text."""
        return self._called_by(self.own)

    @cached_property
    def called_by_checks(self) -> Mapping[str, str]:
        """What the checks call of runners' files, as text."""
        return self._called_by(self.checks)

    def _called_by(self, scripts: tuple[str, ...]) -> dict[str, str]:
        words = {word for one in scripts if runners.is_commands(one) for word in runners.words_in(self.text(one))}
        found: dict[str, str] = {}
        while (now := {path: part for path, text in self._runners.items() if (part := runners.called(path, text, words))}) != found:
            found = now
            words |= {word for part in found.values() for word in runners.words_in(part)}
        return found

    @cached_property
    def _runners(self) -> Mapping[str, str]:
        files = tuple(path for path in sorted(self.tree.paths) if runners.is_runner(path))
        return {path: self.text(path) for path in (*files, *self._included_in(files))}

    @cached_property
    def included(self) -> tuple[str, ...]:
        """What scripts and runners' files take in as parts of themselves, whatever it is called."""
        return self._included_in((*self.scripts, *filter(runners.is_runner, self._runners)))

    def _included_in(self, scripts: tuple[str, ...]) -> tuple[str, ...]:
        found = dict.fromkeys(scripts)
        waiting = deque(filter(runners.is_commands, scripts))
        while waiting:
            script = waiting.popleft()
            new = {path: None for path in runners.included(self.tree, script, self.text(script)) if path not in found}
            found |= new
            waiting.extend(new)
        return tuple(found)[len(scripts) :]

    @cached_property
    def loaded(self) -> Mapping[str, str | None]:
        """All source that the benchmark names or loads, directly or not, with what named it first.

        A tool that finds its benchmarks by itself runs every file that they are made of.
        """
        found = () if self.source is None else self.printing
        return self._followed({**{one: self.text(one) for one in (*self.own, *found)}, **self.called}, {})

    @cached_property
    def reached(self) -> Mapping[str, str | None]:
        """The same, and what runners' files name besides: a call may be spelt in a way that nobody thought of."""
        return self._followed(self._runners, self.loaded)

    def _followed(self, beginnings: Mapping[str, str], known: Mapping[str, str | None]) -> dict[str, str | None]:
        parents = {**dict.fromkeys(beginnings), **known}
        waiting = deque(beginnings.items())
        most = len(parents) + _MOST_READ
        while waiting and len(parents) < most:
            script, text = waiting.popleft()
            for path in runners.led_to(self.tree, script, text):
                if path not in parents and printing.is_run(path):
                    parents[path] = script
                    waiting.append((path, self.text(path)))
        return parents


def parts(project: Project) -> frozenset[str]:
    """Find what decides what is measured among the files in scope.

    Those are:

    - what prints the metric, whatever calls it, with all that leads there;
    - benchmarks that lie in folders for them;
    - what tools load, lock files, tests with their fixtures;
    - data, and files whose name says that they measure, where the scripts name or load them;
    - what the scripts of the checks alone run.

    What the scope names itself is left to be tuned; a file that prints the metric only where the scope names that very file. So is all
    other source that is merely loaded.
    """
    inside = project.inside
    found = {path for path in inside if _goes_with_tests_or_tools(project, path)}
    found |= {path for path in _benchmarks(project) if not project.is_open(path, basename(bench_folder(project.way(path))))}
    found |= {path for path in project.included if path in inside and not project.is_open(path)}
    programs = {path for path in (*_leading_to_metric(project), *_run_by_checks(project)) if path in inside and not project.is_open(path)}
    programs |= {path for path in project.printing if path in inside and not project.is_free(path)}
    return frozenset((*found, *programs, *_read_by(project, programs)))


def left_open(project: Project, pinned: Collection[str]) -> tuple[str, ...]:
    """The files that scripts and pinned files name or load and that a candidate may change all the same: what is measured, it is hoped."""
    texts = [
        (one, project.text(one)) for one in (*project.scripts, *pinned) if one in project.scripts or splitext(one)[1].lower() in SOURCE
    ]
    texts += [*project.called.items(), *project.called_by_checks.items()]
    named = {path for script, text in texts for path in runners.named(project.tree, script, text) if path in project.inside}
    return tuple(sorted(path for path in named if path not in pinned and path not in project.scripts))


def makes_the_line(project: Project, metric: str) -> bool:
    """Whether something is seen to print this metric: what the benchmark begins with, or a tracked file, whatever calls it."""
    if project.source is not None:
        scripts = project.own[1:]  # behind the command line
        return project.source.format.measures_by_itself or bool(project.printing) or any(map(printing.is_run, scripts))
    if any(printing.speaks_of_it(project.text(one)) for one in project.own):
        return True
    files = (*project.printing, *filter(runners.is_runner, project.speaking))
    return any(printing.prints_this(project.text(path), metric) for path in files)


def watched(project: Project) -> tuple[tuple[str, int, str], ...]:
    """The METRIC lines of files that are tuned all the same, which no candidate may change: file, number of the line, its words."""
    if project.source is not None:
        return ()
    free = (path for path in project.printing if path in project.inside and project.is_free(path))
    return tuple((path, number, words) for path in sorted(free) for number, words in printing.statements(project.text(path)))


def bench_folder(path: str) -> str:
    """The outermost folder of a path whose name says that it is for benchmarks; empty where there is none."""
    folders = path.split("/")[:-1]
    place = next((place for place, folder in enumerate(folders) if _BENCH_FOLDER.fullmatch(folder)), None)
    return "" if place is None else "/".join(folders[: place + 1])


def _benchmarks(project: Project) -> Iterator[str]:
    """Give what lies in a folder for benchmarks where something in it prints the metric or commands come there, and what is called one.

    A runner that finds benchmarks by itself (`cargo bench`, `vitest bench`) names no folder: its own call says what it runs.
    """
    by_itself = any(
        _BENCH.fullmatch(word) for one in project.own if runners.is_commands(one) for word in runners.words_in(project.text(one))
    )
    by_itself |= any(_BENCH.fullmatch(word) for text in project.called.values() for word in runners.words_in(text))
    by_itself |= project.source is not None and bool(project.source.mark)
    come_to = {path for path, parent in project.reached.items() if parent is not None and runners.is_commands(parent)}
    folders = {bench_folder(project.way(path)) for path in (*project.printing, *come_to)} - {""}
    for path in project.inside if folders or by_itself else ():
        folder = bench_folder(project.way(path))
        if folder in folders or (by_itself and _is_called_a_benchmark(path, folder)):
            yield path


def _is_called_a_benchmark(path: str, folder: str) -> bool:
    """Whether a file is one by its own name, or by that of the folder for benchmarks in which it lies."""
    named = splitext(path)[1].lower() in SOURCE and any(_BENCH.fullmatch(one) for one in _words_of(basename(path)))
    return named or basename(folder).lower().startswith("bench")


def _leading_to_metric(project: Project) -> Iterator[str]:
    """Give, for each file that prints the metric, the files by which the benchmark comes to it, itself left out."""
    parents = project.reached
    for path in project.printing:
        way = parents.get(path)
        while way is not None:
            yield way
            way = parents[way]


def _run_by_checks(project: Project) -> Iterator[str]:
    texts = (*((one, project.text(one)) for one in project.checks), *project.called_by_checks.items())
    for script, text in texts:
        for path in runners.named(project.tree, script, text):
            if splitext(path)[1].lower() in INTERPRETED and path not in project.loaded:
                yield path


def _read_by(project: Project, programs: Collection[str]) -> Iterator[str]:
    """Give the data that these files and the scripts name, and what measures, with the data that that names."""
    seen = {*programs, *project.scripts}
    waiting = [(path, project.text(path)) for path in (*project.scripts, *programs)]
    waiting += [*project.called.items(), *project.called_by_checks.items()]
    while waiting:
        for path in runners.named(project.tree, *waiting.pop()):
            if path in seen or path not in project.inside or project.is_open(path):
                continue
            seen.add(path)
            if splitext(path)[1].lower() not in SOURCE:
                yield path
            elif _measures(project.way(path)):
                waiting.append((path, project.text(path)))
                yield path


def _goes_with_tests_or_tools(project: Project, path: str) -> bool:
    if protection.loads(path) is not None:
        return not project.is_open(path)
    part = protection.part_of_tests(project.way(path))
    return part is not None and not project.is_open(path, part)


def _measures(path: str) -> bool:
    return any(_MEASURES.fullmatch(word) for word in _words_of(path))


def _words_of(path: str) -> list[str]:
    return [part for component in [*path.split("/")[:-1], splitext(basename(path))[0]] for part in re.split(r"[_.\- ]", component)]
