"""Sessions next to each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.session import at, configured, folded, result, segment

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.events import Charged, Claimed, Finished, Listed, Spent
from autotune.core.ledger.fold import begin
from autotune.core.ledger.state import State
from autotune.core.memory.lessons import Lesson, Taught
from autotune.core.model import Direction, Effect, Metric, Status
from autotune.core.tell import lessons
from autotune.core.tell import sessions as told

EFFECT = Effect(0.9, 0.88, 0.92, relative=True)
CLAIM = Claimed("a", "b", improved=True, pairs=20, reason=Fact(Kind.IMPROVED), keeps=1, timestamp=at(9), effect=EFFECT)


def state(*events: object, **changed: object) -> State:
    return folded(begin(replace(segment(), **changed)), *events)  # type: ignore[arg-type]


def test_a_session_is_told_with_its_goal_its_gain_by_fresh_runs_and_its_cost() -> None:
    kept = result(1, 0.9, Status.KEEP)
    ended = Finished(quoted("enough"), at(20))
    spent = Spent(1.5, 20_000, "c", at(8), estimated=True)
    found = told.line("fast-1", state(kept, result(2), CLAIM, spent, ended), "/work", at(30), meant=True)
    assert found.label == "* fast-1"
    assert found.text.startswith("make t (s) lower; finished, 2 experiments, 1 kept; in /work\n")
    assert "10.0 % lower [8.0, 12.0]" in found.text
    assert "about $1.50, 20,000 tokens" in found.text
    assert told.gain(state(kept)) == told.NOT_MEASURED
    assert told.gain(state()) == told.NOTHING_KEPT
    without, with_some = (folded(state(kept), Listed(("a", "b"), "", letters)) for letters in ("cc", "ch"))
    assert (told.gain(without), without.claim_is_due) == (told.NO_CASES, False)
    assert (told.gain(with_some), with_some.claim_is_due) == (told.NOT_MEASURED, True)
    assert told.line("x", state(Charged(0.25, "log", at(3))), None, at(30), meant=False).text.endswith("$0.25")


def test_one_that_cannot_be_read_says_why() -> None:
    assert told.line("x", None, None, at(0), "gone", meant=False).text == "cannot be read: gone"
    assert told.as_json("x", None, None, at(0), "gone", meant=False) == {"session": "x", "tree": None, "meant": False, "problem": "gone"}


def test_the_same_as_json() -> None:
    found = told.as_json("fast-1", state(result(1, 0.9, Status.KEEP), CLAIM), "/work", at(30), meant=True)
    assert (found["standing"], found["experiments"], found["keeps"]) == ("open", 1, 1)
    assert found["gain"]["effect"]["estimate"] == 0.9
    assert told.as_json("fast-1", state(), None, at(30), meant=False)["gain"] is None


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({}, []),
        ({"metric_name": "u"}, ["the two have different goals"]),
        ({"base": "other"}, ["the two began at different commits, so each gain is against another code"]),
        ({"machine": {"cpu": "b"}}, ["the two were measured on different machines, or with other tools"]),
        ({"config": configured(benchmark="bash other.sh")}, ["the two are measured by different commands"]),
    ],
)
def test_why_two_gains_may_not_be_compared_is_told(changed: dict[str, object], reasons: list[str]) -> None:
    one, other = state(), state(Finished(quoted("enough"), at(20)), **changed)
    assert told.incomparable(one, other) == reasons
    lines = told.comparison(one, other, at(30))
    assert [line.text for line in lines if line.label == "mind"] == reasons
    assert next(line.text for line in lines if line.label == "stands") == "1: open\n2: finished: enough"


def test_lessons_are_told_kind_by_kind() -> None:
    metric = Metric("t", "s", Direction.LOWER)
    refuted = Taught("b", 2, Lesson.REFUTED, metric, Effect(1.02, 1.01, 1.03, relative=True), "one", ("src/a.py",), at(1))
    broke = Taught("a", 1, Lesson.BROKE, metric, None, "two", (), at(2))
    found = lessons.lines([broke, replace(refuted, experiment=3), refuted])
    assert [(line.label, line.text) for line in found] == [
        ("refuted", "b/2, t (+2 %): one [src/a.py]"),
        ("", "b/3, t (+2 %): one [src/a.py]"),
        ("broke", "a/1, t: two"),
    ]
