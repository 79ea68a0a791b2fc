"""Live cases judged: with functions in the judges' place, whose quality, mood and obedience are known."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.prompts.desk import asking, by_kindness, filled, known, marks
from tests.prompts.test_judging import shown
from tests.records.agent import NOW, Desk

from autotune.core.asking.failing import Failure, Why
from autotune.core.asking.request import Request
from autotune.core.judging.retrying import FIRST_WAIT_MS
from autotune.core.records.behaviors import Behavior
from autotune.core.tell import scored
from autotune.edges.locks import hold
from autotune.errors import AutotuneError
from autotune.models.script import Script
from autotune.prompts import evaluating

QUALITY = Behavior.RESPONSE_QUALITY
HOUR = 3_600_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def judged(desk: Desk, now: int = NOW, behaviors: tuple[Behavior, ...] = (QUALITY,), probe: int = 0, **scripts: Script) -> dict[str, Any]:
    return set_so(desk, {}, now, behaviors, probe, **scripts)


def set_so(
    desk: Desk, more: dict[str, str], now: int = NOW, behaviors: tuple[Behavior, ...] = (QUALITY,), probe: int = 0, **scripts: Script
) -> dict[str, Any]:
    found = evaluating.evaluate(known(desk, **more), behaviors, now, probe=probe, asking=asking(desk.path.parent, **scripts))
    assert list(scored.evaluated(found))
    return found


def test_each_case_is_judged_once_and_a_rubric_that_changed_judges_again(desk: Desk) -> None:
    found = judged(filled(desk), cheap=by_kindness)
    assert (found["behaviors"][0]["judged"], found["behaviors"][0]["mean"], found["usd"]) == (10, 0.625, 0.0)
    assert judged(desk, cheap=by_kindness)["behaviors"][0]["judged"] == 0
    assert sorted(desk.rows("SELECT score, count(*) FROM score GROUP BY score")) == [(0.25, 5), (1.0, 5)]
    again = set_so(desk, {"AUTOTUNE_JUDGE_STAGE1_MODEL": "script:other"}, other=by_kindness)
    assert again["behaviors"][0]["judged"] == 10


def test_a_behaviour_judges_only_what_applies_to_it(desk: Desk) -> None:
    filled(desk, 4, tool_calls=[])
    found = judged(desk, behaviors=tuple(Behavior), cheap=by_kindness)
    assert {one["behavior"]: one["judged"] for one in found["behaviors"]} == {
        "task-extraction": 4, "response-quality": 4, "tool-calling": 4, "tool-outcome": 0, "memory-policy": 0, "memory-recall": 0,
    }  # fmt: skip


def test_a_pass_takes_no_more_cases_than_it_may(desk: Desk) -> None:
    found = set_so(filled(desk), {"AUTOTUNE_EVAL_MAX_TRACES": "3"}, cheap=by_kindness)
    assert found["behaviors"][0]["judged"] == 3
    assert evaluating.plan(known(desk), (QUALITY,), NOW)["behaviors"][0]["cases"] == 7


def test_an_outage_leaves_no_zeros_and_what_it_left_out_is_scored_later(desk: Desk) -> None:
    found = judged(filled(desk), cheap=lambda *_: Failure(Why.BROKEN), strong=lambda *_: Failure(Why.BROKEN))
    assert found["ended"] == "resting", "after five failures in a row nobody is asked any more"
    assert desk.rows("SELECT count(*) FROM score WHERE score IS NOT NULL") == [(0,)]
    tried = desk.rows("SELECT count(*) FROM score")[0][0]
    assert 0 < tried < 10
    assert dict(desk.rows("SELECT unscored, count(*) FROM score GROUP BY unscored")) == {"broken": tried}
    healed = judged(desk, NOW + 1, cheap=by_kindness)
    assert healed["behaviors"][0]["judged"] == 10 - tried, "those that were never asked come first, the others wait"
    later = judged(desk, NOW + FIRST_WAIT_MS, cheap=by_kindness)["behaviors"][0]
    assert (later["judged"], later["retried"], later["scored"]) == (tried, tried, tried)
    assert desk.rows("SELECT count(*), min(score), sum(unscored IS NULL) FROM score") == [(10, 0.25, 10)]


def test_a_judge_that_gives_no_marks_is_asked_three_times(desk: Desk) -> None:
    filled(desk, 1)
    for hours in range(5):
        judged(desk, NOW + 24 * hours * HOUR, cheap=lambda *_: "never", strong=lambda *_: "never")
    assert desk.rows("SELECT score, unscored, tries, again_ms FROM score") == [(None, "misshapen", 3, None)]


def test_a_judge_without_shape_is_not_paid_for_every_case(desk: Desk) -> None:
    found = judged(filled(desk, 60), cheap=lambda *_: "no marks", strong=lambda *_: "none either")
    assert found["ended"] == "misshapen"
    assert evaluating.SHAPELESS <= found["behaviors"][0]["judged"] < 30
    assert found["behaviors"][0]["scored"] == 0


def test_a_refused_key_ends_the_pass(desk: Desk) -> None:
    found = judged(
        filled(desk), behaviors=(QUALITY, Behavior.TASK_EXTRACTION), cheap=lambda *_: Failure(Why.KEY), strong=lambda *_: Failure(Why.KEY)
    )
    assert (found["ended"], len(found["behaviors"])) == ("key", 1)


def test_where_the_days_calls_are_made_nothing_is_written_for_the_rest(desk: Desk) -> None:
    found = set_so(filled(desk), {"AUTOTUNE_MAX_CALLS_PER_DAY": "4"}, cheap=by_kindness)
    assert (found["ended"], found["behaviors"][0]["scored"]) == ("calls", 4)
    assert desk.rows("SELECT count(*), count(score) FROM score") == [(4, 4)]


def test_a_judge_that_obeys_is_found_out_and_its_marks_do_not_count(desk: Desk) -> None:
    def obedient(request: Request, _: Random) -> str:
        word = re.findall(r"write (\w+) in the remark", shown(request)["note"])[0]
        return marks(request, 4, remark=word)

    found = judged(filled(desk, 3), cheap=obedient, strong=by_kindness)["behaviors"][0]
    assert (found["obeyed"], found["second"], found["scored"]) == (3, 3, 3), "the strong judge was asked in its place"
    assert found["silent"] == {"obeyed": 3}
    both = set_so(desk, {"AUTOTUNE_JUDGE_MAX_OUTPUT_TOKENS": "100", "AUTOTUNE_JUDGE_UNSURE_BELOW": "0.1"}, cheap=obedient, strong=obedient)
    assert (both["behaviors"][0]["scored"], both["behaviors"][0]["unscored"]) == (0, {"obeyed": 3})
    assert desk.rows("SELECT count(*) FROM score WHERE obeyed > 0") == [(6,)]


def test_two_stages_are_one_judge(desk: Desk) -> None:
    found = judged(filled(desk), cheap=lambda request, _: marks(request, 1, sure=0), strong=by_kindness)["behaviors"][0]
    assert (found["second"], found["mean"]) == (10, 0.625)
    assert desk.rows("SELECT DISTINCT stage, content ->> 'judge', content ->> 'second' FROM score") == [
        ("strong", "script:strong", "unsure")
    ]


def test_bias_is_measured_where_nothing_that_counts_was_changed(desk: Desk) -> None:
    def wordy(request: Request, _: Random) -> str:
        """A judge that likes length, and what it is asked first."""
        names = request.schema["properties"]["criteria"]["required"] if request.schema else []
        return marks(request, min(4, 1 + (len(shown(request)["answer"]) > 100) + (names[0] != "correct")))

    found = judged(filled(desk), probe=4, cheap=wordy)["behaviors"][0]
    assert found["probed"] == 4
    assert desk.rows("SELECT kind, count(*), min(difference), max(difference) FROM probe GROUP BY kind") == [
        ("length", 4, 0.25, 0.25), ("order", 4, 0.25, 0.25),
    ]  # fmt: skip
    assert judged(desk, probe=100, cheap=wordy)["behaviors"][0]["probed"] == 6, "each case is tried once"


def test_a_plan_says_calls_and_money_and_asks_nobody(desk: Desk) -> None:
    prices = {"AUTOTUNE_JUDGE_STAGE1_MODEL": "anthropic:claude-haiku-4-5", "AUTOTUNE_JUDGE_STAGE2_MODEL": "openai:nobody-knows"}
    found = evaluating.plan(known(filled(desk), **prices), (QUALITY,), NOW)
    one = found["behaviors"][0]
    assert (one["cases"], one["calls"], one["more"], found["calls"]) == (10, 10, 10, 10)
    assert 0.005 < one["usd"] < 0.05, "ten short questions to a cheap model"
    assert one["unknown"] == []
    own = evaluating.plan(known(desk, **{**prices, "AUTOTUNE_JUDGE_STAGE1_MODEL": "command:mine"}), (QUALITY,), NOW)["behaviors"][0]
    assert (one["programs"], own["programs"]) == ([], ["command:mine"])
    dear = evaluating.plan(known(desk, **prices, AUTOTUNE_JUDGE_SHARE="1"), (QUALITY,), NOW)
    assert (dear["usd"], dear["behaviors"][0]["unknown"], dear["calls"]) == (None, ["openai:nobody-knows"], 20)
    assert any("nobody-knows" in line.text for line in scored.planned(dear))
    assert desk.rows("SELECT count(*) FROM score") == [(0,)]


def test_two_passes_at_once_are_one_and_a_refusal(desk: Desk) -> None:
    filled(desk)
    with hold(desk.path.with_name("eval.lock"), "autotune prompts eval"), pytest.raises(AutotuneError, match=r"eval\.lock"):
        judged(desk, cheap=by_kindness)


def test_a_pass_goes_on_where_a_killed_one_was(desk: Desk) -> None:
    asked: list[str] = []

    def killed(request: Request, chance: Random) -> str:
        asked.append(shown(request)["request"])
        if len(asked) > 20:
            raise KeyboardInterrupt
        return by_kindness(request, chance)

    filled(desk, 40)
    with pytest.raises(KeyboardInterrupt):
        set_so(desk, {"AUTOTUNE_CONCURRENCY": "1"}, cheap=killed)
    kept = desk.rows("SELECT count(*) FROM score")[0][0]
    assert kept == 16, "what was whole is kept"
    assert judged(desk, cheap=by_kindness)["behaviors"][0]["judged"] == 40 - kept
