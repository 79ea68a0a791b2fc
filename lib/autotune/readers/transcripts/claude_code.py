"""Claude Code's transcripts, of sessions and of subagents, one JSON object a line.

Fields come and go between versions: each may be absent, and a record of a kind that is not known is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from autotune.core.skills.seen import Answer, Body, Call, Ended, Failure, How, Listing, Offer, Prompt, Row, Shown, Usage, digest_of
from autotune.readers.transcripts.values import count, entries, entry, fingerprint, skill_read, text, words

_TYPED = re.compile(r"\A<command-message>[^<]*</command-message>\s*<command-name>/([^<]+)</command-name>")
_ARGUMENTS = re.compile(r"<command-args>(.*)</command-args>", re.DOTALL)
_FOLDER = re.compile(r"\ABase directory for this skill: ([^\n]*)\n+(.*?)(?:\n+ARGUMENTS: .*)?\Z", re.DOTALL)
_OF_PERSONS = ("typed", "queued")
_DENIALS = ("Execute skill:", "Claude requested permissions", "Skill execution blocked")
_READERS = ("Read", "Bash")

# A line that has none of these says nothing of skills; most are the output of tools.
MARKS = (
    b'"skill_listing"',
    b'"assistant"',
    b'"turnOrigin"',
    b'"promptSource"',
    b'"origin"',
    b'"hookText"',
    b"<command-name>",
    b"Base directory for this skill",
    b'"is_error"',
    b'"commandName"',
)


def rows(record: Mapping[str, object]) -> Iterator[Row]:
    """What one line of a transcript says."""
    agent = text(record, "agentId") if entry(record, "isSidechain") is True else ""
    at = text(record, "timestamp")
    kind = text(record, "type")
    if kind == "attachment" and text(record, "attachment", "type") == "skill_listing":
        yield replace(_listing(entry(record, "attachment"), agent, at), folder=text(record, "cwd") or None)
    elif kind == "assistant":
        yield from _answered(record, agent, at)
    elif kind == "user" and entry(record, "isCompactSummary") is not True:
        yield from _said(record, agent, at)


def _listing(listed: object, agent: str, at: str) -> Listing:
    names = [one for one in names if isinstance(one, str)] if isinstance(names := entry(listed, "names"), list) else []
    digests = entry(listed, "digests")
    known = dict(zip(names, digests, strict=False)) if isinstance(digests, list) else {}
    lines, offers = text(listed, "content").split("\n"), list[Offer]()
    begins = {name: begin for name in names if (begin := _begin(lines, name)) is not None}
    ends = dict(pairwise([*sorted(begins.values()), len(lines)]))
    for name in names:
        begin = begins.get(name, len(lines))
        _, colon, told = "\n".join(lines[begin : ends.get(begin)]).rstrip("\n").removeprefix(f"- {name}").partition(": ")
        digest = known.get(name)
        offers.append(_offer(name, told if colon else "", digest if isinstance(digest, str) else None))
    return Listing(agent, at, tuple(offers), entry(listed, "isInitial") is not False)


def _begin(lines: list[str], name: str) -> int | None:
    """In which line a skill's entry begins; the description may go on below."""
    return next((number for number, one in enumerate(lines) if one == f"- {name}" or one.startswith((f"- {name}: ", f"- {name} ("))), None)


def _offer(name: str, told: str, digest: str | None) -> Offer:
    if not told:
        return Offer(name, Shown.NAME, "", digest)
    cut = told.endswith("…") and digest != digest_of(name, told)
    return Offer(name, Shown.CUT if cut else Shown.FULL, told, digest)


def _answered(record: Mapping[str, object], agent: str, at: str) -> Iterator[Row]:
    yield Answer(agent, at, text(record, "attributionSkill") or None)
    for block in entries(record, "message", "content"):
        if text(block, "type") != "tool_use":
            continue
        tool, given = text(block, "name"), entry(block, "input")
        if tool == "Skill" and (name := text(given, "skill")):
            yield Call(agent, at, text(block, "id"), name.removeprefix("/"), How.MODEL)
        elif tool in _READERS and (read := skill_read(text(given, "file_path") or text(given, "command"))) is not None:
            yield Call(agent, at, text(block, "id"), read, How.READ)
    used = entry(record, "message", "usage")
    if used is not None and (response := text(record, "message", "id")):
        fresh = count(used, "input_tokens") + count(used, "cache_creation_input_tokens")
        yield Usage(response, fresh, count(used, "output_tokens"), count(used, "cache_read_input_tokens"))


def _said(record: Mapping[str, object], agent: str, at: str) -> Iterator[Row]:
    content = entry(record, "message", "content")
    said = words(content)
    if found := _FOLDER.match(said):
        yield Body(agent, text(record, "sourceToolUseID"), found[1], fingerprint(found[2].strip()))
        return
    results = [block for block in entries({"content": content}, "content") if text(block, "type") == "tool_result"]
    for block in results:
        yield from _result(record, block, agent, at)
    meta = entry(record, "isMeta") is True
    if results or (meta and not _begins_a_turn(record)):
        return
    human = not agent and not meta and _human(record, said)
    if typed := _TYPED.match(said):
        name, given = typed[1].strip(), _ARGUMENTS.search(said)
        yield Prompt(agent, at, f"/{name} {given[1] if given else ''}".strip(), human)
        yield Call(agent, at, "", name, How.TYPED)
    elif said.strip() and (meta or any(name in record for name in ("turnOrigin", "promptSource", "origin"))):
        yield Prompt(agent, at, said, human)


def _begins_a_turn(record: Mapping[str, object]) -> bool:
    """Whether a hook's word or a schedule's goes to the model, as a prompt does."""
    return text(record, "promptSource") == "system" or entry(record, "hookText") is True


def _human(record: Mapping[str, object], said: str) -> bool:
    if "turnOrigin" in record:
        return text(record, "turnOrigin") == "human"
    typed = text(record, "entrypoint") == "cli" and _TYPED.match(said) is not None
    return text(record, "promptSource") in _OF_PERSONS or text(record, "origin", "kind") == "human" or typed


def _result(record: Mapping[str, object], block: Mapping[str, object], agent: str, at: str) -> Iterator[Row]:
    call, outcome = text(block, "tool_use_id"), entry(record, "toolUseResult")
    if entry(block, "is_error") is not True:
        if entry(outcome, "success") is True and text(outcome, "commandName"):
            yield Ended(call, ran=True)
        return
    why = (outcome if isinstance(outcome, str) else words(entry(block, "content"))).removeprefix("Error: ")
    denied = bool(text(record, "toolDenialKind")) or why.startswith(_DENIALS)
    known = not why.startswith(("Unknown skill:", "InputValidationError"))
    yield Ended(call, ran=False, known=known, denied=denied)
    yield Failure(agent, at)
