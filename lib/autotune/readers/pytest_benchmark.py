"""pytest-benchmark's results, as `--benchmark-json` writes them: `median`, `ops`, `data` and the like of each test, in seconds."""

from __future__ import annotations

from collections.abc import Sequence

from autotune.readers.reading import Document, Reading, labels, numbers_of, object_of, objects, text_of

_TIMES = frozenset(("min", "max", "mean", "median", "q1", "q3", "total", "data"))
_LEFT = frozenset(("ld15iqr", "hd15iqr"))


def read(documents: Sequence[Document]) -> Reading:
    """Take every benchmark's statistics; a test is called by its name, or with its file where two have the same."""
    reading = Reading()
    found = [one for document in documents for one in objects(object_of(document.json(), "benchmarks").get("benchmarks"), "benchmarks")]
    for label, one in zip(labels((text_of(one, "name"), text_of(one, "fullname", "name")) for one in found), found, strict=True):
        for metric, values in numbers_of(object_of(one.get("stats"), "stats of a benchmark")):
            if metric not in _LEFT:
                reading.put(metric, label, *values, time=metric in _TIMES)
        for metric, values in numbers_of(object_of(one.get("extra_info", {}), "extra_info")):
            reading.put(metric, label, *values)
    return reading
