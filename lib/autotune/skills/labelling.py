"""What a person or a judge says of a turn: whether a skill fits it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from autotune.core.skills.rates import Sign
from autotune.records.keeping import keep_said
from autotune.records.store import Store
from autotune.skills.looking import JUDGED, LABEL, Seen
from autotune.skills.misses import silent


def worth_asking(seen: Seen, skill: str) -> list[int]:
    """The turns whose label tells most: those that are like others that fired, those in which it fired, those in which nothing did."""
    known, one = seen.labels.get(skill, {}), seen.standing(skill)
    alike = [found.turn for found in one.missed if found.sign is Sign.ALIKE]
    fired = [place for place, turn in enumerate(seen.turns) if turn.human and turn.by_model(skill)]
    order = dict.fromkeys([*alike[::-1], *fired[::-1], *silent(seen, skill)])
    return [place for place in order if place not in known]


def keep(store: Store, seen: Seen, skill: str, labels: Mapping[int, bool], now_ms: int, by: str | None = None) -> None:
    """Write down what a person says, or a judge `by` its name, all or nothing; a newer one takes the place of an older."""
    kind, judge = (LABEL, {}) if by is None else (JUDGED, {"by": by})
    with store.transaction() as connection:
        for place, fits in labels.items():
            turn = seen.turns[place]
            own = f"{skill}\n{turn.session}\n{turn.agent}\n{turn.at}"
            said = {"skill": skill, "session": turn.session, "agent": turn.agent, "at": turn.at, "fits": fits, **judge}
            keep_said(connection, kind, own, json.dumps(said), now_ms, of=skill, conversation=turn.session)
