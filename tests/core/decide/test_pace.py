"""How far a measurement has come, and how that is told."""

from __future__ import annotations

from typing import Any

import pytest

from autotune.core.decide import pace
from autotune.core.facts import Fact, Kind
from autotune.core.model import Arm, Calibration, Decision, DecisionMode, Direction, Metric, Outcome, Policy, Run, Verdict
from autotune.core.tell import progress, report
from autotune.core.tell.words import told

TIME = Metric("t", "s", Direction.LOWER)
KNOWN = Calibration((0.01,) * 8, keeps=0, planned=100)


def runs(pairs: int) -> list[Run]:
    return [Run(arm, Outcome.OK, {"t": 98.0 if arm is Arm.CANDIDATE else 100.0}) for _ in range(pairs) for arm in Arm]


def asks(pairs: int, evidence: float | None = 3.0) -> Decision:
    needed = None if evidence is None else 2083.0
    return Decision(Verdict.MEASURE_AGAIN, None, (Arm.CANDIDATE, Arm.INCUMBENT), evidence=evidence, needed=needed, pairs=pairs, fresh=True)


@pytest.mark.parametrize(
    ("mode", "pairs", "evidence", "expected"),
    [
        (DecisionMode.RACE, 0, 1.0, {"pair": 1, "of": 40, "up_to": True, "left_s": 32.0, "most_s": 160.0}),
        (DecisionMode.RACE, 3, 4.0, {"pair": 4, "of": 40, "up_to": True, "left_s": 20.0, "most_s": 148.0}),
        (DecisionMode.RACE, 7, 4.0, {"pair": 8, "of": 40, "up_to": True, "most_s": 132.0}),
        (DecisionMode.RACE, 1, None, {"pair": 2, "of": 2, "up_to": True, "most_s": 4.0}),
        (DecisionMode.ECONOMY, 2, None, {"pair": 3, "of": 12, "up_to": True, "left_s": 24.0, "most_s": 40.0}),
        (DecisionMode.ONCE, 0, None, {"pair": 1, "of": 1, "up_to": False, "most_s": 4.0}),
    ],
)
def test_a_comparison_says_where_it_is_and_what_it_still_takes(
    mode: DecisionMode, pairs: int, evidence: float | None, expected: dict[str, Any]
) -> None:
    found = pace.of_comparison(runs(pairs), asks(pairs, evidence), KNOWN, Policy(TIME, mode), 2.0)
    shown = {name: value for name, value in found.items() if name in ("pair", "of", "up_to", "left_s", "most_s")}
    assert shown == expected
    assert ("evidence" in found) is (evidence is not None)
    assert found.get("estimate") == (pytest.approx(0.98) if pairs else None)


def test_nothing_is_estimated_while_nobody_knows_what_a_run_takes() -> None:
    assert "most_s" not in pace.of_comparison([], asks(0), KNOWN, Policy(TIME), 0.0)
    assert pace.of_known_length("run", 1, 8, 0.0) == {"run": 1, "of": 8, "up_to": False}


def test_of_pairs_each_has_two_runs() -> None:
    assert pace.of_known_length("pair", 3, 20, 1.5) == {"pair": 3, "of": 20, "up_to": False, "left_s": 54.0}
    assert pace.of_known_length("run", 3, 8, 1.5, up_to=True) == {"run": 3, "of": 8, "up_to": True, "most_s": 9.0}


RUNNING = {"purpose": "experiment", "experiment": 3, "arm": "candidate"}


@pytest.mark.parametrize(
    ("figures", "parts"),
    [
        (RUNNING, ["experiment 3"]),
        ({**RUNNING, "purpose": "cross-check"}, ["experiment 3", "unchanged code"]),
        ({**RUNNING, "command": "prepare", "pair": 1, "of": 1, "up_to": False}, ["pair 1 of 1", "`prepare`"]),
        ({**RUNNING, "purpose": "claim", "pair": 3, "of": 20, "up_to": False, "left_s": 54.0}, ["claim", "pair 3 of 20", "54 s"]),
        ({**RUNNING, "pair": 12, "of": 40, "up_to": True, "left_s": 40.0, "most_s": 300.0}, ["12 of up to 40", "40 s", "5 min"]),
        ({**RUNNING, "pair": 12, "of": 40, "up_to": True, "most_s": 300.0}, ["at most 5 min"]),
        (
            {**RUNNING, "estimate": 0.979, "relative": True, "unit": "s", "evidence": 34.0, "needed": 2083.3},
            ["2.1 % lower", "34 : 1 of 2083 : 1"],
        ),
        ({**RUNNING, "estimate": -2.0, "relative": False, "unit": "s"}, ["2.0 s lower"]),
    ],
)
def test_what_runs_is_told_with_all_that_is_known(figures: dict[str, Any], parts: list[str]) -> None:
    said = told(Fact(Kind.RUNNING, figures))
    assert [part for part in parts if part not in said] == []


def test_who_is_waited_for_is_named_as_far_as_they_are_known() -> None:
    known = progress.waiting(Fact(Kind.WAITING_FOR_MACHINE, {"what": "experiment 3 of tests", "process": 5, "more": 2, "left_s": 40.0}))
    assert [part for part in ("experiment 3 of tests", "process 5", "2 others", "40 s") if part not in known] == []
    assert "another process" in progress.waiting(Fact(Kind.WAITING_FOR_MACHINE, {"what": "", "process": None, "more": 0}))


@pytest.mark.parametrize(("now", "lasted"), [("10:00:04", ""), ("10:04:00", " (4 min so far)")])
def test_how_long_something_lasts_is_said_from_five_seconds_on(now: str, lasted: str) -> None:
    doing = Fact(Kind.SETTING_UP, {"since": "2026-03-01T10:00:00Z"})
    said = report.going_on(doing, f"2026-03-01T{now}Z")
    assert said == told(doing) + lasted
    assert [line.text for line in report.now_line(doing, f"2026-03-01T{now}Z")] == [said]
    assert report.now_line(None, now) == []


@pytest.mark.parametrize(
    ("begun", "left"),
    [
        ({"left_s": 60.0, "most_s": 120.0}, {"left_s": 30.0, "most_s": 90.0}),
        ({"left_s": 30.0, "most_s": 31.0}, {"most_s": 1.0}),
        ({"wait_s": 30.0}, {}),
        ({"until": None}, {"until": None}),
        ({"until": "2026-03-01T11:01:00+01:00"}, {"until": "2026-03-01T11:01:00+01:00", "left_s": 30.0}),
        ({"until": "2026-03-01T10:00:10Z"}, {"until": "2026-03-01T10:00:10Z"}),
    ],
)
def test_what_is_left_shrinks_while_it_lasts_and_an_estimate_that_is_over_is_not_told(begun: dict[str, Any], left: dict[str, Any]) -> None:
    since = {"since": "2026-03-01T10:00:00Z"}
    assert progress.as_of(Fact(Kind.RUNNING, {**begun, **since}), "2026-03-01T10:00:30Z").figures == {**left, **since}


def test_a_wait_for_quiet_is_told_with_and_without_its_limit() -> None:
    waiting = Fact(Kind.WAITING_FOR_QUIET, {"share": 0.98, "wait_s": 30.0, "since": "2026-03-01T10:00:00Z"})
    assert ["20 s" in report.going_on(waiting, f"2026-03-01T10:00:{second}Z") for second in (10, 31)] == [True, False]
