"""The lines of a target's log: there and back, and what they amount to."""

from __future__ import annotations

import pytest

from autotune.core.codec import Malformed
from autotune.core.rollout.events import Abandoned, Change, Done, Event, Intent, Note, State, event, line, state

FIRST = Intent(1, 10, "canary", (Change("active", None, "a"), Change("canary", None, "b")), {"share": 0.1})
SECOND = Intent(2, 30, "promoted", (Change("active", "a", "b"), Change("canary", "b")))


@pytest.mark.parametrize("one", [FIRST, SECOND, Done(1, 20), Abandoned(2, 30, "no"), Note(5, "looked", {"units": 3}), Note(5, "looked")])
def test_a_line_says_the_event_again(one: Event) -> None:
    assert event(line(one)) == one


@pytest.mark.parametrize("said", [{}, {"type": "dance"}, {"type": "done", "number": 1}])
def test_other_lines_are_refused(said: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        event(said)


def test_the_state_is_what_was_done() -> None:
    assert state([]) == State()
    assert state([]).deployments == ()
    done = state([FIRST, Done(1, 20), Note(25, "looked"), SECOND])
    assert done.placed == {"active": "a", "canary": "b"}
    assert (done.deployments, done.pending, done.numbered) == ((FIRST,), SECOND, 2)
    assert state([FIRST, Done(1, 20), SECOND, Done(2, 40)]).placed == {"active": "b", "canary": None}


def test_what_is_abandoned_changes_nothing_but_keeps_its_number() -> None:
    found = state([FIRST, Abandoned(1, 20, "no")])
    assert (found.placed, found.deployments, found.pending, found.numbered) == ({}, (), None, 1)
    assert state([Done(1, 20)]) == State()
