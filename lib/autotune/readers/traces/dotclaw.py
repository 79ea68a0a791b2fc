"""Trace records as DotClaw-style agents write them, in all their variants: one JSON object a line, one request each.

Field names and their variants follow `docs/prompts.md`. A value that is a clock without a unit is seconds or milliseconds by its size;
numeric ids and versions are texts; an object in place of a request is its JSON.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from autotune.core.records.trace import FIGURES, ToolCall, Trace, Unread
from autotune.readers.traces import values
from autotune.readers.traces.reading import Refused

_INPUTS = ("input_text", "prompt", "input", "messages")
_PACKS = ("prompt_pack_versions", "prompt_pack_versions_json", "prompt_pack_version")
OWN = ("input_text", "output_text", *_PACKS)
"""Fields by which a record is known."""
_MESSAGE = re.compile(r"<message\b[^>]*>(.*?)</message>", re.DOTALL)


def read(line: Mapping[str, Any]) -> Iterator[Trace]:
    """Give the one trace of a line. Raises `Refused` where it holds no request, or a time that is none."""
    flaws: list[Unread] = []
    given = next((name for name in _INPUTS if line.get(name) is not None), None)
    if given is None:
        raise Refused(Unread.NO_INPUT)
    calls = line.get("tool_calls")
    yield Trace(
        values.name(line.get("trace_id")) or values.name(line.get("id")),
        _time(line),
        _request(line[given]),
        values.text(line["output_text"] if "output_text" in line else line.get("response")),
        user=values.name(line.get("user_id")) or values.name(line.get("userId")),
        conversation=values.name(line.get("chat_id")) or values.name(line.get("chatId")),
        group=values.name(line.get("group_folder")) or values.name(line.get("groupFolder")),
        model=values.name(line.get("model_id")) or values.name(line.get("model")),
        packs=_versions(line, flaws),
        tool_calls=tuple(_calls(calls, flaws)) if isinstance(calls, list) else None,
        memory_summary=values.text(line.get("memory_summary")) or None,
        memory_facts=values.texts(line.get("memory_facts")),
        memory_recall=values.texts(line.get("memory_recall")),
        session_recall=values.texts(line.get("session_recall")),
        error=values.text(line.get("error_code")) or None,
        source=values.name(line.get("source")),
        figures={name: found for name in FIGURES if (found := values.number(line.get(name))) is not None},
        flaws=tuple(flaws),
    )


def _time(line: Mapping[str, Any]) -> int | None:
    made = line.get("created_at")
    if made is not None and not isinstance(made, str):
        return values.time_ms(made)
    return values.time_ms(line.get("timestamp") or line.get("time") or made)


def _request(value: object) -> str:
    """What the user asked: of a list of messages the last of a user, of a text in message elements the last one's."""
    if isinstance(value, list) and (said := values.last_said(value, "user")) is not None:
        return said
    text = values.text(value) or ""
    found = _MESSAGE.findall(text) if "<message" in text else []
    return html.unescape(found[-1]).strip() if found else text


def _versions(line: Mapping[str, Any], flaws: list[Unread]) -> dict[str, str]:
    said = values.parsed(next((line[name] for name in _PACKS if line.get(name) is not None), {}))
    if not isinstance(said, Mapping):
        flaws.append(Unread.BAD_VERSION)
        return {}
    packs = {behavior: _version(version) for behavior, version in said.items()}
    flaws += [Unread.BAD_VERSION for version in packs.values() if version is None]
    return {behavior: version for behavior, version in packs.items() if version is not None}


def _version(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    return json.dumps(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _calls(said: list[Any], flaws: list[Unread]) -> Iterator[ToolCall]:
    for one in said:
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            flaws.append(Unread.BAD_TOOL_CALL)
            continue
        ok, cut = one.get("ok"), one.get("output_truncated")
        yield ToolCall(
            one["name"],
            ok if isinstance(ok, bool) else None,
            one.get("args", one.get("arguments")),
            values.number(one.get("duration_ms")),
            values.text(one.get("error")) or None,
            values.number(one.get("output_bytes")),
            cut if isinstance(cut, bool) else None,
        )
