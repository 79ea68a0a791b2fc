"""`autotune skills deploy`, `skills watch` and `skills rollback`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.skills_create import NameOrPath
from autotune.commands.skills_seen import all_seen
from autotune.core.codec import encode
from autotune.core.skills.aftermath import Aftermath, Fate
from autotune.core.tell import skill_life as words
from autotune.edges.clock import now_ms

Adopt = Annotated[bool, typer.Option("--adopt", help="Keep what you changed there as a version of its own first.")]


def deploy(
    name: NameOrPath,
    source: Annotated[
        str | None, typer.Option("--from", metavar="WHAT", help="A folder, or a branch or commit; usually what a session kept last.")
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge it into the branch that is checked out, where git tracks the skill.")
    ] = False,
    unproven: Annotated[bool, typer.Option("--unproven", help="Deploy what no session has kept.")] = False,
    adopt: Adopt = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put a better version of a skill where its host reads it.

    A folder that is not in a repository is replaced as a whole. One that is needs --merge. What you changed there is never overwritten.
    """
    from autotune.skills import deploying, installed

    skill = installed.named(name, Path.home(), Path.cwd())
    done = deploying.deploy(skill, all_seen(), now_ms(), said=source, merge=merge, unproven=unproven, adopt=adopt, dry_run=dry_run)
    said = {
        "skill": skill.name,
        "folder": str(skill.folder),
        "before": done.before,
        "after": done.after,
        "origin": done.candidate.origin,
        "commit": done.candidate.commit,
        "proven": done.candidate.proven,
        "merged": done.branch,
        "reload": done.reload,
        "done": done.done,
        "dry_run": dry_run,
    }
    answered(words.deployed(said), said, as_json=as_json)


def watch(
    name: NameOrPath,
    take_back: Annotated[bool, typer.Option("--rollback", help="Bring the version before it back, if it regressed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how a skill does since it was deployed, by sessions from then on alone.

    The exit code is 1 if it regressed. Without enough evidence it is unmeasured.
    """
    from autotune.skills import aftermath, deploying, installed

    skill = installed.named(name, Path.home(), Path.cwd())
    deploying.finish(skill, now_ms())
    found = aftermath.aftermath(skill, all_seen(), now_ms())
    regressed = found.fate is Fate.REGRESSED
    gone = deploying.roll_back(skill, None, now_ms()) if regressed and take_back else None
    told = list(words.watched(found))
    if gone is not None:
        told += words.taken_back(skill.name, *gone, tracked=None, dry_run=False, committed=False)
    answered(told, {**as_values(found), "rolled_back": None if gone is None else gone[1]}, as_json=as_json)
    raise typer.Exit(regressed)


def rollback(
    name: NameOrPath,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Its number or how its hash begins; usually the one before.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Show the versions that are kept, and change nothing.")] = False,
    commit: Annotated[bool, typer.Option("--commit", help="Commit it, where git tracks the skill.")] = False,
    adopt: Adopt = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring an earlier version of a skill back, byte for byte."""
    from autotune.rollout.snapshots import hash_of
    from autotune.skills import deploying, installed, merging

    skill = installed.named(name, Path.home(), Path.cwd())
    if show:
        known, now = deploying.versions(skill), str(hash_of(skill.folder))
        rows = [{"number": one.number, "version": one.changes[0].after, "why": one.why, "at_ms": one.at_ms, **one.data} for one in known]
        answered(words.versions(known, now), {"skill": skill.name, "now": now, "versions": rows}, as_json=as_json)
        return
    repository = installed.repository_of(skill.folder)
    unknown = frozenset() if repository is None else merging.differing(repository, skill.folder)
    before, after = deploying.roll_back(skill, version, now_ms(), adopt=adopt, dry_run=dry_run)
    committed = commit and repository is not None and not dry_run and before != after
    if committed and repository is not None:
        merging.commit(repository, merging.differing(repository, skill.folder) - unknown, words.take_back_message(skill.name, after))
    tracked = None if repository is None else str(repository.top)
    said = {"skill": skill.name, "before": before, "after": after, "committed": committed, "dry_run": dry_run}
    answered(words.taken_back(skill.name, before, after, tracked=tracked, dry_run=dry_run, committed=committed), said, as_json=as_json)


def as_values(found: Aftermath) -> dict[str, Any]:
    """Give how a deployed skill does as JSON values."""
    one = found.deployment
    return {
        "skill": found.skill,
        "state": str(found.fate),
        "deployment": None if one is None else {"number": one.number, "at_ms": one.at_ms, "why": one.why, "version": one.changes[0].after},
        "cut": found.cut,
        "shown": None if found.shown is None else {"at": found.shown.at, "session": found.shown.session},
        "standing": None if found.standing is None else encode(found.standing),
        "about": found.about,
        "odds": dict(found.odds),
        "days": found.days,
    }
