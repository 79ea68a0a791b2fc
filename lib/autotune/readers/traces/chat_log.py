"""A chat log of any program: one JSON object a line, whose fields a mapping names by dotted paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from autotune.core.records.trace import FIGURES, Trace, Unread
from autotune.readers.traces import values
from autotune.readers.traces.reading import Refused

NAMES = ("id", "user", "conversation", "group", "model", "source")
FIELDS = ("input", "output", "messages", "at", "error", "packs", *NAMES, *FIGURES)
"""What a mapping can say where to find. `messages` is a list of {role, content}, in place of `input` and `output`."""
USUAL = {
    "input": ("input", "prompt", "question", "request", "query", "input_text"),
    "output": ("output", "response", "answer", "completion", "reply", "output_text"),
    "messages": ("messages",),
    "at": ("at", "timestamp", "time", "created_at", "ts", "date", "datetime", "datetime_utc"),
    "error": ("error",),
    "packs": ("packs", "prompt_pack_versions"),
    "id": ("id", "trace_id", "request_id", "message_id"),
    "user": ("user", "user_id", "userId"),
    "conversation": ("conversation", "conversation_id", "conversationId", "thread_id", "session_id", "chat_id"),
    "model": ("model", "model_id"),
}
"""Where a field is looked for that the mapping does not name."""


def reader_of(fields: Mapping[str, str]) -> Callable[[Mapping[str, Any]], Iterator[Trace]]:
    """Make what reads a line by a mapping of `FIELDS` to dotted paths."""

    def read(line: Mapping[str, Any]) -> Iterator[Trace]:
        def found(field: str) -> Any:  # noqa: ANN401 - any JSON
            if field in fields:
                return values.at_path(line, fields[field])
            return next((line[name] for name in USUAL.get(field, (field,)) if line.get(name) is not None), None)

        messages = found("messages")
        asked = _spoken(found("input")) or values.last_said(messages, "user", "human")
        if asked is None:
            raise Refused(Unread.NO_INPUT)
        packs = values.parsed(found("packs"))
        names: dict[str, Any] = {name: values.name(found(name)) for name in NAMES}
        yield Trace(
            at_ms=values.time_ms(found("at")),
            input=asked,
            output=_spoken(found("output")) or _answer(messages),
            packs={str(key): str(version) for key, version in packs.items()} if isinstance(packs, Mapping) else {},
            error=values.text(found("error")) or None,
            figures={name: number for name in FIGURES if (number := values.number(found(name))) is not None},
            **names,
        )

    return read


def _spoken(value: object) -> str | None:
    return values.content(value) or values.text(value)


def _answer(messages: object) -> str | None:
    """What was answered last, where that comes after what was asked last."""
    if not isinstance(messages, list):
        return None
    roles = [one.get("role") if isinstance(one, Mapping) else None for one in messages]
    asked = max((at for at, role in enumerate(roles) if role in {"user", "human"}), default=-1)
    return values.last_said(messages[asked + 1 :], "assistant", "ai", "model")
