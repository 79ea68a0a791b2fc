"""Transcripts of Claude Code, as traces: a turn of a person is a request, the last words before the next one are its answer.

A turn goes over many lines, and the last one of a file may still grow. So it is held: its lines are read again the next time, and what is
known of it by then takes the place of what was known before. Subagents' lines, what the client itself says, and summaries are no turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from autotune.core.records.trace import ToolCall, Trace
from autotune.readers.traces import values

_BY_CLIENT = ("<local-command", "<task-notification", "<bash-", "[Request interrupted")
_COMMAND = re.compile(r"<command-name>\s*/?([^<]*)</command-name>")
_ARGUMENTS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)


@dataclass(slots=True)
class _Turn:
    """What is known of a turn so far, and where it begins (bytes). `tokens` are those read and written, by message."""

    position: int
    trace: Trace
    answered_ms: int | None = None
    calls: dict[str, ToolCall] = field(default_factory=dict)
    tokens: dict[str, tuple[float, float]] = field(default_factory=dict)


class Transcript:
    """The reader of one transcript."""

    def __init__(self) -> None:
        self._turn: _Turn | None = None

    @property
    def held_from(self) -> int | None:
        """Where the turn begins that may still grow."""
        return None if self._turn is None else self._turn.position

    def take(self, line: Mapping[str, Any], position: int) -> Iterator[Trace]:
        """Give the turn that a line ends by beginning another."""
        message = line.get("message")
        if line.get("isSidechain") is True or not isinstance(message, Mapping):
            return
        if line.get("type") == "assistant":
            self._answered(message, line)
        elif line.get("type") == "user" and line.get("promptSource") == "system":
            yield from self.end()
            self._turn = None  # what follows answers the client
        elif line.get("type") == "user" and (asked := self._asked(message, line)) is not None:
            yield from self.end()
            self._turn = _begun(line, asked, position)

    def end(self) -> Iterator[Trace]:
        """Give the turn that is held, where it has been answered."""
        if self._turn is not None and (self._turn.trace.output is not None or self._turn.trace.error is not None):
            yield _whole(self._turn)

    def _asked(self, message: Mapping[str, Any], line: Mapping[str, Any]) -> str | None:
        """What a person asks in this line; None where it is something else."""
        parts = message.get("content")
        results = [one for one in parts if isinstance(one, Mapping) and one.get("type") == "tool_result"] if isinstance(parts, list) else []
        for one in results:
            self._came_back(one)
        own = line.get("isMeta") or line.get("isCompactSummary") or line.get("isVisibleInTranscriptOnly")
        said = None if results or own else values.content(parts)
        if said is None or said.lstrip().startswith(_BY_CLIENT):
            return None
        if (command := _COMMAND.search(said)) is not None:
            arguments = _ARGUMENTS.search(said)
            return f"/{command[1].strip()} {arguments[1].strip() if arguments else ''}".strip()
        return said

    def _came_back(self, result: Mapping[str, Any]) -> None:
        """Note what became of a tool call."""
        if self._turn is None or (call := self._turn.calls.get(str(result.get("tool_use_id")))) is None:
            return
        failed, said = result.get("is_error") is True, values.content(result.get("content")) or ""
        size = len(said.encode("utf-8", "surrogatepass"))
        done = ToolCall(call.name, not failed, call.arguments, None, said if failed else None, size)
        self._turn.calls[str(result.get("tool_use_id"))] = done

    def _answered(self, message: Mapping[str, Any], line: Mapping[str, Any]) -> None:
        """Note what the agent says, calls and uses in this line."""
        turn = self._turn
        if turn is None:
            return
        said, output = values.content(message.get("content")), turn.trace.output
        parts = message.get("content")
        if line.get("isApiErrorMessage") is True:
            turn.trace = replace(turn.trace, error=said or "error")
            return
        for one in parts if isinstance(parts, list) else []:
            if isinstance(one, Mapping) and one.get("type") == "tool_use" and isinstance(one.get("name"), str):
                turn.calls[str(one.get("id"))] = ToolCall(one["name"], None, one.get("input"))
                output = said = None  # it goes on: what was said so far is not the answer
        model = values.name(message.get("model")) or turn.trace.model
        turn.trace = replace(turn.trace, output=said or output, error=None, model=model)
        turn.answered_ms = values.time_ms(line.get("timestamp")) or turn.answered_ms
        if isinstance(usage := message.get("usage"), Mapping):
            read = [
                values.number(usage.get(key)) or 0 for key in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
            ]
            turn.tokens[str(message.get("id"))] = (sum(read), values.number(usage.get("output_tokens")) or 0)


def _begun(line: Mapping[str, Any], asked: str, position: int) -> _Turn:
    conversation, at_ms = values.name(line.get("sessionId")), values.time_ms(line.get("timestamp"))
    own = values.name(line.get("uuid")) or f"{conversation}:{position}"
    return _Turn(position, Trace(own, at_ms, asked, conversation=conversation, source=values.name(line.get("entrypoint"))))


def _whole(turn: _Turn) -> Trace:
    figures: dict[str, float] = {}
    if turn.trace.at_ms is not None and turn.answered_ms is not None:
        figures["latency_ms"] = turn.answered_ms - turn.trace.at_ms
    if turn.tokens:
        figures["tokens_prompt"] = sum(read for read, _ in turn.tokens.values())
        figures["tokens_completion"] = sum(written for _, written in turn.tokens.values())
    return replace(turn.trace, tool_calls=tuple(turn.calls.values()), figures=figures)
