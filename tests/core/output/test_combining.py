"""A metric that is printed by cases, made into one value."""

from __future__ import annotations

import pytest

from autotune.core.facts import UnreadError
from autotune.core.output.outcome import with_one_value


def test_a_metric_that_is_printed_by_cases_alone_is_combined_from_them() -> None:
    assert with_one_value("t", {"t[a]": 1.0, "t[b]": 100.0}, (), ratios=True)["t"] == pytest.approx(10.0)
    assert with_one_value("t", {"t": 3.0, "t[a]": 1.0}, (), ratios=True) == {"t": 3.0, "t[a]": 1.0}


def test_cases_of_which_one_is_not_positive_in_the_baseline_are_averaged_in_every_run() -> None:
    assert with_one_value("t", {"t[a]": 0.0, "t[b]": 100.0}, (), ratios=True)["t"] == 50.0
    assert with_one_value("t", {"t[a]": 1.0, "t[b]": 100.0}, ("a", "b"), ratios=False)["t"] == 50.5


def test_a_candidate_cannot_move_the_scale_by_a_case_that_falls_to_zero() -> None:
    with pytest.raises(UnreadError, match="case not positive"):
        with_one_value("t", {"t[a]": 0.0, "t[b]": 100.0}, ("a", "b"), ratios=True)
