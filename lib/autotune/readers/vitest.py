"""Vitest's benchmarks, as `vitest bench --outputJson` writes them: `median`, `hz` and the like of each, in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

from autotune.core.facts import UnreadError
from autotune.core.findings import LeftAside, Unread
from autotune.readers.reading import Document, Reading, labels, numbers_of, object_of, objects, text_of

_LEFT = frozenset(("rank", "df", "critical"))
_TIMES = frozenset(("min", "max", "mean", "median", "period", "p75", "p99", "p995", "p999", "totalTime", "samples"))


def read(documents: Sequence[Document]) -> Reading:
    """Take every benchmark's figures; one is called by its name, or with its file and group where two have the same."""
    reading = Reading()
    files = [one for document in documents for one in objects(object_of(document.json(), "files").get("files"), "files")]
    groups = [group for file in files for group in objects(file.get("groups"), "groups of benchmarks")]
    found = [(text_of(group, "fullName"), one) for group in groups for one in _benchmarks(group)]
    names = labels((text_of(one, "name"), f"{group} > {text_of(one, 'name')}") for group, one in found)
    for label, (_, one) in zip(names, found, strict=True):
        figures = [*numbers_of(one)]
        if not one.get("sampleCount", figures):
            reading.ignored[LeftAside.BENCHMARKS_WITHOUT_SAMPLE] += 1
            continue
        for metric, values in figures:
            if metric not in _LEFT:
                reading.put(metric, label, *values, time=metric in _TIMES)
    return reading


def _benchmarks(group: object) -> Sequence[dict[str, object]]:
    held = object_of(group, "groups").get("benchmarks")
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        raise UnreadError(Unread.GROUP_WITHOUT_BENCHMARKS)
    return held
