from __future__ import annotations

from dataclasses import replace

import pytest

from autotune.core.skills.choosing import Condition, Skip, choose, chosen, signals
from autotune.core.skills.rates import Missed, Share, Sign, Standing

GOOD = Standing("a", 20, 10, 0, 0, 0, Share(10, 10), Share(10, 10), Share(20, 20), {}, ())
WEAK = replace(GOOD, recall=Share(10, 5), missed=(Missed(3, Sign.CORRECTION), Missed(4, Sign.LABEL), Missed(5, Sign.ALIKE)))


def test_what_somebody_complained_about_comes_first_then_what_was_missed() -> None:
    found = choose([Condition("weak", WEAK), Condition("told", WEAK, signals=1), Condition("low", replace(WEAK, missed=()))], 9, 1)
    assert [(one.name, one.priority) for one in found] == [("told", 202.0), ("weak", 52.0), ("low", 50.0)]
    assert chosen(found) == ("told", "weak", "low")
    assert choose([Condition("told", WEAK, signals=9)], 9, 1)[0].priority == 502


@pytest.mark.parametrize(
    ("condition", "skip"),
    [
        (Condition("a", WEAK, cache=True), Skip.CACHE),
        (Condition("a", WEAK, hidden=True), Skip.HIDDEN),
        (Condition("a", WEAK, watched=True), Skip.WATCHED),
        (Condition("a", WEAK, waiting=True), Skip.WAITING),
        (Condition("a", WEAK, wanted=False), Skip.UNWANTED),
        (Condition("a", WEAK, tried_days_ago=0.5), Skip.RECENT),
        (Condition("a", WEAK, tried_days_ago=0.5, signals=1), None),
        (Condition("a", WEAK, tried_days_ago=2), None),
        (Condition("a", GOOD), Skip.NOTHING_MISSED),
        (Condition("a", replace(GOOD, precision=Share(10, 5))), None),
        (Condition("a", None), Skip.NOTHING_MISSED),
        (Condition("a", replace(GOOD, recall=Share(3, 0))), Skip.NOTHING_MISSED),  # unmeasured
    ],
)
def test_why_a_skill_has_to_wait(condition: Condition, skip: Skip | None) -> None:
    assert choose([condition], 1, 1)[0].skip is skip


def test_no_more_are_chosen_than_wanted() -> None:
    found = choose([Condition("a", GOOD), Condition("b", WEAK), Condition("c", WEAK, signals=1)], 1, 1)
    assert [(one.name, one.skip) for one in found] == [("c", None), ("b", Skip.BEYOND), ("a", Skip.NOTHING_MISSED)]


def test_signals_are_corrections() -> None:
    assert [signals(WEAK), signals(GOOD)] == [(3,), ()]
