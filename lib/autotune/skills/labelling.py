"""What a person says of a turn: whether a skill fits it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from autotune.core.records.places import case_id, part_of, unit_of
from autotune.core.skills.rates import Sign
from autotune.records.store import Store
from autotune.skills.looking import LABEL, Seen

_INSERT = """INSERT INTO record (kind, origin, id, case_id, position, at_ms, conversation, part, applies, shown, content)
VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, '{}', ?) ON CONFLICT (kind, origin, id) DO UPDATE SET content = excluded.content"""


def worth_asking(seen: Seen, skill: str) -> list[int]:
    """The turns whose label tells most, the newest first: those that are like others that fired, then those in which it fired."""
    known, one = seen.labels.get(skill, {}), seen.standing(skill)
    alike = [found.turn for found in one.missed if found.sign is Sign.ALIKE]
    fired = [place for place, turn in enumerate(seen.turns) if turn.human and turn.by_model(skill)]
    return [place for place in (*alike[::-1], *fired[::-1]) if place not in known]


def keep(store: Store, seen: Seen, skill: str, labels: Mapping[int, bool], now_ms: int) -> None:
    """Write labels down, all or none; a newer one takes the place of an older."""
    with store.transaction() as connection:
        for place, fits in labels.items():
            turn = seen.turns[place]
            own = f"{skill}\n{turn.session}\n{turn.agent}\n{turn.at}"
            said = {"skill": skill, "session": turn.session, "agent": turn.agent, "at": turn.at, "fits": fits}
            part = str(part_of(unit_of(None, turn.session, own)))
            values = (LABEL, LABEL, own, case_id(LABEL, own), now_ms, turn.session, part, json.dumps([skill]), json.dumps(said))
            connection.execute(_INSERT, values)
