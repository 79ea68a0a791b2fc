"""How a deployed skill does since: by records from its cut on alone, against the record of the version before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from autotune.core.rollout import afterwards
from autotune.core.rollout.afterwards import Record, Watch
from autotune.core.rollout.events import Intent
from autotune.core.skills.aftermath import after, stood, taken_up
from autotune.core.skills.rates import LEAST, Standing
from autotune.core.skills.turns import Turn
from autotune.rollout import deploying as rollouts
from autotune.skills import deploying
from autotune.skills.deploying import DEPLOYED, PUBLISHED, TAKEN_BACK
from autotune.skills.installed import Skill
from autotune.skills.looking import Seen

_DAY_MS = 86_400_000


class Fate(StrEnum):
    """How a deployed version stands. Without evidence it is unmeasured, and never regressed."""

    NEVER = "never deployed"
    NOT_SEEN = "not seen yet"  # no session has shown it
    UNMEASURED = "unmeasured"
    WATCHED = "watched"  # measured, and nothing speaks against it
    REGRESSED = "regressed"
    OVER = "watch over"


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is known of the newest deployment: when it was, when it counts from, which turn showed it first, how the skill stands since."""

    skill: str
    fate: Fate
    deployment: Intent | None = None
    cut: str = ""
    shown: Turn | None = None
    standing: Standing | None = None
    about: str | None = None
    odds: Mapping[str, float] = field(default_factory=dict)
    days: float = 0.0


def aftermath(skill: Skill, seen: Seen, now_ms: int) -> Aftermath:
    """How the version does that is there."""
    made = [one for one in rollouts.read(deploying.target_of(skill)).deployments if one.why in {DEPLOYED, TAKEN_BACK, PUBLISHED}]
    if not made:
        return Aftermath(skill.name, Fate.NEVER)
    newest = made[-1]
    name = seen.called(skill.name, skill.folder)
    labels, digest = seen.labels.get(name, {}), str(newest.data.get("digest", ""))
    cut = moment(newest.data["cut_ms"] or newest.at_ms)
    shown = taken_up(name, seen.turns, cut, digest)
    if newest.data["cut_ms"] is None:
        cut = shown.at if shown is not None else moment(now_ms)
    standing, made_of = stood(name, after(name, seen.turns, cut, digest), labels)
    said = newest.data.get("record", {})
    record = Record(said.get("least_score"), said.get("most_failures", {}))
    days = (now_ms - newest.at_ms) / _DAY_MS
    scores = [float(fired) for fired in made_of.fired] if standing.recall.of >= LEAST else []
    wrong = made_of.wrong if standing.fired >= LEAST else ()
    look = afterwards.watched(record, scores, {"wrong": wrong}, days)
    fate = _fate(look.watch, standing, seen=shown is not None)
    return Aftermath(skill.name, fate, newest, cut, shown, standing, look.about, look.odds, days)


def _fate(look: Watch, standing: Standing, *, seen: bool) -> Fate:
    if look is Watch.TAKE_BACK:
        return Fate.REGRESSED
    if look is Watch.OVER:
        return Fate.OVER
    if not seen and not standing.offered and not standing.fired:
        return Fate.NOT_SEEN
    return Fate.UNMEASURED if standing.recall.value is None else Fate.WATCHED


def moment(at_ms: int) -> str:
    """A time as hosts write it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
