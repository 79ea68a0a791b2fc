"""Guardrails are read strictly and judged by a bet."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from autotune.core import rules
from autotune.core.decide import guards
from autotune.core.facts import Fact, Kind
from autotune.core.model import Arm, Decision, Direction, Effect, Metric, Outcome, Policy, Run, Verdict
from autotune.core.stats.bounds import Bound, Standing


def runs(incumbent: list[float], candidate: list[float]) -> list[Run]:
    made = []
    for arm, values in ((Arm.INCUMBENT, incumbent), (Arm.CANDIDATE, candidate)):
        made += [Run(arm=arm, outcome=Outcome.OK, samples={"memory_mb": value}) for value in values]
    return made


def test_a_bound_against_the_incumbent_has_an_x_behind_its_number() -> None:
    assert guards.read_guard("memory_mb <= 1.02x") == guards.Guard(
        "memory_mb", Bound(1.02, at_most=True, relative=True), "memory_mb <= 1.02x"
    )
    assert guards.read_guard(" accuracy>=.98 ") == guards.Guard("accuracy", Bound(0.98, at_most=False, relative=False), "accuracy>=.98")


@pytest.mark.parametrize(
    "text", ["", "memory", "memory < 1", "memory <= x", "memory <= 1e999", "me mory <= 1", "<= 1", "-a <= 1", "a <= 1.02 x y"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"memory_mb <= 1\.02x"):
        guards.read_guard(text)


def test_a_guardrail_holds_is_broken_or_stays_undecided_and_says_so_with_figures() -> None:
    bound = guards.read_guard("memory_mb <= 1.02x")
    same = guards.judge([bound], runs([100.0] * 3, [101.0] * 3))
    more = guards.judge([bound], runs([100.0] * 3, [110.0] * 3))
    open_still = guards.judge([bound], runs([100.0, 103.0], [101.0, 99.0]))
    assert [guards.standing(one) for one in (same, more, open_still)] == [Standing.HOLDS, Standing.BROKEN, Standing.UNDECIDED]
    assert guards.standing((*same, *more)) is Standing.BROKEN
    assert guards.standing(()) is Standing.HOLDS


@pytest.mark.parametrize(
    ("text", "incumbent", "candidate"),
    [
        ("memory_mb <= 1.02x", 50.0, 51.0),
        ("memory_mb <= 1.1x", 100.0, 110.0),
        ("memory_mb >= 0.98x", 50.0, 49.0),
        ("memory_mb >= 0.7x", 10.0, 7.0),
        ("memory_mb <= 1.1x", -3.0, -3.3),
        ("memory_mb >= 1.1x", 0.3, 0.33),
    ],
)
def test_a_value_exactly_at_a_limit_holds_however_it_is_rounded(text: str, incumbent: float, candidate: float) -> None:
    bound, step = [guards.read_guard(text)], candidate * 1e-9
    assert guards.standing(guards.judge(bound, runs([incumbent] * 2, [candidate] * 2))) is Standing.HOLDS
    beyond = candidate + abs(step) if "<=" in text else candidate - abs(step)
    assert guards.standing(guards.judge(bound, runs([incumbent] * 2, [beyond] * 2))) is Standing.BROKEN


def test_by_older_rules_rounding_decided_at_a_limit() -> None:
    found = guards.judge([guards.read_guard("memory_mb <= 1.02x")], runs([50.0] * 2, [51.0] * 2), rules.LIMITS_ARE_REACHED - 1)
    assert guards.standing(found) is Standing.BROKEN


def test_evidence_is_told_where_the_runs_differ_and_by_the_first_rule_there_was_none() -> None:
    made = runs([100.0] * 6, [100.0, 101.0, 100.5, 101.5, 100.0, 101.0])
    bound = [guards.read_guard("memory_mb <= 1.02x")]
    assert guards.judge(bound, made)[0][1].evidence == pytest.approx(36.0, abs=1.0)
    assert guards.judge(bound, made, rules.FIRST)[0][1].evidence is None


def test_an_absolute_bound_looks_at_the_candidate_alone() -> None:
    judged = guards.judge([guards.read_guard("memory_mb >= 100")], runs([1.0] * 2, [100.0] * 2))
    assert guards.standing(judged) is Standing.HOLDS


POLICY = Policy(Metric("t", "s", Direction.LOWER))
KEEP = Decision(Verdict.KEEP, Fact(Kind.BETTER, {"in_blocks": 7}), effect=Effect(0.95, 0.95, 0.95))
BOUND = (guards.read_guard("memory_mb <= 1.02x"),)


def test_a_guardrail_that_holds_is_told_with_the_keep_and_one_that_is_broken_discards_it() -> None:
    kept = guards.guarded(KEEP, BOUND, runs([100.0] * 3, [101.0] * 3), POLICY, random.Random(1))
    broken = guards.guarded(KEEP, BOUND, runs([100.0] * 3, [110.0] * 3), POLICY, random.Random(1))
    assert (kept.verdict, broken.verdict) == (Verdict.KEEP, Verdict.DISCARD)
    assert kept.reason is not None
    assert broken.reason is not None
    figures = {"text": "memory_mb <= 1.02x", "relative": True, "standing": "holds", "estimate": 1.01, "low": 1.01, "high": 1.01}
    assert kept.reason.kind is Kind.BETTER
    assert kept.reason.figures == {"in_blocks": 7, "guardrails": [pytest.approx(figures)]}
    assert broken.reason.kind is Kind.GUARDRAIL_BROKEN
    assert broken.reason.figures["guardrails"][0]["standing"] == "broken"


def test_an_undecided_guardrail_takes_another_pair_until_the_pairs_run_out() -> None:
    open_still = runs([100.0, 103.0], [101.0, 99.0])
    pair = guards.guarded(KEEP, BOUND, open_still, POLICY, random.Random(1))
    rest = guards.guarded(KEEP, BOUND, open_still[1:], POLICY, random.Random(1))
    over = guards.guarded(KEEP, BOUND, open_still, replace(POLICY, max_pairs=2), random.Random(1))
    assert pair.verdict is Verdict.MEASURE_AGAIN
    assert sorted(pair.arms) == [Arm.CANDIDATE, Arm.INCUMBENT]
    assert rest.arms == (Arm.INCUMBENT,)
    assert over.verdict is Verdict.INCONCLUSIVE


def test_a_guardrail_on_what_is_not_printed_is_named_with_what_is() -> None:
    printed = {"autotune.wall_s": 1.0, "size": 1.0, "memory_mb": 2.0}
    assert guards.unprinted(["size <= 3", "memory_mb <= 1.02x"], printed) is None
    found = guards.unprinted(["size <= 3", "memry_mb <= 1.02x"], printed)
    assert found is not None
    assert found.figures == {"name": "memry_mb", "printed": ["memory_mb", "size", "autotune.wall_s"]}
