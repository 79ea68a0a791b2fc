"""A strong judge looks at a seeded sample of cases and at what the cheap one is unsure of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.judging.marks import Judgement, Unscored
from autotune.core.judging.stages import Second, Stages, is_sampled, second, together

SURE = Judgement("cheap:x", 0.5, {}, {}, 1.0)
NONE = Judgement("cheap:x", None, {}, {}, unscored=Unscored.OBEYED)
STRONG = Judgement("strong:x", 0.9, {}, {}, 1.0)


@given(st.integers(), st.text())
def test_the_sample_is_of_cases_whatever_was_answered(seed: int, case: str) -> None:
    stages = Stages(0.3, 0.0, seed)
    assert is_sampled(case, stages) == (second(case, SURE, stages) is Second.SAMPLED)
    assert is_sampled(case, stages) == (second(case, replace(SURE, score=0.0), stages) is Second.SAMPLED)


def test_a_sample_is_as_large_as_it_says_and_another_with_another_seed() -> None:
    one = {f"{number}" for number in range(4000) if is_sampled(f"{number}", Stages(0.1))}
    other = {f"{number}" for number in range(4000) if is_sampled(f"{number}", Stages(0.1, seed=1))}
    assert 320 < len(one) < 480
    assert 10 < len(one & other) < 90


def test_ends_of_the_share_are_none_and_all() -> None:
    assert not any(is_sampled(f"{number}", Stages(0.0)) for number in range(100))
    assert all(is_sampled(f"{number}", Stages(1.0)) for number in range(100))


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (SURE, None),
        (replace(SURE, sure=0.25), Second.UNSURE),
        (replace(SURE, sure=None), Second.UNSURE),
        (replace(SURE, sure=0.5), None),
        (NONE, Second.UNSCORED),
    ],
)
def test_what_the_cheap_judge_is_unsure_of_is_looked_at_again(first: Judgement, why: Second | None) -> None:
    assert second("a", first, Stages(0.0, 0.5)) is why


def test_the_strong_judge_counts_where_it_gave_a_score() -> None:
    assert together(SURE, None) is SURE
    assert together(SURE, STRONG) is STRONG
    assert together(SURE, NONE) is SURE
    assert together(NONE, replace(NONE, judge="strong:x")).judge == "strong:x"
