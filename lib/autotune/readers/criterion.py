"""Criterion's results: `time` of each benchmark in nanoseconds as it is printed, or all its estimates and `sample` from its folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename, dirname

from autotune.core.facts import Fact, UnreadError
from autotune.core.findings import Unread
from autotune.readers.reading import Document, Reading, finite, object_of, text_of

_UNITS_NS = {"ps": 1e-3, "ns": 1.0, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9}
_TIME = re.compile(r"(.*?)\s*time:\s+\[(\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\]\s*")
_CHANGE = re.compile(r"\s*change:.*")


def read(documents: Sequence[Document]) -> Reading:
    """Take what was printed, or what stands in `new/` below Criterion's folder; of a printed interval the estimate in the middle."""
    files = {document.name: document for document in documents if basename(dirname(document.name)) == "new"}
    reading = _from_folder(files) if files else _from_lines(documents)
    if not reading.values and not reading.malformed:
        raise UnreadError(Unread.NO_RESULT, example="NAME  time: [1.2 ns 1.3 ns 1.4 ns]")
    return reading


def _from_lines(documents: Sequence[Document]) -> Reading:
    reading = Reading()
    for document in documents:
        for name, value, unit in _times(document):
            if unit in _UNITS_NS:
                reading.put("time", name, value, time=True, scale=_UNITS_NS[unit])
            else:
                reading.reject("time", name, f"{name} in {unit}", Fact(Unread.UNIT_UNKNOWN))
    return reading


def _times(document: Document) -> Iterator[tuple[str, str, str]]:
    """Give name, value and unit of each result; a name too long for its line stands alone on the one before."""
    before, is_change = "", False
    for line in document.lines:
        if (found := _TIME.fullmatch(line)) and not is_change:
            name = found[1].strip() or before.strip()
            if name:
                yield name, found[4], found[5]
        is_change = _CHANGE.fullmatch(line) is not None
        before = line


def _from_folder(files: Mapping[str, Document]) -> Reading:
    reading = Reading()
    folders = dict.fromkeys(dirname(path) for path in sorted(files) if basename(path) == "benchmark.json")
    for folder in folders:
        name = text_of(object_of(files[f"{folder}/benchmark.json"].json(), "benchmark"), "full_id", "title")
        for wanted in ("estimates.json", "sample.json"):
            if f"{folder}/{wanted}" not in files:
                raise UnreadError(Unread.FOLDER_LACKS, folder=folder, what=wanted)
        estimates = object_of(files[f"{folder}/estimates.json"].json(), "estimates")
        points = {metric: one["point_estimate"] for metric, one in estimates.items() if isinstance(one, dict) and "point_estimate" in one}
        for metric, value in points.items():
            reading.put(metric, name, value, time=True)
        reading.put("time", name, points.get("slope", points.get("mean")), time=True)
        reading.put("sample", name, *_sample(files[f"{folder}/sample.json"]), time=True)
    return reading


def _sample(document: Document) -> Iterator[object]:
    """The time of one iteration in each of the samples."""
    held = object_of(document.json(), "sample")
    times, iterations = held.get("times"), held.get("iters")
    if not isinstance(times, list) or not isinstance(iterations, list) or len(times) != len(iterations):
        raise UnreadError(Unread.TIMES_UNLIKE_ITERATIONS, file=document.name)
    for time, count in zip(times, iterations, strict=True):
        took, of = finite(time), finite(count)
        yield took / of if took is not None and of else None
