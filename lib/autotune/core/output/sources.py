"""Where a benchmark's numbers are when it prints no METRIC lines: how `read` names a format and a file, and which formats are known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from posixpath import basename, normpath


class File(StrEnum):
    """Whether a format is read from a file, from what is printed, or from either."""

    NEVER = "never"
    EITHER = "either"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Format:
    """What is known of a tool's results before any is there: its metrics are named as the tool names them, a case for each benchmark.

    `metric` is what is meant where none is named. `units` and `higher` go by a metric's name. `option` has the tool write a file. `mark`
    finds the source files that benchmarks are made of, all of which hold the words `held`. `times_commands` says that the commands that it
    is given are what is tuned, `measures_by_itself` that no file of the project has to measure for it.
    """

    title: str
    file: File
    metric: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    higher: tuple[str, ...] = ()
    option: str = ""
    held: str = ""
    mark: str = ""
    times_commands: bool = False
    measures_by_itself: bool = False


_RATES = ("ops", "hz", "MB/s")
FORMATS: Mapping[str, Format] = {
    "hyperfine": Format(
        "hyperfine",
        File.EITHER,
        "median",
        units=dict.fromkeys(("mean", "stddev", "median", "min", "max", "user", "system", "times"), "s"),
        option="--export-json FILE",
        times_commands=True,
        measures_by_itself=True,
    ),
    "pytest-benchmark": Format(
        "pytest-benchmark",
        File.ALWAYS,
        "median",
        units=dict.fromkeys(("min", "max", "mean", "stddev", "median", "iqr", "q1", "q3", "total", "data"), "s") | {"ops": "ops/s"},
        higher=_RATES,
        option="--benchmark-json=FILE",
        held="benchmark",
        mark=r"def \w+\([^)]*\bbenchmark\b|\bmark\.benchmark\b",
    ),
    "lighthouse": Format(
        "Lighthouse",
        File.EITHER,
        "performance",
        higher=("performance", "accessibility", "best-practices", "seo", "pwa", "agentic-browsing"),
        option="--output=json --output-path=FILE",
        measures_by_itself=True,
    ),
    "criterion": Format(
        "Criterion",
        File.EITHER,
        "time",
        units=dict.fromkeys(("time", "mean", "median", "median_abs_dev", "slope", "std_dev", "sample"), "ns"),
        held="criterion",
        mark=r"\bcriterion_(?:group|main)!",
    ),
    "go": Format(
        "Go's -bench",
        File.EITHER,
        "ns/op",
        units={"ns/op": "ns", "B/op": "B"},
        higher=_RATES,
        held="testing.B",
        mark=r"\*testing\.B\b",
    ),
    "google-benchmark": Format(
        "Google Benchmark",
        File.EITHER,
        "real_time",
        units={"real_time": "ns", "cpu_time": "ns", "bytes_per_second": "B/s", "items_per_second": "items/s"},
        higher=("bytes_per_second", "items_per_second"),
        option="--benchmark_out=FILE --benchmark_out_format=json",
        held="benchmark/benchmark.h",
        mark=r"benchmark/benchmark\.h",
    ),
    "vitest": Format(
        "Vitest bench",
        File.ALWAYS,
        "median",
        units=dict.fromkeys(("min", "max", "mean", "median", "period", "p75", "p99", "p995", "p999", "sd", "totalTime", "samples"), "ms")
        | {"hz": "ops/s"},
        higher=_RATES,
        option="--outputJson=FILE",
        held="bench",
        mark=r"\bbench(?:\.\w+)*\(",
    ),
    "junit": Format("JUnit XML", File.ALWAYS, "time", units={"time": "s"}, option="--junitxml=FILE", measures_by_itself=True),
    "json": Format("JSON", File.EITHER),
    "regex": Format("a regular expression", File.NEVER),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a benchmark's numbers are found: a format, and a file (relative to the working directory) or, where it is empty, the output.

    `pattern` is the regular expression of the format `regex`.
    """

    name: str
    file: str = ""
    pattern: str = ""

    @property
    def format(self) -> Format:
        """What is known of the format."""
        return FORMATS[self.name]

    @property
    def names_no_metric(self) -> bool:
        """Whether what is read has no name of its own, so that one has to be given."""
        return bool(self.pattern) and not re.compile(self.pattern).groupindex

    @property
    def held(self) -> str:
        """Words that every source file of which a benchmark is made holds; empty where there are none."""
        return self.format.held or ("" if self.name != "json" else basename(self.file))

    @property
    def mark(self) -> str:
        """A regular expression for the text of source files that benchmarks are made of; empty where there is none."""
        return self.format.mark or re.escape(self.held)

    @property
    def telling(self) -> str:
        """What a program that means the file would name: its name, or its whole path where the name is a mere word."""
        return basename(self.file) if "." in basename(self.file) else self.file

    def implied(self, metric: object) -> dict[str, str]:
        """What the format says of a metric, or of its own where none is named, as the configuration has it: name, unit, direction."""
        name = str(metric or self.format.metric)
        held = {"metric": name, "unit": self.format.units.get(stem(name), ""), "direction": self._direction(stem(name))}
        return {key: value for key, value in held.items() if value}

    def _direction(self, metric: str) -> str:
        return "higher" if metric in self.format.higher or metric.endswith("/s") else "lower"


def stem(metric: str) -> str:
    """A metric's name without its case: `mean` of `mean[test_sort[10]]`."""
    return metric.partition("[")[0] if metric.endswith("]") else metric


def source(text: str) -> Source | None:
    """What `read` says; None where it is empty. Raises ValueError with what is wrong."""
    if not text:
        return None
    name, colon, rest = text.partition(":")
    if name not in FORMATS:
        raise ValueError(f"there is no format {name[:40]}")
    if name == "regex":
        return _pattern(rest)
    known = FORMATS[name]
    if colon and not rest:
        raise ValueError("no file follows the colon")
    if known.file is File.ALWAYS and not rest:
        raise ValueError(f"{known.title} is read from a file: {name}:FILE" + (f", which `{known.option}` writes" if known.option else ""))
    return Source(name, _file(rest) if rest else "")


def _file(text: str) -> str:
    path = normpath(text)
    if text.startswith(("/", "~")) or path in {".", ".."} or path.startswith("../") or "\0" in text or "\\" in text:
        raise ValueError("the file lies in the session's working directory, so name it relative to that")
    return path


def _pattern(text: str) -> Source:
    try:
        found = re.compile(text)
    except re.error as wrong:
        raise ValueError(f"the regular expression is not valid: {wrong}") from None
    if not text or not (found.groups == 1 or found.groupindex):
        raise ValueError(r"a regular expression has one group for the number, or named ones: regex:total: ([0-9.]+) ms")
    return Source("regex", pattern=text)
