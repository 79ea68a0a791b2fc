"""The words of rollouts: every action, verdict and reason has some, with its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from autotune.core.codec import encode
from autotune.core.rollout.exposures import LeftOut
from autotune.core.rollout.look import Because, Policy, Unit, Verdict, counted, looked
from autotune.core.tell.lines import Line, Tone
from autotune.core.tell.rollouts import deployed, kept, reverted, watched

DEPLOYED: Mapping[str, Any] = {
    "behavior": "tool-calling",
    "version": "p-new",
    "parent": "p-old",
    "commit": "0123456789abcdef",
    "session": "tune",
    "experiment": 3,
    "proven": True,
    "evidence": "kept: 5 % higher",
    "share": 0.3,
    "mode": "gain",
    "margin": 0.0,
    "needed": 20.0,
    "max_days": 60.0,
    "units_a_day": 40.0,
    "days": {"0.05": None, "0.1": 7.5},
    "diff": ["--- deployed", "+++ candidate", "@@ -1 +1 @@", "-Old.", "+New."],
    "first": False,
}
ACTIONS = ("began", "would begin", "waits for approval", "would wait for approval", "waits for records", "dropped", "promotion approved")
PACKS = ((1, "x", "p-old"), (2, "y", None), (3, "x", "p-old"))
REHEARSED = ("would be dropped", "would be approved")
POLICY = Policy(ratios={"errors": 1.0, "refusals": 1.0})
UNITS = [Unit(number % 2 == 0, 0.5, 0.8 if number % 2 == 0 else 0.5, frozenset({"errors"})) for number in range(6)]
LOOK = encode(looked(counted(UNITS, POLICY), POLICY))
CANARY: Mapping[str, Any] = {
    "behavior": "tool-calling",
    "state": "canary",
    "version": "p-new",
    "parent": "p-old",
    "days": 3.2,
    "max_days": 60.0,
    "unit": "user-day",
    "by_format": True,
    "waiting": 0,
    "left_out": {},
    "fewest": 50,
    "effect": 0.1,
    "interval": [-0.1, 0.3],
    "action": "wait",
    **LOOK,
}


def said(lines: Iterable[Line]) -> str:
    return "\n".join(f"{line.label}: {line.text}" for line in lines)


@pytest.mark.parametrize("action", ACTIONS + REHEARSED)
def test_what_was_deployed_says_where_it_is_from_how_it_is_decided_and_what_changes(action: str) -> None:
    told = said(deployed({**DEPLOYED, "action": action}))
    for part in ("p-new", "session tune, experiment 3", "kept: 5 % higher", "30 % of the units", "20 : 1", "7.5 days", "+New."):
        assert part in told
    assert "--- deployed" not in told


def test_what_no_session_kept_what_was_forced_and_what_comes_first_is_said() -> None:
    assert "no session" in said(deployed({**DEPLOYED, "action": "began", "session": None, "needed": 416.7}))
    assert "forced" in said(deployed({**DEPLOYED, "action": "began", "proven": False}))
    assert "p-old becomes it" in said(deployed({**DEPLOYED, "action": "waits for records", "first": True}))
    assert "the one of main" in said(deployed({**DEPLOYED, "action": "would begin", "first": True, "parent": None}))
    assert "worse by 0.05" in said(deployed({**DEPLOYED, "action": "began", "mode": "no_harm", "margin": 0.05}))
    assert "unknown" in said(deployed({**DEPLOYED, "action": "began", "units_a_day": 0, "evidence": "", "diff": []}))
    long = {**DEPLOYED, "action": "began", "diff": [*DEPLOYED["diff"], *["+more"] * 60]}
    assert said(deployed(long)).endswith("…")
    prompt = {**DEPLOYED, "action": "began", "diff": [*DEPLOYED["diff"], "+" + 40 * "An old sentence. " + "A new one."]}
    assert "A new one." in said(deployed(prompt))


def test_nothing_a_canary_that_runs_and_a_refusal_are_one_line_each() -> None:
    three: tuple[dict[str, Any], ...] = (
        {"behavior": "a", "action": "nothing"},
        {"behavior": "b", "action": "runs"},
        {"behavior": "c", "action": "refused", "error": "No.", "hint": "do it"},
    )
    found = [line for one in three for line in deployed(one)]
    assert [line.label for line in found] == ["a", "b", "c", ""]
    assert found[2].tone is Tone.BAD


@pytest.mark.parametrize("because", Because)
def test_every_reason_has_words(because: Because) -> None:
    verdict = Verdict.WAIT if because in {Because.OPEN, Because.HELD, Because.TOO_FEW} else Verdict.ROLL_BACK
    told = said(watched({**CANARY, "because": because, "verdict": verdict, "about": "errors"}))
    assert "{" not in told
    assert "effect: +0.100 (from -0.100 to +0.300)" in told
    assert "errors" in told


@pytest.mark.parametrize("because", [Because.BETTER, Because.WORSE, Because.NO_HARM])
def test_odds_of_thousands_are_written_out(because: Because) -> None:
    found = {**CANARY, "evidence": 12345.6, "worse": 12345.6, "guards": {"errors": 12345.6}, "failed": {"errors": [1, 9]}}
    assert said(watched({**found, "because": because, "verdict": Verdict.PROMOTE})).count("12,345 : 1") == 4


@pytest.mark.parametrize("verdict", Verdict)
def test_a_look_that_changes_nothing_says_would(verdict: Verdict) -> None:
    told = said(watched({**CANARY, "verdict": verdict, "dry_run": True}))
    assert ("would be" in told) is (verdict is not Verdict.WAIT)


def test_units_that_wait_what_was_left_out_and_carry_over_are_said() -> None:
    found = {**CANARY, "unit": "request", "by_format": False, "waiting": 2, "left_out": dict.fromkeys(LeftOut, 3), "effect": None}
    told = said(watched({**found, "failed": {}}))
    assert "2 units wait for the judge" in told
    assert "what one request does" in told
    assert told.count(" 3") >= len(LeftOut)
    assert "effect" not in told


def test_a_promotion_that_waits_or_was_made_by_hand_is_said() -> None:
    promoted = {**CANARY, "verdict": "promote", "because": "better"}
    assert "no labels" in said(watched({**promoted, "action": "waits for approval", "doubt": "no labels"}))
    assert "promoted by you" in said(watched({**promoted, "action": "promoted by hand", "dry_run": False}))


@pytest.mark.parametrize(("action", "part"), [("on", "is watched"), ("over", "stays"), ("take back", "p-old is active")])
def test_a_promoted_pack_is_watched_stays_or_is_taken_back(action: str, part: str) -> None:
    found = {"behavior": "a", "state": "promoted", "version": "p-new", "parent": "p-old", "days": 2.0, "for_days": 7.0, "action": action}
    assert part in said(watched({**found, "about": "score", "odds": {"score": 25.0}}))
    assert "no request has come" in said(watched({**found, "action": "over", "about": None, "odds": {}}))
    assert "would be" in said(watched({**found, "action": "take back", "about": "score", "odds": {"score": 25.0}, "dry_run": True}))


def test_nothing_waiting_and_a_refusal_are_said() -> None:
    four: tuple[dict[str, Any], ...] = (
        {"behavior": "a", "state": "nothing"},
        {"behavior": "b", "state": "waiting", "version": "p-new"},
        {"behavior": "c", "state": "waiting", "version": "p-new", "action": "waits for approval"},
        {"behavior": "d", "state": "refused", "error": "No.", "hint": "do it"},
    )
    found = [line for one in four for line in watched(one)]
    assert [line.label for line in found] == ["a", "b", "c", "d", ""]
    assert "approve" in found[2].text


@pytest.mark.parametrize("action", ["ended", "dropped", "restored"])
@pytest.mark.parametrize("dry", [True, False])
def test_what_was_rolled_back_says_from_what_to_what(action: str, dry: bool) -> None:  # noqa: FBT001
    told = said(reverted({"behavior": "a", "action": action, "from": "p-new", "to": "p-old", "dry_run": dry}))
    assert "p-new" in told
    assert ("would be" in told) is dry


def test_packs_that_are_kept_are_listed_the_newest_first_and_the_active_one_is_named() -> None:
    made = [{"number": number, "snapshot": snapshot, "version": version, "why": "found", "at_ms": 0} for number, snapshot, version in PACKS]
    listed = list(kept({"behavior": "a", "active": "x", "versions": made}))
    assert [one.label for one in listed] == ["#3", "#2", "#1"]
    assert [one.text.split(":")[0] for one in listed] == ["p-old", "?", "p-old"]
    assert [one.text.endswith("active now") for one in listed] == [True, False, False]
    assert [one.text for one in kept({"behavior": "a", "active": None, "versions": []})] == ["none was deployed by autotune"]
