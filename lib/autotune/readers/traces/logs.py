"""Which logs of traces can be read, by name, and what a line looks like when nobody has said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from autotune.readers.traces import chat_log, claude_code, dotclaw, otel
from autotune.readers.traces.reading import LineByLine, Reader


class Log(StrEnum):
    """A format of a log."""

    DOTCLAW = "dotclaw"
    OTEL = "otel"
    CHAT = "chat"
    CLAUDE_CODE = "claude-code"


READERS: Mapping[Log, Callable[[Mapping[str, str]], Reader]] = {
    Log.DOTCLAW: lambda _: LineByLine(dotclaw.read),
    Log.OTEL: lambda _: LineByLine(otel.read),
    Log.CHAT: lambda fields: LineByLine(chat_log.reader_of(fields)),
    Log.CLAUDE_CODE: lambda _: claude_code.Transcript(),
}
"""What makes the reader of one file; it gets the fields that are a chat log's own."""


_OF_DOTCLAW = frozenset((*dotclaw.OWN, "group_folder", "groupFolder", "tool_calls", "error_code", "memory_facts", "memory_recall"))

_OF_CHATS = frozenset({"conversation_id", "conversationId", "thread_id"})
"""What those agents never write, and other programs do that name their calls of tools alike."""


def recognised(line: Mapping[str, Any]) -> Log:
    """What a line looks like; what looks like nothing in particular is a chat log's."""
    if "resourceSpans" in line or ({"attributes", "name"} <= line.keys() and {"spanId", "span_id", "context"} & line.keys()):
        return Log.OTEL
    if "sessionId" in line and "type" in line:
        return Log.CLAUDE_CODE
    marks = _OF_DOTCLAW & line.keys()
    if marks == {"tool_calls"} and _OF_CHATS & line.keys():
        return Log.CHAT
    return Log.DOTCLAW if marks else Log.CHAT
