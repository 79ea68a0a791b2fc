"""A Lighthouse report as JSON: the scores of its categories, from 0 to 1, and every audit that has a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autotune.core.facts import Fact, UnreadError
from autotune.core.findings import LeftAside, Unread
from autotune.readers.reading import Document, Reading, object_of


def read(documents: Sequence[Document]) -> Reading:
    """Take scores and numbers under the ids that Lighthouse gives them. A page that could not be loaded is no report."""
    reading = Reading()
    for document in documents:
        found = object_of(document.json(), "report")
        if isinstance(trouble := found.get("runtimeError"), dict) and trouble.get("code") not in {None, "NO_ERROR"}:
            raise UnreadError(Unread.LIGHTHOUSE_FAILED, said=str(trouble.get("message") or trouble["code"])[:200])
        scores = {name: one.get("score") for name, one in _entries(found, "categories")}
        numbers = {name: one["numericValue"] for name, one in _entries(found, "audits") if one.get("numericValue") is not None}
        for name, score in scores.items():
            if score is None:
                reading.reject(name, "", name, Fact(Unread.WITHOUT_SCORE))
            else:
                reading.put(name, "", score)
        for name, number in numbers.items():
            if name not in scores:
                reading.put(name, "", number)
        reading.ignored[LeftAside.AUDITS_WITHOUT_NUMBER] += len([*_entries(found, "audits")]) - len(numbers)
    return reading


def _entries(report: Mapping[str, object], key: str) -> list[tuple[str, Mapping[str, object]]]:
    return [(name, one) for name, one in object_of(report.get(key), key).items() if isinstance(one, dict)]
