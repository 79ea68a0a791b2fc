"""What was done about skills: which were tried to be improved, and which complaints that answered.

A complaint is handled once an improvement of its skill was decided that began after it; to look at it, or to fail, handles nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from autotune.core.skills.choosing import signals
from autotune.records.keeping import keep_said
from autotune.records.store import Store
from autotune.skills.looking import Seen

TRY, SIGNAL = "skill try", "skill signal"
Complaint = tuple[str, str, str, str]
"""A skill, and the session, the agent and the time of the turn in which it was silent."""


def complaints(seen: Seen, skill: str) -> tuple[Complaint, ...]:
    """The complaints of a skill that was not used."""
    turns = (seen.turns[place] for place in signals(seen.standing(skill, alike=False)))
    return tuple((skill, turn.session, turn.agent, turn.at) for turn in turns)


def handled(store: Store) -> frozenset[Complaint]:
    """The complaints that were handled."""
    rows = store.rows("SELECT content FROM record WHERE kind = ?", SIGNAL)
    said = [json.loads(str(content)) for (content,) in rows]
    return frozenset((one["skill"], one["session"], one["agent"], one["at"]) for one in said)


def mark(store: Store, found: Iterable[Complaint], session: str | None, now_ms: int) -> int:
    """Note that complaints are handled, by which session; gives how many."""
    marked = 0
    for skill, conversation, agent, at in found:
        said = {"skill": skill, "session": conversation, "agent": agent, "at": at, "by": session}
        _keep(store, SIGNAL, f"{skill}\n{conversation}\n{agent}\n{at}", skill, said, now_ms, conversation)
        marked += 1
    return marked


def tried(store: Store, skill: str, session: str | None, outcome: str, now_ms: int) -> None:
    """Note that a skill was tried to be improved, and what came of it."""
    _keep(store, TRY, f"{skill}\n{now_ms}", skill, {"skill": skill, "session": session, "outcome": outcome, "at_ms": now_ms}, now_ms, None)


def last_tried(store: Store) -> dict[str, int]:
    """When each skill was tried last, in milliseconds."""
    rows = store.rows("SELECT content FROM record WHERE kind = ? ORDER BY at_ms", TRY)
    return {str(one["skill"]): int(one["at_ms"]) for one in (json.loads(str(content)) for (content,) in rows)}


def _keep(store: Store, kind: str, own: str, skill: str, said: object, now_ms: int, conversation: str | None) -> None:
    with store.transaction() as connection:
        keep_said(connection, kind, own, json.dumps(said), now_ms, of=skill, conversation=conversation)
