from __future__ import annotations

import pytest

from autotune.core.asking.failing import Failure, Why
from autotune.core.judging.marks import Judgement, Unscored
from autotune.core.judging.retrying import FIRST_WAIT_MS, LONGEST_WAIT_MS, MOST_TRIES, again_ms, was_asked


def failed(why: Why) -> Judgement:
    return Judgement("script:x", None, {}, {}, unscored=Unscored.NO_ANSWER, failure=Failure(why))


def test_an_outage_is_tried_again_for_as_long_as_it_lasts() -> None:
    waits = [again_ms(failed(Why.BROKEN), tries, 0) for tries in (1, 2, 3, 50)]
    assert waits == [FIRST_WAIT_MS, 2 * FIRST_WAIT_MS, 4 * FIRST_WAIT_MS, LONGEST_WAIT_MS]


@pytest.mark.parametrize("why", [Why.DECLINED, Why.CUT_OFF, Why.MISSHAPEN])
def test_what_a_model_makes_of_the_case_is_given_up(why: Why) -> None:
    assert again_ms(failed(why), MOST_TRIES - 1, 0) is not None
    assert again_ms(failed(why), MOST_TRIES, 0) is None


def test_a_score_and_an_obedient_judge_are_final() -> None:
    assert again_ms(Judgement("script:x", 0.5, {}, {}), 1, 0) is None
    assert again_ms(Judgement("script:x", None, {}, {}, unscored=Unscored.OBEYED), 1, 0) is None


@pytest.mark.parametrize(
    ("why", "asked"), [(Why.MONEY, False), (Why.CALLS, False), (Why.TOKENS, False), (Why.RESTING, False), (Why.KEY, True)]
)
def test_a_case_that_was_held_back_was_not_asked(why: Why, asked: bool) -> None:  # noqa: FBT001
    assert was_asked(failed(why)) is asked
    assert was_asked(Judgement("script:x", 0.5, {}, {}))
