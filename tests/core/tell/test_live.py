"""A session as the page that watches it has it: every value is what the log says, and JSON has a place for it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.core.long_session import claimed, runs, session
from tests.core.session import at, folded, result, segment

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.events import (
    CandidateTaken,
    Claimed,
    Noted,
    Noticed,
    Opened,
    Paused,
    PlaybookBegun,
    PlaybookEnded,
    Ran,
    SegmentOpened,
    Stopped,
)
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.history import History
from autotune.core.ledger.lines import Event, from_line
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.state import State
from autotune.core.model import Arm, Effect, Outcome, Status
from autotune.core.tell import live, plots
from autotune.core.tell.close_up import close_up
from autotune.core.tell.live import Seen
from autotune.core.tell.snapshot import snapshot
from autotune.core.tell.story import Story, story_of

DEMO = Path(__file__).parents[2] / "golden/demo.jsonl"
NOW = at(10**5)
BASELINE = result(0, 10.0, Status.KEEP, baseline=True)


def taken_in(*events: Event) -> tuple[State, History]:
    history = History()
    for event in events:
        history.take(event)
    assert history.state is not None
    return history.state, history


def events_of_the_demo() -> list[Event]:
    return [event for line in DEMO.read_bytes().splitlines() if (event := from_line(line)) is not None]


def as_json(found: Any) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(json.dumps(found, allow_nan=False))


def test_before_a_segment_is_opened_there_is_no_history() -> None:
    history = History()
    history.take(Opened(at(0)))
    assert (history.state, history.in_order()) == (None, ())


def test_the_history_has_every_row_segment_playbook_and_turn_of_health() -> None:
    begun, ended = PlaybookBegun("rebaseline", 1, quoted("stuck"), at(5)), PlaybookEnded("rebaseline", quoted("moved"), at(6))
    state, history = taken_in(
        segment(), BASELINE, Opened(at(0)), result(1), result(2, 8.0, Status.KEEP), begun, ended, segment(2), result(3, segment=2)
    )
    assert [row.index for row in history.in_order()] == [1, 2, 3]
    assert [(one.after, one.opened.segment) for one in history.segments] == [(0, 1), (2, 2)]
    assert [(one.after, one.begun, one.ended) for one in history.playbooks] == [(2, begun, ended)]
    assert [(one.after, str(one.health)) for one in history.turns] == [
        (0, "running"),
        (2, "improving"),
        (2, "healing"),
        (2, "running"),
    ]
    assert state == history.state


def test_a_stop_that_was_asked_for_is_told_from_a_pause_and_is_no_alarm() -> None:
    state, history = taken_in(segment(), BASELINE, Opened(at(0)), Paused(quoted("no gain"), at(1)), Stopped(quoted("enough"), at(2)))
    found = live.background(state, history)
    assert [(one["health"], one["tone"]) for one in found["turns"]] == [("running", "plain"), ("paused", "bad"), ("stopped", "fair")]
    assert [text for _, text, _ in found["told"]["health"]][:2] == ["stopped: enough", "paused: no gain"]


def test_a_claim_of_one_experiment_lifts_its_label() -> None:
    claim = Claimed("a", "b", improved=True, pairs=20, reason=Fact(Kind.IMPROVED, {}), keeps=1, timestamp=at(9), experiment=1)
    _, history = taken_in(segment(), BASELINE, Opened(at(0)), result(1, 8.0, Status.KEEP, confirmed=False), claim)
    assert [row.confirmed for row in history.in_order()] == [True]


def test_the_head_is_the_snapshot_and_its_words() -> None:
    state, _history = taken_in(*events_of_the_demo())
    found = as_json(live.head(state, NOW, Seen(ideas="- sort once\n- \u202ehidden\n")))
    assert found["snapshot"] == as_json(snapshot(state, NOW, measuring=False))
    labels = [label for label, _, _ in found["lines"]]
    assert (labels[0], labels[-1]) == ("goal", "next")
    assert found["ideas"] == ["- sort once", "- \\u202ehidden"]
    assert found["evidence"] is None
    assert found["samples"] is None


def test_notes_notices_and_playbooks_are_told_the_latest_first() -> None:
    state, history = taken_in(
        segment(),
        BASELINE,
        Opened(at(0)),
        Noted("leave <b> alone", at(1)),
        Noted("mine", at(1), own=True),
        Noticed(quoted("moved"), at(2)),
        PlaybookBegun("rebaseline", 1, quoted("stuck"), at(5)),
        PlaybookEnded("rebaseline", quoted("no change"), at(6)),
        PlaybookBegun("diagnose", 2, quoted("still"), at(7)),
    )
    notes, told = live.head(state, NOW, Seen())["notes"], live.background(state, history)["told"]
    assert [label for label, _, _ in notes] == ["note", "reminder"]
    assert notes[0][1].endswith("leave <b> alone")
    assert [text for _, text, _ in told["playbooks"]] == ["diagnose, because still", "rebaseline, because stuck; then: no change"]
    assert [text for _, text, _ in told["noticed"]] == ["moved"]


def test_every_limit_that_is_set_has_a_meter() -> None:
    state, _history = taken_in(segment(max_iterations=4, target=2.0, max_failures=3), BASELINE, Opened(at(0)), result(1))
    meters = live.head(state, NOW, Seen())["meters"]
    assert {one["name"]: one["used"] for one in meters} == {"target": None, "max_iterations": 0.25, "max_failures": 0.0}


def running(pair: int, evidence: float | None, experiment: int = 2, **figures: Any) -> Fact:  # noqa: ANN401
    held = {"purpose": Purpose.EXPERIMENT, "experiment": experiment, "pair": pair, "of": 40, "up_to": True, "since": NOW, **figures}
    more = {} if evidence is None else {"evidence": evidence, "needed": 1000.0, "estimate": 0.9, "relative": True, "unit": "s"}
    return Fact(Kind.RUNNING, held | more)


def test_the_evidence_of_the_running_experiment_grows_pair_by_pair() -> None:
    said = (running(9, 5.0, experiment=1), running(1, None), running(2, 1.0), running(2, 10.0), running(3, 100.0))
    found = live.evidence(said)
    assert found is not None
    assert found["points"] == [[2, 1.0], [3, 2.0]]
    assert found["needed"] == pytest.approx(3.0)
    assert found["share"] == pytest.approx(2 / 3)
    assert "100 : 1" in found["text"]
    assert [live.evidence(one) for one in ((), said[:2])] == [None, None]


@pytest.mark.parametrize(("evidence", "needed", "share"), [(0.1, 1000.0, 0.0), (1e9, 1000.0, 1.0), (5.0, 1.0, 1.0), (1e300, 10.0, 1.0)])
def test_the_share_of_the_evidence_is_one(evidence: float, needed: float, share: float) -> None:
    last = running(2, evidence)
    found = live.evidence((Fact(last.kind, {**last.figures, "needed": needed}),))
    assert found is not None
    assert found["share"] == share
    as_json(found)


def test_the_open_experiment_has_its_samples_by_arm() -> None:
    taken = CandidateTaken(1, "c", "b", ("a",), at(1), settles=True)
    state, _ = taken_in(segment(), BASELINE, Opened(at(0)), taken, *runs(1, [(9.0, 10.0), (9.5, 10.5)]))
    assert live.head(state, NOW, Seen(worker="measuring", since=NOW))["samples"] == {
        "candidate": [9.0, 9.5],
        "incumbent": [10.0, 10.5],
    }
    state, _history = taken_in(segment(), BASELINE, Opened(at(0)), taken)
    assert live.head(state, NOW, Seen())["samples"] is None


def test_the_curve_has_what_is_kept_as_steps_and_each_effect_from_where_the_code_was() -> None:
    halved, worse = Effect(0.5, 0.4, 0.6), Effect(2.0, 1.5, 2.5)
    state, history = taken_in(
        *events_of_the_demo()[:1],
        result(0, 10.0, Status.KEEP, baseline=True),
        Opened(at(0)),
        result(1, 5.0, Status.KEEP, effect=halved),
        result(2, 10.0, effect=worse),
        result(3, None, Status.CRASH, outcome=Outcome.CRASHED, failure="boom"),
    )
    state, history = with_ratios(state, history)
    found = [one["plot"] for one in live.rows(state, history)]
    half = math.log(0.5)
    assert found[0] == pytest.approx({"low": math.log(0.4), "at": half, "high": math.log(0.6), "step": half})
    assert found[1] == pytest.approx({"low": half + math.log(1.5), "at": half + math.log(2.0), "high": half + math.log(2.5), "step": half})
    assert found[2] == {"low": None, "at": None, "high": None, "step": pytest.approx(half)}
    chart = live.chart(state, history)
    assert chart is not None
    assert chart["relative"]
    assert chart["claim"] is None
    claim = live.chart(claimed(state), history)
    assert claim is not None
    assert claim["claim"] == pytest.approx([math.log(0.58), math.log(0.6), math.log(0.63)])


def with_ratios(state: State, history: History) -> tuple[State, History]:
    """The same, where values are compared as ratios."""
    opening = history.segments[0].opened
    made = begin(opening)
    for event in (*_baseline_runs(), result(0, 10.0, Status.KEEP, baseline=True), Opened(at(0))):
        made = after(made, event)
    del state
    return made, history


def first_runs(value: float) -> list[Event]:
    """Runs of the unchanged code, before any experiment."""
    passed = Fact(Kind.PASSED)
    return [Ran(0, Purpose.BASELINE, Arm.INCUMBENT, place, Outcome.OK, passed, {"t": value}, 1.0, at(0), "log") for place in (1, 2)]


def _baseline_runs() -> list[Event]:
    return [event for event in events_of_the_demo() if getattr(event, "purpose", None) is Purpose.BASELINE]


def test_scores_on_cases_have_a_curve_of_differences() -> None:
    opening = segment(cases=["a", "b"], score_range=[0.0, 1.0], direction="higher")
    gain = result(1, 0.7, Status.KEEP, effect=Effect(0.2, 0.1, 0.3, relative=False))
    state, history = taken_in(opening, *first_runs(0.5), BASELINE, Opened(at(0)), gain)
    assert state.segment.logs
    chart = live.chart(state, history)
    assert chart is not None
    assert not chart["relative"]
    assert live.rows(state, history)[0]["plot"] == {"low": 0.1, "at": 0.2, "high": 0.3, "step": 0.2}


def test_every_row_has_its_words_and_json_has_a_number_for_any_effect() -> None:
    state, gathered = session(40)
    history = History(state=state, rows={row.index: row for row in gathered.rows})
    found = as_json(live.rows(state, history))
    assert [one["number"] for one in found] == list(range(1, 41))
    assert {one["tone"] for one in found} == {"good", "quiet", "bad"}
    assert [one["kept"] for one in found] == [row.status is Status.KEEP for row in gathered.rows]
    for value in (0.0, 5e-324, math.inf, 1.0):
        as_json([plots.height(value, relative=True), plots.height(-value, relative=False)])


def test_without_an_effect_there_is_no_curve() -> None:
    state, history = taken_in(segment(), BASELINE, Opened(at(0)), result(1))
    assert live.chart(state, history) is None
    assert [one["plot"] for one in live.rows(state, history)] == [None]


def test_a_session_in_the_list_of_all() -> None:
    state, _ = taken_in(*events_of_the_demo())
    found = as_json(live.listed(state, NOW))
    assert found["name"] == state.segment.opened.session
    assert "83.6 % lower" in found["claim"]


# One experiment


def test_an_experiment_has_its_words_its_pairs_and_its_diff() -> None:
    state, _ = taken_in(*events_of_the_demo())
    one = story_of(events_of_the_demo(), 1)
    assert one is not None
    found = as_json(close_up(one, state, "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a<\n-b\n+c\n d\n"))
    labels = [label for label, _, _ in found["lines"]]
    assert {"experiment", "verdict", "reason", "evidence", "runs"} <= set(labels)
    assert not {"plot", "in order"} & set(labels)
    assert [kind for kind, _ in found["diff"]["parts"]] == ["file", "place", "removed", "added", "same"]
    assert found["diff"]["parts"][2][1] == ["-a<", "-b"]
    samples = found["samples"]
    assert len(samples["arms"]) == len(samples["values"]) == samples["ends"][-1]
    assert sum(len(pair[arm]) for pair in found["pairs"] for arm in ("candidate", "incumbent")) == len(samples["values"])
    assert close_up(one, state, None)["diff"] is None


def test_a_long_diff_says_how_the_rest_is_seen() -> None:
    state, _ = taken_in(segment(), BASELINE, Opened(at(0)))
    taken = CandidateTaken(1, "c" * 40, "b", ("a",), at(1), settles=True)
    long = "+line\n" * 200_000
    assert "git show cccccccccccc" in close_up(Story(1, taken=taken), state, long)["diff"]["more"]
    assert "git show commit-1" in close_up(Story(1, result=result(1, 1.0, Status.KEEP)), state, long)["diff"]["more"]
    assert close_up(Story(1), state, "")["diff"] == {"parts": [], "more": ""}


def test_an_experiment_without_runs_has_no_samples_and_one_of_a_single_arm_has_one_group() -> None:
    state, _ = taken_in(segment(), BASELINE, Opened(at(0)))
    taken = CandidateTaken(1, "c", "b", ("a",), at(1), settles=True)
    none = close_up(Story(1, taken=taken), state, None)
    assert (none["samples"], none["pairs"]) == (None, [])
    alone = [event for event in runs(1, [(9.0, 10.0)]) if getattr(event, "arm", None) is Arm.CANDIDATE]
    found = close_up(Story(1, taken=taken, runs=tuple(alone)), state, None)  # type: ignore[arg-type]
    assert found["pairs"] == [{"pair": 1, "candidate": ["9"], "incumbent": []}]


def test_folding_is_the_state_of_the_log() -> None:
    events = events_of_the_demo()
    assert isinstance(events[0], SegmentOpened)
    assert taken_in(*events)[0] == folded(begin(events[0]), *events[1:])


def test_a_rebaseline_has_its_own_mark_and_word() -> None:
    by_itself, asked = (replace(segment(number), reason=Fact(kind)) for number, kind in ((2, Kind.BY_PLAYBOOK), (3, Kind.ACCEPTED)))
    state, history = taken_in(segment(), BASELINE, Opened(at(0)), result(1), by_itself, asked, segment(4))
    found = live.background(state, history)
    assert [one["rebaseline"] for one in found["segments"]] == [False, True, True, False]
    assert [one["word"] for one in found["segments"]] == ["segment 1", "rebaseline", "rebaseline", "segment 4"]
    assert ["◆" in text for _, text, _ in found["told"]["segments"]] == [False, True, True, False]
