"""What the unchanged code of a session with seeds or cases says before a night is spent."""

from __future__ import annotations

import random

import pytest

from autotune.core.cases.batch_effect import Costs
from autotune.core.cases.drawing import Taken
from autotune.core.cases.outlook import before_any, differences, of_pairs, of_units
from autotune.core.cases.scores import Asked

ASKED = Asked(417.0)
COSTS = Costs(10.0, 3.0)


def batches(seed: int, *, shared: float, sd: float = 0.3, count: int = 40, size: int = 8) -> list[list[float]]:
    coin = random.Random(seed)
    found = list[list[float]]()
    for _ in range(count):
        of_batch = coin.gauss(0, shared)
        found.append([of_batch + coin.gauss(0, sd) for _ in range(size)])
    return found


def gains_of(made: list[list[float]]) -> list[float]:
    return [sum(batch) / len(batch) for batch in made]


def test_the_differences_of_a_group_are_averaged() -> None:
    groups = {"a": "\tg", "b": "\tg", "c": "c"}
    assert differences([{"a": 1.0, "b": 0.0, "c": -1.0}, {}, {"c": 0.5}], groups) == [[0.5, -1.0], [0.5]]


def test_pairs_show_less_the_more_their_runs_differ_and_more_the_more_there_are() -> None:
    found = of_pairs(gains_of(batches(1, shared=0.0, size=1)))
    assert found.noise == pytest.approx(0.3, rel=0.35)
    assert found.least > found.few > found.many > found.longer > 0
    assert (found.cases, found.shared, found.more_cases) == (0, None, None)
    assert found.many == pytest.approx(0.96 * found.noise)
    assert of_pairs([0.0] * 20).many == 0.0


def test_more_cases_help_unless_something_acts_on_whole_runs() -> None:
    alone, together = batches(2, shared=0.0), batches(3, shared=1.0)
    free, bound = of_pairs(gains_of(alone), alone), of_pairs(gains_of(together), together)
    assert free.cases == bound.cases == 8
    assert free.more_cases is not None
    assert bound.more_cases is not None
    assert free.more_cases < 0.85 * free.many
    assert bound.more_cases > 0.95 * bound.many
    assert bound.shared == pytest.approx(1.0, rel=0.3)
    few = of_pairs([0.1, 0.2], [[0.1], [0.2]])
    assert (few.cases, few.more_cases) == (1, None)
    nothing = of_pairs([0.0] * 6, [[0.0, 0.0]] * 6)
    assert nothing.more_cases == 0.0


@pytest.mark.parametrize(("shared", "units", "taken"), [(0.0, 300, Taken.CASE), (0.3, 300, Taken.ONE_BY_ONE), (0.1, 5000, Taken.BATCH)])
def test_the_unit_is_chosen_and_what_it_takes_is_said(shared: float, units: int, taken: Taken) -> None:
    asked = Asked(417.0, worth=0.05)
    found = of_units(batches(4, shared=shared, sd=0.2, count=60), units, Costs(10.0, 9.0) if taken is Taken.BATCH else COSTS, asked)
    assert found.taken is taken
    assert found.units == (units // 8 if taken is Taken.BATCH else units)
    assert found.noise == pytest.approx(0.2, rel=0.15)
    assert found.smallest is not None
    assert found.more_cases is not None
    assert found.repeats is not None
    assert found.more_cases < found.repeats < found.smallest
    assert (found.takes > found.units) is (found.smallest > asked.worth)


def test_few_cases_show_nothing_and_a_judge_without_noise_needs_no_repeats() -> None:
    found = of_units([[0.0] * 8] * 20, 8, COSTS, ASKED)
    assert (found.taken, found.smallest, found.noise) == (Taken.CASE, None, 0.0)
    many = of_units([[0.0] * 8] * 20, 300, COSTS, ASKED)
    assert many.smallest == pytest.approx(many.repeats)
    assert many.smallest == pytest.approx(0.077, abs=0.01)  # spread .3, 300 cases, 417 : 1, by simulation


def test_before_anything_is_measured_few_units_show_nothing_and_more_of_them_smaller_gains() -> None:
    assert before_any(11, 0) is None
    assert before_any(27, 0) == pytest.approx(0.388, abs=0.002)
    assert before_any(120, 0) == pytest.approx(0.121, abs=0.002)
    assert before_any(120, 40) == before_any(120, 19)
