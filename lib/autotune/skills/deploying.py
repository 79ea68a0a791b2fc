"""A skill's new version put where its host reads it, and every earlier one kept, byte for byte.

A folder that no repository tracks is replaced as a whole, and only where it is what was put there last. A folder that a repository tracks
changes by a merge that you asked for. Each deployment is in a chained log, with what the skill was like before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autotune.core.rollout import afterwards
from autotune.core.rollout.events import Intent, State
from autotune.core.skills.aftermath import TAKEN_UP_MS, stood
from autotune.core.skills.package import Flaw, Package
from autotune.core.skills.rates import LEAST, current
from autotune.core.skills.seen import digest_of
from autotune.edges import git
from autotune.edges.scratch import temporary
from autotune.errors import AutotuneError
from autotune.rollout import deploying as rollouts
from autotune.rollout import snapshots
from autotune.rollout.deploying import Target
from autotune.rollout.snapshots import hash_of
from autotune.skills import candidates, merging, packages
from autotune.skills.candidates import Candidate, Kept
from autotune.skills.installed import SLOT, Scope, Skill, repository_of, target_at
from autotune.skills.looking import Seen

DEPLOYED, TAKEN_BACK, PUBLISHED = "deployed", "taken back", "published"
_WHAT = "autotune skills deploy"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment is, or would be. `reload` says that the host has to be told."""

    skill: Skill
    candidate: Candidate
    package: Package
    flaws: tuple[Flaw, ...]
    before: str
    after: str
    branch: str | None
    reload: bool
    done: bool = False


def target_of(skill: Skill) -> Target:
    """What is deployed to where a skill is."""
    return target_at(skill.folder)


def needs_reload(skill: Skill) -> bool:
    """Whether a running client takes a change up only when it is told to."""
    return skill.scope is Scope.PLUGIN


def refuse(skill: Skill) -> None:
    """Raise AutotuneError where a skill can have no deployment."""
    if skill.scope is Scope.CACHE:
        raise AutotuneError(
            f"{skill.name} is in an installed plugin's cache, which the plugin's next update replaces.",
            "deploy to the plugin's own source, by the path of the skill's folder there",
        )
    if skill.hidden_by is not None:
        raise AutotuneError(
            f"Your own skill in {skill.hidden_by} hides the project's {skill.name}: no session would see what is deployed.",
            "rename one of them, or deploy to yours",
        )


def deploy(
    skill: Skill,
    seen: Seen,
    now_ms: int,
    *,
    said: str | None = None,
    merge: bool = False,
    unproven: bool = False,
    adopt: bool = False,
    dry_run: bool = False,
) -> Deployment:
    """Deploy a candidate: the one that is named, else the newest that a session kept. Raises AutotuneError for each refusal."""
    refuse(skill)
    repository = repository_of(skill.folder)
    if not dry_run:
        finish(skill, now_ms)
    with temporary("autotune-skill-") as scratch:
        candidate = _candidate(skill, said, scratch)
        plan, merged = _plan(skill, candidate, repository, scratch)
        if plan.before == plan.after:
            return plan
        _refuse_flawed(plan)
        if not candidate.proven and not unproven:
            hint = f"`autotune skills improve {skill.name}` measures; --unproven deploys it at your word"
            raise AutotuneError(f"Nothing shows that this version of {skill.name} is better.", hint)
        if repository is not None and not merge:
            hint = f"--merge has it merged into {plan.branch}; by hand it is `git merge {candidate.commit and candidate.commit[:12]}`"
            raise AutotuneError(f"{skill.folder} is tracked in {repository.top}, so deploying is a merge that you ask for.", hint)
        if repository is not None:
            merging.refuse_unclean(repository, skill.folder)
        if dry_run:
            return plan
        whence = {name: getattr(candidate, name) for name in ("origin", "session", "experiment", "proven")}
        data = {**facts(skill, plan.package, seen, now_ms), **whence, "merge": merged}
        with rollouts.opened(target_of(skill), _WHAT, now_ms, besides, adopt=adopt or repository is not None) as rollout:
            _begin(rollout, skill, now_ms)
            folder = candidate.content if repository is None else scratch / "folder"
            rollout.change({SLOT: rollout.take(folder)}, DEPLOYED, now_ms, data)
    return replace(plan, done=True)


def finish(skill: Skill, now_ms: int) -> None:
    """Finish what a killed command had begun. Raises AutotuneError where the folder was changed since."""
    if rollouts.read(target_of(skill)).pending is not None:
        with rollouts.opened(target_of(skill), _WHAT, now_ms, besides, adopt=repository_of(skill.folder) is not None):
            pass


def roll_back(skill: Skill, said: str | None, now_ms: int, *, adopt: bool = False, dry_run: bool = False) -> tuple[str, str]:
    """Bring an earlier version back: the one before, or a named one; gives what was there and what is. Raises AutotuneError."""
    refuse(skill)
    if (repository := repository_of(skill.folder)) is not None:
        merging.refuse_unclean(repository, skill.folder)
    with rollouts.opened(target_of(skill), "autotune skills rollback", now_ms, besides, adopt=adopt or repository is not None) as rollout:
        state = rollout.state
        version = _before(state, skill) if said is None else _version(state, said, skill)
        now = str(state.placed.get(SLOT))
        if version != now and not dry_run:
            package = packages.read(snapshots.content(target_of(skill).store, version), skill.folder.name)
            rollout.change({SLOT: version}, TAKEN_BACK, now_ms, {**_shown(skill, package), "cut_ms": _cut(skill, now_ms)})
    return now, version


