"""Lists of cases, and which of them a pair takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.cases.listed import LONGEST, line_of, listed
from autotune.core.cases.rounds import FEWEST, PAIRS, ahead, batch, of_a_round, size_of
from autotune.core.cases.split import Case


def test_a_list_is_read_with_groups_and_without_empty_lines() -> None:
    assert listed(["a\tone\r", "", " b ", "c/d.e-1\t"]) == (Case("a", "one"), Case("b"), Case("c/d.e-1"))
    assert [line_of(case) for case in listed(["a\tone", "b"])] == ["a\tone", "b"]


@pytest.mark.parametrize(
    ("lines", "part"),
    [(["a", "b c"], "line 2"), (["a[1]"], "line 1"), (["n" * (LONGEST + 1)], "line 1"), (["a", "", "a"], "line 3"), (["", " "], "no case")],
)
def test_what_is_no_case_is_refused_with_its_line(lines: list[str], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        listed(lines)


def cases(count: int, group: int = 1) -> tuple[Case, ...]:
    return tuple(Case(f"c{number}", f"g{number // group}" if group > 1 else None) for number in range(count))


@given(st.integers(1, 300), st.integers(1, 5), st.text(max_size=5))
def test_a_round_takes_every_case_once_and_the_next_one_again(count: int, group: int, seed: str) -> None:
    named = cases(count, group)
    assert size_of(named) == min(count, max(FEWEST, -(-count // PAIRS)))
    taken: list[int] = []
    number = 0
    for again in (1, 2):
        while len(taken) < again * count:
            taken += batch(named, seed, number)
            number += 1
        assert sorted(taken) == sorted([*range(count)] * again)


def test_a_group_is_never_cut_and_every_seed_has_an_order_of_its_own() -> None:
    named = cases(100, 5)
    for number in range(30):
        groups = [place // 5 for place in batch(named, "x", number)]
        assert all(groups.count(group) == 5 for group in groups)
    assert batch(named, "x", 0) == batch(named, "x", 0) != batch(named, "y", 0)


@pytest.mark.parametrize("count", [1, 8, 9, 30, 200])
def test_a_round_has_every_case_once_and_what_is_left_of_it_is_counted(count: int) -> None:
    listed_ = cases(count)
    found = of_a_round(listed_, "a")
    assert sorted(place for places in found for place in places) == list(range(count))
    assert ahead(listed_, ()) == len(found)
    assert ahead(listed_, {listed_[place].name for place in found[0]}) == len(found) - 1
    assert ahead(listed_, {case.name for case in listed_}) == 0
