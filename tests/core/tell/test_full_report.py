"""The report that stands alone, as values: what is claimed, what was kept and why the rest was not, plots, and how much has room."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.core.long_session import claimed, runs, session
from tests.core.session import at, folded, result, segment

from autotune.core.decide.budget import SESSIONS_FOOLED
from autotune.core.facts import quoted
from autotune.core.ledger.events import Ran, SegmentOpened, Spent
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.lines import from_line
from autotune.core.ledger.purposes import Purpose
from autotune.core.model import Arm, DecisionMode, Effect, Outcome, Run, Status
from autotune.core.output.outcome import PASSED
from autotune.core.tell import full_report as reporting
from autotune.core.tell import plots
from autotune.core.tell.figures import share_in_words
from autotune.core.tell.full_report import FullReport, Gathered, Room, Section, full_report
from autotune.core.tell.lines import Tone
from autotune.core.tell.opened import promise
from autotune.core.tell.story import Story, stories

if TYPE_CHECKING:
    from autotune.core.ledger.state import State

NOW = at(10**5)
NOTHING = Gathered((), (segment(),), {}, {}, 0)
DEMO = Path(__file__).parents[2] / "golden/demo.jsonl"


def section(report: FullReport, name: str) -> Section:
    return next(one for one in report.sections if one.name == name)


def line(report: FullReport, name: str, label: str) -> str | None:
    return next((one.text for one in section(report, name).lines if one.label == label), None)


def demo() -> tuple[State, Gathered]:
    """The session of README's pictures."""
    events = [event for line in DEMO.read_bytes().splitlines() if (event := from_line(line)) is not None]
    assert isinstance(events[0], SegmentOpened)
    state = begin(events[0])
    for event in events[1:]:
        state = after(state, event)
    kept = [row.index for row in state.recent.rows if row.status is Status.KEEP]
    return state, Gathered(state.recent.rows, (events[0],), stories(events, kept), {1: "+a\n"}, 3)


def test_a_report_has_the_claim_with_its_interval_and_each_keep_with_its_own() -> None:
    state, found = demo()
    report = full_report(state, NOW, found)
    assert report.gained.tone is Tone.GOOD
    assert "83.6 % lower [82.9, 84.2], 20 pairs" in report.gained.text
    kept = section(report, "kept")
    assert [(one.row.number, one.row.effect) for one in kept.kept] == [(1, "-29.3 %"), (4, "-56.6 %"), (7, "-19.4 %"), (8, "-36.3 %")]
    assert [one.row for one in kept.kept] == [one.row for one in kept.rows]
    first = {one.label: one.text for one in kept.kept[0].lines}
    assert {"files", "reason", "evidence", "runs", "commit"} == set(first)
    assert first["commit"].startswith("7a6890acb2af")
    assert [one.diff is None for one in kept.kept] == [False, True, True, True]
    assert line(report, "deciding", "promise") == promise(state)


def test_what_was_not_kept_is_told_with_its_reason_and_the_last_that_it_printed() -> None:
    tried = section(full_report(*_of(demo())), "not-kept").rows
    assert [one.row.number for one in tried] == [2, 3, 5, 6]
    assert tried[2].why.endswith("; KeyError: 'Market'")
    assert "evidence 0.14 : 1 (needed 83 : 1)" in tried[0].why


def test_without_a_claim_a_report_says_how_to_get_one_and_without_a_keep_that_there_is_nothing_to_claim() -> None:
    kept, nothing = (full_report(*_of(session(5, keeps))).gained for keeps in (1.0, 0.0))
    assert "`autotune report --claim`" in kept.text
    assert "--claim" not in nothing.text
    assert {kept.tone, nothing.tone} == {Tone.FAIR}


def _of(made: tuple[State, Gathered], room: Room = reporting.A_FILE) -> tuple[State, str, Gathered, Room]:
    state, found = made
    return state, NOW, found, room


def test_a_session_in_which_nothing_was_tried_has_a_report() -> None:
    report = full_report(begin(segment()), NOW, NOTHING)
    assert section(report, "gained").plot is None
    assert not section(report, "kept").rows
    assert section(report, "not-kept").lead
    everything = section(full_report(*_of(session(3, 1.0))), "not-kept")
    assert (everything.rows, bool(everything.lead)) == ((), True)


