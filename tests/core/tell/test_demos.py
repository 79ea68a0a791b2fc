"""What the demo of prompts shows of a day."""

from __future__ import annotations

from typing import Any

from autotune.core.tell.demos import day, left
from autotune.core.tell.lines import Line


def step(name: str, found: dict[str, Any] | None = None, error: dict[str, str] | None = None) -> dict[str, Any]:
    skipped = {"why": "off"} if found is None and error is None else None
    return {"step": name, "behavior": "a", "ok": True, "skipped": skipped, "error": error, "found": found}


def test_a_day_shows_what_came_in_and_the_steps_that_did_something() -> None:
    steps = [
        step("ingest", {"records": 120}),
        step("eval", {"behaviors": [{"judged": 119}]}),
        step("behavior"),
        step("optimize", error={"error": "Broken.", "hint": "mend it"}),
        step("deploy", {"action": "nothing"}),
        step("watch", {"state": "canary"}),
    ]
    head, lines = day(3, [(one, [Line("x", one["step"])]) for one in steps])
    assert head == "day 3: 120 requests, 119 judged"
    assert [line.label for line in lines] == ["optimize a", "", "watch a"]


def test_it_says_where_all_of_it_is() -> None:
    assert [line.label for line in left("/d")] == ["folder", "enter"]
