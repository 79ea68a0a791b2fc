"""A test run's times as JUnit XML: `time` is that of all tests, `time[CLASS.NAME]` one test's, in seconds; `tests` and `skipped` count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from autotune.core.facts import UnreadError
from autotune.core.findings import LeftAside, Unread
from autotune.readers.reading import Document, Reading, finite

_BAD = frozenset(("failure", "error"))


@dataclass(slots=True)
class _Case:
    full: str
    time: str | None
    fate: str = ""


@dataclass(slots=True)
class _Suites:
    """What stands in one file: every test, and the times of the suites that lie in no other suite."""

    times: list[str] = field(default_factory=list)
    cases: list[_Case] = field(default_factory=list)
    _depth: int = 0
    _within: int = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and tag not in {"testsuites", "testsuite"}:
            raise UnreadError(Unread.OTHER_ROOT, tag=tag[:40])
        if tag == "testsuite":
            self._within += 1
            if self._within == 1 and "time" in attributes:
                self.times.append(attributes["time"])
        elif tag == "testcase":
            named = filter(None, (attributes.get("classname"), attributes.get("name") or "unnamed"))
            self.cases.append(_Case(".".join(named), attributes.get("time")))
        elif self.cases and (tag in _BAD or tag == "skipped"):
            self.cases[-1].fate = "failed" if tag in _BAD else self.cases[-1].fate or "skipped"

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._within -= tag == "testsuite"


def read(documents: Sequence[Document]) -> Reading:
    """Take every test's time, and the sum of all; a run in which a test failed has no times, for they are not those of the work."""
    reading = Reading()
    held = [_parsed(document) for document in documents]
    cases = [case for one in held for case in one.cases]
    if failed := [case.full for case in cases if case.fate == "failed"]:
        raise UnreadError(Unread.TESTS_FAILED_IN_IT, count=len(failed), first=failed[0][:200])
    if not cases:
        raise UnreadError(Unread.NO_TEST)
    ran = [case for case in cases if not case.fate]
    for case in ran:
        reading.put("time", case.full, case.time, time=True)
    totals: list[str | None] = [time for one in held for time in one.times]
    totals = totals or [case.time for case in ran]
    reading.put("time", "", _sum(totals), time=True)
    reading.put("tests", "", len(ran))
    reading.put("skipped", "", len(cases) - len(ran))
    if len(ran) < len(cases):
        reading.ignored[LeftAside.SKIPPED_TESTS] += len(cases) - len(ran)
    return reading


def _parsed(document: Document) -> _Suites:
    suites, parser = _Suites(), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = suites.begin, suites.end
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(document.content, True)  # noqa: FBT003 - as the library wants it
    except expat.ExpatError as wrong:
        raise (UnreadError(Unread.NOT_XML, error=str(wrong)) if document.content.strip() else UnreadError(Unread.EMPTY)) from None
    return suites


def _no_doctype(*_: object) -> None:
    raise UnreadError(Unread.DOCUMENT_TYPE)


def _sum(times: Sequence[str | None]) -> float | str:
    """All of these together, or the first that is no number."""
    numbers = [finite(time) for time in times]
    if None in numbers:
        return str(times[numbers.index(None)])
    return math.fsum(number for number in numbers if number is not None)
