"""When a pack is worth tuning again, and what steps cost."""

from __future__ import annotations

from autotune.core.scheduling.passing import Evidence, money, worth_tuning


def test_a_pack_is_tuned_again_on_enough_new_cases_or_as_something_else() -> None:
    before = Evidence(100, "a")
    assert worth_tuning(None, before, 50)
    assert [worth_tuning(before, Evidence(cases, "a"), 50) for cases in (90, 149, 150)] == [False, False, True]
    assert worth_tuning(before, Evidence(100, "b"), 50)


def test_what_steps_cost_is_added_up_and_unknown_where_one_is() -> None:
    assert money([{"calls": 3, "usd": 0.5}, {"records": 7}, {"calls": 2, "usd": 0.25}]) == (5, 0.75)
    assert money([{"calls": 3, "usd": 0.5}, {"usd": None}]) == (3, None)
    assert money([]) == (0, 0)
