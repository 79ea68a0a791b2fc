"""Guardrails' metrics: an answer at all, its length and its cost against what was recorded."""

import pytest

from autotune.core.asking.failing import Failure, Why
from autotune.core.decide.guards import read_guard
from autotune.core.judging.besides import ANSWERED, BREVITY, GUARDRAILS, THRIFT, metrics, refuses
from autotune.core.records.trace import Trace

TRACE = Trace("t", 1, "Why?", "Because it is so.")


def test_as_long_as_recorded_is_a_half_and_longer_is_less() -> None:
    same, longer = (metrics(TRACE, "Be brief.", answer, None)[BREVITY] for answer in ("Because it is ok.", "Because it is so." * 3))
    assert (same, longer) == (0.5, 0.25)


def test_a_longer_pack_and_a_longer_answer_are_dearer() -> None:
    costs = [metrics(TRACE, told, answer, None)[THRIFT] for told, answer in (("a", "b"), ("a" * 3000, "b"), ("a" * 3000, "b" * 900))]
    assert costs == sorted(costs, reverse=True)
    assert all(0 < one < 1 for one in costs)


def test_without_a_recorded_answer_a_usual_length_stands_for_it() -> None:
    assert metrics(Trace("t", 1, "Why?"), "x", "y" * 600, None)[BREVITY] == 0.5


@pytest.mark.parametrize(("why", "found"), [(Why.DECLINED, {ANSWERED: 0.0}), (Why.BUSY, {}), (Why.MONEY, {})])
def test_a_model_that_declines_refuses_and_one_that_fails_says_nothing(why: Why, found: dict[str, float]) -> None:
    assert metrics(TRACE, "x", "", Failure(why)) == found


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "  ",
        "I can't help with that.",
        "I\N{RIGHT SINGLE QUOTATION MARK}m sorry, but no.",
        "Sorry. I am unable to do this.",
        "I cannot say.",
    ],
)
def test_refusals_are_known_in_their_usual_forms(answer: str) -> None:
    assert refuses(answer)


@pytest.mark.parametrize("answer", ["You can't lose.", "It cannot be negative.", "The train leaves at 9.", "x" * 200 + " I can't."])
def test_an_answer_that_says_can_t_is_no_refusal(answer: str) -> None:
    assert not refuses(answer)


def test_the_guardrails_name_these_metrics() -> None:
    assert {read_guard(one).metric for one in GUARDRAILS} == set(metrics(TRACE, "x", "y", None))
