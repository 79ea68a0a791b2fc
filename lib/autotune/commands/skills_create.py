"""`autotune skills create` and `autotune skills check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.skills_seen import all_seen
from autotune.core.codec import encode
from autotune.core.tell import skill_folders as words
from autotune.errors import AutotuneError

NameOrPath = Annotated[str, typer.Argument(metavar="NAME|PATH", help="The skill: its name, or its folder.")]


def create(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The new skill's name.", show_default=False)] = None,
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What it does, and when to use it.")] = "",
    place: Annotated[Path | None, typer.Option("--in", metavar="FOLDER", help="The folder that gets it; usually .claude/skills.")] = None,
    user: Annotated[bool, typer.Option("--user", help="Make it yours in all projects: in ~/.claude/skills.")] = False,
    workflow: Annotated[
        int | None, typer.Option("--from-workflow", metavar="N", min=1, help="Take the steps of a workflow of `skills workflows`.")
    ] = None,
    other: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The same as NAME, also for one that is a word of ours.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a new skill: its folder, SKILL.md and a page of references."""
    from autotune.edges import git
    from autotune.skills import creating

    steps = _steps(workflow)
    chosen = other or name or "-then-".join(step.rpartition(":")[2] for step in steps)
    if not chosen:
        raise typer.BadParameter("name the new skill", param_hint="NAME")
    repository = None if user else git.discover(Path.cwd())
    above = place or creating.usual_place(Path.home(), None if repository is None else repository.top)
    files = creating.scaffold(chosen, description, steps)
    folder, fresh = (above / chosen).absolute(), repository is not None and place is None and not above.is_dir()
    if not dry_run:
        creating.make(folder, files)
    said = {"name": chosen, "folder": str(folder), "files": sorted(files), "dry_run": dry_run}
    answered(words.created(chosen, str(folder), sorted(files), fresh=fresh, dry_run=dry_run), said, as_json=as_json)


def check(name: NameOrPath, as_json: AsJson = False) -> None:
    """Check a skill's folder: the open specification, links, size, and secrets.

    The exit code is 1 if something has to be mended. Fields that Claude Code knows are allowed.
    """
    from autotune.skills import installed, packages

    found = installed.named(name, Path.home(), Path.cwd())
    package = packages.read(found.folder)
    flaws = packages.checked(package)
    said = {
        "skill": found.name,
        "folder": str(found.folder),
        "fingerprint": package.fingerprint,
        "flaws": [{**encode(one), "stops": one.stops, "words": words.flaw(one)} for one in flaws],
    }
    answered(words.checked(package, flaws, str(found.folder)), said, as_json=as_json)
    raise typer.Exit(any(one.stops for one in flaws))


def _steps(workflow: int | None) -> tuple[str, ...]:
    if workflow is None:
        return ()
    from autotune.core.skills.workflows import workflows

    known = workflows(all_seen().turns)
    if workflow > len(known):
        raise AutotuneError(f"There is no workflow {workflow}.", "`autotune skills workflows` numbers those that were seen")
    return known[workflow - 1].skills
