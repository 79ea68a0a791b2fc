"""An event's payload made into the text of its response."""

from __future__ import annotations

from autotune.hooks.values import read_json, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


ANSWERS = {
    "PreToolUse": ("tools", "before_tool"),
    "Environment": ("environment", "before_command"),
    "Stop": ("stops", "on_stop"),
    "SessionStart": ("starts", "on_start"),
    "UserPromptExpansion": ("starts", "on_word"),
    "StatusLine": ("line", "of_client"),
}
"""What answers an event: a module, which no other event pays for, and its function from a payload to a response."""


def answer_to(event: str, raw: bytes) -> str | None:
    """Give the response to an event, as JSON text but for the status line; None where there is nothing to say."""
    if event not in ANSWERS:
        raise ValueError(f"there is no hook for the event {event!r}")
    module, function = ANSWERS[event]
    respond: Callable[[Any], Any] = getattr(__import__(f"autotune.hooks.{module}", fromlist=[function]), function)
    found = respond(read_json(raw.decode("utf-8", "replace")))
    return found if found is None or isinstance(found, str) else written(found)
