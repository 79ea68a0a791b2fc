from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.prompts.desk import asking, by_kindness, filled, known
from tests.prompts.town import BEHAVIOR, Town
from tests.records.agent import DAY, NOW, Desk, lines, record

from autotune.core.asking.failing import Failure, Why
from autotune.core.records.behaviors import Behavior
from autotune.core.tell import standing as words
from autotune.core.tell.lines import laid_out
from autotune.prompts import canaries, deploying, evaluating, standing
from autotune.prompts.settings import Settings
from autotune.records import judged, labels, scoring
from autotune.records.store import opened

QUALITY = Behavior.RESPONSE_QUALITY


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    return Desk(tmp_path)


def settled(desk: Desk, **more: str) -> Settings:
    return known(desk, AUTOTUNE_BEHAVIORS="response-quality", **more)


def found(desk: Desk, now: int = NOW, **more: str) -> dict[str, Any]:
    with opened(desk.path) as store:
        said = standing.standing(store, settled(desk, **more), now)
    assert laid_out(list(words.status(said)), 80)
    return said


def in_full(desk: Desk, now: int = NOW, **more: str) -> dict[str, Any]:
    with opened(desk.path) as store:
        said = standing.in_full(store, settled(desk, **more), QUALITY, now)
    assert laid_out(words.in_full(said), 80)
    return said


def test_before_anything_was_judged_there_is_nothing_wrong(desk: Desk) -> None:
    said = found(filled(desk))
    assert (said["scores"][0]["instrument"], said["scores"][0]["versions"], said["conditions"]) == (None, [], [])
    assert in_full(desk)["instrument"] is None


def test_scores_stand_by_pack_version_with_intervals_and_apart_from_those_of_earlier_judges(desk: Desk) -> None:
    said = [
        record(number, output_text="Dear friend." if number % 3 else "No.", prompt_pack_versions={"response-quality": f"p-{number % 2}"})
        for number in range(60)
    ]
    desk.log.write_bytes(lines(*said))
    desk.take()
    for rules in ({"AUTOTUNE_JUDGE_UNSURE_BELOW": "0.4"}, {}):
        evaluating.evaluate(settled(desk, **rules), (QUALITY,), NOW, asking=asking(desk.path.parent, cheap=by_kindness))
    one = found(desk)["scores"][0]
    assert one["earlier"] == 60
    assert {each["version"]: (each["mean"]["value"], each["mean"]["cases"], each["mean"]["units"]) for each in one["versions"]} == {
        "p-0": (0.75, 30, 7), "p-1": (0.75, 30, 7),
    }  # fmt: skip
    assert all(each["mean"]["low"] < 0.75 < each["mean"]["high"] for each in one["versions"])
    full = in_full(desk)
    assert [(each["mean"]["cases"], each["unscored"]) for each in full["periods"]] == [(60, 0)]
    assert full["criteria"]["correct"] == {"marks": 60, "mean": 3.0}
    assert len(full["judges"]) == 2


def test_an_outage_is_a_dead_judge_until_one_answers(desk: Desk) -> None:
    dead = asking(desk.path.parent, cheap=lambda *_: Failure(Why.BROKEN), strong=lambda *_: Failure(Why.BROKEN))
    filled(desk)
    evaluating.evaluate(settled(desk, AUTOTUNE_CONCURRENCY="1"), (QUALITY,), NOW, asking=dead)
    evaluating.evaluate(settled(desk, AUTOTUNE_CONCURRENCY="1"), (QUALITY,), NOW + 1, asking=dead)
    said = found(desk)
    assert [(one["ill"], one["what"]) for one in said["conditions"]] == [("dead judge", "broken")]
    assert in_full(desk)["unscored_why"]["broken"] >= 5
    evaluating.evaluate(settled(desk), (QUALITY,), NOW + DAY, asking=asking(desk.path.parent, cheap=by_kindness))
    assert found(desk)["conditions"] == []


def test_silence_and_an_exhausted_budget_are_said(desk: Desk) -> None:
    filled(desk)
    assert [one["ill"] for one in found(desk, NOW + 2 * DAY)["conditions"]] == ["no traffic"]
    said = found(desk, AUTOTUNE_MAX_CALLS_PER_DAY="0")
    assert [(one["ill"], one["what"]) for one in said["conditions"]] == [("exhausted budget", "calls")]
    assert said["money"]["left_usd"] == 5.0
    assert found(desk, AUTOTUNE_MAX_USD_PER_DAY="none")["money"]["left_usd"] is None


