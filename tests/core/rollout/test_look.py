"""A look at a canary: the first rule that applies, and the bars of issue 16 and of the study in a small sample."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from autotune.core.rollout.look import Because, Look, Mode, Policy, Unit, Verdict, begun, counted, looked

GAIN = Policy(ratios={"errors": 1.0}, start=0.7)


def alternating(count: int, canary: float, control: float, share: float = 0.5) -> list[Unit]:
    return [Unit(number % 2 == 0, share, canary if number % 2 == 0 else control) for number in range(count)]


def look(units: list[Unit], policy: Policy = GAIN, days: float = 0.0, emergency: str | None = None) -> Look:
    return looked(counted(units, policy), policy, days, emergency)


def test_a_better_canary_is_promoted_once_fifty_of_it_are_scored() -> None:
    early = look(alternating(90, 0.95, 0.5))
    assert (early.verdict, early.because) == (Verdict.WAIT, Because.TOO_FEW)
    late = look(alternating(100, 0.95, 0.5))
    assert (late.verdict, late.because) == (Verdict.PROMOTE, Because.BETTER)
    assert list(late.means) == pytest.approx([0.5, 0.95])
    assert late.scored == (50, 50)


def test_a_worse_one_is_rolled_back() -> None:
    found = look(alternating(60, 0.4, 0.8))
    assert (found.verdict, found.because) == (Verdict.ROLL_BACK, Because.WORSE)


def test_no_harm_is_promoted_where_nothing_differs_and_says_so() -> None:
    found = look(alternating(2000, 0.7, 0.7), Policy(Mode.NO_HARM, 0.05, start=0.7))
    assert (found.verdict, found.because) == (Verdict.PROMOTE, Because.NO_HARM)
    assert look(alternating(2000, 0.7, 0.7)).verdict is Verdict.WAIT


def test_an_emergency_comes_before_everything() -> None:
    found = look(alternating(100, 0.95, 0.5), emergency="errors")
    assert (found.verdict, found.because, found.about) == (Verdict.ROLL_BACK, Because.EMERGENCY, "errors")


def test_an_assignment_that_does_not_keep_to_its_share_is_void_before_anything_is_said_of_the_canary() -> None:
    found = look([Unit(number % 10 == 0, 0.5, 0.9) for number in range(200)])
    assert (found.verdict, found.because) == (Verdict.VOID, Because.MISASSIGNED)
    assert found.misassigned >= 100


def test_failures_roll_back_even_where_they_come_no_more() -> None:
    failing = [Unit(canary=True, share=0.1, score=0.7, failed=frozenset({"errors"}))] * 3
    calm = [Unit(number % 10 == 0, 0.1, 0.7, frozenset({"errors"} if number % 10 else ())) for number in range(200)]
    found = look(failing + calm)
    assert (found.verdict, found.because, found.about) == (Verdict.ROLL_BACK, Because.GUARDRAIL, "errors")
    assert found.guards["errors"] < 20
    assert found.failed["errors"] == (180, 3)


def test_a_guardrail_that_looks_bad_holds_a_promotion_back() -> None:
    units = alternating(200, 0.95, 0.5)
    failed = [unit._replace(failed=frozenset({"errors"})) if number in {0, 2, 4, 6} else unit for number, unit in enumerate(units)]
    found = look(failed)
    assert (found.verdict, found.because, found.about) == (Verdict.WAIT, Because.HELD, "errors")


def test_what_is_not_a_guardrail_does_not_count() -> None:
    units = [unit._replace(failed=frozenset({"anger"})) for unit in alternating(100, 0.95, 0.5)]
    assert look(units).verdict is Verdict.PROMOTE


def test_it_expires_to_the_incumbent_by_units_or_by_days() -> None:
    level = alternating(400, 0.7, 0.7)
    assert look(level, Policy(most_units=400)).because is Because.UNITS_USED
    assert look(level, Policy(most_units=401)).verdict is Verdict.WAIT
    found = look(level, Policy(most_days=14), days=14)
    assert (found.verdict, found.because) == (Verdict.EXPIRE, Because.TIME_UP)
    assert look(level, Policy(most_days=14), days=13.9).verdict is Verdict.WAIT
    assert look([], Policy(most_days=1), days=2).verdict is Verdict.EXPIRE


def test_unscored_units_leave_both_bets_and_count_as_units() -> None:
    units = alternating(60, 0.9, 0.5)
    mixed = [one for unit in units for one in (unit, unit._replace(score=None))]
    assert counted(mixed, GAIN).better == counted(units, GAIN).better
    assert counted(mixed, GAIN).units == (60, 60)
    assert counted(mixed, GAIN).scored == (30, 30)


def test_a_canary_that_leaves_its_bad_answers_unscored_does_not_win_by_them() -> None:
    policy = Policy(start=0.7)
    units = [Unit(number % 2 == 0, 0.5, None if number % 6 == 0 else 0.8 if number % 2 == 0 else 0.6) for number in range(300)]
    found = look(units, policy)
    assert found.unequal
    assert found.verdict is not Verdict.PROMOTE
    assert counted(units, policy).evidence < 20 <= 1e3 * counted(units, policy).evidence


def test_units_counted_bit_by_bit_are_as_counted_at_once() -> None:
    units = alternating(60, 0.8, 0.6)
    assert counted(units[30:], GAIN, counted(units[:30], GAIN)) == counted(units, GAIN)
    assert counted([], GAIN) == begun(GAIN)


def traffic(chance: random.Random, effect: float, share: Callable[[int], float] | float, spread: float = 0.25) -> Iterator[Unit]:
    number = 0
    while True:
        now = share(number) if callable(share) else share
        canary = chance.random() < now
        yield Unit(canary, now, min(max(chance.gauss(0.7 + effect * canary, spread), 0.0), 1.0))
        number += 1


def fate(units: Iterator[Unit], policy: Policy, most: int = 800, every: int = 50) -> Verdict:
    tally = begun(policy)
    for _ in range(most // every):
        tally = counted([next(units) for _ in range(every)], policy, tally)
        if (found := looked(tally, policy).verdict) is not Verdict.WAIT:
            return found
    return Verdict.EXPIRE


@pytest.mark.parametrize(
    ("effect", "mode", "verdict", "least", "most"),
    [
        (0.0, Mode.GAIN, Verdict.PROMOTE, 0, 3),
        (-0.05, Mode.GAIN, Verdict.PROMOTE, 0, 1),
        (-0.10, Mode.GAIN, Verdict.ROLL_BACK, 22, 25),
        (0.10, Mode.GAIN, Verdict.PROMOTE, 21, 25),
        (-0.05, Mode.NO_HARM, Verdict.PROMOTE, 0, 3),
        (0.05, Mode.NO_HARM, Verdict.PROMOTE, 18, 25),
    ],
)
def test_a_few_rollouts_come_out_as_the_bars_ask(effect: float, mode: Mode, verdict: Verdict, least: int, most: int) -> None:
    """1,000 of each are simulated by tests/benchmarks/rollouts.py."""
    policy = Policy(mode, 0.05 if mode is Mode.NO_HARM else 0.0, start=0.7)
    fates = [fate(traffic(random.Random(f"{effect} {number}"), effect, 0.3), policy) for number in range(25)]
    assert least <= fates.count(verdict) <= most
