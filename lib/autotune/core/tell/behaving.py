"""The words of what the numbers of behavior.json become, and by which figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from autotune.core.escaping import shortened
from autotune.core.tell.figures import counted, in_percent, number
from autotune.core.tell.lines import Line, Tone

PROPOSED = "The pack of {behavior} says what behavior.json says"
_LONGEST = 300
_WHAT = {
    "tool failures": ("tools failed in", True),
    "tool use": ("tools were called in", True),
    "characters": ("characters of an answer", False),
    "facts": ("facts in memory", False),
    "errors": ("errors in", True),
    "latency": ("milliseconds until an answer", False),
    "quality": ("a judge's score", False),
}
_short = partial(number, figures=3)


def told(found: Mapping[str, Any]) -> Iterator[Line]:
    """What changed, what was measured, and where it is written."""
    would = "would be " if found["dry_run"] else ""
    for name, value in found["taken_back"] or ():
        yield Line("taken back", f"{name} {would}no longer {value}", Tone.FAIR)
    for one in found["changes"]:
        yield Line(
            "changed", f"{one['name']} {would}{one['after']}, was {one['before']}: {_figure(one['by'], found['figures'])}", Tone.GOOD
        )
    if not found["changes"] and not found["taken_back"]:
        yield Line("changed", "nothing: no figure is surely beyond what a rule asks for")
    for what in found["figures"]:
        yield Line("measured", _figure(what, found["figures"]))
    for pack in found.get("packs", ()):
        yield Line("pack", f"{pack['behavior']}: {pack['action']} {pack.get('version', '')}".strip())
    yield Line("file", shortened(found["file"], _LONGEST))
    if found["report"]:
        yield Line("report", shortened(found["report"], _LONGEST))


def _figure(what: str, figures: Mapping[str, Any]) -> str:
    words, is_share = _WHAT[what]
    one = figures[what]
    low, high = one["low"], one["high"]
    if is_share:
        return f"{words} {in_percent(one['value'])} of {counted(one['of'], 'trace')} ({in_percent(low)} to {in_percent(high)})"
    between = "" if low is None else f" ({_short(low)} to {_short(high)})"
    return f"{words}: {_short(one['value'])} in {counted(one['of'], 'trace')}{between}"
