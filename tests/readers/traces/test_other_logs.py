from __future__ import annotations

import json
from typing import Any

import pytest

from autotune.core.records.trace import ToolCall, Trace, Unread
from autotune.readers.traces import chat_log, logs, otel, values
from autotune.readers.traces.logs import Log
from autotune.readers.traces.reading import Refused

NOON = 1_764_374_400_000


def chat(line: dict[str, Any], **fields: str) -> Trace:
    (trace,) = chat_log.reader_of(fields)(line)
    return trace


def test_a_chat_log_is_read_by_a_mapping_of_dotted_paths() -> None:
    line = {
        "meta": {"rid": 7, "when": "2025-11-29T00:00:00Z", "who": {"email.address": "a@example.com"}, "ms": 120},
        "request": {"messages": [{"text": "first"}, {"text": "second"}]},
        "reply": {"parts": [{"type": "text", "text": "one"}, {"type": "image"}, {"type": "text", "text": "two"}]},
        "vote": -1,
        "prompts": {"tool-calling": 3},
    }
    trace = chat(
        line, id="meta.rid", at="meta.when", user="meta.who.email.address", input="request.messages.-1.text", output="reply",
        latency_ms="meta.ms", feedback="vote", packs="prompts", model="meta.model",
    )  # fmt: skip
    assert trace == Trace(
        "7", NOON, "second", "one\ntwo", user="a@example.com", packs={"tool-calling": "3"}, figures={"latency_ms": 120, "feedback": -1}
    )


def test_a_chat_log_in_the_usual_words_needs_no_mapping() -> None:
    line = {"prompt": "q", "completion": "a", "timestamp": NOON / 1000, "session_id": "s", "user": "u", "error": ""}
    assert chat(line) == Trace(None, NOON, "q", "a", user="u", conversation="s")


def test_of_messages_the_last_question_and_what_came_after_it_count() -> None:
    said = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": [{"type": "text", "text": "c"}]},
    ]
    assert (chat({"messages": said}).input, chat({"messages": said}).output) == ("c", None)
    assert chat({"messages": [*said, {"role": "assistant", "content": "d"}, 5]}).output == "d"


def test_a_chat_line_without_a_question_or_with_a_wrong_time_is_refused() -> None:
    with pytest.raises(Refused, match=Unread.NO_INPUT):
        chat({"output": "x"})
    with pytest.raises(Refused, match=Unread.BAD_TIME):
        chat({"input": "x", "time": "soon"})


def test_a_path_that_leads_nowhere_gives_nothing() -> None:
    assert [values.at_path({"a": [1]}, path) for path in ("b", "a.5", "a.x", "a.0.y", "a.0")] == [None, None, None, None, 1]


MESSAGES = [
    {"role": "system", "parts": [{"type": "text", "content": "be brief"}]},
    {"role": "user", "parts": [{"type": "text", "content": "weather?"}]},
    {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": "Rome"}}]},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
]
ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "rain"}], "finish_reason": "stop"}]
SPAN = {
    "name": "chat m", "traceId": "aa", "spanId": "bb", "startTimeUnixNano": "1764374400000000000", "endTimeUnixNano": "1764374401500000000",
    "attributes": {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.response.model": "m-1", "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 2, "gen_ai.input.messages": json.dumps(MESSAGES), "gen_ai.output.messages": json.dumps(ANSWER),
        "user.id": "u", "gen_ai.conversation.id": "c", "autotune.pack.tool-calling": "v1",
        "gen_ai.prompt.name": "n", "gen_ai.prompt.version": 4,
    },
}  # fmt: skip
READ = Trace(
    "aa-bb", NOON, "weather?", "rain", user="u", conversation="c", model="m-1", packs={"tool-calling": "v1", "n": "4"},
    tool_calls=(
                ToolCall("look", ok=True, arguments={"at": "Rome"}),),
        figures={"latency_ms": 1500, "tokens_prompt": 5, "tokens_completion": 2},
)  # fmt: skip


def spans(line: Any) -> list[Trace]:  # noqa: ANN401
    return list(otel.read(line))


def otlp(value: Any) -> Any:  # noqa: ANN401
    """A value as OTLP writes it."""
    match value:
        case int():
            return {"intValue": str(value)}
        case list():
            return {"arrayValue": {"values": [otlp(one) for one in value]}}
        case dict():
            return {"kvlistValue": {"values": [{"key": key, "value": otlp(one)} for key, one in value.items()]}}
        case _:
            return {"stringValue": value}


