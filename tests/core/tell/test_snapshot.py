"""A session as JSON: every key, what it holds, and that what is written to files can be made again."""

# ruff: noqa: ANN401 - any setting can be given

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.core.session import at, folded, result, segment

from autotune.core.facts import quoted
from autotune.core.ledger.events import (
    CandidateTaken,
    Claimed,
    Finished,
    Noted,
    Opened,
    Paused,
    PlaybookBegun,
    PlaybookEnded,
    RepairAsked,
    Result,
    Resumed,
    Spent,
    Stopped,
)
from autotune.core.ledger.fold import begin
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.state import State
from autotune.core.model import Status
from autotune.core.tell.snapshot import SCHEMA, notification, of_the_log, snapshot

PAGE = Path(__file__).parents[3] / "docs/watching.md"
LIMITS = {"max_iterations": 9, "max_wall_time": "1h", "max_failures": 4, "max_cost_usd": 5.0, "max_tokens": 900}
BASELINE = result(0, 10.0, Status.KEEP, baseline=True)
NEWS = PlaybookEnded("rebaseline", quoted("nothing\nhas changed"), at(8))


def opened(*events: Result | CandidateTaken, **settings: Any) -> State:
    return folded(begin(segment(**settings)), BASELINE, Opened(at(0)), *events)


def taken(number: int) -> CandidateTaken:
    return CandidateTaken(number, "candidate", "base", ("src/a.py",), at(number), settles=True)


def test_the_page_tells_every_key_and_no_other() -> None:
    table = PAGE.read_text("utf-8").partition("## A session as JSON\n")[2].partition("## ")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = [key for cell in first_cells for key in re.findall(r"`(\w+)`", cell)]
    assert sorted(told) == sorted(snapshot(opened(), at(9)))
    assert f"| `schema`, `as_of` | {SCHEMA}; " in table


def test_it_holds_how_a_session_stands() -> None:
    state = opened(result(1, 8.0, Status.KEEP), result(2, 9.0), result(3, None, Status.CRASH, cause=Cause.CANDIDATE), taken(4), **LIMITS)
    found = json.loads(json.dumps(snapshot(folded(state, Spent(1.5, 100, "client", at(4), estimated=True)), at(60), measuring=True)))
    assert (found["schema"], found["as_of"], found["session"], found["branch"]) == (1, at(60), "fast-1", "autotune/fast-1")
    assert (found["segment"], found["metric"]) == (1, {"name": "t", "unit": "s", "direction": "lower"})
    assert (found["health"], found["mode"], found["why"], found["ended"]) == ("running", "optimize", "reason 3", None)
    assert (found["baseline"], found["best"], found["best_experiment"], found["claim"]) == (10.0, 8.0, 1, None)
    assert (found["experiments"], found["statuses"], found["void"]) == (3, {"keep": 1, "discard": 1, "crash": 1}, 0)
    assert (found["keeps"], found["unconfirmed"], found["forced"]) == (1, 0, 0)
    assert (found["streaks"], found["playbook"]) == ({"no_improvement": 2, "failures": 1}, None)
    left = {"healing": 3, "experiments": 6, "seconds": 3540, "failures": 3, "cost_usd": 3.5, "tokens": 800}
    assert (found["budget"], found["cost"]) == (left, {"usd": 1.5, "tokens": 100, "estimated": True})
    assert (found["active_s"], found["experiment"], found["measuring"]) == (60.0, 4, True)
    assert found["next"] == "wait for the measurement: `autotune wait`"
    assert len(json.dumps(found)) < 1600


def test_it_is_small_at_the_beginning_and_has_no_infinite_number() -> None:
    assert snapshot(begin(segment()), at(1))["noise"] is None
    state = opened(result(1, 10.0), result(2, 10.0), result(3, 9.0, Status.KEEP))
    claim = Claimed("base", "commit-3", improved=True, pairs=20, reason=quoted("10 % lower"), keeps=1, timestamp=at(4))
    found = json.loads(json.dumps(snapshot(folded(state, claim, Stopped(quoted("enough"), at(5))), at(6)), allow_nan=False))
    means = "the session's spread; it decides nothing"
    assert found["confidence"] == {"mad_multiple": "infinite", "label": "high", "means": means}
    assert found["ended"] == {"how": "stopped", "reason": "enough"}
    assert found["claim"] == {"improved": True, "reason": "10 % lower", "keeps": 1}


def test_what_the_log_alone_decides_does_not_depend_on_the_clock() -> None:
    state = opened(**LIMITS)
    for events, moment, active_s in (
        ((), at(0), 0.0),
        ((result(7, 9.0),), at(7), 7.0),
        ((taken(8), Noted("hello", at(9))), at(8), 8.0),
        ((taken(8), Stopped(quoted("enough"), at(90))), at(8), 90.0),
        ((Stopped(quoted("enough"), at(90)), Resumed(at(200))), at(200), 90.0),
    ):
        found = of_the_log(folded(state, *events))
        assert (found["as_of"], found["active_s"], found["measuring"]) == (moment, active_s, None)
        assert found["budget"]["seconds"] == 3600 - active_s


def test_a_limit_that_is_reached_is_what_comes_next() -> None:
    found = of_the_log(folded(opened(max_wall_time="60s"), Finished(quoted("time"), at(61))))
    assert found["next"].startswith("nothing until the user moves the limit (`autotune config set max_wall_time ")


@pytest.mark.parametrize(
    ("events", "playbook"),
    [
        ((), None),
        ((RepairAsked(at(7), "diagnose"),), {"name": "diagnose", "result": None}),
        ((PlaybookBegun("rebaseline", 1, quoted("5"), at(7)),), {"name": "rebaseline", "result": None}),
        ((PlaybookBegun("rebaseline", 1, quoted("5"), at(7)), NEWS), {"name": "rebaseline", "result": "nothing\\nhas changed"}),
        ((PlaybookBegun("rebaseline", 1, quoted("5"), at(7)), NEWS, taken(9)), None),
        ((PlaybookBegun("rebaseline", 1, quoted("5"), at(7)), NEWS, Resumed(at(9))), None),
    ],
)
def test_a_playbook_is_named_with_its_result_until_something_else_happens(
    events: tuple[RepairAsked | PlaybookBegun | PlaybookEnded | CandidateTaken | Resumed, ...], playbook: dict[str, str | None] | None
) -> None:
    assert snapshot(folded(opened(), *events), at(10))["playbook"] == playbook


def test_what_is_sent_has_counts_and_nothing_of_what_is_worked_on() -> None:
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
