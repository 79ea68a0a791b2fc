"""Codex's rollouts, one JSON object a line: of the versions that say what a message is, and of those before.

Codex has no tool for skills: the model has fired one when it reads the skill's SKILL.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from autotune.core.skills.seen import Answer, Body, Call, Ended, Failure, How, Listing, Offer, Opened, Prompt, Row, Shown, Usage
from autotune.readers.transcripts.values import count, entry, fingerprint, injected, skill_read, text, words

_OFFER = re.compile(r"^- ([^\n]+?): (.*) \(file: ([^\n]*?)/SKILL\.md\)$", re.MULTILINE)
_LISTED = "### Available skills\n"
_EXIT = re.compile(r"(?:exited with code|Exit code:) (-?[0-9]+)")
_SKILL = re.compile(r"<skill>\s*<name>[^<]*</name>\s*<path>([^<]*)/SKILL\.md</path>\n(.*?)\n?</skill>", re.DOTALL)
_NOT_PROMPTS = ("# AGENTS.md instructions", "<environment_context>", "<hook_prompt", "<user_instructions>", "<permissions instructions>")

# A line that has none of these says nothing of skills; most tell the same again, for a screen.
MARKS = (b'"session_meta"', b'"world_state"', b'"message"', b'"function_call"', b'"function_call_output"', b'"token_usage_record"')


def rows(record: Mapping[str, object]) -> Iterator[Row]:
    """What one line of a rollout says."""
    kind, at, payload = text(record, "type"), text(record, "timestamp"), entry(record, "payload")
    if kind == "session_meta":
        yield Opened(text(payload, "cwd"), program=text(payload, "source") == "exec" or text(payload, "originator") == "codex_exec")
    elif kind == "world_state":
        yield from _listing(text(payload, "state", "host_skills", "body"), at)
    elif kind == "token_usage_record" and (response := text(payload, "response_id")):
        used, cached = entry(payload, "usage"), count(payload, "usage", "cached_input_tokens")
        yield Usage(
            f"{text(payload, 'turn_id')}/{response}", max(0, count(used, "input_tokens") - cached), count(used, "output_tokens"), cached
        )
    elif kind == "response_item":
        yield from _item(payload, at)


def _listing(body: str, at: str) -> Iterator[Row]:
    if _LISTED in body:
        found = _OFFER.findall(body.split(_LISTED, 1)[1])
        yield Listing(
            "", at, tuple(Offer(name, Shown.CUT if told.endswith("…") else Shown.FULL, told) for name, told, _ in found), whole=True
        )


def _item(item: object, at: str) -> Iterator[Row]:
    kind = text(item, "type")
    if kind == "message" and text(item, "role") == "assistant":
        yield Answer("", at)
    elif kind == "message" and text(item, "role") == "user":
        yield from _message(item, at)
    elif kind == "function_call":
        yield Answer("", at)
        if (name := skill_read(text(item, "arguments"))) is not None:
            yield Call("", at, text(item, "call_id"), name, How.MODEL)
    elif kind == "function_call_output":
        output = entry(item, "output")
        code = _EXIT.search(words(output)[:300])
        failed = code is not None and code[1] != "0"
        yield Ended(text(item, "call_id"), ran=not failed)
        if failed:
            yield Failure("", at)


def _message(item: object, at: str) -> Iterator[Row]:
    said, kinds = words(entry(item, "content")), entry(item, "internal_chat_message_metadata_passthrough", "content_item_kinds")
    if (name := injected(said)) is not None:
        yield Call("", at, "", name, How.TYPED)
        if found := _SKILL.search(said):
            yield Body("", "", found[1], fingerprint(found[2].strip()))
    elif isinstance(kinds, list):
        if "user.text" in kinds or "unknown" in kinds:
            yield Prompt("", at, said, human="user.text" in kinds)
    elif _LISTED in said:
        yield from _listing(said, at)
    elif not said.lstrip().startswith(_NOT_PROMPTS):
        yield Prompt("", at, said, human=True)