def changed(**attributes: Any) -> dict[str, Any]:  # noqa: ANN401
    kept = {**SPAN["attributes"], **attributes}  # type: ignore[dict-item]
    return {**SPAN, "attributes": {key: value for key, value in kept.items() if value is not None}}


def test_a_span_a_line() -> None:
    assert spans(SPAN) == [READ]


def test_what_a_collector_writes_has_many_spans_a_line_and_the_service_above_them() -> None:
    attributes = {**SPAN["attributes"], "gen_ai.input.messages": MESSAGES}  # type: ignore[dict-item]
    span = {**SPAN, "attributes": [{"key": key, "value": otlp(value)} for key, value in attributes.items()]}
    other = {"name": "GET /", "spanId": "cc", "attributes": []}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "bot"}}]}
    (trace,) = spans({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span, other, 5]}]}]})
    assert (trace.source, trace.id, trace.input, trace.tool_calls, trace.figures) == (
        "bot",
        READ.id,
        READ.input,
        READ.tool_calls,
        READ.figures,
    )


def test_of_a_line_with_odd_parts_what_can_be_read_is_read() -> None:
    odd = {"resourceSpans": [{"scopeSpans": [{"spans": None}, {}]}, {}]}
    assert spans(odd) == []
    wrapped = changed(**{"gen_ai.input.messages": {"messages": MESSAGES}, "gen_ai.output.messages": {"role": "assistant", "content": "x"}})
    (trace,) = spans({**wrapped, "resource": {"attributes": {"service.name": "bot"}}})
    assert (trace.input, trace.output, trace.source) == ("weather?", "x", "bot")
    flag = {"key": "llm.request.type", "value": "chat"}
    plain = {
        "spanId": "1",
        "attributes": [flag, {"key": "gen_ai.prompt", "value": {}}, {"key": "input.value", "value": {"stringValue": "q"}}],
    }
    (trace,) = spans({**plain, "status": {"code": "ERROR"}})
    assert (trace.input, trace.error) == ("q", "error")


def test_messages_under_numbered_names_and_in_events() -> None:
    numbered = {
        "llm.request.type": "chat",
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "q",
        "gen_ai.completion.0.content": "a",
    }
    (trace,) = spans({"name": "x", "span_id": "1", "attributes": numbered})
    assert (trace.id, trace.input, trace.output, trace.at_ms) == ("1", "q", "a", None)
    events = [
        {"name": "gen_ai.user.message", "attributes": {"content": "q"}},
        {"name": "gen_ai.choice", "attributes": {"message": '{"content": "a"}'}},
        {"name": "gen_ai.content.prompt", "attributes": {"gen_ai.prompt": "more"}},
        "noise",
    ]
    said = {"context": {"trace_id": "t", "span_id": "s"}, "attributes": {"gen_ai.operation.name": "chat"}, "events": events}
    (trace,) = spans(said)
    assert (trace.id, trace.input, trace.output, trace.conversation) == ("t-s", "more", "a", "t")


def test_a_call_that_ends_with_tools_alone_is_a_step_and_no_trace() -> None:
    assert spans(changed(**{"gen_ai.output.messages": json.dumps([MESSAGES[2]])})) == []


def test_a_call_that_failed_is_a_trace_with_its_error() -> None:
    failed = {**changed(**{"gen_ai.output.messages": None}), "status": {"code": 2, "message": "timeout"}}
    (trace,) = spans(failed)
    assert (trace.error, trace.output) == ("timeout", None)
    (trace,) = spans(changed(**{"error.type": "rate_limit"}))
    assert trace.error == "rate_limit"


def test_spans_of_agents_tools_and_other_things_are_passed_over() -> None:
    assert spans(changed(**{"gen_ai.operation.name": "invoke_agent"})) == []
    assert spans({"name": "GET /", "attributes": {"http.method": "GET"}}) == []


def test_a_call_without_messages_or_with_a_wrong_time_is_refused() -> None:
    with pytest.raises(Refused, match=Unread.NO_INPUT):
        spans(changed(**{"gen_ai.input.messages": None}))
    with pytest.raises(Refused, match=Unread.BAD_TIME):
        spans({**SPAN, "startTimeUnixNano": "never"})


