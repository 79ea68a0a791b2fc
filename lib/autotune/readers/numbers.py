"""Any JSON: every number in it is a metric, called by the way that leads there, as `summary.p95` or `results[0].mean`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autotune.core.codec import read_json
from autotune.core.facts import UnreadError
from autotune.core.findings import Unread
from autotune.readers.reading import Document, Reading, numbers_of


def read(documents: Sequence[Document]) -> Reading:
    """Take all numbers; a list of numbers is several values of one metric. Of what is printed, the last JSON counts."""
    reading = Reading()
    for document in documents:
        found = _json_in(document)
        _walk(reading, found if isinstance(found, dict) else {"value": found})
    if not reading.values and not reading.malformed:
        raise UnreadError(Unread.NO_NUMBER_IN_IT)
    return reading


def _json_in(document: Document) -> object:
    """The document as JSON, or the last line of it that is a JSON object or list."""
    try:
        return document.json()
    except UnreadError as whole:
        for line in reversed(document.text.splitlines()):
            if line.lstrip().startswith(("{", "[")):
                try:
                    found: object = read_json(line)
                except ValueError:
                    continue
                return found
        raise whole from None


def _walk(reading: Reading, found: Mapping[str, object]) -> None:
    """Take the numbers below an object, without recursion: how deep it goes is the benchmark's choice."""
    waiting: list[tuple[str, object]] = [("", found)]
    while waiting:
        way, held = waiting.pop()
        inner = {f"{way}[{place}]": one for place, one in enumerate(held)} if isinstance(held, list) else {}
        if isinstance(held, dict):
            inner = {f"{way}.{key}" if way else str(key): one for key, one in held.items()}
        taken = dict(numbers_of(inner))
        for name, values in taken.items():
            reading.put(name, "", *values)
        waiting += [(name, one) for name, one in reversed(inner.items()) if isinstance(one, dict | list) and name not in taken]
