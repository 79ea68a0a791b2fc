"""How often cases have confirmed, in all sessions of the repository: held in the git common folder, by working directory and id.

So is which of them you looked at one by one: they decide no more, for who saw them may fit them.

It is counted before the ledger says that a confirmation begins, so that one that is killed in between counts too many rather than too few.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from autotune.core.cases.confirming import Count, is_spent, planned_for, used
from autotune.core.facts import Fact, Kind
from autotune.edges import locks
from autotune.edges.atomic import replace_file
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.session.layout import root
from autotune.loop.session.session import Session

FILE, LOCK, WAITS_S = "confirmations.json", "confirmations.lock", 10.0
_NEVER = [0, 0, 0]


def _next(session: Session, mine: Mapping[str, Sequence[int]]) -> Count:
    cases = session.state.segment.split.confirm
    kept = min((mine.get(case.name, _NEVER)[1] for case in cases), default=0)
    return Count(used(cases, {name: one[0] for name, one in mine.items()}) + 1, planned_for(cases), kept)


def spent(session: Session) -> Fact | None:
    """Say that the cases that confirm may not do so again; None where they may."""
    mine = _mine(session)
    pool, seen = _next(session, mine), sum(mine.get(case.name, _NEVER)[2] for case in session.state.segment.split.confirm)
    figures = {"used": pool.number - 1, "planned": pool.planned, **({"seen": seen} if seen else {})}
    return Fact(Kind.POOL_SPENT, figures) if is_spent(pool, seen=seen > 0) else None


def mark_seen(session: Session, cases: Iterable[str]) -> None:
    """Note that you looked at how these cases did, by their ids: what they are among decides no more."""
    with _changing(session.repository, session.state.segment.opened.workdir) as mine:
        mine.update({name: [*mine.get(name, _NEVER)[:2], 1] for name in cases})


def count(session: Session, *, kept: bool = False) -> Count:
    """Count one more confirmation on the session's cases, or a keep that one gave; gives what the confirmation is."""
    with _changing(session.repository, session.state.segment.opened.workdir) as mine:
        found = _next(session, mine)
        for case in session.state.segment.split.confirm:
            uses, keeps, seen = mine.get(case.name, _NEVER)
            mine[case.name] = [uses, keeps + 1, seen] if kept else [found.number, keeps, seen]
    return found


def held(repository: Repository, workdir: str = "") -> dict[str, tuple[int, ...]]:
    """Give what is counted of each case: confirmations, keeps that they gave, and 1 once it was seen."""
    return {name: tuple(one) for name, one in _held(repository).get(workdir, {}).items()}


def merge(repository: Repository, counts: Mapping[str, Sequence[int]], workdir: str = "") -> None:
    """Take over what was counted elsewhere: of two counts of a case the higher one holds."""
    root(repository).mkdir(exist_ok=True)
    with _changing(repository, workdir) as mine:
        mine.update({name: [max(pair) for pair in zip(mine.get(name, _NEVER), one, strict=True)] for name, one in counts.items()})


@contextmanager
def _changing(repository: Repository, workdir: str) -> Iterator[dict[str, list[int]]]:
    """Give the counts of a folder's cases to be changed, which are written at the end."""
    with locks.hold(root(repository) / LOCK, "confirmations", WAITS_S):
        known = _held(repository)
        yield known.setdefault(workdir, {})
        short = {folder: {name: one if one[2] else one[:2] for name, one in cases.items()} for folder, cases in known.items()}
        replace_file(root(repository) / FILE, json.dumps(short, separators=(",", ":")).encode())


def _mine(session: Session) -> Mapping[str, Sequence[int]]:
    return _held(session.repository).get(session.state.segment.opened.workdir, {})


def _held(repository: Repository) -> dict[str, dict[str, list[int]]]:
    """Read the counts, by folder and case."""
    path = root(repository) / FILE
    try:
        held: Any = json.loads(path.read_bytes())
        return {folder: {name: _three(one) for name, one in cases.items()} for folder, cases in held.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        hint = "it counts how often cases have decided: put back an older copy, or delete it and take other cases"
        raise AutotuneError(f"{path} cannot be read.", hint) from None


def _three(held: list[object]) -> list[int]:
    """Read what is held of a case; whether it was seen is left out where it was not."""
    uses, keeps, seen = (*held, 0)[:3]
    return [int(str(uses)), int(str(keeps)), int(str(seen))]
