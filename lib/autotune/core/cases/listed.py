"""A list of cases as it is written: an id a line, and perhaps a tab and the case's group, and another one and its side."""

from __future__ import annotations

from collections.abc import Iterable

from autotune.core.cases.split import Case, Side
from autotune.core.output.metrics import is_name, normalised

_SIDES = tuple(map(str, Side))
LONGEST = 150  # characters of an id


def listed(lines: Iterable[str], *, sided: bool = True) -> tuple[Case, ...]:
    """Give the cases of a list, empty lines left out. Raises ValueError with the line that is none, or where there is none at all.

    Either all cases have a side, or none has. Without `sided`, all behind the first tab is the group, as it was before there were sides.
    """
    found = dict[str, Case]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        case = _case(line.rstrip("\r"), number, sided=sided)
        if case.name in found:
            raise ValueError(f"line {number}: {case.name} stands in it twice")
        if found and (case.side is None) is not (next(iter(found.values())).side is None):
            raise ValueError(f"line {number}: a side (positive or negative, behind a second tab) stands in all lines or in none")
        found[case.name] = case
    if not found:
        raise ValueError("no case stands in it")
    return tuple(found.values())


def line_of(case: Case) -> str:
    """Give a case as it is written."""
    if case.side is not None:
        return f"{case.name}\t{case.group or ''}\t{case.side}"
    return case.name if case.group is None else f"{case.name}\t{case.group}"


def _case(line: str, number: int, *, sided: bool) -> Case:
    text, tab, group = line.partition("\t")
    name = normalised(text.strip())
    if not is_name(name) or len(name) > LONGEST or "[" in name or "]" in name:
        raise ValueError(f"line {number}: {text[:LONGEST]!r} is not an id: letters, digits and _ . - / % µ, at most {LONGEST} characters")
    before, behind, last = group.rpartition("\t")
    side = Side(last.strip()) if sided and behind and last.strip() in _SIDES else None
    group = (group if side is None else before).strip()
    return Case(name, group if tab and group else None, side)
