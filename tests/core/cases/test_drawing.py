"""Cases: their parts, the order in which they are drawn, and how far a comparison has come."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.cases.at_once import due, left, so_far

from autotune.core.cases.drawing import Draw, Taken, draw, settled
from autotune.core.cases.split import Case, Split, digest, split, units_in
from autotune.core.cases.units import Tried, Unit

NAMES = st.lists(st.integers(0, 500).map(str), unique=True, max_size=150)
GROUPED = NAMES.flatmap(
    lambda names: st.lists(st.none() | st.sampled_from("abcdefg"), min_size=len(names), max_size=len(names)).map(
        lambda groups: tuple(Case(name, group) for name, group in zip(names, groups, strict=True))
    )
)


def plain(count: int, start: int = 0) -> tuple[Case, ...]:
    return tuple(Case(f"case-{number}") for number in range(start, start + count))


def walked(drawn: Draw, answers: dict[str, list[Tried]]) -> tuple[list[tuple[str, ...]], dict[str, list[Tried]]]:
    """The batches that a comparison runs to its end, and what it has then, where each case answers so each time that it is asked."""
    tries, runs = dict[str, list[Tried]](), list[tuple[str, ...]]()
    while names := due(drawn, tries):
        runs.append(names)
        for name in names:
            asked = tries.setdefault(name, [])
            asked.append(answers[name][len(asked)])
    return runs, tries


# The parts


def test_cases_are_split_in_40_40_and_20_of_100_from_60_on() -> None:
    parts = split(plain(3000))
    assert [len(one) / 3000 for one in (parts.search, parts.confirm, parts.held_out)] == pytest.approx([0.4, 0.4, 0.2], abs=0.03)
    assert not parts.whole
    assert split(plain(59)) == Split((), plain(59), ())
    assert split(plain(59)).whole
    assert split(plain(60)).search


def test_where_nothing_is_held_out_the_rest_is_halved() -> None:
    parts = split(plain(2000), 0.0)
    assert split(plain(2000), 0.0, 0.0) == Split((), plain(2000), ())
    assert split(plain(2000), 0.0, 0.0).whole
    assert set(split(plain(2000), 0.0, 0.25).search) < set(parts.search)
    assert parts.held_out == ()
    assert len(parts.search) / 2000 == pytest.approx(0.5, abs=0.04)
    assert not parts.whole


@given(GROUPED, st.floats(0, 0.9))
def test_every_case_has_one_part_and_a_group_is_never_cut(cases: tuple[Case, ...], held_out: float) -> None:
    parts = split(cases, held_out)
    found = [parts.search, parts.confirm, parts.held_out]
    assert sorted(case for part in found for case in part) == sorted(cases) or cases == ()
    assert sum(units_in(part) for part in found) == units_in(cases)


def test_a_case_keeps_its_part_when_others_come_and_when_another_share_is_held_out() -> None:
    before, after, less = split(plain(100)), split(plain(300)), split(plain(100), 0.1)
    assert set(before.search) <= set(after.search)
    assert set(before.confirm) <= set(after.confirm)
    assert set(before.search) <= set(less.search)
    assert set(before.confirm) <= set(less.confirm)
    assert set(less.held_out) <= set(before.held_out)
    assert [case.name for case in before.confirm[:3]] == ["case-1", "case-3", "case-6"]  # on every machine


def test_groups_count_once_and_are_no_cases_of_that_name() -> None:
    assert units_in([Case("a"), Case("b", "a"), Case("c", "a")]) == 2
    assert split([Case(str(number), str(number % 59)) for number in range(600)]).whole


def test_a_list_is_known_again_in_any_order_and_not_with_other_groups() -> None:
    cases = [Case("a", "x"), Case("b"), Case("c")]
    assert digest(cases) == digest(cases[::-1])
    assert len({digest(cases), digest(cases[:2]), digest([Case("a"), *cases[1:]])}) == 3


# The order


@given(GROUPED, st.text(max_size=5), st.integers(1, 20), st.sampled_from(Taken))
def test_a_draw_has_every_case_once_in_whole_units(cases: tuple[Case, ...], seed: str, size: int, taken: Taken) -> None:
    drawn = draw(cases, seed, size, taken)
    assert [name for batch in drawn.batches for name in batch] == [name for unit in drawn.units for name in unit]
    assert sorted(name for unit in drawn.units for name in unit) == sorted(case.name for case in cases)
    of = {case.name: case.unit for case in cases}
    batches_of_unit = {
        unit: {place for place, batch in enumerate(drawn.batches) for name in batch if of[name] == unit} for unit in of.values()
    }
    assert all(len(places) == 1 for places in batches_of_unit.values())
    assert all(len(batch) <= size or len({of[name] for name in batch}) == 1 for batch in drawn.batches)
    assert len(drawn.units) == (len(drawn.batches) if taken is Taken.BATCH else units_in(cases))
    assert taken is not Taken.ONE_BY_ONE or drawn.batches == drawn.units


def test_the_order_is_the_seeds_whatever_the_lists() -> None:
    cases = plain(40)
    shuffled = random.Random(1).sample(cases, 40)
    assert draw(cases, "7", 8) == draw(shuffled, "7", 8)
    assert draw(cases, "7", 8) != draw(cases, "8", 8)
    assert draw(plain(5), "7", 2).batches == (("case-3", "case-0"), ("case-1", "case-4"), ("case-2",))  # on every machine


def test_every_case_comes_first_as_often_as_any_other() -> None:
    first = [draw(plain(5), str(seed), 1).units[0][0] for seed in range(2000)]
    assert [first.count(case.name) / 2000 for case in plain(5)] == pytest.approx([0.2] * 5, abs=0.04)


# How far it has come

ONE, OTHER = Tried(1.0, 0.5), Tried(0.25, 0.5)
GONE = Tried(None, 0.5)


def test_results_count_up_to_the_first_gap() -> None:
    drawn = Draw((("a", "b"), ("c",)), (("a",), ("b",), ("c",)))
    assert so_far(drawn, {}) == []
    assert so_far(drawn, {"b": [ONE], "c": [ONE]}) == []
    assert [unit.difference for unit in so_far(drawn, {"c": [ONE], "a": [OTHER]})] == [-0.25]
    everything = so_far(drawn, {"c": [ONE], "b": [ONE], "a": [OTHER]})
    assert [unit.difference for unit in everything] == [-0.25, 0.5, 0.5]
    assert (left(drawn, everything), left(drawn, [])) == (0, 3)


def test_a_group_counts_as_its_mean_once_all_of_it_is_there() -> None:
    drawn = Draw((("a", "b"),), (("a", "b"),))
    assert so_far(drawn, {"a": [ONE]}) == []
    assert so_far(drawn, {"b": [OTHER], "a": [ONE]}) == so_far(drawn, {"a": [ONE], "b": [OTHER]}) == [Unit(0.125, 0.0, 0.125)]


def test_groups_are_averaged_first() -> None:
    drawn = Draw((("a1", "a2", "b"),), (("a1", "a2"), ("b",)))
    found = so_far(drawn, {"a1": [Tried(1.0, 0.0)], "b": [Tried(0.5, 0.5)], "a2": [Tried(0.5, 0.5)]})
    assert [unit.difference for unit in found] == [0.5, 0]


def test_a_case_without_a_score_is_asked_for_once_more_with_the_next_batch_and_then_dropped_from_both_arms() -> None:
    drawn = draw(plain(6), "1", 2)
    (one, two), (three, four), (five, six) = drawn.batches
    always = {name: [ONE, ONE] for name in (two, three, four, five, six)}
    runs, tries = walked(drawn, always | {one: [GONE, OTHER], six: [GONE, GONE]})
    assert runs == [(one, two), (one, three, four), (five, six), (six,)]
    assert [unit.difference for unit in so_far(drawn, tries)] == [-0.25, 0.5, 0.5, 0.5, 0.5, None]
    assert so_far(drawn, {one: [GONE], two: [ONE]}) == []


def test_a_batch_that_was_cut_short_goes_on_where_it_was() -> None:
    drawn = draw(plain(4), "1", 2)
    first, second = drawn.batches
    assert due(drawn, {first[0]: [ONE]}) == (first[1],)
    assert due(drawn, {name: [ONE] for name in first}) == second


@pytest.mark.parametrize(("tries", "found"), [([], False), ([ONE], True), ([GONE], False), ([GONE, ONE], True), ([GONE, GONE], True)])
def test_a_case_is_settled_by_its_second_try_at_the_latest(tries: Sequence[Tried], found: bool) -> None:  # noqa: FBT001
    assert settled(tries) is found


@given(GROUPED, st.integers(1, 9), st.sampled_from(Taken), st.randoms(use_true_random=False))
def test_every_comparison_comes_to_its_end_and_no_case_is_run_three_times(
    cases: tuple[Case, ...], size: int, taken: Taken, coin: random.Random
) -> None:
    drawn = draw(cases, "1", size, taken)
    runs, tries = walked(drawn, {case.name: [coin.choice((ONE, GONE)), coin.choice((ONE, GONE))] for case in cases})
    assert len(so_far(drawn, tries)) == len(drawn.units)
    assert all(len(set(names)) == len(names) for names in runs)
    back = dict(sorted(tries.items(), key=lambda _: coin.random()))
    assert so_far(drawn, back) == so_far(drawn, tries)
