"""The noun of what an agent did in production: one request, its answer, and what is known of both.

Trace             one request and its answer, as every reader of a log gives it
to_mapping        the trace as JSON values, absent ones left out; `from_mapping` reads them back
FREE_TEXT         the fields that hold people's words, and so are masked; every other field is an id, a version, a time or a figure
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FREE_TEXT = ("input", "output", "memory_summary", "memory_facts", "memory_recall", "session_recall", "error")
FIGURES = (
    *("latency_ms", "tokens_prompt", "tokens_completion", "cost_prompt_usd", "cost_completion_usd", "cost_total_usd"),
    *("memory_recall_count", "session_recall_count", "memory_items_upserted", "memory_items_extracted", "feedback"),
)
"""What a trace may have as a number. `feedback` is a person's: above 0 for good, below 0 for bad."""


class Unread(StrEnum):
    """Why a line of a log, or a part of it, was not taken in. The database holds these values."""

    NOT_UTF8 = "not UTF-8"
    NOT_JSON = "not JSON"
    NOT_AN_OBJECT = "not an object"
    NO_INPUT = "no request"
    BAD_TIME = "no time"
    TOO_LONG = "too long"
    ID_TAKEN = "id taken"
    BAD_TOOL_CALL = "tool call without name"
    BAD_VERSION = "no version"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool that the agent called. `ok` is None where the log does not say how it ended."""

    name: str
    ok: bool | None = None
    arguments: Any = None
    duration_ms: float | None = None
    error: str | None = None
    output_bytes: float | None = None
    output_truncated: bool | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """One request to an agent and its answer. What a log does not say is None, never 0 or "unknown".

    `at_ms` is milliseconds since 1970, UTC. `packs` are the versions of the packs that were shown, by behaviour. `tool_calls` is None where
    the log says nothing of tools, and empty where none was called. `figures` are numbers by the names in `FIGURES`.
    """

    id: str | None
    at_ms: int | None
    input: str
    output: str | None = None
    user: str | None = None
    conversation: str | None = None
    group: str | None = None
    model: str | None = None
    packs: Mapping[str, str] = field(default_factory=dict)
    tool_calls: tuple[ToolCall, ...] | None = None
    memory_summary: str | None = None
    memory_facts: tuple[str, ...] | None = None
    memory_recall: tuple[str, ...] | None = None
    session_recall: tuple[str, ...] | None = None
    error: str | None = None
    source: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    flaws: tuple[Unread, ...] = ()


_TEXTS = ("output", "user", "conversation", "group", "model", "memory_summary", "error", "source")
_LISTS = ("memory_facts", "memory_recall", "session_recall")
_OF_CALLS = ("ok", "arguments", "duration_ms", "error", "output_bytes", "output_truncated")


def to_mapping(trace: Trace) -> dict[str, Any]:
    """The trace as JSON values; what is absent is left out, and so are the flaws of the line that it was read from."""
    said: dict[str, Any] = {"id": trace.id, "at_ms": trace.at_ms, "input": trace.input}
    for name in (*_TEXTS, *_LISTS):
        if (value := getattr(trace, name)) is not None:
            said[name] = list(value) if name in _LISTS else value
    if trace.packs:
        said["packs"] = dict(trace.packs)
    if trace.tool_calls is not None:
        said["tool_calls"] = [_call_mapping(call) for call in trace.tool_calls]
    return said | dict(trace.figures)


def from_mapping(said: Mapping[str, Any]) -> Trace:
    """The trace of a mapping that `to_mapping` made. Raises KeyError or TypeError for any other."""
    calls = said.get("tool_calls")
    texts: dict[str, Any] = {name: said.get(name) for name in _TEXTS}
    texts |= {name: tuple(said[name]) if name in said else None for name in _LISTS}
    return Trace(
        said["id"],
        said["at_ms"],
        said["input"],
        packs=dict(said.get("packs", {})),
        tool_calls=None if calls is None else tuple(ToolCall(**call) for call in calls),
        figures={name: said[name] for name in FIGURES if name in said},
        **texts,
    )


def _call_mapping(call: ToolCall) -> dict[str, Any]:
    return {"name": call.name} | {name: value for name in _OF_CALLS if (value := getattr(call, name)) is not None}
