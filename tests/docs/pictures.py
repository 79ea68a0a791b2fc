"""What README shows of a session, drawn from the log of one `autotune demo`: `python tests/docs/pictures.py` writes it."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from autotune.core.ledger.events import SegmentOpened
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.lines import Event, from_line
from autotune.core.ledger.state import State
from autotune.core.tell import story
from autotune.core.tell.lines import laid_out
from autotune.views import dashboard

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "README.md"
LOG = ROOT / "tests/golden/demo.jsonl"
WIDTH = 110
SHOWN = 1  # the experiment that is explained


def pictures() -> dict[str, str]:
    """The text of each picture by the name of its markers."""
    events = [event for line in LOG.read_bytes().splitlines() if (event := from_line(line)) is not None]
    return {"dashboard": _screen(events), "explain": _told(events)}


def drawn(text: str) -> str:
    """A page with its pictures as they are now. Raises ValueError where a marker is missing."""
    for name, picture in pictures().items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        start = text.index(begin) + len(begin)
        text = f"{text[:start]}```text\n{picture}```\n{text[text.index(end, start) :]}"
    return text


def _screen(events: list[Event]) -> str:
    state = _state(events)
    moment = state.recent.rows[-1].timestamp
    console = Console(file=io.StringIO(), width=WIDTH, force_terminal=False, highlight=False)
    with console.capture() as captured:
        console.print(dashboard.screen(state, moment, state.recent.rows[-dashboard.ROWS :], WIDTH, None, moment))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().strip().splitlines())


def _told(events: list[Event]) -> str:
    found = story.story_of(events, SHOWN)
    assert found is not None
    return laid_out(story.lines(found, _state(events), WIDTH - story.LABELS), WIDTH)


def _state(events: list[Event]) -> State:
    opening, *rest = events
    assert isinstance(opening, SegmentOpened)
    state = begin(opening)
    for event in rest:
        state = after(state, event)
    return state


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")
