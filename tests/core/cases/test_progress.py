"""How far a comparison has come: counted on pair by pair it is what all pairs come to at once."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from tests.core.cases.at_once import due, so_far

from autotune.core.cases.drawing import Draw, Taken, draw
from autotune.core.cases.progress import Brought, Progress, further, upcoming
from autotune.core.cases.scores import Asked, tallied
from autotune.core.cases.split import Case
from autotune.core.cases.units import Tried

ASKED = Asked(400.0, 0.01)


def from_scratch(drawn: Draw, pairs: Sequence[Brought]) -> tuple[object, ...]:
    """What the rules say of all pairs at once: the units, their tally, and the cases that come next."""
    tries = dict[str, list[Tried]]()
    for brought in pairs:
        for name, tried in brought:
            tries.setdefault(name, []).append(tried)
    units = so_far(drawn, tries)
    return units, tallied(units, ASKED), due(drawn, tries)


def found(progress: Progress, drawn: Draw) -> tuple[object, ...]:
    return list(progress.units), progress.tally, upcoming(progress, drawn)


def one_try(coin: random.Random, unscored: float) -> Tried:
    scores = [None if coin.random() < unscored else round(coin.random(), 3) for _ in range(2)]
    return Tried(*scores)


def comparison(coin: random.Random, taken: Taken) -> Draw:
    groups = coin.choice([0, 3, 12])
    count = coin.randint(1, 50)
    cases = [Case(f"c{number}", f"g{coin.randrange(groups)}" if groups and coin.random() < 0.7 else None) for number in range(count)]
    return draw(cases, str(coin.random()), coin.randint(1, 12), taken)


@pytest.mark.parametrize("taken", Taken)
def test_counted_on_it_is_what_counting_from_the_start_gives_after_every_pair(taken: Taken) -> None:
    coin = random.Random(taken)
    for _ in range(60):
        drawn, unscored = comparison(coin, taken), coin.choice([0.0, 0.1, 0.6])
        progress, pairs = Progress(), list[Brought]()
        while names := upcoming(progress, drawn):
            brought = [(name, one_try(coin, unscored)) for name in names]
            pairs.append(brought)
            progress = further(progress, drawn, ASKED, [brought])
            assert found(progress, drawn) == from_scratch(drawn, pairs)
            assert (progress.looks[-1], progress.looks[-1].units) == (progress.tally, len(progress.units))
        assert further(Progress(), drawn, ASKED, pairs) == progress


@pytest.mark.parametrize("taken", Taken)
def test_pairs_that_leave_gaps_and_repeat_cases_come_to_the_same(taken: Taken) -> None:
    coin = random.Random(f"gaps {taken}")
    for _ in range(60):
        drawn = comparison(coin, taken)
        names = [name for batch in drawn.batches for name in batch]
        progress, pairs = Progress(), list[Brought]()
        for _ in range(12):
            new = [[(name, one_try(coin, 0.3)) for name in coin.choices(names, k=5)] for _ in range(coin.randint(1, 3))]
            pairs += new
            progress = further(progress, drawn, ASKED, new)
            assert found(progress, drawn) == from_scratch(drawn, pairs)


def test_what_was_counted_before_is_left_as_it_was() -> None:
    drawn = draw([Case("a"), Case("b")], "seed", 1)
    (first,), (second,) = drawn.batches
    before = further(Progress(), drawn, ASKED, [[(first, Tried(1.0, 0.0))]])
    held = found(before, drawn)
    after = further(before, drawn, ASKED, [[(second, Tried(None, 0.0))]])
    assert found(before, drawn) == held
    assert (len(after.units), sorted(after.again), list(upcoming(after, drawn))) == (1, [second], [second])
