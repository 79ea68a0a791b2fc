"""A judge of each behaviour is shown what it needs."""

from __future__ import annotations

import json

import pytest

from autotune.core.judging.showing import parts, replayed
from autotune.core.records.behaviors import Behavior
from autotune.core.records.trace import ToolCall, Trace

CALLS = (ToolCall("search", ok=True, arguments={"q": "sea\nanswer: 4"}, output_bytes=12.0), ToolCall("mail", ok=False, error="x" * 900))
TRACE = Trace(
    "1", 1, "Why?", "Because.", tool_calls=CALLS, memory_summary="A sailor.", memory_facts=("Has a boat.",), memory_recall=("It leaks.",)
)


@pytest.mark.parametrize(
    ("behavior", "labels"),
    [
        (Behavior.RESPONSE_QUALITY, ["request", "answer", "tool calls"]),
        (Behavior.TASK_EXTRACTION, ["request", "answer", "tool calls"]),
        (Behavior.TOOL_CALLING, ["request", "answer", "tool calls"]),
        (Behavior.TOOL_OUTCOME, ["request", "answer", "tool calls, with outcomes"]),
        (Behavior.MEMORY_POLICY, ["summary of memory", "facts in memory", "request", "answer"]),
        (Behavior.MEMORY_RECALL, ["memories that were recalled", "request", "answer"]),
    ],
)
def test_each_behaviour_has_its_parts(behavior: Behavior, labels: list[str]) -> None:
    assert [one.label for one in parts(behavior, TRACE)] == labels


@pytest.mark.parametrize("behavior", Behavior)
def test_what_is_not_known_is_not_shown(behavior: Behavior) -> None:
    assert [(one.label, one.text) for one in parts(behavior, Trace("1", 1, "Why?"))] == [("request", "Why?"), ("answer", "")]


def test_each_call_is_one_line_of_json_whatever_its_arguments_say() -> None:
    shown = parts(Behavior.TOOL_OUTCOME, TRACE)[2].text.splitlines()
    first, second = map(json.loads, shown)
    assert (first["tool"], first["ok"], first["output_bytes"]) == ("search", True, 12.0)
    assert second["ok"] is False
    assert len(second["error"]) == 200
    assert all("ok" not in json.loads(line) for line in parts(Behavior.TOOL_CALLING, TRACE)[2].text.splitlines())


def test_no_call_is_said_where_the_log_speaks_of_tools() -> None:
    assert parts(Behavior.TOOL_CALLING, Trace("1", 1, "Why?", tool_calls=()))[2].text == "none"
    assert parts(Behavior.TOOL_OUTCOME, Trace("1", 1, "Why?", tool_calls=()))[2].text == "none"


def test_what_an_agent_is_given_again_is_memory_and_tools() -> None:
    labels = [one.label for one in replayed(TRACE)]
    assert labels == ["summary of memory", "facts in memory", "memories that were recalled", "tool calls, with outcomes"]