def test_what_verifies_a_report_stands_in_it_once() -> None:
    commands = [one.command for one in section(full_report(*_of(session(1))), "verifying").commands]
    assert [one.startswith(reporting.VERIFYING) for one in commands] == [True, False, False]
    assert "--session fast-1" in commands[0]
    assert commands[2].endswith("base..autotune/fast-1")


@pytest.mark.parametrize("mode", [DecisionMode.ECONOMY, DecisionMode.ONCE])
def test_a_mode_that_promises_nothing_says_how_often_it_is_fooled(mode: DecisionMode) -> None:
    said = line(full_report(*_of(session(1, decision_mode=mode))), "deciding", "simulated")
    assert said is not None
    mean, worst = SESSIONS_FOOLED[mode]
    assert share_in_words(mean, figures=2) in said
    assert (worst is None) == ("worst" not in said)


def test_race_promises_and_builds_that_are_not_counted_are_told() -> None:
    assert line(full_report(*_of(session(1))), "deciding", "simulated") is None
    once = full_report(*_of(session(1, build_once=True, prepare="make")))
    how, before = (line(one, "deciding", "to read it") for one in (once, full_report(*_of(session(1)))))
    assert how is not None
    assert before is not None
    assert how.startswith(before)
    assert how != before


def test_the_cost_is_told_where_an_agent_told_it_and_the_machine_without_its_name() -> None:
    state, found = session(1)
    assert (line(full_report(state, NOW, found), "cost", "cost") or "").startswith("not known")
    free, _ = session(1, cost_metric="cost_usd")
    free = replace(free, segment=replace(free.segment, baseline_observed=(Run(Arm.INCUMBENT, Outcome.OK, {"t": 1.0, "cost_usd": 0.0}),)))
    assert line(full_report(free, NOW, found), "cost", "cost") == "$0.00"
    told = folded(state, Spent(1.5, 12_000, "client", at(9)))
    told = replace(told, segment=replace(told.segment, opened=replace(told.segment.opened, machine={"host": "mine", "cpu": "fast"})))
    report = full_report(told, NOW, found)
    assert line(report, "cost", "cost") == "$1.50, 12,000 tokens"
    assert (line(report, "environment", "cpu"), line(report, "environment", "host")) == ("fast", None)
    assert "mine" not in json.dumps(reporting.as_json(told, NOW, found))


# Plots


def test_effects_are_plotted_over_experiments_and_kept_ones_come_to_steps() -> None:
    state, found = demo()
    plot = section(full_report(state, NOW, found), "gained").plot
    assert plot is not None
    assert [(one.number, one.kept, one.effect is None) for one in plot.points][:6] == [
        *((1, True, False), (2, False, False), (3, False, False), (4, True, False)),
        *((5, False, True), (6, False, True)),
    ]
    first, fourth = plot.points[0].effect, plot.points[3].effect
    assert first is not None
    assert fourth is not None
    assert plot.steps[:4] == pytest.approx((first.estimate,) * 3 + (first.estimate * fourth.estimate,))
    assert state.claim is not None
    assert plot.claim == state.claim.effect


def test_differences_add_up_and_what_is_of_another_scale_or_metric_is_left_out() -> None:
    def row(number: int, effect: Effect, of: int = 2, status: Status = Status.KEEP) -> State:
        return folded(begin(segment()), result(number, 1.0, status, effect=effect, segment=of))

    difference, ratio = Effect(-2.0, -3.0, -1.0, relative=False), Effect(0.5, 0.4, 0.6)
    rows = (
        row(1, difference, of=1),
        row(2, difference),
        row(3, ratio),
        row(4, Effect(-1.5, -2.0, -1.0, relative=False)),
        row(5, Effect(9.0, 9.0, 9.0, relative=False), status=Status.DISCARD),
    )
    state = begin(segment(2))
    found = replace(NOTHING, rows=tuple(one.recent.rows[-1] for one in rows), segments=(segment(1, direction="higher"), segment(2)))
    plot = plots.effects_plot(claimed(state), found.rows, found.segments)
    assert plot is not None
    assert [one.number for one in plot.points] == [2, 4, 5]
    assert plot.steps == (-2.0, -3.5, -3.5)
    assert (plot.relative, plot.claim) == (False, None)