def versions(skill: Skill) -> tuple[Intent, ...]:
    """Every deployment of a skill, the oldest first."""
    return rollouts.read(target_of(skill)).deployments


def besides(intent: Intent) -> None:
    """The merge of a deployment, where it has one: done once, however often it is asked for."""
    if said := intent.data.get("merge"):
        merging.take_up(merging.Merge(Path(said["repository"]), said["branch"], said["onto"], said["commit"]))


def waiting(skill: Skill) -> Kept | None:
    """The newest version that a session kept and that was not deployed yet."""
    home = candidates.home_of(skill)
    if home is None:
        return None
    deployed = {made.data.get("session") for made in versions(skill)} if home.workshop else set()
    return next((one for one in candidates.kept(home, skill) if one.session not in deployed), None)


def _candidate(skill: Skill, said: str | None, scratch: Path) -> Candidate:
    if said is not None:
        return candidates.named(said, skill, scratch)
    home, found = candidates.home_of(skill), waiting(skill)
    if home is None or found is None:
        raise AutotuneError(
            f"No session kept a version of {skill.name} that was not deployed yet.",
            f"`autotune skills improve {skill.name}` makes one; `autotune skills rollback {skill.name} --list` shows those that were",
        )
    return candidates.laid_out(home, found, scratch)


def _plan(
    skill: Skill, candidate: Candidate, repository: git.Repository | None, scratch: Path
) -> tuple[Deployment, Mapping[str, str] | None]:
    folder, merged, branch = candidate.content, None, None
    if repository is not None:
        if candidate.commit is None:
            hint = "commit it on a branch there, then name the branch with --from"
            raise AutotuneError(f"{skill.folder} is tracked in {repository.top}, and {candidate.origin} is no commit of it.", hint)
        merge = merging.planned(repository, candidate.commit, f"Deploy {skill.name} ({candidate.origin})\n")
        merged = {"repository": str(merge.repository), "branch": merge.branch, "onto": merge.onto, "commit": merge.commit}
        folder, branch = merging.folder_as_merged(repository, skill.folder, merge.commit, scratch), merge.branch
    package = packages.read(folder, skill.folder.resolve().name)
    plan = Deployment(
        skill,
        candidate,
        package,
        packages.checked(package),
        str(hash_of(skill.folder)),
        str(hash_of(folder)),
        branch,
        needs_reload(skill),
    )
    return plan, merged


def _refuse_flawed(plan: Deployment) -> None:
    from autotune.core.tell.skill_folders import flaw

    stops = [one for one in plan.flaws if one.stops]
    if stops:
        first = f"{stops[0].path}: {flaw(stops[0])}"
        raise AutotuneError(
            f"This version of {plan.skill.name} must not be deployed. {first}.", "mend it; `autotune skills check PATH` shows all of it"
        )


def _begin(rollout: rollouts.Rollout, skill: Skill, now_ms: int) -> None:
    """Keep what is there before the first deployment."""
    if SLOT not in rollout.state.placed:
        rollout.adopt(SLOT, now_ms, _shown(skill, packages.read(skill.folder, skill.folder.resolve().name)))


def facts(skill: Skill, package: Package, seen: Seen, now_ms: int) -> dict[str, Any]:
    """What the line of a deployment holds: by what the version is seen, from when on it counts, and how the one before did."""
    name = seen.called(skill.name, skill.folder)
    before, made_of = stood(name, current(name, seen.turns), seen.labels.get(name, {}))
    record = afterwards.frozen(
        [float(fired) for fired in made_of.fired] if before.recall.of >= LEAST else [],
        {"wrong": sum(made_of.wrong)} if before.fired >= LEAST else {},
        before.fired,
    )
    return {
        **_shown(skill, package),
        "cut_ms": _cut(skill, now_ms),
        "record": {"least_score": record.least_score, "most_failures": dict(record.most_failures)},
    }


def _shown(skill: Skill, package: Package) -> dict[str, Any]:
    return {"skill": skill.name, "digest": digest_of(skill.name, package.listed), "fingerprint": package.fingerprint}


def _cut(skill: Skill, now_ms: int) -> int | None:
    """From when on sessions show a change; None where they have to be told, so that only their listings say."""
    return None if needs_reload(skill) else now_ms + TAKEN_UP_MS


def _before(state: State, skill: Skill) -> str:
    """The version before the one that is there: a version that is taken back leaves no trace in the row of versions."""
    row = list[str]()
    for one in state.deployments:
        version = str(one.changes[0].after)
        if one.why == TAKEN_BACK and version in row:
            del row[row.index(version) + 1 :]
        elif row[-1:] != [version]:
            row.append(version)
    if len(row) > 1:
        return row[-2]
    raise AutotuneError(
        f"There is no earlier version of {skill.name}.", f"`autotune skills rollback {skill.name} --list` shows those that are kept"
    )


def _version(state: State, said: str, skill: Skill) -> str:
    """The version that a number of a deployment or the beginning of a hash names."""
    known = [(str(change.after), one.number) for one in state.deployments for change in one.changes if change.after is not None]
    found = {version for version, number in known if version.startswith(said) or str(number) == said.removeprefix("#")}
    if len(found) != 1:
        what = "no version" if not found else "several versions"
        raise AutotuneError(f"{said} names {what} of {skill.name}.", f"`autotune skills rollback {skill.name} --list` shows them")
    return found.pop()
