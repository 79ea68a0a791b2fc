from __future__ import annotations

import pytest
from tests.records.agent import NOW, Desk
from tests.records.test_scoring import QUALITY, SAID, filled, given, waiting

from autotune.core.records.behaviors import Behavior
from autotune.errors import AutotuneError
from autotune.records import labels, scoring

INSTRUMENT = scoring.instrument_of(SAID)


def test_cases_that_confirm_are_not_shown_and_scored_ones_come_first(desk: Desk) -> None:
    with filled(desk, 40).store() as store:
        found = labels.waiting(store, QUALITY, INSTRUMENT, 100)
        parts = {str(row[0]): str(row[1]) for row in store.rows("SELECT case_id, part FROM record")}
        assert {parts[case] for case, _ in found} == {"train", "select"}
        last, _ = found[-1]
        row = next(one for one in waiting(store) if one.case == last)
        scoring.keep(store, QUALITY, SAID, [given(row, 0.5)], NOW)
        assert labels.waiting(store, QUALITY, INSTRUMENT, 1)[0][0] == last


def test_a_label_is_kept_once_and_the_case_is_not_asked_about_again(desk: Desk) -> None:
    with filled(desk).store() as store:
        case = labels.waiting(store, QUALITY, INSTRUMENT, 1)[0][0]
        labels.put(store, QUALITY, case, 3, NOW)
        labels.put(store, QUALITY, case, 1, NOW)
        assert labels.count(store, QUALITY) == 1
        assert case not in [one for one, _ in labels.waiting(store, QUALITY, INSTRUMENT, 100)]
        assert case in [one for one, _ in labels.waiting(store, Behavior.TASK_EXTRACTION, INSTRUMENT, 100)]


def test_a_case_that_is_not_there_or_not_of_the_behaviour_is_refused(desk: Desk) -> None:
    with filled(desk).store() as store:
        case = labels.waiting(store, QUALITY, INSTRUMENT, 1)[0][0]
        with pytest.raises(AutotuneError, match="nobody"):
            labels.put(store, QUALITY, "nobody", 3, NOW)
        with pytest.raises(AutotuneError, match="memory-recall"):
            labels.put(store, Behavior.MEMORY_RECALL, case, 3, NOW)


def test_agreement_is_of_cases_that_have_both(desk: Desk) -> None:
    with filled(desk).store() as store:
        rows = waiting(store)
        scoring.keep(store, QUALITY, SAID, [given(one, number % 5 / 4) for number, one in enumerate(rows[:10])], NOW)
        for number, one in enumerate(rows):
            labels.put(store, QUALITY, one.case, number % 5, NOW)
        found = labels.agreement(store, QUALITY, INSTRUMENT)
        assert (found.labels, found.kappa) == (10, 1.0)
        assert labels.agreement(store, QUALITY, None).labels == 0
