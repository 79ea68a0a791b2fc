"""What is sent when a session pauses or finishes: its name, what happened and counts, and nothing of what it works on."""

from __future__ import annotations

from typing import Any

from autotune.core.ledger.state import State
from autotune.core.tell.figures import counted


def notification(state: State, occasion: str) -> dict[str, Any]:
    """Give the message as JSON values; `text` says the rest in a sentence."""
    session, how = state.segment.opened.session, "running" if state.ended is None else str(state.ended.ending)
    text = f"{session} is {how}: {counted(state.count, 'experiment')}, {state.all_keeps} kept"
    return {"session": session, "event": occasion, "how": how, "experiments": state.count, "kept": state.all_keeps, "text": text}
