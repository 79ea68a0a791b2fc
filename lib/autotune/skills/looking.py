"""The records read back as turns, and the skills that they know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from autotune.core.skills.rates import Standing, current, standing
from autotune.core.skills.stored import KIND, from_mapping
from autotune.core.skills.turns import Turn, turns
from autotune.records.store import Store

WINDOW = 200  # sessions, the newest
_NEWEST = "SELECT conversation FROM record WHERE kind = ? GROUP BY conversation ORDER BY max(at_ms) DESC LIMIT ?"
_ROWS = f"""SELECT conversation, content FROM record WHERE kind = ? AND conversation IN ({_NEWEST})
ORDER BY conversation, file_id, position, record_id"""  # noqa: S608 - constants
_LABELS = "SELECT id, content FROM record WHERE kind = ? AND origin = ?"
LABEL = "skill label"


@dataclass(frozen=True, slots=True)
class Seen:
    """The turns of the newest sessions, session by session, the one that went on last at the end.

    `labels` say by skill and a turn's position whether the skill fits it.
    """

    turns: Sequence[Turn]
    sessions: int
    labels: dict[str, dict[int, bool]]

    def skills(self) -> list[str]:
        """Every skill that was offered to a turn of a human, or fired."""
        return sorted({name for turn in self.turns if turn.human for name in (*turn.offered, *(one.name for one in turn.fired))})

    def standing(self, name: str) -> Standing:
        """How one skill stands under its newest description."""
        return standing(name, current(name, self.turns), self.labels.get(name))


def seen(store: Store, window: int = WINDOW) -> Seen:
    """Read the newest sessions."""
    sessions = list[list[Turn]]()
    rows = store.connection.execute(_ROWS, (KIND, KIND, window))
    for conversation, held in groupby(rows, key=lambda row: row[0]):
        sessions.append(turns((from_mapping(json.loads(content)) for _, content in held), str(conversation)))
    sessions.sort(key=lambda session: max((turn.at for turn in session), default=""))
    found = [turn for session in sessions for turn in session]
    return Seen(found, len(sessions), _labels(store, found))


def _labels(store: Store, found: Sequence[Turn]) -> dict[str, dict[int, bool]]:
    places = {(turn.session, turn.agent, turn.at): place for place, turn in enumerate(found)}
    labels = dict[str, dict[int, bool]]()
    for _, content in store.connection.execute(_LABELS, (LABEL, LABEL)):
        said = json.loads(content)
        place = places.get((said["session"], said["agent"], said["at"]))
        if place is not None:
            labels.setdefault(said["skill"], {})[place] = said["fits"]
    return labels
