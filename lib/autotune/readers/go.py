"""What `go test -bench` prints: `ns/op`, `B/op`, `allocs/op` and metrics of one's own, of each benchmark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autotune.core.facts import UnreadError
from autotune.core.findings import LeftAside, Unread
from autotune.readers.reading import Document, Reading, labels

_RESULT = re.compile(r"(Benchmark\S*)\s+([0-9]+)((?:\s+\S+\s+\S+)+)\s*")
_PAIR = re.compile(r"(\S+)\s+(\S+)")
_PROCESSORS = re.compile(r"-[0-9]+$")


@dataclass(frozen=True, slots=True)
class _Result:
    package: str
    name: str
    pairs: tuple[tuple[str, str], ...]


def read(documents: Sequence[Document]) -> Reading:
    """Take every result line; the number of processors behind a name is left off where all have the same."""
    reading = Reading()
    found = [result for document in documents for result in _results(document, reading)]
    if not found:
        raise UnreadError(Unread.NO_RESULT_LINE, example="BenchmarkName-8  1000  1234 ns/op")
    endings = {ending[0] if (ending := _PROCESSORS.search(one.name)) else "" for one in found}
    common = endings.pop() if len(endings) == 1 else ""
    short = [one.name.removesuffix(common) for one in found]
    names = labels((name, f"{one.package}.{name}") for name, one in zip(short, found, strict=True))
    for label, one in zip(names, found, strict=True):
        for value, unit in one.pairs:
            reading.put(unit, label, value, time=unit == "ns/op")
    return reading


def _results(document: Document, reading: Reading) -> Iterator[_Result]:
    package = ""
    for line in document.lines:
        if line.startswith("pkg: "):
            package = line.removeprefix("pkg: ").strip()
        elif result := _RESULT.fullmatch(line):
            yield _Result(package, result[1], tuple((value, unit) for value, unit in _PAIR.findall(result[3])))
        elif line.startswith("--- FAIL"):
            reading.ignored[LeftAside.FAILED_BENCHMARKS] += 1
        elif line.startswith(("--- SKIP", "--- BENCH")):
            reading.ignored[LeftAside.SKIPPED_BENCHMARKS] += 1
