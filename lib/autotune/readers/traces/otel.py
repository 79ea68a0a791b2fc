"""OpenTelemetry spans by the conventions for generative AI, as JSON lines: one span a line, or what a collector's file exporter writes.

A trace is a call of a model that ended with words. A call that ended with tool calls alone is a step on the way; the next call's messages
tell what became of them. Spans of agents and tools are passed over, for the calls of models are within them. Messages stand in attributes
(as JSON or as `gen_ai.prompt.0.content`) or in events; older names of attributes are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from autotune.core.records.trace import ToolCall, Trace, Unread
from autotune.readers.traces import values
from autotune.readers.traces.reading import Refused

Attributes = Mapping[str, Any]
_CALLS = frozenset(("chat", "text_completion", "generate_content", "completion"))
_OPERATION = ("gen_ai.operation.name", "llm.request.type")
_INPUT = ("gen_ai.input.messages", "gen_ai.prompt", "input.value")
_OUTPUT = ("gen_ai.output.messages", "gen_ai.completion", "output.value")
_USER = ("user.id", "enduser.id", "gen_ai.user.id")
_CONVERSATION = ("gen_ai.conversation.id", "session.id")
_MODEL = ("gen_ai.response.model", "gen_ai.request.model")
_TOKENS_IN = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
_TOKENS_OUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
_BEGUN = ("startTimeUnixNano", "start_time", "startTime")
_ENDED = ("endTimeUnixNano", "end_time", "endTime")
_NUMBERED = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,4})\.(role|content)")
_PACK = "autotune.pack."
_FAILED = frozenset((2, "ERROR", "STATUS_CODE_ERROR", "Error"))
_ANY_VALUE = ("stringValue", "boolValue", "intValue", "doubleValue")


def read(line: Mapping[str, Any]) -> Iterator[Trace]:
    """Give the traces of the spans in a line. Raises `Refused` where a span's time is none, or its messages are missing."""
    for span, resource in _spans(line):
        attributes = {**resource, **_attributes(span.get("attributes"))}
        if str(_first(attributes, _OPERATION)) in _CALLS:
            yield from _trace(span, attributes)


def _spans(line: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Attributes]]:
    """Give every span of a line with the attributes of what it ran in."""
    if not isinstance(line.get("resourceSpans"), list):
        resource = line.get("resource")
        yield line, _attributes(resource.get("attributes")) if isinstance(resource, Mapping) else {}
        return
    for group in line["resourceSpans"]:
        resource = _attributes(values.at_path(group, "resource.attributes"))
        for scope in values.at_path(group, "scopeSpans") or []:
            yield from ((span, resource) for span in values.at_path(scope, "spans") or [] if isinstance(span, Mapping))


def _attributes(said: object) -> dict[str, Any]:
    """Attributes as a mapping, from a mapping or from OTLP's list of keys and values."""
    if isinstance(said, Mapping):
        return dict(said)
    return (
        {str(one["key"]): _value(one.get("value")) for one in said if isinstance(one, Mapping) and "key" in one}
        if isinstance(said, list)
        else {}
    )


def _value(said: object) -> Any:  # noqa: ANN401 - any JSON
    """A value of OTLP, in which the type is a key and whole numbers are texts."""
    if not isinstance(said, Mapping):
        return said
    if "arrayValue" in said:
        return [_value(one) for one in values.at_path(said, "arrayValue.values") or []]
    if "kvlistValue" in said:
        return _attributes(values.at_path(said, "kvlistValue.values"))
    kind = next((key for key in _ANY_VALUE if key in said), None)
    found = said.get(kind) if kind else None
    return int(found) if kind == "intValue" and isinstance(found, str) and re.fullmatch(r"-?\d{1,18}", found) else found


