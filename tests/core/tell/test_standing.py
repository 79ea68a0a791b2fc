"""How behaviours stand, in words: every state has its sentence and what helps, and what a record holds stays text."""

from __future__ import annotations

from typing import Any

import pytest

from autotune.core.judging.condition import Ill
from autotune.core.tell import standing
from autotune.core.tell.lines import Line, Tone

MEAN = {"value": 0.7, "low": 0.6, "high": 0.8, "cases": 30, "units": 7}
MONEY = {"usd": 0.0, "calls": 0, "unknown": 0, "guessed": 0.0, "max_usd": 5.0, "max_calls": 100, "left_usd": 5.0, "left_calls": 100}
AGREEMENT = {"compared": 0, "kappa": None, "paired": None, "doubt": None, "min_agreement": 0.4, "min_labels": 30}
JUDGE = {"judge": "a:b", "judge_second": "none", "rubric": "abc"}


def one(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    versions = [{"version": "p-a", "mean": MEAN, "unscored": 2}, {"version": None, "mean": None, "unscored": 0}]
    base = {"behavior": "x", "instrument": "i", "versions": versions, "earlier": 0, "obeyed": 0, "bias": {}, "agreement": AGREEMENT}
    full = {
        "judges": {"i": JUDGE},
        "money": MONEY,
        "conditions": [],
        "rollout": None,
        "period_ms": 86_400_000,
        "periods": [],
        "criteria": {},
        "unscored_why": {},
    }
    return {**base, **full, **more}


def lines(**more: Any) -> dict[str, Line]:  # noqa: ANN401
    return {line.label: line for line in standing.in_full(one(**more))}


def test_status_has_a_line_for_each_pack_and_the_money() -> None:
    said = list(standing.status({"scores": [one()], "rollouts": [], "money": MONEY, "conditions": [{"ill": "no traffic", "since_ms": 0}]}))
    assert [line.label for line in said] == ["score", "score", "money", "wrong"]
    assert "0.600" in said[0].text
    assert said[-1].tone is Tone.BAD


def test_a_behaviour_without_scores_says_how_to_have_some() -> None:
    assert set(lines(instrument=None)) == {"scores"}
    assert set(lines(instrument=None, conditions=[{"ill": "no traffic"}])) == {"scores", "wrong"}


def test_a_behaviour_in_full() -> None:
    loud = lines(
        judges={"i": {**JUDGE, "judge_second": "c:d 0.1 0.5 0"}},
        earlier=9,
        periods=[{"from_ms": 0, "mean": MEAN, "unscored": 1}],
        criteria={"kind": {"marks": 4, "mean": 3.25}},
        unscored_why={"broken": 2},
        agreement={**AGREEMENT, "doubt": "no labels"},
        bias={"order": {**MEAN, "low": 0.1}, "length": {**MEAN, "low": None}},
    )
    assert {"judge", "", "score", "criterion", "day", "no score", "agreement", "promotion", "bias", "money"} == set(loud)
    assert "c:d" in loud["judge"].text
    assert "3.25" in loud["criterion"].text
    assert "1970-01-01" in loud["day"].text
    assert "week" in lines(period_ms=7 * 86_400_000, periods=[{"from_ms": 0, "mean": MEAN, "unscored": 1}])


def test_a_bias_that_is_surely_there_stands_out() -> None:
    tones = [line.tone for line in standing.bias({"order": MEAN, "length": {**MEAN, "low": -0.1}})]
    assert tones == [Tone.FAIR, Tone.PLAIN]
    assert [line.tone for line in standing.bias({})] == [Tone.QUIET]


def test_money_without_a_cap_and_of_a_cost_that_is_guessed_or_unknown() -> None:
    assert standing.spent(MONEY) != standing.spent({**MONEY, "left_usd": None}) != standing.spent({**MONEY, "unknown": 3})
    assert "at most $0.50 ($0.40 of it guessed) today" in standing.spent({**MONEY, "usd": 0.5, "guessed": 0.4})


@pytest.mark.parametrize("ill", Ill)
def test_everything_that_can_be_wrong_is_said_with_what_helps(ill: Ill) -> None:
    what = {Ill.DEAD_JUDGE: "broken", Ill.NO_BUDGET: "money", Ill.OBEDIENT_JUDGE: "3"}.get(ill, "\x1bwhat")
    found = {"ill": str(ill), "behavior": "x", "since_ms": 0, "what": what, "before": "old"}
    assert "\x1b" not in standing.wrong(found)
    assert standing.helps(found)
    assert standing.wrong({"ill": "exhausted budget", "what": "calls"}) != standing.wrong({"ill": "exhausted budget", "what": "money"})


def test_everything_of_a_case() -> None:
    verdict = {
        "behavior": "x",
        "judge": "a:b",
        "current": True,
        "score": 0.5,
        "unscored": None,
        "again_ms": None,
        "marks": {"kind": 2},
        "reasons": {},
    }
    base = {"case": "abc", "at_ms": 0, "part": "train", "packs": {}, "request": "Why?", "answer": None, "verdicts": [], "labels": {}}
    assert [line.label for line in standing.case(base)] == ["case", "request", "answer", "scores"]
    none = {**verdict, "score": None, "unscored": "broken", "marks": {}, "current": False}
    full = {**base, "packs": {"x": "p-a"}, "answer": "\x1b", "verdicts": [verdict, none, {**none, "again_ms": 60_000}], "labels": {"x": 3}}
    said = list(standing.case(full))
    assert [line.label for line in said] == ["case", "shown", "request", "answer", "x", "", "x", "x", "your mark"]
    assert not any("\x1b" in line.text for line in said)
    assert "1970-01-01 00:01" in said[7].text


def test_what_runs_outside_is_said() -> None:
    canary = {"behavior": "x", "state": "canary", "version": "p-a", "share": 0.3, "since_ms": 0, "expires_ms": 86_400_000}
    said = [standing.rollout(one) for one in (canary, {**canary, "state": "waiting"}, {**canary, "state": "promoted"})]
    assert len({line.text for line in said}) == 3
    assert "30 %" in said[0].text
    broken = {"behavior": "x", "problem": "The log is broken."}
    assert standing.rollout(broken).tone is Tone.BAD
    found = standing.status({"scores": [], "rollouts": [broken], "money": MONEY, "conditions": []})
    assert [line.label for line in found] == ["rollout", "money"]
    assert [line.tone for line in standing.rollout_in_full(broken)] == [Tone.BAD]
    assert [line.text for line in standing.rollout_in_full({"behavior": "x", "state": "nothing"})] == ["nothing runs"]
    assert list(standing.rollout_in_full(None)) == []
