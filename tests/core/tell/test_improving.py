"""A skill improved, in words: the proposer's page, the plan, the end."""

from __future__ import annotations

from random import Random

import pytest

from autotune.core.judging.fencing import Part, drawn
from autotune.core.skills.surfaces import BODY, DESCRIPTION, HELD, Amiss
from autotune.core.tell import improving as words
from autotune.core.tell.improving import Shown

PLAN = {
    "skill": "x",
    "scope": "description",
    "instrument": "routing-host",
    "repository": "/r",
    "workshop": True,
    "generate": 3,
    "calls": 4,
    "read": 1,
    "select": 2,
    "confirm": 3,
    "probes": 9,
    "minutes": 2.0,
    "usd": None,
    "max_usd": 5.0,
    "decides": False,
    "spent": 0,
    "surfaces": ["description"],
}


def test_the_proposer_reads_cases_and_neighbours_within_fences() -> None:
    fence = drawn([Part("", "x")], Random(1))
    shown = [Shown("make tea", words.wanted(fits=False, instead="tea"), words.happened([("x",), ()]))]
    told = words.reflection(DESCRIPTION, "x", {DESCRIPTION: "Does it."}, "tea: Makes tea.", shown, fence)[1].text
    assert "should: the skill does not fire; tea fits\ndid: x; no skill fired" in told
    assert told.count(fence.name) == 6
    assert HELD in words.reflection(BODY, "x", {BODY: "b"}, "", [], fence)[1].text
    assert words.wanted(fits=True, instead=None) == "the skill fires"
    assert words.wanted(fits=False, instead=None) == "the skill does not fire"
    assert words.described("description", 0.25, 1) == "another description: +0.25 on the 1 case that the search selects by"
    assert set(words.AMISS) == set(Amiss)


def test_a_plan_says_what_it_takes() -> None:
    told = {line.label: line.text for line in words.plan(PLAN)}
    assert "a copy" in told["in"]
    assert told["to invent"].startswith("3 cases")
    assert "not known" in told["takes"]
    assert "no keep" in told["ends with"]
    assert "surfaces" not in told
    more = {"generate": 0, "usd": 1.5, "decides": True, "workshop": False, "spent": 2, "surfaces": ["description", "body"]}
    told = {line.label: line.text for line in words.plan({**PLAN, **more})}
    assert "description, then body" in told["surfaces"]
    assert told["spent"].startswith("2 cases")
    assert "to invent" not in told
    assert "1.50" in told["takes"]
    assert "at most one keep" in told["ends with"]


@pytest.mark.parametrize(
    ("values", "label", "says"),
    [
        ({"state": "kept", "session": "s", "experiment": 1, "invented": 2, "confirm": 3, "workshop": True}, "of these", "2 of 3 cases"),
        (
            {"state": "kept", "session": "s", "experiment": 1, "invented": 0, "effect": 0.2, "low": 0.1, "high": 0.3, "workshop": True},
            "kept",
            "+0.200",
        ),
        ({"state": "kept", "session": "s", "experiment": 1, "invented": 0, "workshop": False}, "next", "x --merge"),
        ({"state": "proposed", "proposal": "/p", "before": 0.5, "after": 0.7, "usd": 1.0, "guessed": 0.5}, "next", "--unproven"),
        ({"state": "nothing", "usd": 1.0, "guessed": 0.5}, "spent", "at most $1.00 ($0.50 of it guessed)"),
        ({"state": "proposed", "proposal": "/p", "before": None, "after": None}, "proposed", "not measured on all"),
        ({"state": "nothing", "tried": [{"scope": "description", "state": "nothing"}, {}]}, "tried", "description: nothing better"),
        ({"state": "nothing"}, "result", "nothing better"),
        ({"state": "stopped", "reason": "it was", "text": "t"}, "why", "it was"),
        ({"state": "another"}, "result", "another"),
    ],
)
def test_what_came_of_it_is_told(values: dict[str, object], label: str, says: str) -> None:
    assert says in {line.label: line.text for line in words.ended({"skill": "x", **values})}[label]
