"""How a deployed skill does since: by records from its cut on alone, against the record of the version before."""

from __future__ import annotations

from autotune.core.rollout import afterwards
from autotune.core.rollout.afterwards import Record, Watch
from autotune.core.skills.aftermath import Aftermath, Fate, after, stood, taken_up
from autotune.core.skills.rates import LEAST, Standing
from autotune.edges.clock import moment
from autotune.rollout import deploying as rollouts
from autotune.skills import deploying
from autotune.skills.deploying import DEPLOYED, PUBLISHED, TAKEN_BACK
from autotune.skills.installed import Skill
from autotune.skills.looking import Seen

_DAY_MS = 86_400_000


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
