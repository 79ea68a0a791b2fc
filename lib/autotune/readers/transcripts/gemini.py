"""Gemini CLI's sessions, one JSON object a line. A message is written again, under its id, as it grows. No listing is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autotune.core.skills.seen import Answer, Call, Ended, Failure, How, Prompt, Row, Usage
from autotune.readers.transcripts.values import count, entries, entry, text, words

_NOT_PROMPTS = ("<session_context>", "<hook_context>")
_TOOL = "activate_skill"

MARKS: tuple[bytes, ...] = ()  # every line counts


def rows(record: Mapping[str, object]) -> Iterator[Row]:
    """What one line of a session says."""
    at, kind = text(record, "timestamp"), text(record, "type")
    if kind == "user":
        said = words(entry(record, "content"))
        if said.strip() and not said.startswith(_NOT_PROMPTS):
            yield Prompt("", at, said, human=True)
    elif kind == "gemini":
        yield Answer("", at)
        for call in entries(record, "toolCalls"):
            if text(call, "name") == _TOOL:
                yield Call("", at, text(call, "id"), text(call, "args", "name"), How.MODEL)
            if text(call, "status") in ("success", "error", "cancelled"):
                yield Ended(text(call, "id"), ran=text(call, "status") == "success", denied=text(call, "status") == "cancelled")
            if text(call, "status") == "error":
                yield Failure("", at)
        used, cached = entry(record, "tokens"), count(record, "tokens", "cached")
        if used is not None:
            yield Usage(text(record, "id"), max(0, count(used, "input") - cached), count(used, "output"), cached)