def test_scores_that_move_with_the_same_pack_and_judge_have_drifted(desk: Desk) -> None:
    said = [
        record(
            number, created_at=NOW - DAY * (1 + number % 30), user_id=f"u{number}", output_text="No." if number % 30 < 7 else "Dear friend."
        )
        for number in range(120)
    ]
    desk.log.write_bytes(lines(*said))
    desk.take()
    evaluating.evaluate(settled(desk), (QUALITY,), NOW, asking=asking(desk.path.parent, cheap=by_kindness))
    full = in_full(desk)
    assert [(one["ill"], one["what"], one["before"]) for one in full["conditions"] if one["ill"] == "drifted scores"] == [
        ("drifted scores", "0.250", "1.000")
    ]
    assert full["period_ms"] == 7 * DAY
    assert len(full["periods"]) in {5, 6}


def test_money_of_today_is_what_the_calls_cost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from autotune.models.asking import Models

    filled(desk, 3)
    monkeypatch.setattr("autotune.models.script.echo", by_kindness)
    settings = settled(desk, AUTOTUNE_JUDGE_STAGE1_MODEL="script:echo", AUTOTUNE_JUDGE_STAGE2_MODEL="script:echo")
    evaluating.evaluate(settings, (QUALITY,), NOW, asking=Models)
    assert (found(desk)["money"]["calls"], found(desk)["money"]["usd"]) == (3, 0.0)


def test_bias_and_agreement_are_shown(desk: Desk) -> None:
    filled(desk, 12)
    evaluating.evaluate(settled(desk), (QUALITY,), NOW, probe=4, asking=asking(desk.path.parent, cheap=by_kindness))
    with desk.store() as store:
        for case, _ in labels.waiting(store, QUALITY, scoring.current(store, QUALITY) or "", 100):
            labels.put(store, QUALITY, case, 4, NOW)
    full = in_full(desk)
    assert {kind: (one["value"], one["cases"]) for kind, one in full["bias"].items()} == {"length": (0.0, 4), "order": (0.0, 4)}
    assert full["agreement"]["doubt"] == "few labels"
    assert full["agreement"]["compared"] == full["agreement"]["labels"] > 0


def test_a_canary_is_shown_against_its_boundaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    town = Town(tmp_path / "town", active={"behavior": "response-quality", "version": "p-now", "instructions": "Answer."})
    town.live(2)
    commit = town.commit("Answer well.")
    with town.store(write=True) as store:
        deploying.deploy(town.settings, store, BEHAVIOR, town.now_ms, commit=commit)
        deploying.approve(town.settings, store, BEHAVIOR, town.now_ms)
    town.live(2)
    with town.store() as store:
        said = standing.standing(store, town.settings, town.now_ms)
        full = standing.in_full(store, town.settings, QUALITY, town.now_ms)
    assert [(one["behavior"], one["state"], one["parent"]) for one in said["rollouts"]] == [(BEHAVIOR, "canary", "p-now")]
    assert {one["version"] for one in said["scores"][0]["versions"]} == {"p-now", said["rollouts"][0]["version"]}
    assert (full["rollout"]["state"], full["rollout"]["needed"] > 1) == ("canary", True)
    assert laid_out([*words.status(said), *words.in_full(full)], 80)


def test_a_log_of_deployments_that_cannot_be_read_is_said_and_stops_nothing(desk: Desk, tmp_path: Path) -> None:
    settings = settled(filled(desk), AUTOTUNE_OUTPUT_DIR=str(tmp_path / "prompts"))
    log = canaries.target_of(settings, QUALITY).folder / "journal.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text("torn\n{}\n")
    with opened(desk.path) as store:
        said = standing.standing(store, settings, NOW)
    assert "problem" in said["rollouts"][0]


def test_everything_of_one_case(desk: Desk) -> None:
    filled(desk, 2)
    evaluating.evaluate(settled(desk), (QUALITY,), NOW, asking=asking(desk.path.parent, cheap=by_kindness))
    with opened(desk.path) as store:
        name = str(store.rows("SELECT case_id FROM record WHERE id = 't1'")[0][0])
        case = judged.case(store, name[:6])
        assert case is not None
        assert (case.case, case.trace.id, [one.score for one in case.verdicts]) == (name, "t1", [1.0])
        assert case.verdicts[0].content["reasons"]["correct"] == "so it is"
        assert judged.case(store, "") is None, "more than one begins so"
        assert judged.case(store, "nobody") is None
