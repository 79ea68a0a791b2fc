"""How often the cases of a behaviour have confirmed, in all runs: kept in the records, whatever becomes of a workshop.

The loop counts in the workshop's repository. Before a run what the records know goes there, and after it what was counted comes back; of
two counts the higher one holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from autotune.core.cases.confirming import PLANNED
from autotune.core.cases.split import Case
from autotune.edges.git import Repository
from autotune.loop.measure import confirmations
from autotune.records.store import Store

Counts = Mapping[str, tuple[int, ...]]  # by case: confirmations, keeps that they gave, and 1 once somebody saw it


def known(store: Store, behavior: str) -> Counts:
    """What the records know of a behaviour's cases."""
    found = store.rows("SELECT value FROM note WHERE name = ?", _name(behavior))
    return {case: tuple(counts) for case, counts in json.loads(str(found[0][0])).items()} if found else {}


def remember(store: Store, behavior: str, counts: Counts) -> None:
    """Write down what was counted since."""
    text = json.dumps(together(known(store, behavior), counts), separators=(",", ":"))
    with store.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO note (name, value) VALUES (?, ?)", (_name(behavior), text))


def counted(repository: Repository, behavior: str) -> Counts:
    """What the loop has counted in a workshop."""
    prefix = f"{behavior}/"
    return {case.removeprefix(prefix): counts for case, counts in confirmations.held(repository).items() if case.startswith(prefix)}


def hand_over(repository: Repository, behavior: str, counts: Counts) -> None:
    """Tell the loop what the records know."""
    confirmations.merge(repository, {f"{behavior}/{case}": one for case, one in counts.items()})


def together(one: Counts, other: Counts) -> dict[str, tuple[int, ...]]:
    """The higher of two counts of each case."""
    return {case: _higher(one.get(case), other.get(case)) for case in sorted({*one, *other})}


def fresh(cases: Sequence[Case], counts: Counts) -> tuple[Case, ...]:
    """Those cases that may still confirm: not used up, and seen by nobody."""
    return tuple(case for case in cases if (of := counts.get(case.name)) is None or (of[0] < PLANNED and not of[2]))


def uses(cases: Sequence[Case], counts: Counts) -> int:
    """How often these cases have confirmed, as the one of them that did so most."""
    return max((counts.get(case.name, (0,))[0] for case in cases), default=0)


def _higher(one: tuple[int, ...] | None, other: tuple[int, ...] | None) -> tuple[int, ...]:
    if one is None or other is None:
        return one or other or (0, 0, 0)
    return tuple(max(pair) for pair in zip(one, other, strict=True))


def _name(behavior: str) -> str:
    return f"confirmations of {behavior}"
