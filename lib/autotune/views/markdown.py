"""A report as Markdown, for a pull request: whatever comes from elsewhere is text there, names nobody and closes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from autotune.core.tell.full_report import A_PULL_REQUEST, Diff, FullReport, Kept, Room, Section, Tried
from autotune.core.tell.lines import Line
from autotune.core.tell.report import NOT_COMPARED

LONGEST = 65_536  # characters of a pull request's text
_CODE = re.compile(r"`([^`\n]+)`")
_MARKS = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)")  # wherever they stand on a line, whose beginning is the page's own
_GAP = "\u200b"  # no width: what stands on both sides of it is no name, number or address any more
_MEANING = re.compile(r"@(?=\w)|#(?=\d)|\bgh-(?=\d)|:(?=//)|\bwww(?=\.)", re.IGNORECASE)  # to a host of git


def for_pull_request(made: Callable[[Room], FullReport]) -> str:
    """Give the page with as much of a report as fits, made for less and less room."""
    room = A_PULL_REQUEST
    while len(text := markdown(made(room))) > LONGEST and room.rows:
        room = room.halved()
    return text


def markdown(report: FullReport) -> str:
    """Give the page."""
    gained = report.gained
    top = f"# {prose(report.title)}\n\n{prose(report.made)}\n\n**{prose(gained.label)}: {prose(gained.text)}**\n"
    return top + "".join(map(_section, report.sections))


def prose(text: str) -> str:
    """A text as it is safe to stand on one line; what stands in backticks is code."""
    parts = _CODE.split(text.replace("\n", " "))
    return "".join(_code(part) if place % 2 else _plain(part) for place, part in enumerate(parts))


def _code(text: str) -> str:
    """Text without backticks as code; a bar would end a cell of a table even there."""
    return f"<code>{_plain(text)}</code>" if "|" in text else f"`{text}`"


def _plain(text: str) -> str:
    text = _MEANING.sub(rf"\g<0>{_GAP}", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return _MARKS.sub(r"\\\g<0>", text).replace(_GAP, "&#8203;")


def _section(section: Section) -> str:
    parts = (
        f"{prose(section.lead)}\n" if section.lead else "",
        _lines(section.lines),
        "".join(_table(section.rows)),
        *map(_kept, section.kept),
        f"{prose(section.more)}\n" if section.more else "",
        *(f"    {one.command}\n\n{prose(one.what)}\n" for one in section.commands),
    )
    return f"\n## {prose(section.title)}\n" + "".join(f"\n{part}" for part in parts if part)


def _lines(lines: Iterable[Line]) -> str:
    return "".join(f"- {prose(line.label)}: {prose(line.text)}\n" for line in lines)


def _table(rows: Iterable[Tried]) -> Iterator[str]:
    """The lines of a table, a new segment set apart."""
    for place, (segment, held) in enumerate(groupby(rows, key=lambda one: one.row.segment)):
        yield (
            f"| | segment {segment} | | | {NOT_COMPARED} |\n"
            if place
            else "| # | verdict | effect | interval | change |\n|--:|---|--:|---|---|\n"
        )
        for one in held:
            row = one.row
            why = f"<br>{prose(one.why)}" if one.why else ""
            yield f"| {row.number} | {row.fate} | {prose(row.effect)} | {prose(row.interval)} | {prose(row.description)}{why} |\n"


def _kept(one: Kept) -> str:
    row = one.row
    return f"### {row.number}: {prose(row.description)} ({prose(row.effect)})\n\n{_lines(one.lines)}{_diff(one.diff)}"


def _diff(diff: Diff | None) -> str:
    """A change that unfolds, in a fence that is longer than any in it."""
    if diff is None or not diff.lines:
        return ""
    text = "\n".join(diff.lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    more = f"\n{prose(diff.more)}\n" if diff.more else ""
    return f"\n<details><summary>diff</summary>\n\n{fence}diff\n{text}\n{fence}\n{more}\n</details>\n"
