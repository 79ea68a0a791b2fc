"""Google Benchmark's results as JSON: `real_time`, `cpu_time` (both in nanoseconds here) and the counters of each benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autotune.core.facts import Fact
from autotune.core.findings import LeftAside, Unread
from autotune.readers.reading import Document, Reading, numbers_of, object_of, objects, text_of

_UNITS_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
_TIMES = ("real_time", "cpu_time")
_LEFT = frozenset(
    ("family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations", "allocs_per_iter")
)
_SUMMARY = "median"  # what stands for a benchmark of which nothing but aggregates was written


def read(documents: Sequence[Document]) -> Reading:
    """Take every repetition of every benchmark; where only aggregates were written, the median.

    A benchmark that called SkipWithError has no value.
    """
    reading = Reading()
    entries = [one for document in documents for one in objects(object_of(document.json(), "benchmarks").get("benchmarks"), "benchmarks")]
    measured = {_run_name(one) for one in entries if one.get("run_type") != "aggregate"}
    for one in entries:
        name = _run_name(one)
        if one.get("run_type") == "aggregate" and (name in measured or one.get("aggregate_name") != _SUMMARY):
            reading.ignored[LeftAside.AGGREGATES] += 1
        elif one.get("error_occurred") or one.get("skipped"):
            said = str(one.get("error_message") or one.get("skip_message") or "")[:200]
            why = Fact(Unread.TOOL_SAID, {"said": said}) if said else Fact(Unread.SKIPPED)
            for metric in _TIMES:
                reading.reject(metric, name, name, why)
        else:
            _take(reading, name, one)
    return reading


def _run_name(entry: Mapping[str, object]) -> str:
    return text_of(entry, "run_name", "name")


def _take(reading: Reading, name: str, entry: Mapping[str, object]) -> None:
    unit = entry.get("time_unit", "ns")
    for metric, values in numbers_of(entry):
        if metric in _TIMES and unit in _UNITS_NS:
            reading.put(metric, name, *values, time=True, scale=_UNITS_NS[str(unit)])
        elif metric in _TIMES:
            reading.reject(metric, name, f"{name} in {unit}", Fact(Unread.UNIT_UNKNOWN))
        elif metric not in _LEFT:
            reading.put(metric, name, *values)
