from __future__ import annotations

import pytest

from autotune.core.judging.trust import Agreement, Doubt, agreed, doubt


def test_a_judge_that_marks_as_a_person_does_agrees() -> None:
    found = agreed([0.0, 0.25, 0.5, 0.76, 1.0], [0, 1, 2, 3, 4])
    assert (found.labels, found.kappa) == (5, 1.0)
    assert found.accuracy is not None
    assert found.accuracy.share == 1.0


def test_without_a_label_there_is_nothing_to_agree_on() -> None:
    assert agreed([], []) == Agreement(0, None, None)


@pytest.mark.parametrize(
    ("agreement", "least", "why"),
    [
        (None, 0.4, Doubt.NO_LABELS),
        (Agreement(0, None, None), 0.4, Doubt.NO_LABELS),
        (Agreement(29, 0.9, None), 0.4, Doubt.FEW_LABELS),
        (Agreement(30, 0.39, None), 0.4, Doubt.DISAGREES),
        (Agreement(30, None, None), 0.4, Doubt.DISAGREES),
        (Agreement(30, 0.4, None), 0.4, None),
        (None, 0.0, None),
    ],
)
def test_a_promotion_needs_approval_where_agreement_is_not_shown(agreement: Agreement | None, least: float, why: Doubt | None) -> None:
    assert doubt(agreement, least, 30) is why
