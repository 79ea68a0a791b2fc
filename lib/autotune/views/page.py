"""A report as one page of HTML that needs nothing else: no script, no request, light and dark, narrow and wide, on paper too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from autotune.core.tell import changes
from autotune.core.tell.full_report import Diff, FullReport, Kept, Section, Tried
from autotune.core.tell.lines import Line
from autotune.core.tell.report import NOT_COMPARED
from autotune.views import svg

_CODE = re.compile(r"`([^`\n]+)`")
_STYLE = Path(__file__).with_name("page.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # nothing is fetched, no script runs


def html(report: FullReport) -> str:
    """Give the page."""
    title, gained = escape(report.title), report.gained
    links = "".join(f'<a href="#{one.name}">{escape(one.title)}</a>' for one in report.sections)
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE.read_text('utf-8')}</style></head>\n"
    )
    top = (
        f'<h1>{title}</h1>\n<p class="made">{_prose(report.made)}</p>\n'
        f'<p class="gained {gained.tone}"><small>{_prose(gained.label)}</small>{_prose(gained.text)}</p>\n<nav>{links}</nav>\n'
    )
    return f"{head}<body><main>\n{top}{''.join(map(_section, report.sections))}</main></body></html>\n"


def _prose(text: str) -> str:
    """A text as it is safe to stand in a page; what stands in backticks is code."""
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))


def _section(section: Section) -> str:
    parts = (
        f"<p>{_prose(section.lead)}</p>\n" if section.lead else "",
        _lines(section.lines),
        svg.effects(section.plot) + svg.steps(section.plot) if section.plot is not None else "",
        _table(section.rows, linked=bool(section.kept)),
        *map(_kept, section.kept),
        f'<p class="more">{_prose(section.more)}</p>\n' if section.more else "",
        *(f"<p><code>{escape(one.command, quote=False)}</code><br>{_prose(one.what)}</p>\n" for one in section.commands),
    )
    return f'<section id="{section.name}"><h2>{escape(section.title)}</h2>\n{"".join(parts)}</section>\n'


def _lines(lines: Iterable[Line]) -> str:
    told = "".join(f'<dt>{_prose(line.label)}</dt><dd class="{line.tone}">{_prose(line.text)}</dd>\n' for line in lines)
    return f"<dl>{told}</dl>\n" if told else ""


def _table(rows: Iterable[Tried], *, linked: bool) -> str:
    told = "".join(_rows(rows, linked=linked))
    head = '<tr><th class="n">#</th><th>verdict</th><th class="n">effect</th><th>interval</th><th>change</th></tr>'
    return f"<table><thead>{head}</thead><tbody>\n{told}</tbody></table>\n" if told else ""


def _rows(rows: Iterable[Tried], *, linked: bool) -> Iterator[str]:
    """The rows of a table, a new segment set apart."""
    for place, (segment, held) in enumerate(groupby(rows, key=lambda one: one.row.segment)):
        if place:
            yield f'<tr class="apart"><td colspan="5" class="quiet">segment {segment}: {escape(NOT_COMPARED)}</td></tr>\n'
        for one in held:
            row, number = one.row, f'<a href="#e{one.row.number}">{one.row.number}</a>' if linked else str(one.row.number)
            why = f'<span class="why">{_prose(one.why)}</span>' if one.why else ""
            cells = (
                f'<td class="n">{number}</td><td class="{row.tone}">{row.fate}</td>',
                f'<td class="figure">{_figure(row.value, row.effect)}</td>',
                f'<td class="interval">{escape(row.interval)}</td><td class="what">{_prose(row.description)}{why}</td>',
            )
            yield f"<tr>{''.join(cells)}</tr>\n"


def _figure(value: str, effect: str) -> str:
    """An effect, with the value where values can be compared."""
    return escape(f"{effect} ({value})" if value and effect else effect)


def _kept(one: Kept) -> str:
    row = one.row
    head = f'<h3><span class="figure {row.tone}">{escape(row.effect)}</span>{row.number}: {_prose(row.description)}</h3>\n'
    plot = svg.samples(one.samples) if one.samples is not None else ""
    return f'<article id="e{row.number}">{head}{_lines(one.lines)}{plot}{_diff(one.diff)}</article>\n'


def _diff(diff: Diff | None) -> str:
    if diff is None or not (diff.lines or diff.more):
        return ""
    told = "".join(_marked(kind, lines) for kind, lines in changes.parts(diff.lines))
    shown = f'<pre tabindex="0">{told}</pre>\n' if told else ""
    return shown + (f'<p class="more">{_prose(diff.more)}</p>\n' if diff.more else "")


_ELEMENTS = {"added": ("<ins>", "</ins>"), "removed": ("<del>", "</del>"), "file": ("<b>", "</b>"), "place": ("<i>", "</i>")}


def _marked(kind: str, lines: Iterable[str]) -> str:
    before, after = _ELEMENTS.get(kind, ("", ""))
    text = "".join(f"{escape(line, quote=False)}\n" for line in lines)
    return f"{before}{text}{after}"
