"""Claude Code's stream of events (`--output-format stream-json --include-partial-messages`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from autotune.core.asking.request import Usage
from autotune.core.skills.signs import Called, Failing, Finished, Listed, Responded, Sign, Spent, Used
from autotune.readers.transcripts.values import count, entries, entry, text

_NORMAL_ENDS = ("success", "error_max_turns")
_TOOL = "Skill"
_NO_KEY = (401, 403)  # a client tries these again for minutes, and none of it helps


class Stream:
    """Reads one client's events, in their order. A subagent's calls are its own; what it costs counts."""

    def __init__(self) -> None:
        self._responses: dict[str, str] = {}
        self._usages: dict[str, Usage] = {}

    def read(self, record: Mapping[str, object]) -> Iterator[Sign]:
        """What one event says."""
        main, kind = not text(record, "parent_tool_use_id"), text(record, "type")
        if kind == "system" and text(record, "subtype") == "init":
            yield Listed(_names(record), text(record, "claude_code_version"), text(record, "model"))
        elif kind == "system" and text(record, "subtype") == "api_retry" and count(record, "error_status") in _NO_KEY:
            yield Finished(Failing.SERVICE, f"{count(record, 'error_status')} {text(record, 'error')}")
        elif kind == "stream_event":
            yield from self._part(entry(record, "event"), text(record, "parent_tool_use_id"))
        elif kind == "assistant" and main:
            for block in entries(record, "message", "content"):
                if text(block, "type") == "tool_use":
                    yield Used(text(block, "name"), json.dumps(entry(block, "input"), ensure_ascii=False))
                    if text(block, "name") == _TOOL and (name := text(block, "input", "skill")):
                        yield Called(name)
        elif kind == "result":
            yield _finished(record)

    def _part(self, event: object, parent: str) -> Iterator[Sign]:
        kind = text(event, "type")
        if kind == "message_start":
            self._responses[parent] = text(event, "message", "id")
            yield self._spent(parent, _usage(entry(event, "message", "usage")))
        elif kind == "message_delta":
            yield self._spent(parent, _usage(entry(event, "usage")))
            if not parent:
                yield Responded(text(event, "delta", "stop_reason") == "tool_use")

    def _spent(self, parent: str, usage: Usage) -> Spent:
        """The later word on a response may leave out what was read, and never takes anything back."""
        response = self._responses.get(parent, "")
        before = self._usages.get(response, Usage())
        read, cached, stored = max(before.read, usage.read), max(before.cached, usage.cached), max(before.stored, usage.stored)
        self._usages[response] = Usage(read, max(before.written, usage.written), cached, stored)
        return Spent(response, self._usages[response])


def _names(record: Mapping[str, object]) -> tuple[str, ...]:
    found = record.get("skills")
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _finished(record: Mapping[str, object]) -> Finished:
    usd = record.get("total_cost_usd")
    cost = float(usd) if isinstance(usd, int | float) and not isinstance(usd, bool) else None
    failed = bool(record.get("is_error")) and text(record, "subtype") != "error_max_turns"
    normal = not failed and text(record, "subtype") in _NORMAL_ENDS
    said = text(record, "result") or ("" if normal else text(record, "subtype") or "no result")
    return Finished(None if normal else Failing.SERVICE, said, cost, _usage(entry(record, "usage")))


def _usage(found: object) -> Usage:
    cached, stored = count(found, "cache_read_input_tokens"), count(found, "cache_creation_input_tokens")
    return Usage(count(found, "input_tokens") + cached + stored, count(found, "output_tokens"), cached, stored)
