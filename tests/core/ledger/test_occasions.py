"""At which events somebody is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.session import at, configured, result

from autotune.core.facts import quoted
from autotune.core.ledger.events import Finished, Noted, Paused, RepairAsked, Resumed, SettingsChanged, StopAsked, Stopped
from autotune.core.ledger.lines import Event, to_line
from autotune.core.ledger.occasions import MARKS, Heard, Occasion, heard
from autotune.core.model import Status

WHY = quoted("why")
ASKED = StopAsked(3, WHY, at(1))


def occasions(*events: Event) -> list[Occasion]:
    """All that a few events are, in order."""
    known, found = Heard(), []
    for event in events:
        known, told = heard(known, event)
        found += [one.occasion for one in told]
    return found


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([result(1)], ["after-experiment"]),
        ([result(1, status=Status.KEEP)], ["after-experiment", "keep"]),
        ([replace(result(0, status=Status.KEEP), baseline=True)], []),
        ([Paused(WHY, at(1))], ["pause"]),
        ([Finished(WHY, at(1))], ["finish"]),
        ([Stopped(WHY, at(1))], []),
        ([ASKED, Stopped(WHY, at(2))], ["finish"]),
        ([ASKED, Paused(WHY, at(2)), Stopped(WHY, at(3))], ["pause"]),
        ([ASKED, Finished(WHY, at(2)), Stopped(WHY, at(3))], ["finish"]),
        ([ASKED, Resumed(at(2)), Stopped(WHY, at(3))], []),
        ([ASKED, RepairAsked(at(2)), Stopped(WHY, at(3))], []),
        ([Noted("a", at(1))], []),
    ],
)
def test_each_event_is_the_occasions_that_it_is(events: list[Event], found: list[str]) -> None:
    assert occasions(*events) == found


def test_an_occasion_has_its_experiment_and_its_time() -> None:
    (told,) = heard(Heard(), result(4))[1]
    assert (told.experiment, told.timestamp) == (4, at(4))


def test_a_notification_counts_from_when_it_was_set_to_when_it_was_taken_away() -> None:
    on, off = (SettingsChanged(configured(notify=value), ("notify",), at(1)) for value in ("desktop", ""))
    known, told = heard(Heard(), on)
    assert (known.notifies, told) == (True, ())
    assert not heard(known, off)[0].notifies


def test_every_event_that_matters_is_found_by_its_mark() -> None:
    ends: list[Event] = [Paused(WHY, at(1)), Finished(WHY, at(1)), Stopped(WHY, at(1))]
    for event in (*ends, result(1), ASKED, Resumed(at(1)), RepairAsked(at(1)), SettingsChanged(configured(), (), at(1))):
        assert any(mark in to_line(event, "0" * 64) for mark in MARKS), event
