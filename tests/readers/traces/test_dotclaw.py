from __future__ import annotations

import json
import math
from typing import Any

import pytest

from autotune.core.records.trace import ToolCall, Trace, Unread
from autotune.readers.traces import dotclaw
from autotune.readers.traces.reading import Refused

NOON = 1_764_374_400_000


def read(**line: Any) -> Trace:  # noqa: ANN401
    (trace,) = dotclaw.read({"input_text": "hi", **line})
    return trace


def test_a_whole_record() -> None:
    line = {
        "trace_id": "t1", "timestamp": "2025-11-29T00:00:00Z", "created_at": NOON, "chat_id": "c", "group_folder": "g", "user_id": 17,
        "input_text": "hi", "output_text": "there", "model_id": "m", "prompt_pack_versions": {"tool-calling": "v1"}, "memory_summary": "s",
        "memory_facts": ["f", 2], "memory_recall": [], "session_recall": ["r"],
        "latency_ms": 12.5, "tokens_prompt": 3, "cost_total_usd": True,
        "tool_calls": [{"name": "a", "ok": False, "args": {"x": 1}, "duration_ms": 5, "error": "e", "output_bytes": 9,
                        "output_truncated": True}],
        "error_code": "it broke", "source": "live", "failover": {"what": "is left aside"},
    }  # fmt: skip
    assert list(dotclaw.read(line)) == [
        Trace(
            "t1", NOON, "hi", "there", user="17", conversation="c", group="g", model="m", packs={"tool-calling": "v1"}, memory_summary="s",
            memory_facts=("f", "2"), memory_recall=(), session_recall=("r",), error="it broke", source="live",
            tool_calls=(
                ToolCall("a", ok=False, arguments={"x": 1}, duration_ms=5, error="e", output_bytes=9, output_truncated=True),),
        figures={"latency_ms": 12.5, "tokens_prompt": 3},
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ({"id": "x"}, "id", "x"),
        ({"trace_id": 0, "id": 5}, "id", "5"),
        ({"trace_id": ""}, "id", None),
        ({"trace_id": 1764374400000}, "id", "1764374400000"),
        ({"time": "2025-11-29T00:00:00+00:00"}, "at_ms", NOON),
        ({"timestamp": "2025-11-29 01:00:00+01:00"}, "at_ms", NOON),
        ({"created_at": 1_764_374_400}, "at_ms", NOON),
        ({"created_at": 1_764_374_400_000_000}, "at_ms", NOON),
        ({"created_at": "2025-11-29"}, "at_ms", NOON),
        ({"timestamp": ""}, "at_ms", None),
        ({"chatId": 9}, "conversation", "9"),
        ({"chat_id": "unknown"}, "conversation", None),
        ({"groupFolder": "g"}, "group", "g"),
        ({"user_id": ""}, "user", None),
        ({"model": "m"}, "model", "m"),
        ({"input_text": None, "prompt": "p"}, "input", "p"),
        ({"input_text": None, "input": {"a": "ü"}}, "input", '{"a": "ü"}'),
        ({"input_text": "<message a='1'>one</message>\n<message>2 &lt; 3 &amp;&quot;</message>"}, "input", '2 < 3 &"'),
        ({"input_text": "<message without an end"}, "input", "<message without an end"),
        ({"input_text": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, "input", "a"),
        ({"response": "r"}, "output", "r"),
        ({"output_text": None, "response": "r"}, "output", None),
        ({"prompt_pack_versions_json": '{"a": "v"}'}, "packs", {"a": "v"}),
        ({"prompt_pack_version": {"a": 1764374400000, "b": 2.5}}, "packs", {"a": "1764374400000", "b": "2.5"}),
        ({"prompt_pack_versions": {"a": None, "b": True}}, "packs", {}),
        ({"prompt_pack_versions": {"a": None, "b": "v"}}, "flaws", (Unread.BAD_VERSION,)),
        ({"prompt_pack_versions": "{torn"}, "flaws", (Unread.BAD_VERSION,)),
        ({"tool_calls": None}, "tool_calls", None),
        ({"tool_calls": []}, "tool_calls", ()),
        ({"tool_calls": [{"name": "a"}, {"ok": True}, 3]}, "tool_calls", (ToolCall("a"),)),
        ({"tool_calls": [{"name": "a"}, {"ok": True}, 3]}, "flaws", (Unread.BAD_TOOL_CALL, Unread.BAD_TOOL_CALL)),
        ({"memory_facts": "no list"}, "memory_facts", None),
        ({"latency_ms": "12"}, "figures", {}),
        ({"latency_ms": 10**400}, "figures", {}),
        ({"error_code": {"code": 5}}, "error", '{"code": 5}'),
    ],
)
def test_variants(line: dict[str, Any], field: str, value: object) -> None:
    assert getattr(read(**line), field) == value


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({}, Unread.NO_INPUT),
        ({"id": "x", "output_text": "y"}, Unread.NO_INPUT),
        ({"input": "x", "timestamp": "yesterday"}, Unread.BAD_TIME),
        ({"input": "x", "created_at": 5}, Unread.BAD_TIME),
        ({"input": "x", "created_at": [5]}, Unread.BAD_TIME),
        ({"input": "x", "created_at": 10**400}, Unread.BAD_TIME),
        ({"input": "x", "created_at": math.inf}, Unread.BAD_TIME),
        ({"input": "x", "timestamp": "1e999"}, Unread.BAD_TIME),
    ],
)
def test_what_holds_no_request_or_no_time_is_refused(line: dict[str, Any], why: Unread) -> None:
    with pytest.raises(Refused) as refused:
        list(dotclaw.read(json.loads(json.dumps(line))))
    assert refused.value.why is why
