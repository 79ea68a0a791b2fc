"""How far a skill is, by what is there; and a skill that is ready, put where hosts look and watched from then on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from autotune.core.skills.package import Flaw, Package
from autotune.core.skills.readiness import Readiness, Suite, command, readiness
from autotune.errors import AutotuneError
from autotune.records.store import Store
from autotune.rollout import deploying as rollouts
from autotune.rollout.snapshots import hash_of
from autotune.skills import deploying, packages, results, suites
from autotune.skills.deploying import PUBLISHED
from autotune.skills.installed import SLOT, Skill
from autotune.skills.looking import Seen


@dataclass(frozen=True, slots=True)
class Looked:
    """A skill as it is there: its package, what is wrong with it, its suite, and how far it is."""

    skill: Skill
    package: Package
    flaws: tuple[Flaw, ...]
    suite: Suite | None
    readiness: Readiness


def look(store: Store, skill: Skill) -> Looked:
    """Look how far a skill is."""
    package = packages.read(skill.folder, skill.folder.resolve().name)
    flaws, suite = packages.checked(package), _suite(skill)
    return Looked(skill, package, flaws, suite, readiness(flaws, package.fingerprint, suite, results.results(store, skill.name)))


def publish(looked: Looked, seen: Seen, now_ms: int, *, to: Path | None, unready: bool, dry_run: bool) -> tuple[Skill, bool]:
    """Publish a skill where it is, or in another folder of skills; gives where it is then, and whether anything was done.

    Raises AutotuneError where it is not ready.
    """
    skill = looked.skill
    if stops := [one for one in looked.flaws if one.stops]:
        raise AutotuneError(
            f"{skill.name} cannot be published: {len(stops)} things have to be mended.", f"see `autotune skills check {skill.name}`"
        )
    if not looked.readiness.ready and not unready:
        missing = ", ".join(one.step for one in looked.readiness.steps if not one.done)
        hint = f"`{command(looked.readiness.next, skill.name, looked.suite)}` is next; --unready publishes it at your word"
        raise AutotuneError(f"{skill.name} is not ready: {missing}.", hint)
    there = skill if to is None else replace(skill, folder=(to.expanduser().absolute() / skill.folder.resolve().name))
    deploying.refuse(there)
    version = hash_of(skill.folder)
    done = any(one.why == PUBLISHED and one.changes[0].after == version for one in deploying.versions(there)[-1:])
    if not done and not dry_run:
        _place(looked, there, seen, now_ms)
    return there, not done


def _place(looked: Looked, there: Skill, seen: Seen, now_ms: int) -> None:
    data = deploying.facts(there, looked.package, seen, now_ms)
    with rollouts.opened(deploying.target_of(there), "autotune skills publish", now_ms, deploying.besides) as rollout:
        version = rollout.take(looked.skill.folder)
        if there.folder.resolve() == looked.skill.folder.resolve():
            rollout.adopt(SLOT, now_ms, data)
        elif there.folder.exists() and SLOT not in rollout.state.placed:
            raise AutotuneError(f"{there.folder} is there already.", "deploy to it: `autotune skills deploy PATH --from PATH`")
        rollout.change({SLOT: version}, PUBLISHED, now_ms, {**data, "origin": str(looked.skill.folder)})


def _suite(skill: Skill) -> Suite | None:
    """What is known of a skill's cases; None where it has none."""
    place = suites.place_of(skill, Path.home())
    if not place.suite.is_file():
        return None
    suite = suites.read(place)
    return Suite(suites.version(suite, place.suite.parent), *suite.counts.values())
