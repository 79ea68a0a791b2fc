"""What is sent when a session pauses or finishes."""

from __future__ import annotations

import json

from tests.core.session import at, folded, result, segment

from autotune.core.facts import quoted
from autotune.core.ledger.events import Opened, Paused
from autotune.core.ledger.fold import begin
from autotune.core.model import Status
from autotune.core.tell.notification import notification


def test_it_has_counts_and_nothing_of_what_is_worked_on() -> None:
    kept = result(1, status=Status.KEEP, description="SECRET idea", files=("SECRET.py",))
    state = folded(begin(segment()), Opened(at(0)), kept, result(2, description="SECRET"))
    assert notification(state, "finish")["how"] == "running"
    said = notification(folded(state, Paused(quoted("SECRET reason"), at(3))), "pause")
    assert {key: said[key] for key in ("session", "event", "how", "experiments", "kept")} == {
        "session": "fast-1",
        "event": "pause",
        "how": "paused",
        "experiments": 2,
        "kept": 1,
    }
    assert "SECRET" not in json.dumps(said)
    assert "/" not in said["text"]
