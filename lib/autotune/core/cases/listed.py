"""A list of cases as it is written: an id a line, and perhaps a tab and the case's group."""

from __future__ import annotations

from collections.abc import Iterable

from autotune.core.cases.split import Case
from autotune.core.output.metrics import is_name, normalised

LONGEST = 150  # characters of an id


def listed(lines: Iterable[str]) -> tuple[Case, ...]:
    """Give the cases of a list, empty lines left out. Raises ValueError with the line that is none, or where there is none at all."""
    found = dict[str, Case]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        case = _case(line.rstrip("\r"), number)
        if case.name in found:
            raise ValueError(f"line {number}: {case.name} stands in it twice")
        found[case.name] = case
    if not found:
        raise ValueError("no case stands in it")
    return tuple(found.values())


def line_of(case: Case) -> str:
    """Give a case as it is written."""
    return case.name if case.group is None else f"{case.name}\t{case.group}"


def _case(line: str, number: int) -> Case:
    text, tab, group = line.partition("\t")
    name = normalised(text.strip())
    if not is_name(name) or len(name) > LONGEST or "[" in name or "]" in name:
        raise ValueError(f"line {number}: {text[:LONGEST]!r} is not an id: letters, digits and _ . - / % µ, at most {LONGEST} characters")
    return Case(name, group.strip() if tab and group.strip() else None)
