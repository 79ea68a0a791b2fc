"""The search goes by what wins somewhere, gates what it tries, spends nothing twice, and is the same again by its seed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.codec import decode, encode
from autotune.core.search import search as steps
from autotune.core.search.frontier import drawn, mean, wins
from autotune.core.search.merging import ancestors, merged
from autotune.core.search.model import Candidate, Evaluate, Plan, Reflect, Search, Standing, Texts

READ = tuple(f"r{number}" for number in range(9))
SELECT = tuple(f"s{number}" for number in range(12))
PLAN = Plan(7, READ, SELECT, proposals=8)
Step = TypeVar("Step", Evaluate, Reflect)
SEED = {"demos": "", "instructions": "be"}


def quality(texts: Texts, case: str) -> float:
    """Each word helps on a third of the cases, and `bad` harms on all."""
    words = " ".join(texts.values()).split()
    helped = sum(sum(map(ord, case)) % 3 == place and word in words for place, word in enumerate(("ask", "cite", "brief")))
    return max(0.0, min(1.0, 0.4 + 0.4 * helped - 0.2 * ("bad" in words)))


def due(search: Search, kind: type[Step]) -> Step:
    """Give the next step, which is of this kind."""
    step = steps.due(search)
    assert isinstance(step, kind)
    return step


def run(
    search: Search, words: list[str], *, noise: float = 0.0, failing: float = 0.0, asked: list[Evaluate | Reflect] | None = None
) -> Search:
    """Drive a search with a proposer that adds a drawn word; scores may be noisy, or missing."""
    while (step := steps.due(search)) is not None:
        if asked is not None:
            asked.append(step)
        if isinstance(step, Evaluate):
            texts, found = search.candidates[step.candidate].texts, dict[str, float | None]()
            for case in step.cases:
                chance = Random(f"{sorted(texts.items())} {case}")
                found[case] = None if chance.random() < failing else quality(texts, case) + chance.gauss(0, noise)
            search = steps.scored(search, step.candidate, found)
        else:
            chance = Random(f"word {search.round}")
            old = search.candidates[step.candidate].texts[step.text]
            search = steps.proposed(search, f"{old} {chance.choice(words)}" if words else None)
    return search


def test_a_better_text_is_found_and_the_best_comes_first() -> None:
    found = run(steps.begun(PLAN, SEED), ["ask", "cite", "brief", "bad"])
    final = steps.finalists(found)
    assert final
    means = [mean(found.candidates[number].on(SELECT)) for number in (0, *reversed(final))]
    assert means == sorted(means)
    assert means[-1] > means[0] + 0.1


def test_the_same_seed_gives_the_same_search_and_another_one_another() -> None:
    once, again, other = (run(steps.begun(replace(PLAN, seed=seed), SEED), ["ask", "cite", "bad"], noise=0.2) for seed in (1, 1, 2))
    assert once == again
    assert once != other


@given(st.integers(0, 40))
def test_a_search_that_was_written_down_goes_on_as_if_nothing_had_been(cut: int) -> None:
    search, words, count = steps.begun(PLAN, SEED), ["ask", "brief"], 0
    whole = run(search, words, noise=0.1)
    while (step := steps.due(search)) is not None and count < cut:
        count += 1
        if isinstance(step, Evaluate):
            texts = search.candidates[step.candidate].texts
            chance = {case: Random(f"{sorted(texts.items())} {case}") for case in step.cases}
            for one in chance.values():
                one.random()
            search = steps.scored(search, step.candidate, {case: quality(texts, case) + chance[case].gauss(0, 0.1) for case in step.cases})
        else:
            old = search.candidates[step.candidate].texts[step.text]
            search = steps.proposed(search, f"{old} {Random(f'word {search.round}').choice(words)}")
        search = decode(Search, json.loads(json.dumps(encode(search))))
    assert run(search, words, noise=0.1) == whole


def test_no_case_is_asked_for_twice_of_one_candidate() -> None:
    asked = list[Evaluate | Reflect]()
    run(steps.begun(PLAN, SEED), ["ask", "cite", "bad"], noise=0.3, failing=0.2, asked=asked)
    cases = [(step.candidate, case) for step in asked if isinstance(step, Evaluate) for case in step.cases]
    assert len(cases) == len(set(cases))
    assert all(step.cases for step in asked)


def test_a_proposer_that_has_nothing_ends_the_search_after_its_proposals() -> None:
    asked = list[Evaluate | Reflect]()
    found = run(steps.begun(PLAN, SEED), [], asked=asked)
    assert found.proposals == PLAN.proposals == sum(isinstance(step, Reflect) for step in asked)
    assert len(found.candidates) == 1
    assert steps.finalists(found) == ()


def test_what_was_refused_or_is_known_is_never_tried() -> None:
    texts = [{**SEED, name: f"{SEED[name]} ask"} for name in SEED]
    found = run(steps.begun(PLAN, SEED, texts), ["ask"])
    assert len(found.candidates) == 1
    search = steps.begun(PLAN, SEED)
    search = steps.scored(search, 0, dict.fromkeys((*SELECT, *READ), 0.2))
    step = due(search, Reflect)
    assert steps.proposed(search, SEED[step.text]).candidates == search.candidates


def test_a_text_that_is_not_better_on_its_batch_is_dropped() -> None:
    search = steps.scored(steps.begun(PLAN, SEED), 0, dict.fromkeys((*SELECT, *READ), 0.5))
    search = steps.proposed(search, "other")
    step = due(search, Evaluate)
    assert step == Evaluate(1, search.candidates[1].batch)
    search = steps.scored(search, 1, dict.fromkeys(step.cases, 0.5))
    assert search.candidates[1].standing is Standing.DROPPED
    assert not set(SELECT) & set(search.candidates[1].scores)


def test_a_text_without_any_score_is_dropped_and_nothing_counts_as_0() -> None:
    search = steps.scored(steps.begun(PLAN, SEED), 0, dict.fromkeys((*SELECT, *READ), 0.5))
    search = steps.proposed(search, "other")
    search = steps.scored(search, 1, dict.fromkeys(due(search, Evaluate).cases))
    assert search.candidates[1].standing is Standing.DROPPED
    assert search.candidates[1].on(READ) == {}


def test_a_text_is_asked_for_only_when_it_is_due() -> None:
    with pytest.raises(TypeError):
        steps.proposed(steps.begun(PLAN, SEED), "x")


def test_where_all_is_perfect_there_is_nothing_to_learn() -> None:
    asked = list[Evaluate | Reflect]()
    search = steps.scored(steps.begun(PLAN, SEED), 0, dict.fromkeys((*SELECT, *READ), 1.0))
    run(search, ["ask"], asked=asked)
    assert asked == []
    assert steps.due(search) is None


def test_each_text_of_a_candidate_has_its_turn() -> None:
    search = steps.scored(steps.begun(replace(PLAN, merges=0), SEED), 0, dict.fromkeys((*SELECT, *READ), 0.5))
    first = due(search, Reflect)
    search = steps.proposed(search, "one")
    search = steps.scored(search, 1, dict.fromkeys(due(search, Evaluate).cases, 0.1))
    assert {first.text, due(search, Reflect).text} == set(SEED)


def grown(search: Search, parent: int, texts: Texts, scores: Mapping[str, float]) -> Search:
    """A search with one more candidate in its pool."""
    child = Candidate(texts, Standing.PASSED, (parent,), READ[:3], {case: scores[case] for case in SELECT[:-1]})
    search = replace(search, candidates=(*search.candidates, child))
    return steps.scored(search, len(search.candidates) - 1, {SELECT[-1]: scores[SELECT[-1]]})


def halves(first: float, second: float) -> dict[str, float]:
    """Scores that differ between the first half of the cases and the second."""
    return {case: first if place < len(SELECT) / 2 else second for place, case in enumerate(SELECT)}


def two_halves(plan: Plan = PLAN) -> Search:
    """A search in which two candidates each win on one half, by another text."""
    search = steps.scored(steps.begun(plan, SEED), 0, dict.fromkeys(SELECT, 0.4))
    search = grown(search, 0, {**SEED, "demos": "one"}, halves(0.9, 0.4))
    return grown(
        search,
        0,
        {"demos": SEED["demos"], "instructions": "two"},
        halves(0.4, 0.8),
    )


def test_two_that_win_on_different_cases_are_put_together_and_have_to_hold_what_both_had() -> None:
    search = two_halves()
    assert search.candidates[3].texts == {"demos": "one", "instructions": "two"}
    assert search.candidates[3].parents in {(1, 2), (2, 1)}
    step = due(search, Evaluate)
    good = steps.scored(search, 3, dict.fromkeys(step.cases, 0.9))
    assert good.candidates[3].standing is Standing.PASSED
    assert set(due(good, Evaluate).cases) == set(SELECT) - set(step.cases)
    bad = steps.scored(search, 3, dict.fromkeys(step.cases, 0.1))
    assert bad.candidates[3].standing is Standing.DROPPED


def test_no_more_is_put_together_than_planned_nor_what_was_refused() -> None:
    assert len(two_halves(replace(PLAN, merges=0)).candidates) == 3
    search = two_halves(replace(PLAN, merges=0))
    banned = replace(search, plan=PLAN, merge_due=True, refused=({"demos": "one", "instructions": "two"},))
    assert len(steps.scored(banned, 0, {}).candidates) == 3


def test_a_pair_that_makes_nothing_new_makes_nothing() -> None:
    search = two_halves(replace(PLAN, merges=0))
    scores = {number: one.on(SELECT) for number, one in enumerate(search.candidates)}
    joined = Candidate({"demos": "one", "instructions": "two"}, Standing.DROPPED, (1, 2))
    assert merged((*search.candidates, joined), scores, Random(1)) is None
    child = Candidate({"demos": "one", "instructions": "x"}, Standing.POOLED, (1,))
    assert merged((*search.candidates[:2], child), {1: {"a": 1.0, "b": 0.0}, 2: {"a": 0.0, "b": 1.0}}, Random(1)) is None


def test_of_a_text_that_both_changed_the_better_one_is_taken() -> None:
    texts = [{"a": "0", "b": "0"}, {"a": "1", "b": "0"}, {"a": "2", "b": "2"}]
    candidates = [Candidate(one, Standing.POOLED, (0,) if number else ()) for number, one in enumerate(texts)]
    found = merged(candidates, {1: {"x": 1.0, "y": 0.0}, 2: {"x": 0.0, "y": 0.5}}, Random(1))
    assert found == ({"a": "1", "b": "2"}, (1, 2))


def test_ancestors_are_all_that_a_candidate_comes_from() -> None:
    candidates = [Candidate({}, Standing.POOLED, parents) for parents in ((), (0,), (0,), (1, 2))]
    assert set(ancestors(candidates, 3)) == {0, 1, 2}


def test_who_wins_nowhere_alone_is_left_out() -> None:
    scores = {0: {"a": 0.2, "b": 0.9}, 1: {"a": 0.8, "b": 0.1}, 2: {"a": 0.8, "b": 0.2}, 3: {"a": 0.1}}
    assert wins(scores) == {0: ("b",), 2: ("a",)}
    assert {drawn(scores, Random(seed)) for seed in range(20)} == {0, 2}
    assert drawn({3: {}, 4: {}}, Random(1)) == 3


@given(
    st.dictionaries(st.integers(0, 5), st.dictionaries(st.sampled_from("abcd"), st.sampled_from([0.0, 0.5, 1.0]), min_size=1), min_size=1)
)
def test_every_case_is_held_by_one_of_its_best(scores: dict[int, dict[str, float]]) -> None:
    held = wins(scores)
    for case in {case for each in scores.values() for case in each}:
        top = max(each[case] for each in scores.values() if case in each)
        assert any(case in cases and scores[one][case] == top for one, cases in held.items())


def test_all_cases_are_read_once_before_any_is_read_again() -> None:
    each = steps.batches(READ, 4)
    first = [case for number in range(each) for case in steps.batch(READ, 4, 5, number)]
    second = [case for number in range(each, 2 * each) for case in steps.batch(READ, 4, 5, number)]
    assert sorted(first) == sorted(second) == sorted(READ)
    assert first != second
    assert steps.batches((), 3) == 1
    assert steps.batch((), 3, 1, 5) == ()


def test_without_cases_to_read_nothing_is_proposed() -> None:
    search = steps.scored(steps.begun(replace(PLAN, read=()), SEED), 0, dict.fromkeys(SELECT, 0.1))
    assert steps.due(search) is None


def test_chance_alone_makes_few_finalists() -> None:
    found = 0
    for seed in range(40):
        search = run(steps.begun(replace(PLAN, seed=seed), SEED), [f"w{number}" for number in range(30)], noise=0.2)
        found += len(steps.finalists(search))
    assert found < 40 * PLAN.proposals / 3