def _first(attributes: Attributes, names: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


def _trace(span: Mapping[str, Any], attributes: Attributes) -> Iterator[Trace]:
    asked, answered = _messages(span, attributes)
    request = values.last_said(asked, "user")
    if request is None:
        raise Refused(Unread.NO_INPUT)
    error = _error(span, attributes)
    answer = values.last_said(answered, "assistant", "model", "ai")
    if answer is None and error is None:
        return  # a step on the way
    begun, ended = values.time_ms(_first(span, _BEGUN)), values.time_ms(_first(span, _ENDED))
    trace_id = values.name(_first(span, ("traceId", "trace_id"))) or values.name(values.at_path(span, "context.trace_id"))
    span_id = values.name(_first(span, ("spanId", "span_id"))) or values.name(values.at_path(span, "context.span_id"))
    figures = {
        "latency_ms": None if begun is None or ended is None else ended - begun,
        "tokens_prompt": values.number(_first(attributes, _TOKENS_IN)),
        "tokens_completion": values.number(_first(attributes, _TOKENS_OUT)),
    }
    yield Trace(
        f"{trace_id}-{span_id}" if trace_id and span_id else span_id,
        begun,
        request,
        answer,
        user=values.name(_first(attributes, _USER)),
        conversation=values.name(_first(attributes, _CONVERSATION)) or trace_id,
        model=values.name(_first(attributes, _MODEL)),
        packs=_packs(attributes),
        tool_calls=tuple(_calls(asked)),
        error=error,
        source=values.name(attributes.get("service.name")),
        figures={name: value for name, value in figures.items() if value is not None},
    )


def _messages(span: Mapping[str, Any], attributes: Attributes) -> tuple[list[Any], list[Any]]:
    """What was said to the model, and what it said, as messages."""
    asked, answered = _as_messages(_first(attributes, _INPUT), "user"), _as_messages(_first(attributes, _OUTPUT), "assistant")
    numbered: dict[tuple[str, int], dict[str, Any]] = {}
    for name, value in attributes.items():
        if found := _NUMBERED.fullmatch(name):
            numbered.setdefault((found[1], int(found[2])), {})[found[3]] = value
    for (side, _), message in sorted(numbered.items()):
        (asked if side == "prompt" else answered).append({"role": "user" if side == "prompt" else "assistant", **message})
    for event in span.get("events") or []:
        if isinstance(event, Mapping):
            said = {**_attributes(event.get("attributes")), **_attributes(event.get("body"))}
            _of_event(str(event.get("name")), said, asked, answered)
    return asked, answered


def _of_event(name: str, said: dict[str, Any], asked: list[Any], answered: list[Any]) -> None:
    """Add what an event says to the messages."""
    asked += _as_messages(_first(said, _INPUT), "user")
    answered += _as_messages(_first(said, _OUTPUT), "assistant")
    role = name.removeprefix("gen_ai.").removesuffix(".message")
    if role in {"user", "assistant", "tool", "system"}:
        asked.append({"role": role, **said})
    elif name == "gen_ai.choice":
        answered += _as_messages(said.get("message", said), "assistant")


def _as_messages(said: object, role: str) -> list[Any]:
    """Messages of a list, of one message, of JSON, or of plain words."""
    match values.parsed(said):
        case list() as several:
            return [{"role": role, **one} if isinstance(one, Mapping) else {"role": role, "content": one} for one in several]
        case {"messages": list() as several}:
            return list(several)
        case Mapping() as one:
            return [{"role": role, **one}]
        case str() as words:
            return [{"role": role, "content": words}]
        case _:
            return []


def _calls(asked: list[Any]) -> Iterator[ToolCall]:
    """The tools that were called since the user asked, by the parts of the messages that led to the answer."""
    latest = max((at for at, one in enumerate(asked) if isinstance(one, Mapping) and one.get("role") == "user"), default=-1)
    parts = [
        part for one in asked[latest + 1 :] if isinstance(one, Mapping) for part in one.get("parts") or [] if isinstance(part, Mapping)
    ]
    came_back = {str(part.get("id")) for part in parts if part.get("type") == "tool_call_response"}
    for part in parts:
        if part.get("type") == "tool_call" and isinstance(part.get("name"), str):
            yield ToolCall(part["name"], True if str(part.get("id")) in came_back else None, part.get("arguments"))


def _error(span: Mapping[str, Any], attributes: Attributes) -> str | None:
    status = span.get("status")
    if isinstance(status, Mapping) and _first(status, ("code", "status_code")) in _FAILED:
        return values.text(_first(status, ("message", "description"))) or values.text(attributes.get("error.type")) or "error"
    return values.text(attributes.get("error.type"))


def _packs(attributes: Attributes) -> dict[str, str]:
    """The packs that were shown: attributes named `autotune.pack.BEHAVIOR`, or a prompt's own name and version."""
    packs = {name.removeprefix(_PACK): str(version) for name, version in attributes.items() if name.startswith(_PACK)}
    name, version = attributes.get("gen_ai.prompt.name"), attributes.get("gen_ai.prompt.version")
    return {str(name): str(version), **packs} if name is not None and version is not None else packs
