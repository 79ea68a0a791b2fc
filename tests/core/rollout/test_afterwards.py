"""After a promotion: held against the frozen record of the version before."""

from __future__ import annotations

import pytest

from autotune.core.rollout.afterwards import Record, Watch, Watched, frozen, watched

RECORD = frozen([0.6, 0.8] * 100, {"errors": 4}, 200)


def test_the_record_is_kinder_than_the_mean_of_what_was_seen() -> None:
    assert RECORD.least_score is not None
    assert 0.6 < RECORD.least_score < 0.7
    assert 0.02 < RECORD.most_failures["errors"] < 0.12


def test_a_version_that_holds_is_watched_until_its_time_is_over() -> None:
    level = [0.7, 0.72] * 100
    assert watched(RECORD, level, {"errors": [False] * 200}, 3).watch is Watch.ON
    assert watched(RECORD, level, {"errors": [False] * 200}, 7).watch is Watch.OVER
    assert watched(RECORD, level, {}, 3, for_days=2).watch is Watch.OVER


def test_a_fall_of_scores_takes_it_back_even_when_its_time_is_over() -> None:
    found = watched(RECORD, [0.4] * 60, {"errors": [False] * 60}, 8)
    assert (found.watch, found.about) == (Watch.TAKE_BACK, "score")
    assert found.odds["score"] >= 20


def test_failures_take_it_back() -> None:
    found = watched(RECORD, [0.7] * 60, {"errors": [True, False] * 30}, 1)
    assert (found.watch, found.about) == (Watch.TAKE_BACK, "errors")


@pytest.mark.parametrize("record", [frozen([], {"errors": 0}, 0), Record(None, {"errors": 1.0})])
def test_what_no_record_speaks_of_is_not_watched(record: Record) -> None:
    assert watched(record, [0.0] * 100, {"errors": [True] * 100}, 1) == Watched(Watch.ON, None, {})
