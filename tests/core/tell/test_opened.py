"""What `init` understood."""

# ruff: noqa: ANN401 - any setting can be changed

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.core.session import segment

from autotune.core.cases.listed import listed
from autotune.core.cases.split import letters, split
from autotune.core.ledger.events import Calibrated, Listed
from autotune.core.ledger.fold import after, begin
from autotune.core.model import DecisionMode
from autotune.core.tell.opened import understood


def test_what_was_said_is_shown_and_what_was_not_is_named_with_its_meaning() -> None:
    said = dict(understood(begin(segment()), 3))
    assert said["metric"] == "t: lower is better"
    assert "3 files" in said["scope"]
    assert said["min_effect"].startswith("0:")
    assert said["guardrails"].startswith("none")
    assert "5 %" in said["promise"]
    assert dict(understood(begin(segment(decision_mode="once")), 3))["promise"].startswith("none")
    assert said["checks"].startswith("none")


def test_seeds_are_named_where_there_are_any() -> None:
    assert "seeds" not in dict(understood(begin(segment()), 1))
    assert "seeds" in dict(understood(begin(segment(seeds=True)), 1))


def test_what_is_measured_with_is_named_where_the_benchmark_says_it() -> None:
    state = begin(segment())
    assert "context" not in dict(understood(state, 1))
    said = replace(state, segment=replace(state.segment, context={"judge": "model-3", "data": "9f"}))
    assert dict(understood(said, 1))["context"] == "judge model-3, data 9f"


def test_cases_are_counted() -> None:
    state = begin(segment(cases_count="total"))
    assert "cases" not in dict(understood(state, 1))
    named = replace(state, segment=replace(state.segment, named=tuple(map(str, range(200)))))
    assert dict(understood(named, 1))["cases"] == "200, of which a run gets 17; they count total"


def test_where_a_least_effect_comes_from_is_said() -> None:
    state = begin(segment(min_effect=0.02, unit="ms", guardrails=["size <= 1.05x"], checks="make test"))
    said = dict(understood(state, 1))
    assert "as configured" in said["min_effect"]
    assert (said["guardrails"], said["checks"]) == ("size <= 1.05x", "make test")
    assert said["metric"] == "t (ms): lower is better"
    found = begin(segment(min_effect=0.02, min_effect_found=0.02))
    assert "calibration" in dict(understood(found, 1))["min_effect"]
    values = Calibrated(3, 1.0, 0.0, 0.0, 0.0, logs=False, mode=DecisionMode.RACE, timestamp="")
    state = begin(segment(min_effect=3.0, unit="points"))
    crossed = replace(state, segment=replace(state.segment, calibrated=values))
    assert dict(understood(crossed, 1))["min_effect"].startswith("3 points")


def test_groups_are_counted_where_they_are_too_few_to_split() -> None:
    assert with_scores(200, grouped=4)["cases"].startswith("200 in 50 groups; all decide, and you see none one by one: 60 groups are")


def test_cases_that_are_enough_to_split_are_not_called_too_few() -> None:
    said = with_scores(200, holdout_share=0.0, search_share=0.0)["cases"]
    assert ("all decide" in said, "fewest" in said) == (True, False)


def with_scores(count: int, *, grouped: int = 0, **changed: Any) -> dict[str, str]:
    lines = [f"c{number}\tg{number // grouped}" if grouped else f"c{number}" for number in range(count)]
    state = begin(segment(cases=lines, score_range=[0, 10], direction="higher", **changed))
    cases = listed(lines)
    parts = split(cases, state.config.holdout_share, state.config.search_share)
    return dict(understood(after(state, Listed(tuple(lines), "", letters(cases, parts))), 1))


def test_of_cases_with_scores_it_is_said_what_they_are_for_and_what_they_can_show() -> None:
    said = with_scores(200)["cases"]
    assert "to search with" in said
    assert "held out" in said
    assert "difference of about" in said
    assert "all decide" in with_scores(40)["cases"]
    assert "60 cases are the fewest" in with_scores(40)["cases"]
    assert "no difference" in with_scores(4)["cases"]
    assert with_scores(200, min_effect=0.5)["min_effect"].startswith("0.5,")
