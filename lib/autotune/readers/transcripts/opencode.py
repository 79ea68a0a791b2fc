"""OpenCode's sessions: the parts of its database, each with the role of its message. No listing is recorded.

A record is an object of `role`, `message` (its id), `agent` (the session's id where another session began it), `time_created` (ms) and
`data`, the part as it is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from autotune.core.skills.seen import Answer, Body, Call, Ended, Failure, How, Prompt, Row, Usage
from autotune.readers.transcripts.values import count, entry, fingerprint, moment, text

_TYPED = re.compile(r"\A(.*?)\n+Base directory for this skill: ([^\n]+)\n", re.DOTALL)
_LOADED = re.compile(r"<skill_content[^>]*>\s*# Skill: [^\n]*\n+(.*?)\n+Base directory for this skill: ([^\n]+)", re.DOTALL)
_UNKNOWN = re.compile(r"\bnot found\b", re.IGNORECASE)


def rows(record: Mapping[str, object]) -> Iterator[Row]:
    """What one part says."""
    agent, at, part = text(record, "agent"), moment(entry(record, "time_created")), entry(record, "data")
    kind = text(part, "type")
    if text(record, "role") == "user":
        if kind == "text" and entry(part, "synthetic") is not True:
            yield from _said(text(part, "text"), agent, at)
    elif kind == "tool":
        yield Answer(agent, at)
        yield from _tool(part, agent, at)
    elif kind == "text":
        yield Answer(agent, at)
    elif kind == "step-finish":
        used = entry(part, "tokens")
        fresh = count(used, "input") + count(used, "cache", "write")
        yield Usage(text(record, "message"), fresh, count(used, "output") + count(used, "reasoning"), count(used, "cache", "read"))


def _said(said: str, agent: str, at: str) -> Iterator[Row]:
    yield Prompt(agent, at, said, human=not agent)
    if found := _TYPED.match(said):
        yield Call(agent, at, "", PurePosixPath(found[2].strip()).name, How.TYPED)
        yield Body(agent, "", found[2].strip(), fingerprint(found[1].strip()))


def _tool(part: object, agent: str, at: str) -> Iterator[Row]:
    call, status = text(part, "callID"), text(part, "state", "status")
    if text(part, "tool") == "skill" and (name := text(part, "state", "input", "name")):
        yield Call(agent, at, call, name, How.MODEL)
        if status in ("completed", "error"):
            why = text(part, "state", "error")
            yield Ended(call, ran=status == "completed", known=not _UNKNOWN.search(why), denied=status == "error" and "permission" in why)
        if found := _LOADED.search(text(part, "state", "output")):
            yield Body(agent, call, found[2].strip(), fingerprint(found[1].strip()))
    if status == "error":
        yield Failure(agent, at)
