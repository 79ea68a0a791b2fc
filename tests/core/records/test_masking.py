from __future__ import annotations

import pytest
from tests.core.records.maskable import GAPS, PLAIN, SECRETS, Sample

from autotune.core.records.masking import is_card, is_iban, masked, masked_trace
from autotune.core.records.trace import ToolCall, Trace


@pytest.mark.parametrize("sample", SECRETS, ids=lambda sample: f"{sample.kind}: {sample.text[:20]}")
def test_a_secret_is_masked_and_counted_by_its_kind(sample: Sample) -> None:
    text, counts = masked(sample.text)
    assert sample.secret is not None
    assert sample.secret not in text
    assert counts == {sample.kind: 1}
    assert masked(text) == (text, {}), "a second masking leaves the first alone"


@pytest.mark.parametrize("sample", PLAIN, ids=lambda sample: sample.text)
def test_what_only_looks_like_a_secret_stays(sample: Sample) -> None:
    assert masked(sample.text) == (sample.text, {})


@pytest.mark.parametrize("sample", GAPS, ids=lambda sample: f"{sample.kind}: {sample.text[:20]}")
def test_gaps_that_the_page_names_are_gaps(sample: Sample) -> None:
    assert masked(sample.text) == (sample.text, {})


def test_ids_versions_and_times_are_never_masked() -> None:
    phone = "4155550132"
    trace = Trace(
        f"phone {phone}", 1764374400000, "hi", "there", user="jane@example.com", conversation="+1 415-555-0132", group=phone,
        model="sk-model1234567", packs={"task-extraction": "1764374400000"}, source="token=abcdef123",
        tool_calls=(ToolCall("call 415-555-0132"),),
    )  # fmt: skip
    assert masked_trace(trace) == (trace, {})


def test_all_free_text_of_a_trace_is_masked() -> None:
    mail = "a@example.com"
    call = ToolCall("send", ok=True, arguments={"to": mail, "cc": [mail, 3], "password": "abc", "api_key": "${KEY}"}, error=mail)
    trace = Trace(
        "1", 2, mail, mail, memory_summary=mail, memory_facts=(mail,), memory_recall=(mail,), session_recall=(mail,), error=mail,
        tool_calls=(call, ToolCall("look", ok=False)),
    )  # fmt: skip
    mask = "[masked:email]"
    seen, counts = masked_trace(trace)
    assert counts == {"email": 10, "password": 1}
    assert (seen.input, seen.output, seen.memory_summary, seen.memory_facts, seen.error) == (mask, mask, mask, (mask,), mask)
    assert (seen.memory_recall, seen.session_recall) == ((mask,), (mask,))
    assert seen.tool_calls is not None
    assert seen.tool_calls[0].arguments == {"to": mask, "cc": [mask, 3], "password": "[masked:password]", "api_key": "${KEY}"}
    assert (seen.tool_calls[0].error, seen.tool_calls[1]) == (mask, ToolCall("look", ok=False))


def test_a_trace_that_may_hold_something_and_does_not_is_as_it_was() -> None:
    trace = Trace("1", 2, "me @ home", tool_calls=(ToolCall("a", ok=True, arguments="x@y", error="z"),))
    assert masked_trace(trace) == (trace, {})


def test_check_digits_of_cards() -> None:
    assert [is_card(digits) for digits in ("4111111111111111", "4111111111111112", "41111", "1764374400000")] == [True, False, False, False]


def test_check_digits_of_accounts() -> None:
    assert [is_iban(code) for code in ("GB29 NWBK 6016 1331 9268 19", "GB29NWBK60161331926818")] == [True, False]
