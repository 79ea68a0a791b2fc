"""A pass in words."""

from __future__ import annotations

from typing import Any

import pytest

from autotune.core.scheduling.passing import Skip
from autotune.core.tell.lines import Line, Tone
from autotune.core.tell.passing import begins, spending, told, waiting, why


def step(name: str, behavior: str | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"step": name, "behavior": behavior, "ok": True, "skipped": None, "error": None, "found": None, **more}


def test_steps_that_are_skipped_for_one_reason_are_told_together() -> None:
    off, kept = {"why": "off"}, {"why": "nothing kept"}
    steps = [
        step("behavior", skipped=off),
        step("deploy", "a", skipped=kept),
        step("watch", "a", found={}),
        step("deploy", "b", skipped=kept),
    ]
    lines = told([(one, [Line("state", "well")] if one["step"] == "watch" else []) for one in steps])
    assert [(line.label, line.text.partition(":")[0]) for line in lines] == [
        ("behavior", "skipped"),
        ("deploy", "skipped for a, b"),
        ("watch a", "state"),
    ]


def test_a_step_that_refused_says_what_and_what_to_do() -> None:
    (said, hint) = told([(step("eval", "a", error={"error": "It is\nbroken.", "hint": "mend it"}), ())])
    assert (said.label, said.tone, "It is" in said.text, "mend it" in hint.text) == ("eval a", Tone.BAD, True, True)


def test_a_step_without_lines_is_done() -> None:
    assert [line.text for line in told([(step("ingest", found={}), [])])] == ["done"]
    assert [line.text for line in told([(step("ingest", found={}), [Line("", "alone")])])] == ["alone"]


@pytest.mark.parametrize("reason", Skip)
def test_every_reason_has_words(reason: Skip) -> None:
    assert why({"why": reason, "keys": ["A_KEY", "B_KEY"], "new": 3, "fewest": 100})
    assert "A_KEY is not set" in why({"why": Skip.NO_KEY, "keys": ["A_KEY"]})


def test_what_a_step_may_take_is_said_before_it_begins() -> None:
    assert begins("ingest", None, None) == "ingest"
    assert begins("eval", "a", {"calls": 0}) == "eval a"
    assert "2,000 calls" in begins("eval", "a", {"calls": 2000, "usd": 1.25})
    assert "$1.25" in begins("eval", "a", {"calls": 2000, "usd": 1.25})
    assert "not known" in begins("eval", "a", {"calls": 1, "usd": None})


def test_money_is_about_what_it_was_or_unknown() -> None:
    assert "$0.50" in spending({"dry_run": True, "usd": 0.5, "calls": 3}).text
    assert "$0.50" in spending({"dry_run": False, "usd": 0.5, "calls": 3}).text
    assert "$0.0041" in spending({"dry_run": False, "usd": 0.00412, "calls": 3}).text
    assert "not known" in spending({"dry_run": False, "usd": None, "calls": 3}).text


def test_the_daemon_says_how_a_pass_ended_and_when_the_next_one_is() -> None:
    last: dict[str, Any] = {"ended": "2026-01-02T03:04:05Z", "ok": True}
    health = {"last": last, "passes": 3, "failures": 0, "next_in_s": 60}
    assert waiting(health).endswith("done; the next in 60 s")
    failed = {**last, "ok": False, "steps": [step("eval", "a", ok=False), step("ingest")]}
    assert "failed (eval a), 2 in a row" in waiting({**health, "last": failed, "failures": 2})
    assert "failed (Broken.)" in waiting({**health, "last": {**last, "ok": False, "error": "Broken."}, "failures": 1})
