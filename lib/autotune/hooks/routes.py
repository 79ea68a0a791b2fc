"""An event's payload made into the text of its response."""

from __future__ import annotations

from autotune.hooks.values import read_json, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def answer_to(event: str, raw: bytes) -> str | None:
    """Give the response to an event, as JSON text but for the status line; None where there is nothing to say."""
    found = _respond(event, read_json(raw.decode("utf-8", "replace")))
    return found if found is None or isinstance(found, str) else written(found)


def _respond(event: str, payload: Mapping[str, Any]) -> dict[str, Any] | str | None:  # each event imports what it needs and no more
    match event:
        case "PreToolUse":
            from autotune.hooks import tools

            return tools.before_tool(payload)
        case "Environment":
            from autotune.hooks import environment

            environment.before_command(payload)
            return None
        case "Stop":
            from autotune.hooks import stops

            return stops.on_stop(payload)
        case "SessionStart":
            from autotune.hooks import starts

            return starts.on_start(payload)
        case "UserPromptExpansion":
            from autotune.hooks import starts

            starts.on_word(payload)
            return None
        case "StatusLine":
            from autotune.hooks import line

            return line.of_client(payload)
        case _:
            raise ValueError(f"there is no hook for the event {event!r}")
