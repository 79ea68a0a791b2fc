"""pi's sessions, one JSON object a line. No listing is recorded, nor whether a human or a program said a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autotune.core.skills.seen import Answer, Call, Ended, Failure, How, Opened, Prompt, Row, Usage
from autotune.readers.transcripts.values import count, entries, entry, injected, skill_read, text, words

MARKS: tuple[bytes, ...] = ()  # every line counts


def rows(record: Mapping[str, object]) -> Iterator[Row]:
    """What one line of a session says."""
    at, message = text(record, "timestamp"), entry(record, "message")
    role = text(message, "role")
    if text(record, "type") == "session":
        yield Opened(text(record, "cwd"), program=False)
    elif role == "user":
        said = words(entry(message, "content"))
        yield Prompt("", at, said, human=True)
        if (name := injected(said)) is not None:
            yield Call("", at, "", name, How.TYPED)
    elif role == "assistant":
        yield Answer("", at)
        for block in entries(message, "content"):
            given = text(block, "arguments", "path") or text(block, "arguments", "command")
            if text(block, "type") == "toolCall" and (name := skill_read(given)) is not None:
                yield Call("", at, text(block, "id"), name, How.MODEL)
        if entry(message, "usage") is not None:
            used = entry(message, "usage")
            yield Usage(
                text(record, "id"), count(used, "input") + count(used, "cacheWrite"), count(used, "output"), count(used, "cacheRead")
            )
    elif role == "toolResult":
        failed = entry(message, "isError") is True
        yield Ended(text(message, "toolCallId"), ran=not failed)
        if failed:
            yield Failure("", at)
