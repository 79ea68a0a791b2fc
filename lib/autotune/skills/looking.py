"""The records read back as turns, and the skills that they know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autotune.core.skills.namesakes import SEPARATOR, plain, told_apart
from autotune.core.skills.rates import Missed, Sign, Standing, current, standing
from autotune.core.skills.stored import TURNS, unfolded
from autotune.core.skills.turns import Turn
from autotune.records.store import Store

WINDOW = 200  # sessions, the newest
_NEWEST = "SELECT content FROM record WHERE kind = ? ORDER BY at_ms DESC LIMIT ?"
_LABELS = "SELECT id, content FROM record WHERE kind = ? AND origin = ?"
LABEL, JUDGED = "skill label", "skill judgement"


@dataclass(frozen=True, slots=True)
class Seen:
    """The turns of the newest sessions, session by session, the one that went on last at the end.

    `labels` say by skill and a turn's position whether the skill fits it, by a person's word, `judged` by a model's.
    """

    turns: Sequence[Turn]
    sessions: int
    labels: dict[str, dict[int, bool]]
    judged: dict[str, dict[int, bool]] = field(default_factory=dict)

    def skills(self) -> list[str]:
        """Every skill that was offered to a turn of a human, or fired."""
        return sorted({name for turn in self.turns if turn.human for name in (*turn.offered, *(one.name for one in turn.fired))})

    def called(self, name: str, folder: Path) -> str:
        """What the skill in a folder is called here: its name, with its project where several skills have that name."""
        namesakes = [one for one in self.skills() if plain(one) == name and one != name]
        within = [one for one in namesakes if folder.is_relative_to(one.partition(SEPARATOR)[2])]
        return max(within, key=len, default=name)

    def standing(self, name: str, *, alike: bool = True) -> Standing:
        """How one skill stands under its newest description; without `alike`, no mere candidates are searched for."""
        said, judged = self.labels.get(name, {}), {place for place, fits in self.judged.get(name, {}).items() if fits}
        one = standing(name, current(name, self.turns), {**dict.fromkeys(judged, True), **said}, alike=alike)
        if not judged - said.keys():
            return one
        missed = [replace(found, sign=Sign.JUDGED) if _is_judged(found, judged - said.keys()) else found for found in one.missed]
        return replace(one, missed=tuple(missed))


def seen(store: Store, window: int = WINDOW) -> Seen:
    """Read the newest sessions."""
    rows = store.connection.execute(_NEWEST, (TURNS, window))
    sessions = [unfolded(json.loads(content)) for (content,) in rows]
    sessions.sort(key=lambda session: max((turn.at for turn in session), default=""))
    found = told_apart([turn for session in sessions for turn in session])
    return Seen(found, len(sessions), _labels(store, found, LABEL), _labels(store, found, JUDGED))


def _is_judged(found: Missed, judged: set[int]) -> bool:
    """Whether a missed trigger is known by a judge's word alone."""
    return found.sign is Sign.LABEL and found.turn in judged


def _called(name: str, turn: Turn) -> str:
    """What a skill is called in a turn today: since it was labelled, another one of its name may have come."""
    names = (*turn.offered, *(one.name for one in turn.fired))
    return name if name in names else next((one for one in names if plain(one) == plain(name)), name)


def _labels(store: Store, found: Sequence[Turn], kind: str) -> dict[str, dict[int, bool]]:
    places = {(turn.session, turn.agent, turn.at): place for place, turn in enumerate(found)}
    labels = dict[str, dict[int, bool]]()
    for _, content in store.connection.execute(_LABELS, (kind, kind)):
        said = json.loads(content)
        place = places.get((said["session"], said["agent"], said["at"]))
        if place is not None:
            labels.setdefault(_called(said["skill"], found[place]), {})[place] = said["fits"]
    return labels
