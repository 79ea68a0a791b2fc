"""How often cases have confirmed, in all sessions of the repository: held in the git common folder, by working directory and id.

It is counted before the ledger says that a confirmation begins, so that one that is killed in between counts too many rather than too few.
"""

from __future__ import annotations

import json
from typing import Any

from autotune.core.cases.confirming import PLANNED, Count, used
from autotune.core.facts import Fact, Kind
from autotune.edges import locks
from autotune.edges.atomic import replace_file
from autotune.errors import AutotuneError
from autotune.loop.session.layout import root
from autotune.loop.session.session import Session

FILE, LOCK, WAITS_S = "confirmations.json", "confirmations.lock", 10.0
_Held = dict[str, dict[str, list[int]]]  # by working directory and case: how often it confirmed, and how many keeps that gave


def next_of(session: Session) -> Count:
    """Give which confirmation on the session's cases the next one is."""
    mine = _read(session).get(session.state.segment.opened.workdir, {})
    cases = session.state.segment.split.confirm
    kept = min((mine.get(case.name, [0, 0])[1] for case in cases), default=0)
    return Count(used(cases, {name: uses for name, (uses, _) in mine.items()}) + 1, PLANNED, kept)


def spent(session: Session) -> Fact | None:
    """Say that the cases that confirm may not do so again; None where they may."""
    before = next_of(session).number - 1
    return Fact(Kind.POOL_SPENT, {"used": before, "planned": PLANNED}) if before >= PLANNED else None


def count(session: Session, *, kept: bool = False) -> Count:
    """Count one more confirmation on the session's cases, or a keep that one gave; gives what the confirmation is."""
    with locks.hold(root(session.repository) / LOCK, "confirmations", WAITS_S):
        found, held = next_of(session), _read(session)
        mine = held.setdefault(session.state.segment.opened.workdir, {})
        for case in session.state.segment.split.confirm:
            uses, keeps = mine.get(case.name, [0, 0])
            mine[case.name] = [uses, keeps + 1] if kept else [found.number, keeps]
        replace_file(root(session.repository) / FILE, json.dumps(held, separators=(",", ":")).encode())
    return found


def _read(session: Session) -> _Held:
    path = root(session.repository) / FILE
    try:
        held: Any = json.loads(path.read_bytes())
        return {folder: {name: [int(uses), int(keeps)] for name, (uses, keeps) in cases.items()} for folder, cases in held.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        hint = "it counts how often cases have decided: put back an older copy, or delete it and take other cases"
        raise AutotuneError(f"{path} cannot be read.", hint) from None
