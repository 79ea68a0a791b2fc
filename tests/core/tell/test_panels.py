from __future__ import annotations

from typing import Any

import pytest
from tests.core.tell.test_standing import MEAN, one

from autotune.core.rollout.events import Intent
from autotune.core.skills import rates
from autotune.core.skills.seen import How, Offer, Shown
from autotune.core.skills.turns import Fired, Turn
from autotune.core.tell import panels
from autotune.core.tell.lines import Tone

CANARY = {
    "behavior": "x",
    "state": "canary",
    "version": "p-a",
    "parent": "p-b",
    "action": "wait",
    "verdict": "wait",
    "because": "open",
    "about": None,
    "scored": [90, 25],
    "fewest": 50,
    "days": 6.0,
    "max_days": 60.0,
    "evidence": 20.0,
    "needed": 400.0,
    "worse": 0.5,
    "guards": {"errors": 4.0, "cost": 1.0},
    "failed": {},
    "unit": "user-day",
    "by_format": True,
    "waiting": 0,
    "effect": None,
    "left_out": {},
    "share": 0.3,
}


def card(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    found: dict[str, Any] = panels.packs([one(**more)])["cards"][0]
    return found


def test_without_behaviours_there_is_an_empty_panel() -> None:
    assert panels.packs([])["cards"] == []


def test_scores_are_drawn_and_not_said_twice() -> None:
    found = card(periods=[{"from_ms": 5, "mean": MEAN, "unscored": 0}, {"from_ms": 9, "mean": None, "unscored": 3}])
    assert [(each["name"], each["value"], each["low"], each["high"]) for each in found["intervals"]] == [("p-a", 0.7, 0.6, 0.8)]
    assert [each["from_ms"] for each in found["times"]] == [5]
    assert not {"score", "day", "money"} & {label for label, _, _ in found["lines"]}
    alone = card(versions=[{"version": None, "mean": {**MEAN, "low": None, "high": None}, "unscored": 0}])
    assert [(each["low"], each["high"]) for each in alone["intervals"]] == [(0.7, 0.7)]


def test_a_canary_is_drawn_against_its_boundaries() -> None:
    found = card(rollout=CANARY)
    shares = {each["name"]: round(each["share"], 3) for each in found["meters"]}
    assert shares == {"better": 0.5, "worse": 0.0, "units": 0.5, "time": 0.1, "more errors": 0.463}
    assert "canary" in {label for label, _, _ in found["lines"]}


@pytest.mark.parametrize(("rollout", "tone"), [(CANARY, Tone.PLAIN), ({"behavior": "x", "problem": "Broken."}, Tone.BAD)])
def test_a_card_says_what_runs(rollout: dict[str, Any], tone: Tone) -> None:
    assert card(rollout=rollout)["badge"][1] == tone
    assert card()["badge"] is None


def test_what_is_wrong_with_all_is_said_once() -> None:
    conditions = [{"ill": "no traffic", "since_ms": 0}, {"ill": "dead judge", "behavior": "x", "what": "broken"}]
    found = panels.packs([one(conditions=conditions), one(conditions=conditions)])
    assert [label for label, _, _ in found["lines"]] == ["money", "wrong"]
    assert [[label for label, _, _ in each["lines"]].count("wrong") for each in found["cards"]] == [1, 1]


def test_a_panel_is_the_same_in_a_terminal() -> None:
    said = list(panels.as_lines(panels.packs([one(rollout=CANARY), one()])))
    assert [line.label for line in said[:4]] == ["Prompt packs", "money", "x", "  p-a"]
    assert "  better" in [line.label for line in said]
    assert [line.tone for line in panels.as_lines(panels.broken("packs", "Prompt packs", "No.", "Try."))] == [Tone.PLAIN, Tone.BAD]


OFFERED = {"deck": Offer("deck", Shown.FULL, "Slides.", "d")}


def said(text: str, *, fired: bool = False) -> Turn:
    return Turn(
        "s", "", "2026-11-30T10:00:00Z", text, human=True, offered=OFFERED, fired=(Fired("deck", How.MODEL, "t", ran=True),) * fired
    )


def test_a_screen_has_a_line_for_each_panel() -> None:
    (line,) = panels.in_short([panels.packs([one(rollout=CANARY)])])
    assert "p-a" in line.text
    assert line.tone is Tone.PLAIN
    wrong = panels.broken("packs", "Prompt packs", "It is broken.", "mend it")
    assert [(each.text, each.tone) for each in panels.in_short([wrong])] == [("It is broken. mend it", Tone.BAD)]
    bare = {"title": "Skills", "lines": [], "cards": [{"title": "deck", "badge": None, "intervals": []}]}
    assert [each.text for each in panels.in_short([bare])] == ["deck"]


def test_a_skill_is_drawn_by_its_shares_and_says_what_it_missed() -> None:
    turns = [*[said(f"deck {number}", fired=True) for number in range(8)], said("one more"), said("why didn't you use deck?")]
    one = rates.standing("deck", turns)
    deployed = [Intent(1, 0, "deployed", ()), Intent(2, 86_400_000, "rolled back", ())]
    found = panels.skills([(one, turns, deployed)], 3)
    (only,) = found["cards"]
    assert (only["title"], only["badge"]) == ("deck", ("1 trigger missed", Tone.FAIR))
    assert {each["name"]: round(each["value"], 3) for each in only["intervals"]} == {"recall": 0.889, "precision": 1.0, "described": 1.0}
    assert [text[:2] for label, text, _ in only["lines"] if label == "deployed"] == ["#2", "#1"]
    assert "missed" in {label for label, _, _ in only["lines"]}
    assert list(panels.as_lines(found))


def test_a_skill_that_was_hardly_seen_is_unmeasured() -> None:
    found = panels.skills([(rates.standing("deck", []), [], [])], 0)
    assert (found["cards"][0]["intervals"], found["cards"][0]["badge"]) == ([], None)
    assert "unmeasured" in {label for label, _, _ in found["cards"][0]["lines"]}
    assert [tone for _, _, tone in found["lines"]] == [Tone.QUIET]
