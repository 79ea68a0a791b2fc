"""Which tests failed, by what their runner printed: pytest, unittest, Jest, Vitest, Go, cargo, or JUnit XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

LONGEST_NAME = 160
_PYTEST = re.compile(r"^(?:FAILED|ERROR|SUBFAILED\(.*?\)) (\S+\.py(?:::.+?)?)(?: - .*)?$", re.MULTILINE)
_UNITTEST = re.compile(r"^(?:FAIL|ERROR): (\S+) \(([\w.]+)\)", re.MULTILINE)
_JEST = re.compile(r"^  ● (?!Console$|Test suite failed to run|Cannot log after)(\S.*)$", re.MULTILINE)
_VITEST = re.compile(r"^ *FAIL +(\S+ > .+)$", re.MULTILINE)
_GO = re.compile(r"^ *--- FAIL: (\S+)", re.MULTILINE)
_CARGO = re.compile(r"^test (\S.*?) \.\.\. FAILED$", re.MULTILINE)
_CARGO_QUIETLY = re.compile(r"^(\S.*?) --- FAILED$", re.MULTILINE)
_JUNIT = re.compile(r"<testcase\b([^>]{0,2000}[^/>])>\s*<(?:failure|error)\b")
_ATTRIBUTE = re.compile(r'\b(name|classname)="([^"]*)"')


def failing_tests(text: str) -> tuple[str, ...]:
    """Name the tests that a runner's plain text says failed, each once, in its order and as it names them."""
    return tuple(dict.fromkeys(name.strip()[:LONGEST_NAME] for name in _named(text)))


def _named(text: str) -> Iterator[str]:
    for pattern in (_PYTEST, _JEST, _VITEST, _CARGO, _CARGO_QUIETLY):
        yield from pattern.findall(text)
    for method, where in _UNITTEST.findall(text):
        yield where if where.endswith(f".{method}") else f"{where}.{method}"
    go = _GO.findall(text)
    yield from (name for name in go if not any(other.startswith(f"{name}/") for other in go))
    for attributes in _JUNIT.findall(text):
        held = {name: unescape(value) for name, value in _ATTRIBUTE.findall(attributes)}
        yield ".".join(filter(None, (held.get("classname"), held.get("name"))))
