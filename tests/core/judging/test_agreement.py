"""Agreement of a judge with a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.judging.agreement import kappa, paired

MARKS = st.lists(st.integers(0, 4), min_size=2, max_size=30)


@given(MARKS)
def test_full_agreement_is_1(marks: list[int]) -> None:
    assert kappa(marks, marks, 5) == (pytest.approx(1) if len(set(marks)) > 1 else None)
    found = paired(marks, marks)
    assert (found is None) == (len(set(marks)) == 1)
    assert found is None or found.share == 1
    assert found is None or found.high == pytest.approx(1)


@given(MARKS, st.data())
def test_agreement_is_the_same_from_both_sides_and_within_bounds(ours: list[int], data: st.DataObject) -> None:
    theirs = data.draw(st.lists(st.integers(0, 4), min_size=len(ours), max_size=len(ours)))
    one, other = kappa(ours, theirs, 5), kappa(theirs, ours, 5)
    assert one == (None if other is None else pytest.approx(other))
    found = paired(ours, theirs)
    assert found is None or 0 <= found.low <= found.share <= found.high <= 1


def test_known_values() -> None:
    # Two levels: weights make no difference, and kappa is (0.7 - 0.5) / (1 - 0.5).
    ours, theirs = [1] * 35 + [1] * 15 + [0] * 15 + [0] * 35, [1] * 35 + [0] * 15 + [1] * 15 + [0] * 35
    assert kappa(ours, theirs, 2) == pytest.approx(0.4)
    found = paired([0.1, 0.2, 0.2, 0.4], [1, 2, 3, 3])
    assert found is not None
    assert found.pairs == 5
    assert found.share == pytest.approx(4.5 / 5)
    assert 0 < found.low < 0.9 < found.high


def test_opposite_ranks_are_no_agreement() -> None:
    found = paired([1, 2, 3], [3, 2, 1])
    assert found is not None
    assert found.share == 0
    assert kappa([0, 4], [4, 0], 5) == -1


def test_without_answers_or_with_one_mark_alone_there_is_nothing_to_agree_on() -> None:
    assert kappa([], [], 5) is None
    assert kappa([2, 2], [2, 2], 5) is None
    assert paired([], []) is None
    assert paired([1, 2], [3, 3]) is None


def test_both_have_to_judge_the_same_answers() -> None:
    with pytest.raises(ValueError, match="each answer"):
        kappa([1], [1, 2], 5)
    with pytest.raises(ValueError, match="each answer"):
        paired([1], [1, 2])
