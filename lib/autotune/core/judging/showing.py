"""Which parts of a trace a judge of each behaviour is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from autotune.core.judging.fencing import Part
from autotune.core.records.behaviors import Behavior
from autotune.core.records.trace import ToolCall, Trace

_LONGEST_ARGUMENTS, _LONGEST_ERROR = 600, 200


def parts(behavior: Behavior, trace: Trace) -> tuple[Part, ...]:
    """The parts that a behaviour is judged by, in the order in which they are shown; an answer that is not there is an empty one."""
    return tuple(part for name in _SHOWN[behavior] for part in _PARTS[name](trace))


def replayed(trace: Trace) -> tuple[Part, ...]:
    """What an agent is given of a record besides the request: its memory, and the tools that were called with what came of them."""
    return tuple(part for name in ("memory", "recall", "outcomes") for part in _PARTS[name](trace))


def _request(trace: Trace) -> Iterator[Part]:
    yield Part("request", trace.input)


def _answer(trace: Trace) -> Iterator[Part]:
    yield Part("answer", trace.output or "")


def _tools(trace: Trace) -> Iterator[Part]:
    if trace.tool_calls is not None:
        yield Part("tool calls", "\n".join(_call(call, outcome=False) for call in trace.tool_calls) or "none")


def _outcomes(trace: Trace) -> Iterator[Part]:
    if trace.tool_calls is not None:
        yield Part("tool calls, with outcomes", "\n".join(_call(call, outcome=True) for call in trace.tool_calls) or "none")


def _memory(trace: Trace) -> Iterator[Part]:
    if trace.memory_summary:
        yield Part("summary of memory", trace.memory_summary)
    if trace.memory_facts:
        yield Part("facts in memory", "\n".join(trace.memory_facts))


def _recall(trace: Trace) -> Iterator[Part]:
    if trace.memory_recall:
        yield Part("memories that were recalled", "\n".join(trace.memory_recall))


def _call(call: ToolCall, *, outcome: bool) -> str:
    """One call on one line, as JSON, so that no argument can look like another call."""
    said: dict[str, object] = {"tool": call.name}
    if call.arguments is not None:
        said["arguments"] = json.dumps(call.arguments, ensure_ascii=False, sort_keys=True)[:_LONGEST_ARGUMENTS]
    if outcome:
        found = {"ok": call.ok, "output_bytes": call.output_bytes, "output_truncated": call.output_truncated}
        said |= {name: value for name, value in found.items() if value is not None}
        if call.error is not None:
            said["error"] = call.error[:_LONGEST_ERROR]
    return json.dumps(said, ensure_ascii=False)


_PARTS: Mapping[str, Callable[[Trace], Iterator[Part]]] = {
    "request": _request,
    "answer": _answer,
    "tools": _tools,
    "outcomes": _outcomes,
    "memory": _memory,
    "recall": _recall,
}
_SHOWN: Mapping[Behavior, tuple[str, ...]] = {
    Behavior.RESPONSE_QUALITY: ("request", "answer", "tools"),
    Behavior.TASK_EXTRACTION: ("request", "answer", "tools"),
    Behavior.TOOL_CALLING: ("request", "answer", "tools"),
    Behavior.TOOL_OUTCOME: ("request", "answer", "outcomes"),
    Behavior.MEMORY_POLICY: ("memory", "request", "answer"),
    Behavior.MEMORY_RECALL: ("recall", "request", "answer"),
}
