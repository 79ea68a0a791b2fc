"""Every format by its name: documents made into what METRIC lines are made into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from autotune.core.facts import Fact, Kind, UnreadError
from autotune.core.output.metrics import MetricReport
from autotune.core.output.sources import Source
from autotune.readers import criterion, go, google_benchmark, hyperfine, junit, lighthouse, numbers, pattern, pytest_benchmark, vitest
from autotune.readers.reading import Document, Reading

READERS: Mapping[str, Callable[[Sequence[Document]], Reading]] = {
    "hyperfine": hyperfine.read,
    "pytest-benchmark": pytest_benchmark.read,
    "lighthouse": lighthouse.read,
    "criterion": criterion.read,
    "go": go.read,
    "google-benchmark": google_benchmark.read,
    "vitest": vitest.read,
    "junit": junit.read,
    "json": numbers.read,
}
_ALL_PRINTED = frozenset(("go", "criterion", "regex"))  # these are lines; a JSON document is printed on stdout alone


def report(source: Source, metric: str, documents: Sequence[Document]) -> MetricReport:
    """What a run wrote or printed says, or a report of the trouble that keeps it from saying anything.

    `metric` is what a regular expression's one group stands for.
    """
    held = documents if source.file or source.name in _ALL_PRINTED else [one for one in documents if one.name == "stdout"]
    try:
        found = pattern.read(held, source.pattern, metric) if source.name == "regex" else READERS[source.name](held)
    except UnreadError as wrong:
        return MetricReport(trouble=trouble(source, wrong.why))
    return found.report


def trouble(source: Source, why: Fact) -> Fact:
    """Why what a run left says nothing."""
    return Fact(Kind.NOT_OF_FORMAT, {"format": source.format.title, "where": source.file}, why)
