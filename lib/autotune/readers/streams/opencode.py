"""OpenCode's stream of events (`opencode run --format json`). A use of a tool is told once the tool has ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autotune.core.asking.request import Usage
from autotune.core.skills.signs import Called, Failing, Finished, Responded, Sign, Spent
from autotune.readers.transcripts.values import count, entry, text

_TOOL = "skill"


class Stream:
    """Reads one client's events, in their order."""

    @staticmethod
    def read(record: Mapping[str, object]) -> Iterator[Sign]:
        """What one event says."""
        kind, part = text(record, "type"), entry(record, "part")
        if kind == "tool_use" and text(part, "tool") == _TOOL and (name := text(part, "state", "input", "name")):
            yield Called(name)
        elif kind == "step_finish":
            cost = entry(part, "cost")
            yield Spent(text(part, "id"), _usage(entry(part, "tokens")), float(cost) if isinstance(cost, int | float) else None)
            yield Responded(text(part, "reason") == "tool-calls")
        elif kind == "error":
            said = text(record, "error", "data", "message") or text(record, "error", "name")
            yield Finished(Failing.SERVICE, said or "no reason was given")


def _usage(found: object) -> Usage:
    cached, stored = count(found, "cache", "read"), count(found, "cache", "write")
    return Usage(count(found, "input") + cached + stored, count(found, "output") + count(found, "reasoning"), cached, stored)
