"""What a suite's cases have come to."""

from __future__ import annotations

import pytest

from autotune.core.skills.measured import Measured, compared, measured
from autotune.core.skills.probed import Probed
from autotune.core.skills.signs import Failing, Outcome
from autotune.core.skills.suite import By, RoutingCase, Source, SuitePart, TaskCase, Type, part_of

SOURCE = Source(By.PERSON, "typed", "2026-11-30")


def query(number: int, kind: Type = Type.IMPLICIT) -> RoutingCase:
    return RoutingCase(f"q{number}", kind, "?", SOURCE)


def of(*scores: float | None, kind: Type = Type.IMPLICIT) -> Measured:
    failed = (Outcome((), Failing.SLOW),)
    found = [
        Probed(f"q{number}", () if one is None else (one,), failed if one is None else (), usd=0.5) for number, one in enumerate(scores)
    ]
    return measured([query(number, kind) for number in range(len(scores))], found)


def test_cases_count_as_right_from_half_of_their_samples_on_and_failed_ones_count_as_neither() -> None:
    found = of(1.0, 0.5, 0.25, None)
    assert found.by_side()["positive"].hits == 2
    assert found.by_side()["positive"].of == 3
    assert (found.failed, found.usd) == (1, 2.0)
    assert of(1.0, kind=Type.NEGATIVE).by_side().keys() == {"negative"}
    assert found.by_type()["implicit"].of == 3


def test_tasks_are_a_side_of_their_own() -> None:
    found = measured([TaskCase("t", "?", SOURCE)], [Probed("t", (1.0,))])
    assert (found.by_side()["tasks"].hits, found.by_type()) == (1, {})


def test_cases_that_decide_are_counted_and_not_shown() -> None:
    found = of(*[0.0] * 40)
    assert {part_of(case) for case, _ in found.wrong()} == {SuitePart.TRAIN, SuitePart.SELECT}
    assert found.hidden() + len(found.wrong()) == 40


def test_two_measurements_are_compared_case_by_case() -> None:
    same = compared(of(*[1.0, 0.0] * 20), of(*[0.0, 1.0] * 20))
    assert same is not None
    assert (same.cases, same.mean, same.same, same.flipped) == (40, 0, True, 40)
    better = compared(of(*[0.0] * 40), of(*[1.0] * 40))
    assert better is not None
    assert better.low > 0
    assert not better.same
    assert better.odds > 1000
    assert compared(of(None), of(1.0)) is None


@pytest.mark.parametrize("scores", [(1.0, 1.0), (0.0, 1.0)])
def test_few_cases_can_show_little(scores: tuple[float, ...]) -> None:
    found = compared(of(*scores), of(*scores))
    assert found is not None
    assert found.same
