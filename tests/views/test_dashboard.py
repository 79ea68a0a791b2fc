"""The screen: compared with what was looked at, and drawn for sessions that chance makes up."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from autotune.core.facts import quoted
from autotune.core.health.recovery import Playbook
from autotune.core.ledger.events import (
    CandidateTaken,
    Claimed,
    Decided,
    Finished,
    Noted,
    Noticed,
    Opened,
    Paused,
    PlaybookBegun,
    PlaybookEnded,
    Ran,
    RepairAsked,
    Result,
    Resumed,
    SegmentOpened,
    StopAsked,
    Stopped,
    TargetChecked,
)
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.lines import Event, from_line
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.ledger.state import State
from autotune.core.model import Arm, Direction, Effect, Outcome, Status, Verdict
from autotune.core.output.outcome import PASSED
from autotune.core.tell import explain, report, story
from autotune.core.tell.brief import MOST_TOKENS, brief, tokens
from autotune.core.tell.lines import laid_out
from autotune.core.tell.snapshot import snapshot
from autotune.views import dashboard

GOLDEN = Path(__file__).parents[1] / "golden"
NOW = "2026-03-01T13:01:00.000Z"
LEDGER = [event for line in (GOLDEN / "session.jsonl").read_bytes().splitlines() if (event := from_line(line)) is not None]
OPENING = LEDGER[0]
assert isinstance(OPENING, SegmentOpened)


def folded(*events: Event) -> State:
    assert isinstance(OPENING, SegmentOpened)
    state = begin(OPENING)
    for event in events:
        state = after(state, event)
    return state


def drawn(state: State, width: int, worker: str | None = None, *, colour: bool = False, charted: bool = True) -> str:
    """The screen as text, as in a pipe, or as on a terminal with colour."""
    console = Console(file=io.StringIO(), width=width, force_terminal=colour, highlight=False, color_system="standard" if colour else None)
    with console.capture() as captured:
        console.print(dashboard.screen(state, NOW, state.recent.rows[-dashboard.ROWS :], width, worker, NOW, charted=charted))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def settled(number: int, value: float | None, status: Status = Status.DISCARD, segment: int = 1) -> Result:
    template = next(event for event in LEDGER if isinstance(event, Result) and event.status is Status.DISCARD)
    return replace(template, index=number, metric=value, status=status, segment=segment, effect=None)


def with_baseline(value: float) -> list[Event]:
    baseline = next(event for event in LEDGER if isinstance(event, Result) and event.baseline)
    return [replace(baseline, metric=value), Opened(NOW)]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_screen_is_as_it_was_looked_at(width: int) -> None:
    path = GOLDEN / f"dashboard-{width}.txt"
    text = drawn(folded(*LEDGER[1:]), width, "measuring (experiment 13)")
    if not path.exists():
        path.write_text(text, "utf-8")
        pytest.fail(f"{path.name} was not there; it is now, to be looked at")
    assert text == path.read_text("utf-8")


def test_a_session_that_has_just_begun_has_a_screen() -> None:
    text = drawn(folded(), 80)
    assert "not measured yet" in text
    assert "┤" not in text
    assert "verdict" not in text


def test_colour_says_what_became_of_it_and_markup_is_only_text() -> None:
    text = drawn(folded(*LEDGER[1:]), 120, colour=True)
    assert "\x1b[32m" in text
    assert "\x1b[31mcrashed" in text
    assert "[bold]vectorise[/bold]" in text
    assert "\\x1b[31mnumpy" in text


def test_earlier_experiments_are_counted_where_they_are_not_shown() -> None:
    state = folded(*with_baseline(10.0), *(settled(number, 10.0) for number in range(1, 21)))
    assert "8 earlier experiments: `autotune dashboard --full`" in drawn(state, 80)


@pytest.mark.parametrize("height", range(6, 40))
def test_a_live_screen_fits_and_says_how_many_experiments_it_has_no_room_for(height: int) -> None:
    state = folded(*with_baseline(10.0), *(settled(number, 10.0, segment=1 + number // 6) for number in range(1, 13)))
    console = Console(file=io.StringIO(), width=80, height=height, force_terminal=True, highlight=False)
    lines = [
        "".join(part.text for part in line) for line in console.render_lines(dashboard.fitting(state, console, NOW, (None, None, None)))
    ]
    left_out = next((int(found[1]) for line in lines if (found := re.search(r"(\d+) (?:earlier|more) experiment", line))), 0)
    shown = [line for line in lines if re.match(r" *\d+ +refuted", line)]
    assert len(shown) + left_out == 12
    if height >= 24:
        assert len(lines) <= height


def test_a_new_segment_is_set_apart_in_the_table() -> None:
    state = folded(*with_baseline(10.0), settled(1, 10.0), settled(2, 9.0, segment=2))
    for width in (50, 80):
        told = [line.split()[:2] for line in drawn(state, width).splitlines() if line.startswith((" 1", " 2", "     segment"))]
        assert told == [["1", "refuted"], ["segment", "2"], ["2", "refuted"]]


# The chart


def chart(effects: Sequence[tuple[float | None, Status]], width: int = 40, *, relative: bool = True) -> list[str]:
    events = [with_effect(settled(number, 9.0, status), effect, relative=relative) for number, (effect, status) in enumerate(effects, 1)]
    state = folded(*with_baseline(10.0), *events)
    segment = replace(state.segment, baseline_runs=(10.0,), crossed=not relative)
    return [line.plain for line in dashboard.chart(replace(state, segment=segment), width)]


def with_effect(result: Result, effect: float | None, *, relative: bool = True) -> Result:
    return replace(result, effect=None if effect is None else Effect(effect, effect, effect, relative=relative))


def test_a_chart_shows_what_was_kept_what_was_not_and_what_failed() -> None:
    found = chart([(0.8, Status.KEEP), (1.1, Status.DISCARD), (None, Status.CRASH), (0.95, Status.CHECKS_FAILED)])
    assert found == [
        "+10 % ┤   ·",
        "      ┤┄┄┄┄┄┄┄┄┄┄┄┄",
        "      ┤         x",
        "      ┤",
        "      ┤",
        "-20 % ┤●",
        "             x",
        "       effects, lower is better: ● kept…",
    ]


def test_an_effect_is_charted_against_the_code_of_its_time_whatever_the_values_were() -> None:
    """The machine got slower meanwhile: each keep is better than what it was run beside, though its value is not."""
    found = chart([(0.9, Status.KEEP)] * 3)
    assert found[5].count("●") == 3
    assert found[0].startswith("  0 % ┤┄")


def test_a_chart_needs_an_effect() -> None:
    assert chart([]) == []
    assert chart([(None, Status.CRASH)]) == []


def test_a_chart_of_no_change_is_a_line() -> None:
    assert chart([(1.0, Status.DISCARD)])[3] == "    ┤·┄┄"


def test_differences_are_charted_where_ratios_mean_nothing() -> None:
    found = chart([(-2.0, Status.KEEP), (1.0, Status.DISCARD)], relative=False)
    assert [line.split(" ┤")[0].strip() for line in found[:6]] == ["+1", "", "", "", "", "-2"]


def test_equal_ratios_are_equally_high() -> None:
    found = chart([(0.1, Status.KEEP), (10.0, Status.DISCARD)], 80)
    assert (found[0].startswith("  x10 ┤   ·"), found[5].startswith("-90 % ┤●")) == (True, True)


def test_a_narrow_chart_shows_the_latest_experiments() -> None:
    found = chart([(1.0, Status.DISCARD)] * 100 + [(0.5, Status.KEEP)], 20)
    assert all(cell_len(line) <= 20 for line in found)
    assert found[5].endswith("●")


def test_a_chart_holds_the_latest_segment_alone() -> None:
    opening = OPENING
    assert isinstance(opening, SegmentOpened)
    first, second = (with_effect(settled(number, 9.0, segment=number), effect) for number, effect in ((1, 0.5), (2, 0.9)))
    state = folded(*with_baseline(1000.0), first, replace(opening, segment=2), *with_baseline(10.0), second)
    state = replace(state, segment=replace(state.segment, baseline_runs=(10.0,)))
    assert [line.plain.split(" ┤")[0].strip() for line in dashboard.chart(state, 40)][:6] == ["0 %", "", "", "", "", "-10 %"]


# Sessions that chance makes up

texts = st.text(max_size=60) | st.sampled_from(
    ["[red]x[/red]", "\x1b[2J\x1b]0;x\x07", "a\r\nb\tc", "漢字🦀" * 20, "```\n# x", "x" * 400, "\u202e\u200b"]
)
values = st.floats(-1e100, 1e100) | st.floats(1e-6, 1e6)
moments = st.datetimes().map(lambda one: f"{one.isoformat(timespec='milliseconds')}Z") | st.just(NOW)
effects = st.none() | st.builds(Effect, *[st.floats(1e-300, 1e300)] * 3) | st.builds(Effect, values, values, values, st.just(value=False))
arms = st.permutations([Arm.CANDIDATE, Arm.INCUMBENT])
LIMITS = {"max_iterations": 5, "max_wall_time": "1h", "max_failures": 2, "target": 1.5}


@st.composite
def segments(draw: st.DrawFn) -> SegmentOpened:
    opening = OPENING
    assert isinstance(opening, SegmentOpened)
    direction, unit = draw(st.sampled_from(Direction)), draw(st.sampled_from(["", "ms", "%", "漢" * 40, "[b]"]))
    limits = {key: LIMITS[key] for key in draw(st.sets(st.sampled_from(sorted(LIMITS)))) | {"target"}}  # checked, so it is there
    config = {"name": "speed", "metric": "time_ms", "unit": unit, "direction": direction, "scope": ["src/**"], **limits}
    number = draw(st.integers(1, 3))
    return replace(opening, direction=direction, metric_unit=unit, segment=number, config=config, timestamp=draw(moments))


@st.composite
def baselines(draw: st.DrawFn) -> list[Event]:
    found = draw(st.lists(values, min_size=1, max_size=4))
    baseline = next(event for event in LEDGER if isinstance(event, Result) and event.baseline)
    runs = [Ran(0, Purpose.BASELINE, Arm.INCUMBENT, 1, Outcome.OK, PASSED, {"time_ms": value}, 0.5, NOW, "log") for value in found]
    return [*runs, replace(baseline, metric=found[0]), Opened(draw(moments))]


facts = texts.map(quoted)


@st.composite
def experiments(draw: st.DrawFn) -> list[Event]:
    number, words = draw(st.integers(1, 99)), draw(texts)
    events: list[Event] = [CandidateTaken(number, "c" * 40, "b" * 40, (words,), draw(moments), draw(st.booleans()), words)]
    for arm in [one for pair in draw(st.lists(arms, max_size=3)) for one in pair]:
        wall = draw(st.floats(0, 1e6))
        events.append(
            Ran(number, Purpose.EXPERIMENT, arm, 1, Outcome.OK, quoted(words), {"time_ms": draw(values)}, wall, NOW, "log", (words,))
        )
    verdicts = st.sampled_from([Verdict.KEEP, Verdict.DISCARD, Verdict.INCONCLUSIVE, Verdict.VOID])
    verdict, outcome, cause = draw(verdicts), draw(st.none() | st.sampled_from(Outcome)), draw(st.sampled_from(Cause))
    odds = draw(st.none() | st.floats(0, 1e30))
    effect, value, reason = draw(effects), draw(st.none() | values), draw(texts)
    said = Decided(number, verdict, outcome, cause, quoted(reason), NOW, value, effect, odds, odds, 3, draw(st.booleans()))
    result = replace(
        settled(number, value, draw(st.sampled_from(Status)), draw(st.integers(1, 3))),
        verdict=verdict,
        outcome=outcome,
        cause=cause,
        effect=effect,
        reason=quoted(reason),
        description=words,
        forced=draw(st.booleans()),
        failure=draw(st.none() | texts),
        asi=draw(st.none() | st.just({words: words})),
    )
    return [*events, said, result][: draw(st.integers(1, len(events) + 2))]


playbooks = st.sampled_from(Playbook)
others: st.SearchStrategy[Event] = st.one_of(
    st.builds(PlaybookBegun, playbooks, st.integers(1, 3), facts, moments),
    st.builds(PlaybookEnded, playbooks, facts, moments, st.just(("src/[a].py",)), st.just(2), st.none() | texts),
    st.builds(TargetChecked, st.none() | values, st.booleans(), facts, moments),
    st.builds(
        Claimed, texts, texts, st.booleans(), st.just(20), facts, st.integers(0, 9), moments, effects, st.none() | st.integers(1, 99)
    ),
    st.builds(Paused, facts, moments),
    st.builds(Finished, facts, moments),
    st.builds(Stopped, facts, moments),
    st.builds(StopAsked, st.integers(0, 9), facts, moments),
    st.builds(Resumed, moments),
    st.builds(RepairAsked, moments, st.none() | st.just("diagnose")),
    st.builds(Noted, texts, moments),
    st.builds(Noticed, facts, moments),
)
pieces = experiments() | baselines() | others.map(lambda one: [one]) | segments().map(lambda one: [one])


@st.composite
def ledgers(draw: st.DrawFn) -> list[Event]:
    opening = draw(segments())
    return [opening, *(event for piece in draw(st.lists(pieces, max_size=12)) for event in piece)]


def state_of(events: Sequence[Event]) -> State:
    opening = events[0]
    assert isinstance(opening, SegmentOpened)
    state = begin(opening)
    for event in events[1:]:
        state = after(state, event)
    return state


def is_plain(text: str) -> bool:
    """Whether a text moves no cursor and hides nothing."""
    return all(character.isprintable() or character in "\n\u200c\u200d\u3000\u00a0" or character.isspace() for character in text) and not (
        set(text) & set("\r\t\x0b\x0c\x1b\x85\u2028\u2029")
    )


@given(ledgers(), st.integers(40, 220))
@settings(max_examples=40, deadline=None)
def test_any_session_has_a_screen_that_fits(events: list[Event], width: int) -> None:
    text = drawn(state_of(events), width, "measuring (x)")
    assert is_plain(text)
    assert max(map(cell_len, text.splitlines())) <= width


@given(ledgers(), st.integers(40, 120))
@settings(max_examples=40, deadline=None)
def test_any_session_can_be_told(events: list[Event], width: int) -> None:
    state = state_of(events)
    pages = [laid_out(report.in_short(state, NOW, worker, NOW), width) for worker in (None, "measuring (x)")]
    pages += [laid_out(explain.explain(state, NOW, worker, NOW).lines(), width) for worker in (None, "measuring (x)")]
    told = [found for number in range(1, 100) if (found := story.story_of(events, number)) is not None]
    pages += [laid_out(story.lines(one, state, width - story.LABELS), width) for one in told]
    for page in pages:
        assert is_plain(page)
        assert max(map(cell_len, page.splitlines())) <= width
    json.dumps([snapshot(state, NOW), explain.explain(state, NOW).as_json(), *(one.as_json() for one in told)], allow_nan=False)


@given(ledgers(), texts, texts)
@settings(max_examples=40, deadline=None)
def test_any_session_has_a_small_brief(events: list[Event], ideas: str, memory: str) -> None:
    page = brief(state_of(events), NOW, ideas * 30, memory * 30)
    assert is_plain(page)
    assert tokens(page) <= MOST_TOKENS
