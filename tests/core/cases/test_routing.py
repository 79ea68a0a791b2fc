"""Routing: cases with sides, drawn in couples, and the rule that guards the negatives. Figures are those of the study."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.benchmarks.routing import ONE_OF_FIVE as ONE_OF_FIVE_ODDS
from tests.benchmarks.routing import ONE_OF_ONE as ONE_OF_ONE_ODDS
from tests.benchmarks.routing import Change, kept
from tests.core.cases.at_once import due, left, so_far

from autotune.core.cases.confirming import Count, first_needed, needed, planned_for
from autotune.core.cases.drawing import Draw, Taken, draw
from autotune.core.cases.listed import line_of, listed
from autotune.core.cases.mean_bet import evidence
from autotune.core.cases.progress import Progress, further, upcoming
from autotune.core.cases.rounds import batch
from autotune.core.cases.scores import MARGIN, START, Asked, Because, can_decide, judged, tallied
from autotune.core.cases.split import Case, Side, couples_in, digest, is_sided, split, units_in
from autotune.core.cases.units import Tried, Unit
from autotune.core.model import Verdict

ONE_OF_ONE = Asked(20.9, margin=MARGIN)
SHARES = st.sampled_from([-1.0, -2 / 3, -1 / 3, 0.0, 1 / 3, 2 / 3, 1.0])
COUPLES = st.lists(st.tuples(SHARES, SHARES), max_size=40)


def sided(positives: int, negatives: int) -> tuple[Case, ...]:
    sides = [(Side.POSITIVE, positives), (Side.NEGATIVE, negatives)]
    return tuple(Case(f"{side[0]}{number}", None, side) for side, count in sides for number in range(count))


def units(*couples: tuple[float, float]) -> list[Unit]:
    return [Unit(one, 0.0, one) for couple in couples for one in couple]


# As it is written


def test_a_case_has_its_side_behind_a_second_tab() -> None:
    lines = ["a\tg\tpositive", "b\t\tnegative"]
    cases = listed(lines)
    assert cases == (Case("a", "g", Side.POSITIVE), Case("b", None, Side.NEGATIVE))
    assert list(map(line_of, cases)) == lines
    assert is_sided(cases)
    assert not is_sided(listed(["a\tg"]))
    assert not is_sided(())


def test_a_group_may_be_called_as_a_side_is_or_have_a_tab_in_it() -> None:
    assert listed(["a\tpositive"]) == (Case("a", "positive"),)
    assert listed(["a\tg\tother"]) == (Case("a", "g\tother"),)
    assert listed(["a\tg\tpositive", "b\th"], sided=False) == (Case("a", "g\tpositive"), Case("b", "h"))


@pytest.mark.parametrize("lines", [["a\t\tpositive", "b"], ["a\tg", "b\t\tnegative"]])
def test_a_list_where_some_have_a_side_and_some_have_none_is_refused(lines: list[str]) -> None:
    with pytest.raises(ValueError, match="line 2"):
        listed(lines)


def test_a_list_is_another_when_a_side_is() -> None:
    assert digest(listed(["a\t\tpositive"])) != digest(listed(["a\t\tnegative"])) != digest(listed(["a"]))


# Parts and couples


def test_a_conversation_keeps_to_one_part_on_both_sides_and_makes_two_units() -> None:
    cases = tuple(Case(f"c{number}", f"g{number // 2}", list(Side)[number % 2]) for number in range(2000))
    parts = split(cases, 0.0, 0.4)
    assert len(parts.confirm) / 2000 == pytest.approx(0.6, abs=0.04)
    assert {case.group for case in parts.search}.isdisjoint(case.group for case in parts.confirm)
    assert units_in(parts.confirm) == len(parts.confirm)
    more = split((*cases, Case("new", "other", Side.POSITIVE)), 0.0, 0.4)
    assert set(parts.search) <= set(more.search)
    assert set(parts.confirm) <= set(more.confirm)


def test_couples_are_drawn_of_both_sides_and_what_is_left_over_is_not_run() -> None:
    cases = sided(5, 3)
    drawn = draw(cases, "seed", 4)
    assert couples_in(cases) == 3
    assert [[name[0] for name in unit] for unit in drawn.units] == [["p"], ["n"]] * 3
    assert [len(names) for names in drawn.batches] == [4, 2]
    assert [len(names) for names in draw(cases, "seed", 4, Taken.ONE_BY_ONE).batches] == [2, 2, 2]
    assert draw(cases, "other", 4) != drawn


def test_a_run_that_compares_nothing_takes_cases_of_one_side_too() -> None:
    cases = sided(100, 0)
    assert {place for number in range(20) for place in batch(cases, "seed", number)} == set(range(100))


def walked(drawn: Draw, coin: random.Random) -> Progress:
    """A comparison to its end, some of whose cases stay unscored; a look counts whole couples."""
    progress, tries = Progress(), dict[str, list[Tried]]()
    while names := upcoming(progress, drawn):
        assert names == due(drawn, tries)
        brought = [(name, Tried(coin.choice([None, 1.0, 0.0]), coin.choice([1.0, 0.0]))) for name in names]
        for name, tried in brought:
            tries.setdefault(name, []).append(tried)
        progress = further(progress, drawn, ONE_OF_ONE, [brought])
        assert list(progress.units) == so_far(drawn, tries)
        assert len(progress.units) % 2 == 0
        assert progress.tally == tallied(progress.units, ONE_OF_ONE)
    return progress


@pytest.mark.parametrize("seed", range(5))
def test_a_look_counts_whole_couples_however_many_cases_are_back(seed: int) -> None:
    drawn = draw(sided(12, 9), str(seed), 6)
    progress = walked(drawn, random.Random(seed))
    assert len(progress.units) == 18
    assert left(drawn, progress.units) == 0


# The rule


def test_the_stakes_of_a_couple_are_both_sides_multiplied() -> None:
    tally = tallied(units((1.0, 0.0), (1.0, -1.0), (0.0, 0.0)), ONE_OF_ONE)
    assert tally.evidence == pytest.approx(0.755025)
    assert tally.negatives == 3
    assert tally.specificity == pytest.approx(-1 / 3)


@given(COUPLES, st.integers(0, 80))
def test_negatives_are_counted_alike_at_once_or_bit_by_bit(couples: list[tuple[float, float]], cut: int) -> None:
    seen = units(*couples)
    tally = tallied(seen, ONE_OF_ONE)
    assert tallied(seen[cut:], ONE_OF_ONE, tallied(seen[:cut], ONE_OF_ONE)) == tally
    negatives = [negative for _, negative in couples]
    assert tally.negatives == len(negatives)
    assert tally.has_fallen is (evidence([-one for one in negatives], 0.05) >= 10)
    assert judged(tally, ONE_OF_ONE, 0).proven is (evidence(negatives, -0.10) >= 5)


@pytest.mark.parametrize(
    ("couples", "still", "found"),
    [
        ([], 38, (Verdict.INCONCLUSIVE, Because.TOO_FEW)),
        ([], 40, (Verdict.MEASURE_AGAIN, Because.OPEN)),
        ([(1.0, 0.0)] * 8, 60, (Verdict.KEEP, Because.BETTER)),
        ([(1.0, -0.06)] * 10, 60, (Verdict.MEASURE_AGAIN, Because.OPEN)),  # better on the whole, less specific than the margin allows
        ([(1.0, -0.06)] * 10, 0, (Verdict.INCONCLUSIVE, Because.NOT_SPECIFIC)),
        ([(1.0, -0.04)] * 10, 60, (Verdict.KEEP, Because.BETTER)),
        ([(1.0, -0.5)] * 10, 60, (Verdict.DISCARD, Because.LESS_SPECIFIC)),
        ([(-0.1, 0.0)] * 30, 60, (Verdict.DISCARD, Because.NOT_WORTH_IT)),
        ([(0.1, -0.05)] * 10, 0, (Verdict.INCONCLUSIVE, Because.USED_UP)),
    ],
)
def test_a_keep_asks_that_negatives_are_not_worse_by_more_than_the_margin(
    couples: list[tuple[float, float]], still: int, found: tuple[Verdict, Because]
) -> None:
    answer = judged(tallied(units(*couples), ONE_OF_ONE), ONE_OF_ONE, still)
    assert (answer.verdict, answer.because) == found


def test_without_sides_nothing_is_said_of_negatives() -> None:
    plain = Asked(20.9)
    answer = judged(tallied(units((1.0, -1.0)), plain), plain, 10)
    assert (answer.specificity, answer.proven) == (None, False)
    assert START.specificity == 0.0
    assert can_decide(10, plain)
    assert not can_decide(39, ONE_OF_ONE)


def test_five_confirmations_are_planned_and_each_takes_104_to_1() -> None:
    assert (planned_for(sided(1, 1)), planned_for((Case("a"),)), planned_for(())) == (5, 20, 20)
    assert first_needed(sided(1, 1)) == pytest.approx(104.1667, abs=1e-3) == needed(Count(1, 5), Count(1, 5))
    assert first_needed((Case("a"),)) == pytest.approx(416.667, abs=1e-2)


@pytest.mark.parametrize(
    ("change", "odds", "least", "most"),
    [
        (None, ONE_OF_ONE_ODDS, 0.0, 0.03),
        (Change(0.2, -0.2), ONE_OF_ONE_ODDS, 0.0, 0.01),
        (Change(0.3, 0.0), ONE_OF_FIVE_ODDS, 0.7, 1.0),
    ],
)
def test_in_simulation_a_better_recall_is_found_and_the_same_text_and_a_trade_are_not_kept(
    change: Change | None, odds: float, least: float, most: float
) -> None:
    assert least <= kept(change, 40, odds, 60) <= most
