from __future__ import annotations

import math
from random import Random

import pytest

from autotune.core.judging.means import Mean, Sums, mean_of, student


def sums(*units: list[float]) -> Sums:
    found = Sums()
    for scores in units:
        n, s = len(scores), sum(scores)
        found = found.plus(Sums(1, n, s, s * s, s * n, n * n))
    return found


def test_no_score_has_no_mean() -> None:
    assert mean_of(Sums()) is None


def test_one_unit_has_a_mean_without_an_interval() -> None:
    assert mean_of(sums([0.5, 0.75])) == Mean(0.625, None, None, 2, 1)


def test_many_scores_of_a_few_users_tell_no_more_than_the_users() -> None:
    apart = mean_of(sums(*[[0.25], [0.75]] * 20))
    alike = mean_of(sums([0.25] * 20, [0.75] * 20))
    assert apart is not None
    assert alike is not None
    assert apart.value == alike.value == 0.5
    assert [round(one or 0, 3) for one in (apart.low, apart.high)] == [0.419, 0.581]
    assert (alike.low, alike.high) == (0.0, 1.0), "two users leave everything open"


def test_the_interval_covers_the_true_mean_as_often_as_it_says() -> None:
    chance, covered = Random(1), 0
    for _ in range(400):
        units = [[min(1.0, max(0.0, 0.6 + shift + chance.gauss(0, 0.05))) for _ in range(1 + number % 3)] for number in range(12)
                 for shift in [chance.gauss(0, 0.1)]]  # fmt: skip
        found = mean_of(sums(*units))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.6 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


@pytest.mark.parametrize(("freedom", "value"), [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (30, 2.042), (10_000, 1.960)])
def test_students_t(freedom: int, value: float) -> None:
    assert math.isclose(student(freedom), value, rel_tol=8e-3)
