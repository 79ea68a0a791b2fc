"""What `eval` and `label` say: each figure and each reason is there, and what a record holds stays text."""

from __future__ import annotations

from typing import Any

import pytest

from autotune.core.asking.failing import Why
from autotune.core.judging.agreement import Accuracy
from autotune.core.judging.fencing import Part
from autotune.core.judging.trust import Agreement, Doubt
from autotune.core.tell import scored
from autotune.core.tell.lines import Line, Tone

PASS = {
    "behavior": "x",
    "judged": 0,
    "scored": 0,
    "mean": None,
    "second": 0,
    "obeyed": 0,
    "retried": 0,
    "probed": 0,
    "unscored": {},
    "silent": {},
}


def done(ended: str | None = None, usd: float | None = 0.0, sure: str = "exact", **more: Any) -> dict[str, Line]:  # noqa: ANN401
    found = {"behaviors": [{**PASS, **more}], "usd": usd, "sure": sure, "ended": ended}
    return {line.label: line for line in scored.evaluated(found)}


def planned(**more: Any) -> dict[str, Line]:  # noqa: ANN401
    one = {"behavior": "x", "cases": 3, "calls": 4, "more": 2, "usd": 0.2, "unknown": [], "programs": []}
    found = {"behaviors": [{**one, **more}], "calls": 4, "usd": 0.2, "max_usd_per_day": 5.0, "max_calls_per_day": 100}
    return {line.label: line for line in scored.planned(found | {"usd": more.get("usd", 0.2)})}


def test_a_pass_says_what_it_did() -> None:
    quiet = done()
    assert "1" in done(judged=1)["x"].text
    assert "4" in done(probed=4)["x"].text
    assert set(quiet) == {"x", "cost"}
    loud = done(judged=9, scored=7, mean=0.61234, second=2, obeyed=1, retried=3, probed=4, unscored={"broken": 1, "obeyed": 1}, usd=0.001)
    assert all(figure in loud["x"].text for figure in ("9", "3", "2", "0.612", "4"))
    assert loud["no score"].tone is Tone.FAIR
    assert loud["obeyed"].tone is Tone.BAD
    assert loud["cost"].text != quiet["cost"].text
    assert {done(usd=usd, sure=sure)["cost"].text for usd, sure in ((None, "unknown"), (0.5, "exact"), (0.5, "at most"))}.__len__() == 3


def test_a_first_judge_that_gives_no_score_is_told_though_the_second_gives_one() -> None:
    told = done(judged=9, scored=9, second=9, silent={"failed": 8, "obeyed": 1})["first judge"]
    assert (told.tone, "8" in told.text, "1" in told.text) == (Tone.BAD, True, True)


@pytest.mark.parametrize("why", ["money", "calls", "tokens", "key", "resting"])
def test_a_pass_that_ended_early_says_why(why: str) -> None:
    assert done(ended=why)["ended early"].tone is Tone.BAD


def test_every_reason_for_no_score_has_words() -> None:
    said = [scored.why_unscored(str(why)) for why in (*Why, "obeyed")]
    assert len(set(said)) == len(said)
    assert scored.why_unscored("else\x1b") == "else\\x1b"


def test_a_plan_says_calls_and_money_and_what_an_unknown_price_means() -> None:
    assert {"x", "in all", "a day"} == set(planned())
    assert "price" in planned(usd=None, unknown=["a:b"])
    assert "price" in planned(usd=None, unknown=["a:b"], more=0)
    told = {scored.no_price(["a:b"], capped=capped, are_programs=made) for capped in (True, False) for made in (True, False)}
    assert len(told) == 3, "without a cap it does not matter who says the price"
    both = planned(usd=None, unknown=["a:b", "command:c"], programs=["command:c"])["price"].text
    assert "a:b" not in both
    assert "command:c" in both
    assert "5" in scored.day_caps(5.0, 10)
    assert "5" not in scored.day_caps(None, 10)
    assert scored.money_of(0.001) != scored.money_of(0.01)


def test_a_progress_line_has_its_figures() -> None:
    assert "12" in scored.going_on("x", 12)


def test_what_a_record_says_cannot_write_on_the_terminal() -> None:
    shown = scored.question("x", [Part("request", "one\n\x1b[2Jtwo")], 1, 20)
    assert "\x1b" not in shown
    assert "one\n" in shown
    assert "kind, short" in scored.asked(["kind", "short"])


def test_agreement_is_said_with_what_it_means_for_a_promotion() -> None:
    accuracy = Accuracy(10, 0.8, 0.5, 0.9)
    for found, doubt, figure in (
        (Agreement(0, None, None), Doubt.NO_LABELS, ""),
        (Agreement(5, 0.5, accuracy), Doubt.FEW_LABELS, "0.50"),
        (Agreement(40, None, None), Doubt.DISAGREES, "40"),
        (Agreement(40, 0.9, accuracy), None, "80"),
    ):
        said = {"behavior": "x", "labels": 50, "added": 3 if doubt else 0, **scored.agreement_values(found, doubt, 0.4, 30)}
        lines = {line.label: line for line in scored.labelled({"behaviors": [said]})}
        assert ("promotion" in lines) is (doubt is not None)
        assert figure in lines["agreement"].text
