"""What is told of each case: names of those that may be seen, and counts alone of those that decide."""

from __future__ import annotations

from dataclasses import replace

from tests.core.session import at, folded, segment

from autotune.core.cases.split import digest, letters, split
from autotune.core.facts import quoted
from autotune.core.ledger.events import CandidateTaken, Listed, Opened, Ran
from autotune.core.ledger.fold import begin
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.state import Ended, Ending, State
from autotune.core.model import Arm, Outcome, Part
from autotune.core.tell import by_case
from autotune.core.tell.lines import laid_out
from autotune.core.tell.story import LABELS, Story, lines

LINES = tuple(f"c{number}\tg{number // 2}" for number in range(140))


def scored() -> State:
    cases = tuple(split_of(LINES))
    named = Listed(LINES, at(1), letters(cases, split(cases)), digest(cases))
    return folded(begin(segment(direction="higher", cases=list(LINES), score_range=[0, 1])), Opened(at(0)), named)


def split_of(lines: tuple[str, ...]) -> list:  # type: ignore[type-arg]
    from autotune.core.cases.listed import listed

    return list(listed(lines))


def ran(arm: Arm, part: Part | None, **scores: float | None) -> Ran:
    metrics = {f"t[{case}]": value for case, value in scores.items() if value is not None}
    places = tuple(int(case[1:]) for case in scores)
    unscored = {case[1:]: "busy" for case, value in scores.items() if value is None}
    run = Ran(1, Purpose.EXPERIMENT, arm, 1, Outcome.OK, quoted(""), metrics, 0.1, at(1), f"{arm}.log", part=part)
    return replace(run, cases=places, unscored=unscored)


RUNS = (
    ran(Arm.CANDIDATE, Part.SEARCH, c0=1.0, c1=0.0, c2=0.5, c4=0.0, c6=None),
    ran(Arm.INCUMBENT, Part.SEARCH, c0=0.0, c1=0.0, c2=0.5, c4=1.0, c6=0.5),
    ran(Arm.CANDIDATE, Part.CONFIRM, c8=1.0, c10=1.0),
    ran(Arm.INCUMBENT, Part.CONFIRM, c8=0.0, c10=1.0),
)


def test_search_cases_are_named_and_those_that_decide_are_counted() -> None:
    state = scored()
    told = {line.label: line.text for line in by_case.of_cases(RUNS, state.metric, state)}
    assert told["search cases"] == "1 better, 1 worse, 2 the same, 1 without a score; most better: c0; most worse: c4"
    assert told["decided on"] == "1 better, 0 worse, 1 the same"
    assert told["groups"] == "g0 +0.5, g2 -1"
    assert not list(by_case.of_cases((), state.metric, state))


def test_the_plot_of_a_session_on_cases_is_not_broken_over_lines() -> None:
    runs = tuple(replace(run, metrics={**run.metrics, "t": value}) for run, value in zip(RUNS, (0.25, 0.75, 0.5, 1.0), strict=True))
    found = Story(1, segment(), taken=CandidateTaken(1, "c" * 40, "b" * 40, ("m.py",), at(1), settles=True), runs=runs)
    text = laid_out(lines(found, scored(), 80 - LABELS), 80)
    rows = [line.split() for line in text.splitlines()]
    assert ["incumbent", "•", "•"] in rows
    assert ["0.25", "1.00"] in rows


def test_no_value_of_a_case_that_decides_is_shown_nor_what_it_wrote() -> None:
    state = scored()
    assert [one.part for one in by_case.open_to_all(RUNS)] == [Part.SEARCH, Part.SEARCH]
    hidden = by_case.shown(replace(RUNS[2], unscored={"8": "timed out"}))
    assert (dict(hidden.metrics), dict(hidden.unscored), hidden.cases) == ({}, {}, RUNS[2].cases)
    assert by_case.shown(RUNS[0]) == RUNS[0]
    kept = {f"{Arm.CANDIDATE}.log": ("/runs/1", ["c0.txt", "c8.txt"])}
    (line,) = by_case.written(RUNS, state.metric, state, kept)
    assert "c0" in line.text
    assert "c8" not in line.text
    assert not list(by_case.written(RUNS, state.metric, state, {}))


def test_each_case_that_decided_is_told_where_that_is_asked_for() -> None:
    state = scored()
    found = by_case.decided_on(RUNS, state.metric)
    assert found == {"c8": {Arm.CANDIDATE: 1.0, Arm.INCUMBENT: 0.0}, "c10": {Arm.CANDIDATE: 1.0, Arm.INCUMBENT: 1.0}}
    (line,) = by_case.each({**found, "c12": {Arm.CANDIDATE: 0.5}})
    assert line.text.splitlines() == [
        "c8: 0 before, 1 with the change",
        "c10: 1 before, 1 with the change",
        "c12: none before, 0.5 with the change",
    ]
    assert not list(by_case.each({}))


def test_without_groups_none_are_told() -> None:
    state = begin(segment(direction="higher"))
    told = [line.label for line in by_case.of_cases(RUNS[:2], state.metric, state)]
    assert told == ["search cases"]
    bare = [replace(run, part=None) for run in RUNS[:2]]
    assert [line.label for line in by_case.of_cases(bare, state.metric, state)] == ["cases"]


def test_cases_without_a_score_are_counted_where_they_are_of_a_part() -> None:
    state = scored()
    told = [[ran(arm, part, c0=None) for arm in (Arm.CANDIDATE, Arm.INCUMBENT)] for part in (Part.SEARCH, None)]
    (line,) = by_case.of_cases(told[0], state.metric, state)
    assert line.text == "0 better, 0 worse, 0 the same, 1 without a score"
    assert not list(by_case.of_cases(told[1], state.metric, state))


def test_a_table_has_single_cases_that_decide_only_once_the_session_has_finished() -> None:
    state = scored()
    search, decided = by_case.tables(RUNS, state.metric, state)
    assert (search["label"], search["counts"]) == ("search cases", {"better": 1, "worse": 1, "same": 2})
    assert [(one["case"], one["before"], one["after"], one["went"]) for one in search["cases"][:2]] == [
        ("c0", "0", "1", "better"),
        ("c4", "1", "0", "worse"),
    ]
    assert (decided["counts"], decided["cases"]) == ({"better": 1, "worse": 0, "same": 1}, [])
    over = replace(state, ended=Ended(Ending.FINISHED, quoted("over")))
    assert [one["case"] for one in list(by_case.tables(RUNS, state.metric, over))[1]["cases"]] == ["c8", "c10"]
    paused = replace(state, ended=Ended(Ending.PAUSED, quoted("stuck")))
    assert list(by_case.tables(RUNS, state.metric, paused))[1]["cases"] == []
    many = {f"c{number}": 1.0 for number in range(by_case.MOST_ROWS + 5)}
    (cut,) = by_case.tables((ran(Arm.CANDIDATE, None, **many), ran(Arm.INCUMBENT, None, **many)), state.metric, state)
    assert (len(cut["cases"]), cut["more"].split()[1], cut["cases"][0]["went"]) == (by_case.MOST_ROWS, "5", "same")