@pytest.mark.parametrize(
    ("line", "log"),
    [
        (SPAN, Log.OTEL),
        ({"resourceSpans": []}, Log.OTEL),
        ({"type": "user", "sessionId": "s", "uuid": "u"}, Log.CLAUDE_CODE),
        ({"messages": []}, Log.CHAT),
        ({"trace_id": "t", "input_text": "x"}, Log.DOTCLAW),
        ({"id": "t", "prompt": "x", "tool_calls": []}, Log.DOTCLAW),
        ({"id": "t", "prompt": "x", "tool_calls": [], "chat_id": "c", "input_text": "x"}, Log.DOTCLAW),
        ({"id": "t", "prompt": "x", "response": "y", "conversation_id": "c", "tool_calls": []}, Log.CHAT),
        ({"id": "t", "input": "x", "output": "y", "user": "u"}, Log.CHAT),
        ({"name": "x"}, Log.CHAT),
    ],
)
def test_a_log_is_recognised_by_a_line(line: dict[str, Any], log: Log) -> None:
    assert logs.recognised(line) is log


@pytest.mark.parametrize("log", list(Log))
def test_every_format_has_a_reader_that_holds_nothing_at_first(log: Log) -> None:
    reader = logs.READERS[log]({})
    assert (reader.held_from, list(reader.end())) == (None, [])


# Transcripts


def line(kind: str, content: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    known = {"sessionId": "s", "timestamp": "2025-11-29T00:00:00Z", "uuid": f"{kind}-{content}"[:20], "isSidechain": False}
    message = {"role": kind, "content": content, "id": "m1", "model": "claude-x", "usage": {"input_tokens": 4, "output_tokens": 2}}
    return {"type": kind, "message": message, **known, **more}


def told(*lines: dict[str, Any]) -> tuple[list[Trace], list[Trace], int | None]:
    """What is complete after these lines, what is held, and from where."""
    reader = logs.READERS[Log.CLAUDE_CODE]({})
    complete = [trace for at, one in enumerate(lines) for trace in reader.take(one, at * 100)]
    return complete, list(reader.end()), reader.held_from


def test_a_turn_lasts_until_the_next_one_and_the_last_one_is_held() -> None:
    call = [{"type": "text", "text": "let me see"}, {"type": "tool_use", "id": "c", "name": "Bash", "input": {"command": "ls"}}]
    result = [{"type": "tool_result", "tool_use_id": "c", "content": "no such file", "is_error": True}]
    done = line("assistant", [{"type": "text", "text": "nothing"}], timestamp="2025-11-29T00:00:03Z")
    complete, held, since = told(line("user", "look"), line("assistant", call), line("user", result), done, line("user", "thanks"))
    assert complete == [
        Trace(
            "user-look", NOON, "look", "nothing", conversation="s", model="claude-x",
            tool_calls=(ToolCall("Bash", ok=False, arguments={"command": "ls"}, error="no such file", output_bytes=12),),
            figures={"latency_ms": 3000, "tokens_prompt": 4, "tokens_completion": 2},
        )
    ]  # fmt: skip
    assert (held, since) == ([], 400), "what is not answered yet is no trace"


def test_a_turn_that_still_calls_tools_has_no_answer_yet() -> None:
    call = [{"type": "text", "text": "let me see"}, {"type": "tool_use", "id": "c", "name": "Bash", "input": {}}]
    assert told(line("user", "look"), line("assistant", call)) == ([], [], 0)


@pytest.mark.parametrize(
    "noise",
    [
        line("user", "summary", isCompactSummary=True),
        line("user", "caveat", isMeta=True),
        line("user", "x", isSidechain=True),
        line("user", "<local-command-stdout>x</local-command-stdout>"),
        {"type": "queue-operation", "sessionId": "s"},
    ],
)
def test_what_the_client_and_subagents_say_begins_no_turn(noise: dict[str, Any]) -> None:
    complete, held, since = told(line("user", "a"), line("assistant", "b"), noise)
    assert (complete, [trace.output for trace in held], since) == ([], ["b"], 0)


def test_what_the_client_asks_for_itself_ends_a_turn() -> None:
    complete, held, since = told(
        line("user", "a"), line("assistant", "b"), line("user", "wake", promptSource="system"), line("assistant", "c")
    )
    assert ([trace.output for trace in complete], held, since) == (["b"], [], None)


def test_a_slash_command_is_a_request_and_an_error_of_the_service_an_error() -> None:
    said = "<command-message>fix</command-message>\n<command-name>/fix</command-name>\n<command-args>the bug</command-args>"
    failed = line("assistant", [{"type": "text", "text": "API Error: 529"}], isApiErrorMessage=True)
    _, (trace,), _ = told(line("assistant", "before any turn"), line("user", said), failed)
    assert (trace.input, trace.error, trace.output) == ("/fix the bug", "API Error: 529", None)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match=Unread.BAD_TIME):
        told(line("user", "a", timestamp="?"))
