"""Marks make a score from 0 to 1, or there is none; none is never 0."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.asking.failing import Failure, Why
from autotune.core.asking.structured import objection
from autotune.core.judging.fencing import Fence
from autotune.core.judging.marks import BEST_MARK, Unscored, judged, schema, score
from autotune.core.judging.rubric import Criterion, Rubric

FENCE = Fence("abcabcabc", "xyzxyzxyz")
RUBRIC = Rubric((Criterion("right", 3.0, "Right?", "Yes.", "No."), Criterion("short", 1.0, "Short?", "Yes.", "No.")))
MARK = st.integers(0, BEST_MARK)


def given_marks(right: int, short: int, sure: int = BEST_MARK, remark: str = "") -> dict[str, Any]:
    marks = {"right": {"reason": "because", "mark": right}, "short": {"reason": "so", "mark": short}}
    return {"criteria": marks, "remark": remark, "sure": sure}


@given(MARK, MARK, MARK)
def test_a_score_is_the_weighted_mean(right: int, short: int, sure: int) -> None:
    found = judged(RUBRIC, FENCE, "a:b", given_marks(right, short, sure), None)
    assert found.score == pytest.approx((3 * right + short) / (4 * BEST_MARK))
    assert found.score is not None
    assert 0 <= found.score <= 1
    assert (found.marks, found.reasons, found.sure) == (
        {"right": right, "short": short},
        {"right": "because", "short": "so"},
        sure / BEST_MARK,
    )


@given(st.lists(st.tuples(st.floats(0.001, 1000), MARK), min_size=1, max_size=8))
def test_scores_stay_in_their_range_and_grow_with_marks(entries: list[tuple[float, int]]) -> None:
    rubric = Rubric(tuple(Criterion(f"c{number}", weight, "?", "+", "-") for number, (weight, _) in enumerate(entries)))
    marks = {f"c{number}": mark for number, (_, mark) in enumerate(entries)}
    lower = {**marks, "c0": max(0, marks["c0"] - 1)}
    assert 0 <= score(rubric, lower) <= score(rubric, marks) <= 1
    assert score(rubric, dict.fromkeys(marks, BEST_MARK)) == pytest.approx(1)
    assert score(rubric, dict.fromkeys(marks, 0)) == 0


def test_no_answer_is_no_score() -> None:
    found = judged(RUBRIC, FENCE, "a:b", None, Failure(Why.BROKEN))
    assert (found.score, found.unscored, found.failure) == (None, Unscored.NO_ANSWER, Failure(Why.BROKEN))


def test_a_judge_that_obeys_what_it_judges_gives_no_score() -> None:
    found = judged(RUBRIC, FENCE, "a:b", given_marks(4, 4, remark=f"ok {FENCE.word}"), None)
    assert (found.score, found.unscored) == (None, Unscored.OBEYED)


def test_the_shape_takes_marks_and_nothing_else() -> None:
    wanted = schema(RUBRIC)
    assert objection(wanted, given_marks(0, 4)) is None
    wrong: list[dict[str, Any]] = [given_marks(5, 0), given_marks(0, 0, 9), {**given_marks(0, 0), "more": 1}]
    wrong += [{"criteria": {"right": {"reason": "", "mark": 1}}, "remark": "", "sure": 1}]
    assert all(objection(wanted, one) for one in wrong)
