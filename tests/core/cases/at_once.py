"""How far a comparison has come, by the rules, of all its pairs at once: what counting pair by pair has to come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autotune.core.cases.drawing import Draw, settled, whole
from autotune.core.cases.units import Tried, Unit, unit_of

Tries = Mapping[str, Sequence[Tried]]
"""By case, what each batch that both arms have finished brought, oldest first."""


def due(drawn: Draw, tries: Tries) -> tuple[str, ...]:
    """The cases of the next run of both arms: what is asked for once more, and the first batch that was not run; none at the end."""
    names = [name for batch in drawn.batches for name in batch]
    again = [name for name in names if tries.get(name) and not settled(tries[name])]
    fresh = next((batch for batch in drawn.batches if not all(tries.get(name) for name in batch)), ())
    return (*again, *[name for name in fresh if not tries.get(name)])


def so_far(drawn: Draw, tries: Tries) -> list[Unit]:
    """The units that count: those before the first that is not settled, by the last try of each case."""
    units = list[Unit]()
    for names in drawn.units:
        last = list[Tried]()
        for name in names:
            found = tries.get(name, ())
            if not settled(found):
                return units[: whole(drawn, len(units))]
            last.append(found[-1])
        units.append(unit_of(last))
    return units


def left(drawn: Draw, counted: Sequence[Unit]) -> int:
    """How many units are still to come after those that count."""
    return len(drawn.units) - len(counted)
