"""How far a comparison on cases has come, counted on pair by pair, so that a look costs what is new and not what was counted before.

It comes to what all pairs come to at once, to the last digit.

    further(progress, drawn, asked, pairs)   how far it is after further pairs of runs
    upcoming(progress, drawn)                the cases of the next run of both arms; none when all are settled
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from autotune.core.cases.drawing import Draw, settled, whole
from autotune.core.cases.scores import START, Asked, Tally, tallied
from autotune.core.cases.units import Tried, Unit, unit_of

Brought = Sequence[tuple[str, Tried]]
"""What a pair of runs brought: each of its cases by id."""


class Progress(NamedTuple):
    """What pairs of runs came to so far.

    `tries` are those of each case, oldest first. `units` are those that count, and `again` the cases to ask for once more. `batch` is the
    place of the first batch that was not run whole. `looks` are the tallies after each pair.
    """

    tries: Mapping[str, Sequence[Tried]] = {}
    units: Sequence[Unit] = ()
    again: frozenset[str] = frozenset()
    batch: int = 0
    looks: Sequence[Tally] = ()

    @property
    def tally(self) -> Tally:
        """The tally of all units that count."""
        return self.looks[-1] if self.looks else START


def further(progress: Progress, drawn: Draw, asked: Asked, pairs: Sequence[Brought]) -> Progress:
    """How far a comparison is after further pairs, in time order; counted at once or bit by bit it is the same."""
    tries, units, again, looks = dict(progress.tries), list(progress.units), set(progress.again), list(progress.looks)
    batch, tally = progress.batch, progress.tally
    for brought in pairs:
        for name, tried in brought:
            before = tries.get(name, ())
            if before and settled(before):  # which nobody asks for; what counted may be otherwise by it
                units, tally = [], START
            tries[name] = (*before, tried)
            (again.discard if settled(tries[name]) else again.add)(name)
        found = _settled_from(len(units), drawn, tries)
        units += found
        tally = tallied(found, asked, tally)
        looks.append(tally)
    while batch < len(drawn.batches) and all(name in tries for name in drawn.batches[batch]):
        batch += 1
    return Progress(tries, tuple(units), frozenset(again), batch, tuple(looks))


def upcoming(progress: Progress, drawn: Draw) -> tuple[str, ...]:
    """The cases of the next run of both arms: what is asked for once more, and the first batch that was not run; none at the end."""
    again = [name for batch in drawn.batches for name in batch if name in progress.again] if progress.again else ()
    fresh = drawn.batches[progress.batch] if progress.batch < len(drawn.batches) else ()
    return (*again, *[name for name in fresh if name not in progress.tries])


def _settled_from(start: int, drawn: Draw, tries: Mapping[str, Sequence[Tried]]) -> list[Unit]:
    """The units that count from a place on: those before the first that is not settled, by the last try of each case."""
    units = list[Unit]()
    for place in range(start, len(drawn.units)):
        found = [tries.get(name, ()) for name in drawn.units[place]]
        if not all(map(settled, found)):
            break
        units.append(unit_of([one[-1] for one in found]))
    return units[: whole(drawn, start + len(units)) - start]
