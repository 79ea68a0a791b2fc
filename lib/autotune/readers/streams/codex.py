"""Codex's stream of events (`codex exec --json`). It has no tool for skills: a command that reads a SKILL.md is a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autotune.core.asking.request import Usage
from autotune.core.skills.signs import Called, Failing, Finished, Responded, Sign
from autotune.readers.transcripts.values import count, entry, skill_read, text

_TOOLS = ("command_execution", "file_change", "mcp_tool_call", "web_search")


class Stream:
    """Reads one client's events, in their order. They do not tell responses apart, so each use of a tool counts as one."""

    @staticmethod
    def read(record: Mapping[str, object]) -> Iterator[Sign]:
        """What one event says."""
        kind, item = text(record, "type"), entry(record, "item")
        if kind == "item.started" and text(item, "type") in _TOOLS:
            if (name := skill_read(text(item, "command"))) is not None:
                yield Called(name)
            yield Responded(goes_on=True)
        elif kind == "turn.completed":
            used = entry(record, "usage")
            yield Finished(usage=Usage(count(used, "input_tokens"), count(used, "output_tokens"), count(used, "cached_input_tokens")))
        elif kind == "turn.failed":
            yield Finished(Failing.SERVICE, text(record, "error", "message"))
