"""Streams of real clients, read as signs; what a probe makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from autotune.core.asking.request import Usage
from autotune.core.skills.signs import Called, Failing, Finished, Listed, Responded, Sign, Spent, Used, Watched, outcome
from autotune.readers.streams import claude_code, codex, opencode

HERE = Path(__file__).parent


def sample(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text("utf-8").splitlines()]


def signs(stream: claude_code.Stream | codex.Stream | opencode.Stream, records: Sequence[Mapping[str, Any]]) -> list[Sign]:
    return [sign for record in records for sign in stream.read(record)]


def test_claude_code_says_what_is_listed_called_and_spent() -> None:
    found = signs(claude_code.Stream(), sample("claude-code"))
    assert found[0] == Listed(("alpha", "forky", "grants", "hidden", "shelly", "doctor"), "2.1.332", "claude-opus-5-5")
    spent = [Spent("msg_0001", Usage(1168, written)) for written in (1, 40)]
    used = Used("Skill", '{"skill": "alpha", "args": "x"}')
    assert found[1:6] == [spent[0], used, Called("alpha"), spent[1], Responded(goes_on=True)]
    assert found[6] == Finished(None, "", 0.005472, Usage(1168, 40))


def test_a_probe_ends_with_the_response_that_holds_the_call() -> None:
    watched, seen = Watched(3), 0
    stream = claude_code.Stream()
    for record in sample("claude-code"):
        for sign in stream.read(record):
            watched = watched.after(sign)
        seen += 1
        if watched.decided:
            break
    assert outcome(watched, None, "").called == ("alpha",)
    assert (seen, watched.usage) == (14, Usage(1168, 40))
    assert watched.usd is None


@pytest.mark.parametrize("result", sample("claude-code-results"), ids=lambda result: result["case"])
def test_a_failure_of_claude_code_is_told_from_a_silent_end(result: Mapping[str, Any]) -> None:
    (found,) = signs(claude_code.Stream(), [{"type": "result", **result}])
    assert isinstance(found, Finished)
    failed = result["is_error"] and result["subtype"] != "error_max_turns"
    assert (found.failing is not None) == failed
    assert found.usd == result["total_cost_usd"]
    assert found.said or found.failing is None


def test_running_out_of_turns_is_a_normal_end() -> None:
    ended = {"type": "result", "subtype": "error_max_turns", "is_error": True, "terminal_reason": "max_turns"}
    assert signs(claude_code.Stream(), [ended]) == [Finished(None, "", None, Usage())]


def test_a_key_that_is_refused_ends_a_probe_at_once() -> None:
    again = {"type": "system", "subtype": "api_retry", "attempt": 1, "error_status": 401, "error": "authentication_failed"}
    assert signs(claude_code.Stream(), [again]) == [Finished(Failing.SERVICE, "401 authentication_failed")]
    assert signs(claude_code.Stream(), [{**again, "error_status": 529}]) == []


def test_a_subagents_call_is_not_the_main_conversations() -> None:
    call = {"type": "tool_use", "name": "Skill", "input": {"skill": "alpha"}}
    of_a_subagent = {"type": "assistant", "parent_tool_use_id": "toolu_1", "message": {"content": [call]}}
    assert signs(claude_code.Stream(), [of_a_subagent]) == []


@pytest.mark.parametrize("stream", [claude_code.Stream(), codex.Stream(), opencode.Stream()])
@pytest.mark.parametrize("kind", ["system", "stream_event", "assistant", "item.started", "tool_use", "step_finish", "turn.failed", "?"])
def test_what_is_not_known_says_nothing(stream: codex.Stream, kind: str) -> None:
    odds: tuple[object, ...] = (None, 3, "text", [1], {"type": []})
    for odd in odds:
        fields = dict.fromkeys(("subtype", "event", "message", "item", "part", "skills", "error", "usage"), odd)
        assert not [sign for sign in stream.read({"type": kind, **fields}) if isinstance(sign, Called | Listed)]


def test_codex_calls_a_skill_by_reading_its_file() -> None:
    found = signs(codex.Stream(), sample("codex"))
    assert found[:2] == [Called("release-notes"), Responded(goes_on=True)]
    assert found[-1] == Finished(usage=Usage(16900, 160, 10400))


def test_codex_says_that_a_turn_has_failed() -> None:
    assert signs(codex.Stream(), [{"type": "turn.failed", "error": {"message": "401"}}]) == [Finished(Failing.SERVICE, "401")]


def test_opencode_calls_a_skill_by_its_tool() -> None:
    found = signs(opencode.Stream(), sample("opencode"))
    assert found[0] == Called("release-notes")
    assert found[1] == Spent("prt_225afed27001EnIUHIsuNydwYB", Usage(5200, 60), 0.00532)
    assert found[2] == Responded(goes_on=True)
    assert found[-1] == Responded(goes_on=False)


def test_opencode_says_why_it_fails() -> None:
    failed = {"type": "error", "error": {"name": "APIError", "data": {"message": "no key"}}}
    assert signs(opencode.Stream(), [failed, {"type": "error"}]) == [
        Finished(Failing.SERVICE, "no key"),
        Finished(Failing.SERVICE, "no reason was given"),
    ]
