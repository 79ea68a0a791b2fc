from __future__ import annotations

from collections import Counter

import pytest

from autotune.core.cases.listed import listed
from autotune.core.records import behaviors
from autotune.core.records.behaviors import Behavior
from autotune.core.records.places import Part, case_id, part_of, unit_of
from autotune.core.records.trace import ToolCall, Trace, Unread, from_mapping, to_mapping

FULL = Trace(
    "t1", 5, "do it", "done", user="u", conversation="c", group="g", model="m", packs={"tool-calling": "v1"},
    tool_calls=(
        ToolCall("a", ok=True, arguments={"x": [1]}, duration_ms=2.5, error="e", output_bytes=7, output_truncated=False),
        ToolCall("b"),
    ), memory_summary="s", memory_facts=("f",),
    memory_recall=(), session_recall=("r",), error="bad", source="s", figures={"latency_ms": 3, "feedback": -1},
)  # fmt: skip


def test_a_trace_is_read_back_as_it_was() -> None:
    assert from_mapping(to_mapping(FULL)) == FULL
    least = Trace("t", 1, "")
    assert to_mapping(least) == {"id": "t", "at_ms": 1, "input": ""}
    assert from_mapping(to_mapping(least)) == least


def test_flaws_are_of_the_line_and_not_of_the_trace() -> None:
    assert "flaws" not in to_mapping(Trace("t", 1, "", flaws=(Unread.BAD_VERSION,)))


@pytest.mark.parametrize(
    ("trace", "applying"),
    [
        (Trace("t", 1, " "), ()),
        (Trace("t", 1, "hi", error="timeout"), ()),
        (Trace("t", 1, "hi"), (Behavior.TASK_EXTRACTION, Behavior.RESPONSE_QUALITY)),
        (Trace("t", 1, "hi", tool_calls=()), (Behavior.TASK_EXTRACTION, Behavior.RESPONSE_QUALITY, Behavior.TOOL_CALLING)),
        (Trace("t", 1, "hi", tool_calls=(ToolCall("a"),), memory_facts=("f",), memory_recall=("r",)), tuple(Behavior)),
        (Trace("t", 1, "hi", memory_facts=(), memory_recall=()), (Behavior.TASK_EXTRACTION, Behavior.RESPONSE_QUALITY)),
        (Trace("t", 1, "hi", memory_summary="s"), (Behavior.TASK_EXTRACTION, Behavior.RESPONSE_QUALITY, Behavior.MEMORY_POLICY)),
    ],
)
def test_a_trace_is_judged_on_what_applies_to_it_alone(trace: Trace, applying: tuple[Behavior, ...]) -> None:
    assert set(behaviors.of(trace)) == set(applying)


def test_the_id_of_a_case_is_fixed_has_letters_alone_and_can_be_listed() -> None:
    assert case_id("dotclaw", "t1") == "okcbgbjcceechacncldh"
    ids = {case_id(origin, f"{number}") for origin in ("a", "b") for number in range(200)}
    assert len(ids) == 400
    assert all(one.isalpha() and len(one) == 20 for one in ids)
    assert len(listed(ids)) == 400


def test_all_records_of_a_user_are_in_one_part_whatever_the_conversation() -> None:
    assert unit_of("u", "c1", "r1") == unit_of("u", "c2", "r2")
    assert unit_of(None, "c", "r1") == unit_of(None, "c", "r2")
    assert len({unit_of("x", None, "r"), unit_of(None, "x", "r"), unit_of(None, None, "x")}) == 3


def test_parts_are_fixed_and_hold_a_quarter_a_quarter_and_a_half() -> None:
    first = [part_of(unit_of(f"user-{number}", None, "")) for number in range(6)]
    assert first == [Part.CONFIRM, Part.CONFIRM, Part.CONFIRM, Part.SELECT, Part.CONFIRM, Part.SELECT]
    counts = Counter(part_of(unit_of(f"user-{number}", None, "")) for number in range(4000))
    assert counts[Part.CONFIRM] == pytest.approx(2000, abs=130)
    assert counts[Part.TRAIN] == pytest.approx(1000, abs=110)
    assert counts[Part.SELECT] == pytest.approx(1000, abs=110)
