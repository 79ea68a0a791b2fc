"""What was imported, in words: apart from a session's own experiments."""

from __future__ import annotations

from collections.abc import Mapping

from autotune.core.escaping import escaped, shortened
from autotune.core.ledger.earlier import Earlier, Imports
from autotune.core.tell.figures import counted, number, with_unit
from autotune.core.tell.lines import Line, Tone

_SHOWN = 5
TITLE = "History from elsewhere, which is no evidence"


def in_short(imports: Imports) -> str:
    """Say how many experiments were imported, and of which kinds."""
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in imports.statuses.items())
    return f"{counted(imports.count, 'experiment')} made elsewhere ({kinds}); their values are no evidence"


def headline(imports: Imports) -> list[Line]:
    """Give the line of a screen; none where nothing was imported."""
    return [Line("history", in_short(imports), Tone.QUIET)] if imports.count else []


def lines(imports: Imports) -> list[Line]:
    """Give the history in a few lines, the latest experiments last."""
    if not imports.count:
        return []
    return [Line("history", f"{in_short(imports)}; the latest:"), *(Line("", item(row)) for row in imports.rows[-_SHOWN:])]


def rows(imports: Imports) -> tuple[Line, ...]:
    """Give the history as a page or a report shows it: what it is, then each experiment whose words are held, the latest first."""
    if not imports.count:
        return ()
    held = (Line(_what(row), f"{_value(row)}{_said(row)}", Tone.QUIET) for row in imports.rows[::-1])
    left = imports.count - len(imports.rows)
    more = (Line("", f"and {counted(left, 'earlier experiment')} whose words are not held", Tone.QUIET),) if left else ()
    return (Line("history", f"{in_short(imports)}, and no verdict or figure here is made of them"), *held, *more)


def item(row: Earlier) -> str:
    """`12 keep 0.993 val_bpb: cache the parsed header`."""
    value = _value(row)
    return f"{_what(row)}{value and f' {value[:-2]}'}: {_said(row)}"


def _what(row: Earlier) -> str:
    return f"{row.number} {row.status.replace('_', ' ')}"


def _value(row: Earlier) -> str:
    """`0.993 val_bpb: `, as that log has it; empty where it has none."""
    return "" if row.value is None else f"{with_unit(number(row.value), row.unit)} {escaped(row.metric)}".rstrip() + ": "


def _said(row: Earlier) -> str:
    return f"{shortened(row.description, 200)}{f' {shortened(row.note, 200)}' if row.note else ''}"


WHY: Mapping[str, str] = {
    "not utf8": "it is not UTF-8 text",
    "not json": "it is not JSON",
    "no object": "it is JSON, but no object",
    "torn": "the last line was never finished",
    "unknown type": "its type is not known",
    "no config": "no config line comes before it",
    "bad config": "it names no metric, or a direction that is neither lower nor higher",
    "bad number": "its number is no whole number",
    "unknown status": "its status is none of keep, discard, crash and checks_failed",
    "bad value": "its value is no finite number",
    "keep without value": "it is a keep without a value",
    "bad description": "its description or commit is no text",
    "bad time": "its time cannot be read",
    "bad columns": "it has another number of columns than the first line",
}
"""Why a line was not taken, by what the reader of logs calls it."""


def not_taken(line: int, why: str, found: str) -> str:
    """Say which line was not taken, and why."""
    return f"line {line} is not taken: {WHY[why]}{f' ({escaped(found)})' if found else ''}"