def test_steps_stay_finite() -> None:
    huge = Effect(1e300, 1e300, 1e300)
    rows = [folded(begin(segment()), result(one, 1.0, Status.KEEP, effect=huge)).recent.rows[-1] for one in (1, 2)]
    assert list(plots._steps(rows, relative=True)) == [1e300, 1e300]


def test_samples_are_plotted_in_the_order_of_their_runs_where_both_sides_have_some() -> None:
    state, found = demo()
    plot = section(full_report(state, NOW, found), "kept").kept[0].samples
    assert plot is not None
    assert [value for _, value in plot.samples][:4] == pytest.approx([2.766, 3.986, 2.683, 3.899], abs=1e-3)
    assert (plot.ends, plot.bounds) == ((2, 12), ("2.600", "3.986"))
    assert all("median" in words for words in plot.words.values())
    failed = Ran(1, Purpose.EXPERIMENT, Arm.INCUMBENT, 1, Outcome.CRASHED, PASSED, {"t": 1.0}, 1.0, NOW, "log")
    alone = [one for one in runs(1, [(1.0, 2.0)]) if isinstance(one, Ran) and one.arm is Arm.CANDIDATE]
    assert plots.samples_plot(Story(1, runs=(*alone, failed)), begin(segment())) is None


# Room


def test_a_diff_is_cut_at_a_line_and_says_how_to_see_the_rest() -> None:
    text = "+one\n+\ttwo\x1b[31m\n+three" + "e" * 1000 + "\n"
    whole = reporting.diff_of(text, 10_000, "c" * 40)
    assert whole.lines[:2] == ("+one", "+   two\\x1b[31m")
    assert len(whole.lines[2]) == reporting.LONGEST_DIFF_LINE
    assert whole.more == ""
    cut = reporting.diff_of(text, 8, "c" * 40)
    assert cut.lines == ("+one",)
    assert cut.more.startswith("2 more lines")
    assert "`git show cccccccccccc`" in cut.more
    assert reporting.diff_of("+&&\n", 8, "c").lines == ()  # of which a page takes more


def test_what_has_no_room_is_counted() -> None:
    report = full_report(*_of(session(40, 0.5), Room(diffs=100, text=20, kept=2, rows=3)))
    kept, rest = section(report, "kept"), section(report, "not-kept")
    assert (len(kept.kept), len(kept.rows), len(rest.rows)) == (2, 3, 3)
    assert kept.more
    assert rest.more
    assert max(len(one.row.description) for one in (*kept.rows, *rest.rows)) <= 20
    assert max(len(one.why) for one in rest.rows) <= 20
    nothing = full_report(*_of(session(40, 0.5), Room(0, 0, 0, 1).halved()))
    assert [section(nothing, name).rows for name in ("kept", "not-kept")] == [(), ()]


def test_a_keep_of_which_the_log_or_git_has_no_more_is_told_as_far_as_it_goes() -> None:
    state, found = session(3, 1.0)
    (first, *_) = section(full_report(state, NOW, replace(found, stories={}, diffs={})), "kept").kept
    assert (first.lines, first.samples, first.diff) == ((), None, None)


def test_as_json_it_has_every_row_and_every_sample_of_what_was_kept() -> None:
    state, found = session(20, 0.3)
    told = json.loads(json.dumps(reporting.as_json(folded(state, *()), NOW, found), allow_nan=False))
    kept = [row.index for row in found.rows if row.status is Status.KEEP]
    assert [row["index"] for row in told["report"]["rows"]] == list(range(1, 21))
    assert [one["experiment"] for one in told["report"]["kept"]] == kept
    assert len(told["report"]["kept"][0]["runs"]) == 18
    assert told["report"]["kept"][0]["diff"].startswith("diff --git")
    assert told["report"]["deciding"] == {"mode": "race", "rule": state.segment.opened.rule, "error_budget": 0.05, "fooled": None}
    assert told["report"]["verify"][0]["command"].startswith(reporting.VERIFYING)
    assert told["session"] == "fast-1"


def test_a_reason_from_elsewhere_is_safe_to_show() -> None:
    row = folded(begin(segment()), result(1, reason=quoted("a\x1b[2Jb"), failure="x\n\x1b[0m")).recent.rows[-1]
    assert reporting.why(row, 100).isprintable()
