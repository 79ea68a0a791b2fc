"""Scores on cases: the verdict from units so far, and unscored cases, which never help."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.cases.mean_bet import EVEN, evidence, total
from autotune.core.cases.scores import START, Asked, Because, Tally, can_decide, judged, promising, tallied
from autotune.core.cases.units import ScoreRange, Tried, Unit, unit_of
from autotune.core.model import Direction, Verdict

PLACES = st.none() | st.floats(0, 1)
UNITS = st.lists(st.builds(Tried, PLACES, PLACES), min_size=1, max_size=4).map(unit_of)
CASES_20 = 416.7


def scored(differences: list[float]) -> list[Unit]:
    return [Unit(one, 0.0, one) for one in differences]


def answer(differences: list[float], *, pool: int, needed: float = CASES_20, least: float = 0.0) -> tuple[Verdict, Because]:
    asked = Asked(needed, least)
    found = judged(tallied(scored(differences), asked), asked, pool - len(differences))
    return found.verdict, found.because


@pytest.mark.parametrize(
    ("differences", "pool", "found"),
    [
        ([1.0] * 11, 30, (Verdict.KEEP, Because.BETTER)),
        ([1.0] * 10, 30, (Verdict.MEASURE_AGAIN, Because.OPEN)),
        ([], 10, (Verdict.INCONCLUSIVE, Because.TOO_FEW)),
        ([], 11, (Verdict.MEASURE_AGAIN, Because.OPEN)),
        ([-0.1] * 20, 300, (Verdict.DISCARD, Because.NOT_WORTH_IT)),
        ([0.0] * 40, 300, (Verdict.MEASURE_AGAIN, Because.OPEN)),  # 4.05 : 1 is not 5 : 1
        ([0.0] * 40, 60, (Verdict.INCONCLUSIVE, Because.OUT_OF_REACH)),
        ([0.4, -0.3] * 9, 18, (Verdict.INCONCLUSIVE, Because.USED_UP)),
        ([0.5, -0.3] * 10, 40, (Verdict.INCONCLUSIVE, Because.OUT_OF_REACH)),
        ([0.5, -0.3] * 10, 300, (Verdict.MEASURE_AGAIN, Because.OPEN)),
    ],
)
def test_the_verdict_follows_from_the_units_and_what_is_left(differences: list[float], pool: int, found: tuple[Verdict, Because]) -> None:
    assert answer(differences, pool=pool) == found


def test_a_gain_below_the_least_asked_for_is_no_keep_however_sure() -> None:
    assert answer([0.02] * 2000, pool=3000, needed=20.9, least=0.03)[0] is Verdict.DISCARD
    assert answer([0.2] * 400, pool=3000, needed=20.9, least=0.03)[0] is Verdict.KEEP
    assert answer([-0.01] * 2000, pool=3000, needed=20.9, least=-0.02)[0] is Verdict.KEEP  # may be so much worse


def test_what_is_worth_having_is_above_what_is_asked_for() -> None:
    assert Asked(20.9).aim == 0.05
    assert Asked(20.9, least=0.08).aim == pytest.approx(0.09)
    assert Asked(20.9, worth=0.2).aim == 0.2


@pytest.mark.parametrize(("units", "needed", "least", "found"), [(4, 20.9, 0.0, False), (6, 20.9, 0.0, True), (10, 416.7, -0.3, True)])
def test_what_so_many_units_can_decide_is_known_before_any(units: int, needed: float, least: float, found: bool) -> None:  # noqa: FBT001
    assert can_decide(units, Asked(needed, least)) is found


@given(st.lists(UNITS, max_size=40), st.integers(0, 40), st.floats(-0.2, 0.2))
def test_a_tally_made_bit_by_bit_is_that_made_at_once(units: list[Unit], cut: int, least: float) -> None:
    asked = Asked(CASES_20, least)
    assert tallied(units[cut:], asked, tallied(units[:cut], asked)) == tallied(units, asked)


@given(st.lists(UNITS, max_size=40))
def test_what_is_tallied_are_the_two_bets(units: list[Unit]) -> None:
    differences = [unit.difference for unit in units if unit.difference is not None]
    found = judged(tallied(units, Asked(CASES_20)), Asked(CASES_20), 0)
    assert found.against == pytest.approx(evidence([-one for one in differences], -0.05))
    assert found.counted + found.dropped == len(units)
    assert found.mean == pytest.approx(sum(differences) / max(len(differences), 1))
    bound = evidence(differences)
    assert found.evidence == pytest.approx(min(bound, evidence([unit.worst for unit in units])) if found.unequal else bound)


@given(st.lists(st.builds(Tried, PLACES, PLACES), min_size=1, max_size=6))
def test_a_unit_lies_between_the_worst_and_the_best_and_its_worst_is_no_better_for_what_is_unscored(cases: list[Tried]) -> None:
    unit = unit_of(cases)
    assert all(-1 <= one <= 1 for one in (unit.unscored, unit.worst, unit.difference or 0.0))
    assert (unit.difference is None) is not any(one.scored for one in cases)
    best = [
        Tried(one.candidate if one.candidate is not None else 1.0, one.incumbent if one.incumbent is not None else 0.0) for one in cases
    ]
    assert unit.worst <= unit_of(best).worst + 1e-9
    if all(one.scored for one in cases):
        assert (unit.unscored, unit.worst) == (0.0, unit.difference)


def test_cases_that_one_arm_left_unscored_are_dropped_from_both() -> None:
    unit = unit_of([Tried(0.9, 0.5), Tried(None, 0.2), Tried(0.1, None), Tried(None, None)])
    assert list(unit) == pytest.approx([0.4, 0.0, (0.4 - 0.2 - 0.9 - 1.0) / 4])
    assert unit_of([Tried(None, 0.2)]) == Unit(None, 1.0, -0.2)


def test_a_candidate_that_leaves_its_bad_answers_unscored_does_not_win_by_them() -> None:
    coin, asked = random.Random(5), Asked(20.9)
    units = []
    for _ in range(300):
        candidate, incumbent = coin.random(), coin.random()
        units.append(unit_of([Tried(candidate if candidate > 0.3 else None, incumbent)]))
    dropped = evidence([unit.difference for unit in units if unit.difference is not None])
    found = judged(tallied(units, asked), asked, 300)
    assert dropped > 1e3
    assert found.unequal
    assert found.verdict is not Verdict.KEEP
    assert found.evidence == evidence([unit.worst for unit in units])


def test_shares_of_unscored_cases_are_unequal_from_5_to_1_on_and_stay_so() -> None:
    asked, gone, back = Asked(CASES_20), Unit(None, 1.0, -1.0), Unit(None, -1.0, -1.0)
    few = tallied([gone] * 4, asked)
    assert (total(few.more) + total(few.fewer)) / 2 < 5
    assert not few.unequal
    assert tallied([gone] * 5, asked).unequal
    assert tallied([back] * 5, asked).unequal
    assert tallied([*[gone] * 5, *[back] * 5], asked).unequal
    assert not tallied([gone, back] * 5, asked).unequal


def test_no_units_are_an_even_stake() -> None:
    assert tallied([], Asked(CASES_20)) == START == Tally()
    assert (START.mean, START.better) == (0.0, EVEN)
    assert START.evidence == pytest.approx(1)
    assert answer([], pool=0) == (Verdict.INCONCLUSIVE, Because.TOO_FEW)


@pytest.mark.parametrize(
    ("differences", "least", "found"),
    [
        ([], 0.0, False),
        ([0.5], 0.0, False),
        ([0.1, 0.3], 0.0, True),
        ([-0.1, 0.3], 0.0, False),
        ([0.1, 0.1], 0.0, True),
        ([0.1, 0.1], 0.1, False),
    ],
)
def test_a_candidate_is_confirmed_that_is_better_on_search_by_a_standard_error(differences: list[float], least: float, found: bool) -> None:  # noqa: FBT001
    assert promising(differences, least) is found


def test_scores_have_a_place_in_their_range_by_their_direction() -> None:
    stars, errors = ScoreRange(1, 5), ScoreRange(0, 200, Direction.LOWER)
    assert [stars.place(1), stars.place(4), stars.place(5)] == [0, 0.75, 1]
    assert [errors.place(0), errors.place(50), errors.place(200)] == [1, 0.75, 0]
    assert [stars.share(0.2), errors.share(10)] == pytest.approx([0.05, 0.05])
    assert [stars.effect(0.05), errors.effect(0.05)] == pytest.approx([0.2, -10])
    assert [stars.holds(one) for one in (0.9, 1, 5, 5.1)] == [False, True, True, False]
