"""What each host writes down, made into turns: on sessions that the hosts themselves have recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.skills.seen import Answer, Call, Ended, Failure, How, Listing, Opened, Prompt, Row, Shown, Usage, digest_of
from autotune.core.skills.turns import Turn, turns
from autotune.readers.transcripts import claude_code, codex, gemini, opencode, pi
from autotune.readers.transcripts.values import moment, skill_read, words

SAMPLES = Path(__file__).with_name("samples")
Read = Callable[[Mapping[str, object]], Iterator[Row]]


def rows(name: str, read: Read, marks: tuple[bytes, ...] = ()) -> list[Row]:
    lines = (SAMPLES / f"{name}.jsonl").read_bytes().splitlines()
    return [row for line in lines if not marks or any(mark in line for mark in marks) for row in read(json.loads(line))]


def of_claude(name: str) -> list[Row]:
    return rows(f"transcript-{name}", claude_code.rows, claude_code.MARKS)


def fired(turn: Turn) -> list[tuple[str, How, bool]]:
    return [(one.name, one.how, one.ran) for one in turn.fired]


def test_a_skill_that_the_model_calls_fires_in_the_turn_of_its_prompt() -> None:
    hello, asked = turns(of_claude("skill-call"), "s")
    assert [hello.text, asked.text] == ["hello typed prompt", "do alpha"]
    assert [hello.human, asked.human, asked.session] == [True, True, "s"]
    assert [fired(hello), fired(asked)] == [[], [("alpha", How.MODEL, True)]]
    assert asked.fired[0].fingerprint == "abf98d9beb4c283e"
    assert list(hello.offered)[:6] == ["alpha", "forky", "grants", "modelonly", "shelly", "myplug:gamma"]
    assert hello.offered["alpha"].digest == "988ceeef6df295de"


def test_a_typed_skill_is_told_from_built_in_commands_and_from_one_that_only_the_model_may_start() -> None:
    found = turns(of_claude("slash"))
    assert [fired(one) for one in found] == [[("alpha", How.TYPED, True)], [("myplug:gamma", How.TYPED, True)], [], []]
    assert [one.text for one in found[:2]] == [
        "/alpha one two",
        "/myplug:gamma q",
    ]  # as it was typed
    assert all(one.human for one in found)
    (printed,) = turns(of_claude("slash-print"))
    assert fired(printed) == [("alpha", How.TYPED, True)]
    assert not printed.human


def test_a_denied_call_is_a_trigger_that_did_not_run_and_an_unknown_name_is_none() -> None:
    (turn,) = turns(of_claude("failed-launch"))
    assert fired(turn) == [("grants", How.MODEL, False)]
    ends = [row for row in of_claude("failed-launch") if isinstance(row, Ended)]
    assert [(one.known, one.denied) for one in ends] == [(False, False), (True, False), (True, True), (False, False), (False, False)]
    assert sum(isinstance(row, Failure) for row in of_claude("failed-launch")) == 5


def test_a_short_name_is_the_plugins_a_call_again_is_the_same_trigger_and_a_read_is_of_its_own_kind() -> None:
    (turn,) = turns(of_claude("relaunch-fork-read"))
    assert fired(turn) == [
        ("alpha", How.MODEL, True),
        ("myplug:gamma", How.MODEL, True),
        ("forky", How.MODEL, True),
        ("grants", How.READ, True),
    ]


def test_hooks_notifications_and_schedules_begin_turns_that_are_no_humans() -> None:
    assert [(one.text[:12], one.human) for one in turns(of_claude("origins"))] == [
        ("typed one", True),
        ("Stop hook fe", False),
        ("<task-notifi", False),
        ("set a cron", True),
        ("scheduled al", False),
    ]


def test_listings_change_by_deltas_and_begin_again_after_a_compaction() -> None:
    found = turns(of_claude("live-reload-compact"))
    assert [sorted(one.offered) for one in found] == [
        ["alpha", "keep"],
        ["alpha", "keep"],
        ["alpha", "keep", "newp"],
        ["alpha", "keep", "newp"],
        ["alpha", "newp"],
    ]
    assert found[0].offered["alpha"].digest != found[1].offered["alpha"].digest
    assert [fired(one) for one in found[3:]] == [[("alpha", How.MODEL, True)], []]


def test_a_subagents_trigger_is_its_own() -> None:
    (main,) = turns(of_claude("subagent-main"))
    (sub,) = turns(of_claude("subagent"))
    assert [main.agent, fired(main)] == ["", []]
    assert [sub.agent, sub.human, fired(sub)] == ["a0000000000000001", False, [("alpha", How.MODEL, True)]]


def test_usage_counts_once_a_response() -> None:
    used = {row.response: row for row in of_claude("skill-call") if isinstance(row, Usage)}
    assert used["msg_0001"] == Usage("msg_0001", 1492, 9)
    assert len(used) == 3


@pytest.mark.parametrize(("text", "digest", "shown"), [("Long …", None, Shown.CUT), ("Whole.", None, Shown.FULL), ("", None, Shown.NAME)])
def test_a_description_is_shown_in_full_cut_or_not(text: str, digest: str | None, shown: Shown) -> None:
    line = f"- a: {text}" if text else "- a"
    listed = {"type": "skill_listing", "content": f"- ab: Other.\n{line}", "names": ["a", "ab"], "digests": [digest, None]}
    (found,) = claude_code.rows({"type": "attachment", "attachment": listed})
    assert isinstance(found, Listing)
    assert [found.offers[0].shown, found.offers[1].text] == [shown, "Other."]


def test_a_description_of_several_lines_is_read_to_its_end() -> None:
    content = "- a: One.\n- two: three\nfour\n- b\n- c: Last.\n"
    listed = {"type": "skill_listing", "content": content, "names": ["c", "b", "gone", "a"], "digests": []}
    (found,) = claude_code.rows({"type": "attachment", "attachment": listed})
    assert isinstance(found, Listing)
    assert [(one.name, one.text) for one in found.offers] == [("c", "Last."), ("b", ""), ("gone", ""), ("a", "One.\n- two: three\nfour")]


def test_a_description_that_ends_in_dots_of_its_own_is_not_cut() -> None:
    listed = {"type": "skill_listing", "content": "- a: And so on…", "names": ["a"], "digests": ["f37d1c7e0f3e4c8a"]}
    (cut,) = claude_code.rows({"type": "attachment", "attachment": listed})
    assert isinstance(cut, Listing)
    assert cut.offers[0].shown is Shown.CUT
    listed["digests"] = [digest_of("a", "And so on…")]
    (whole,) = claude_code.rows({"type": "attachment", "attachment": listed})
    assert isinstance(whole, Listing)
    assert whole.offers[0].shown is Shown.FULL


def test_codex_tells_prompts_listing_reads_and_what_was_typed() -> None:
    found = turns(rows("codex-rollout", codex.rows))
    assert [one.text[:12] for one in found] == ["Please write", "<hook_prompt", "And once mor"]
    assert fired(found[0]) == [("tidy-python", How.TYPED, True), ("release-notes", How.MODEL, True)]
    assert {name: one.shown for name, one in found[0].offered.items()}["imagegen"] is Shown.CUT
    assert not any(one.human for one in found)  # `codex exec`: a program's
    opened = next(row for row in rows("codex-rollout", codex.rows) if isinstance(row, Opened))
    assert opened == Opened("/home/u/project", program=True)
    used = {row.response: row for row in rows("codex-rollout", codex.rows) if isinstance(row, Usage)}
    assert [(one.input, one.cached) for one in used.values()][:2] == [(5200, 0), (400, 5000)]


def test_an_older_codex_says_the_same_in_fewer_words() -> None:
    (turn,) = turns(rows("codex-rollout-0.98", codex.rows))
    assert turn.text == "use $tidy-python"
    assert fired(turn) == [("tidy-python", How.TYPED, True), ("release-notes", How.MODEL, True)]
    assert sorted(turn.offered) == ["release-notes", "skill-creator", "skill-installer", "tidy-python"]


def test_the_marks_of_codex_leave_out_nothing_that_is_read() -> None:
    assert rows("codex-rollout", codex.rows, codex.MARKS) == rows("codex-rollout", codex.rows)
    assert rows("codex-rollout-0.98", codex.rows, codex.MARKS) == rows("codex-rollout-0.98", codex.rows)


@pytest.mark.parametrize(("name", "read"), [("pi", pi.rows), ("gemini", gemini.rows)])
def test_pi_and_gemini_tell_prompts_and_triggers(name: str, read: Read) -> None:
    (turn,) = turns(rows(name, read))
    assert [turn.text, turn.human, fired(turn)] == ["Please do the thing", True, [("proj-agents", How.MODEL, True)]]
    assert sum(one.output for one in {row.response: row for row in rows(name, read) if isinstance(row, Usage)}.values()) > 0


def test_opencode_tells_what_the_model_loaded_and_what_was_typed() -> None:
    lines = [json.loads(line) for line in (SAMPLES / "opencode.jsonl").read_text("utf-8").splitlines()]
    roles = {one["id"]: one["data"]["role"] for one in lines if one["table"] == "message"}
    parts = [{**one, "role": roles[one["message_id"]], "message": one["message_id"]} for one in lines if one["table"] == "part"]
    asked, typed = turns(row for part in parts for row in opencode.rows(part))
    assert [asked.text, asked.at] == ["Please write release notes", "2026-11-29T05:03:30.190Z"]
    assert fired(asked) == [("release-notes", How.MODEL, True)]
    assert fired(typed) == [("tidy-python", How.TYPED, True)]


KEYS = ["type", "message", "role", "content", "attachment", "names", "digests", "payload", "state", "input", "data", "usage", "toolCalls"]
WORDS = ["user", "assistant", "Skill", "tool_use", "message"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.sampled_from([claude_code.rows, codex.rows, gemini.rows, opencode.rows, pi.rows]))
def test_no_record_of_any_shape_is_an_error(record: dict[str, object], read: Read) -> None:
    assert all(row is not None for row in read(record))


def test_values_of_other_kinds_are_empty() -> None:
    assert [moment(None), moment(-1), moment(0)] == ["", "", "1970-01-01T00:00:00.000Z"]
    assert words([{"text": "a"}, {"text": 1}, "b", {"text": "c"}]) == "a\nc"
    assert [skill_read(one) for one in ("cat /x/y z/SKILL.md", "sed -n 1p .agents/skills/a-b/SKILL.md", "SKILL.md", "ls")] == [
        "y z",
        "a-b",
        None,
        None,
    ]


def test_a_prompt_by_nobody_in_particular_is_a_humans_where_the_host_says_no_more() -> None:
    old = {"type": "user", "promptSource": "typed", "message": {"role": "user", "content": "x"}}
    assert list(claude_code.rows(old)) == [Prompt("", "", "x", human=True)]
    assert list(claude_code.rows({**old, "isCompactSummary": True})) == []


def test_a_request_that_the_client_keeps_a_copy_of_is_no_answer() -> None:
    called = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Skill", "input": {"skill": "notes"}}]}
    assert list(claude_code.rows({"type": "api-request-blob", "sessionId": "s", "hash": "h", "message": called})) == []
    assert [type(one) for one in claude_code.rows({"type": "assistant", "message": called})] == [Answer, Call]
