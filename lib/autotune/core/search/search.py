"""A reflective search, one step at a time: pure, so that it can be written down after each step and goes on from there.

A parent is drawn by the cases to select by on which it wins. A proposer reads how it did on a small batch of other cases, and writes one of
its texts anew. What comes of that is tried on the same batch. Only if it is better there is it scored on the cases to select by. After one
that was, two of the best may be put together. All chance comes from the seed and the number of the round.

Nothing is decided here: scores are noisy, and the best of many is lucky. What it finds has to be confirmed on other cases.

    begun(plan, texts, refused)          a search that knows the texts that are there now
    due(search)                          the next step, or None at the end
    scored(search, candidate, scores)    after a step `Evaluate`
    proposed(search, text)               after a step `Reflect`; None where the proposer had nothing
    finalists(search)                    candidates worth a confirmation, the best first
    gain_of(search, number)              by how much one of them is better
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random

from autotune.core.cases.scores import promising
from autotune.core.search.frontier import Scores, drawn
from autotune.core.search.merging import merged
from autotune.core.search.model import Candidate, Evaluate, Plan, Reflect, Search, Standing, Texts, alike

MERGE_ON = 5  # cases to select by, on which two that were put together have to be as good as the better of them


def begun(plan: Plan, texts: Texts, refused: Iterable[Texts] = ()) -> Search:
    """A search that begins from these texts. Those that are refused are never tried."""
    return Search(plan, (Candidate(texts, Standing.POOLED),), refused=tuple(refused))


def due(search: Search) -> Evaluate | Reflect | None:
    """The next step; None where everything that was planned is done."""
    plan, last = search.plan, len(search.candidates) - 1
    if lacking := search.candidates[0].lacks(plan.select):
        return Evaluate(0, lacking)
    match search.candidates[last].standing:
        case Standing.TRIED:
            return Evaluate(last, search.candidates[last].lacks(search.candidates[last].batch))
        case Standing.PASSED:
            return Evaluate(last, search.candidates[last].lacks(plan.select))
    if search.proposals >= plan.proposals or not plan.read or search.idle >= batches(plan.read, plan.batch):
        return None
    parent = drawn(_pool(search), Random(f"{plan.seed} parent {search.round}"))
    cases = batch(plan.read, plan.batch, plan.seed, search.round)
    if lacking := search.candidates[parent].lacks(cases):
        return Evaluate(parent, lacking)
    names = sorted(search.candidates[parent].texts, reverse=True)
    return Reflect(parent, cases, names[(search.proposals + plan.seed) % len(names)])


def scored(search: Search, candidate: int, scores: Mapping[str, float | None]) -> Search:
    """The search after a candidate got these scores; a case without one is not asked for again."""
    before = search.candidates[candidate]
    search = _with(search, candidate, replace(before, scores={**before.scores, **scores}))
    return _settled(search)


def proposed(search: Search, text: str | None) -> Search:
    """The search after a proposer wrote the text that `due` asked for. One that is known or refused is not tried."""
    asked = due(search)
    if not isinstance(asked, Reflect):
        raise TypeError("no text was asked for")
    on = replace(search, round=search.round + 1, proposals=search.proposals + 1, idle=0)
    made = None if text is None else {**search.candidates[asked.candidate].texts, asked.text: text}
    if made is None or not _is_new(search, made):
        return _settled(on)
    child = Candidate(made, Standing.TRIED, (asked.candidate,), asked.cases)
    return _settled(replace(on, candidates=(*on.candidates, child)))


def finalists(search: Search) -> tuple[int, ...]:
    """The candidates whose mean gain on the cases to select by is above its standard error, the largest gain first."""
    found = list[tuple[float, int]]()
    for number, candidate in enumerate(search.candidates):
        gains = _gains(candidate, search.candidates[0], search.plan.select)
        if number and candidate.standing is Standing.POOLED and promising(gains):
            found.append((-math.fsum(gains) / len(gains), number))
    return tuple(number for _, number in sorted(found))


def gain_of(search: Search, number: int) -> tuple[float, int]:
    """The mean gain of a candidate on the cases to select by that it and the first one have a score of, and how many these are."""
    gains = _gains(search.candidates[number], search.candidates[0], search.plan.select)
    return math.fsum(gains) / max(len(gains), 1), len(gains)


def _settled(search: Search) -> Search:
    """Move on past all that needs no step: gates, what was put together, batches from which there is nothing to learn."""
    while (further := _further(search)) is not None:
        search = further
    return search


def _further(search: Search) -> Search | None:
    number = len(search.candidates) - 1
    last = search.candidates[number]
    if last.standing is Standing.TRIED and not last.lacks(last.batch):
        return _gated(search, number, last)
    if last.standing is Standing.PASSED and not last.lacks(search.plan.select):
        return replace(_with(search, number, replace(last, standing=Standing.POOLED)), merge_due=len(last.parents) == 1)
    if last.standing in {Standing.POOLED, Standing.DROPPED} and search.merge_due:
        return _put_together(search)
    step = due(search)
    if isinstance(step, Reflect) and not _teaches(search, step):
        return replace(search, round=search.round + 1, idle=search.idle + 1)
    return None


def _gated(search: Search, number: int, candidate: Candidate) -> Search:
    """Let a candidate pass that is better on its batch than its parent, or as good as the better of two that it is put together of."""
    sums = list[float]()
    for parent in candidate.parents:
        gains = _gains(candidate, search.candidates[parent], candidate.batch)
        sums.append(math.fsum(gains) if gains else -math.inf)
    passes = sums[0] > 0 if len(sums) == 1 else min(sums) >= 0
    return _with(search, number, replace(candidate, standing=Standing.PASSED if passes else Standing.DROPPED))


def _put_together(search: Search) -> Search:
    on = replace(search, merge_due=False)
    if search.merges >= search.plan.merges:
        return on
    chance = Random(f"{search.plan.seed} merge {search.round}")
    found = merged(search.candidates, _pool(search), chance)
    if found is None or not _is_new(search, found[0]):
        return on
    texts, pair = found
    cases = tuple(chance.sample(search.plan.select, min(MERGE_ON, len(search.plan.select))))
    child = Candidate(texts, Standing.TRIED, pair, cases)
    return replace(on, merges=search.merges + 1, candidates=(*search.candidates, child))


def _teaches(search: Search, step: Reflect) -> bool:
    """Whether some case of a batch has a score below the perfect one."""
    return any(score < search.plan.perfect for score in search.candidates[step.candidate].on(step.cases).values())


def _gains(candidate: Candidate, other: Candidate, cases: tuple[str, ...]) -> list[float]:
    """By how much a candidate is better than another, on each case that both have a score of."""
    mine, others = candidate.on(cases), other.on(cases)
    return [mine[case] - others[case] for case in cases if case in mine and case in others]


def _pool(search: Search) -> Scores:
    return {number: one.on(search.plan.select) for number, one in enumerate(search.candidates) if one.standing is Standing.POOLED}


def _is_new(search: Search, texts: Texts) -> bool:
    return texts not in [candidate.texts for candidate in search.candidates] and not any(alike(texts, one) for one in search.refused)


def _with(search: Search, number: int, candidate: Candidate) -> Search:
    return replace(search, candidates=(*search.candidates[:number], candidate, *search.candidates[number + 1 :]))


def batch(cases: Sequence[str], size: int, seed: int, number: int) -> tuple[str, ...]:
    """The cases of batch `number` from 0 on; each case comes once before any comes again. The last of a time through may be smaller."""
    each = batches(cases, size)
    order = list(cases)
    Random(f"{seed} batches {number // each}").shuffle(order)
    start = number % each * size
    return tuple(order[start : start + size])


def batches(cases: Sequence[str], size: int) -> int:
    """How many batches all cases make, at least one."""
    return max(-(-len(cases) // size), 1)
