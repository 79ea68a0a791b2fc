from __future__ import annotations

import pytest

from autotune.core.judging import condition
from autotune.core.judging.condition import DEAD_AFTER, NEWEST, SILENT_MS, Condition, Ill
from autotune.core.judging.means import Mean

HOUR = 3_600_000


def test_a_judge_is_dead_where_none_of_the_newest_cases_has_a_score() -> None:
    outcomes: list[tuple[int, str | None]] = [(100 - number, "broken" if number else "network") for number in range(DEAD_AFTER)]
    assert condition.judge("x", [*outcomes, (1, None)]) == Condition(Ill.DEAD_JUDGE, "x", 100 - DEAD_AFTER + 1, "broken")
    assert condition.judge("x", outcomes[1:]) is None, "too few to tell"
    assert condition.judge("x", [(101, None), *outcomes]) is None


def test_silence_is_one_that_is_longer_than_what_is_usual() -> None:
    busy: list[tuple[int, str | None]] = [(100 * HOUR - number * HOUR, "a") for number in range(5)]
    seldom: list[tuple[int, str | None]] = [(300 * HOUR - number * 50 * HOUR, "a") for number in range(5)]
    assert list(condition.traffic(busy, 100 * HOUR + SILENT_MS)) == []
    assert list(condition.traffic(busy, 100 * HOUR + SILENT_MS + 1)) == [Condition(Ill.NO_TRAFFIC, since_ms=100 * HOUR)]
    assert list(condition.traffic(seldom, 400 * HOUR)) == []
    assert list(condition.traffic([], 400 * HOUR)) == []


def test_another_model_is_one_that_did_not_answer_before() -> None:
    old: list[tuple[int, str | None]] = [(1000 - number, "old") for number in range(300)]
    new: list[tuple[int, str | None]] = [(2000 - number, "new") for number in range(NEWEST)]
    found = list(condition.traffic([*new, *old], 2000))
    assert found == [Condition(Ill.DRIFTED_MODEL, since_ms=2000 - NEWEST + 1, what="new", before="old")]
    assert list(condition.traffic([*new, *old[:50]], 2000)) == [], "too few before"
    assert list(condition.traffic([(2001, None), *old], 2001)) == [], "the same model"
    assert list(condition.traffic([(moment, None) for moment, _ in [*new, *old]], 2000)) == [], "no record says its model"


@pytest.mark.parametrize(("late", "drifted"), [(Mean(0.5, 0.45, 0.55, 90, 9), True), (Mean(0.68, 0.63, 0.73, 90, 9), False), (None, False)])
def test_scores_have_drifted_where_chance_does_not_explain_it(late: Mean | None, drifted: bool) -> None:  # noqa: FBT001
    before = Mean(0.7, 0.66, 0.74, 90, 9)
    assert condition.scores("x", before, late, 7) == (Condition(Ill.DRIFTED_SCORES, "x", 7, "0.500", "0.700") if drifted else None)
    assert condition.scores("x", None, late, 7) is None
    assert condition.scores("x", before, Mean(0.1, None, None, 1, 1), 7) is None


def test_a_budget_is_exhausted_by_money_or_calls() -> None:
    assert condition.budget(5.0, 1, 5.0, 10) == Condition(Ill.NO_BUDGET, what="money")
    assert condition.budget(5.0, 10, None, 10) == Condition(Ill.NO_BUDGET, what="calls")
    assert condition.budget(4.9, 9, 5.0, 10) is None


def test_a_judge_that_obeyed_once_is_named() -> None:
    assert condition.obedience("x", 2) == Condition(Ill.OBEDIENT_JUDGE, "x", what="2")
    assert condition.obedience("x", 0) is None
