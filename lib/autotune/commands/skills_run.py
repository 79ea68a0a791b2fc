"""`autotune skills verify`, `publish`, `run` and `schedule`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autotune.commands import scheduling
from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered, print_lines
from autotune.commands.scheduling import Cron, Install, Launchd, Remove, Systemd
from autotune.commands.skills_create import NameOrPath
from autotune.commands.skills_deploy import as_values
from autotune.commands.skills_seen import records
from autotune.core.codec import encode
from autotune.core.skills.readiness import command
from autotune.core.tell import skill_run as words
from autotune.core.tell.lines import Line
from autotune.edges.clock import now_ms
from autotune.records.sources import Rules
from autotune.records.store import SETTING, opened, usual_path

if TYPE_CHECKING:
    from autotune.skills.installed import Skill
    from autotune.skills.running import Did, Improved, Skip
    from autotune.skills.settings import Settings

_OF_A_RUN = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "PI_CODING_AGENT_DIR", "OPENCODE_DB", "AUTOTUNE_REDACT", SETTING)
"""Variables that say what a run reads, and how."""

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these skills; usually those of skills.toml, else all.")]


def verify(name: NameOrPath, as_json: AsJson = False) -> None:
    """Show what a skill needs before it is published (resources, cases, tests, the real client, a baseline), and the next command.

    The exit code is 1 if something is missing. It looks at what is there and calls nothing.
    """
    from autotune.skills import installed, publishing

    skill = installed.named(name, Path.home(), Path.cwd())
    with records() as store:
        found = publishing.look(store, skill)
    ready = found.readiness
    said = {
        "skill": skill.name,
        "folder": str(skill.folder),
        "ready": ready.ready,
        "steps": [encode(one) for one in ready.steps],
        "state": "ready" if ready.next is None else str(ready.next),
        "next": command(ready.next, skill.name, found.suite),
        "suite": None if found.suite is None else encode(found.suite),
    }
    answered(words.verified(skill.name, str(skill.folder), found.suite, ready), said, as_json=as_json)
    raise typer.Exit(not ready.ready)


def publish(
    name: NameOrPath,
    to: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="A folder of skills that gets it; usually it stays.")] = None,
    unready: Annotated[bool, typer.Option("--unready", help="Publish it although something is missing.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Publish a skill that is ready: keep this version, put it where hosts look, and watch it from now on."""
    from autotune.skills import installed, looking, publishing

    skill = installed.named(name, Path.home(), Path.cwd())
    with records() as store:
        found, seen = publishing.look(store, skill), looking.seen(store)
    there, done = publishing.publish(found, seen, now_ms(), to=to, unready=unready, dry_run=dry_run)
    said = {"skill": there.name, "folder": str(there.folder), "done": done and not dry_run, "dry_run": dry_run}
    answered(words.published(there.name, str(there.folder), done=done, dry_run=dry_run), said, as_json=as_json)


def run(
    names: Names = None,
    most: Annotated[int | None, typer.Option("--max-skills", min=0, metavar="N", help="Improve at most so many.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Do all that is due for your skills: sync, status, choose, improve, deploy, watch.

    `review` in skills.toml says who deploys: you, or `run` itself. Where git tracks a skill, it is always you. Killed, it is run again.
    """
    from autotune.skills import running, settings

    known = running.narrowed(settings.read(settings.found(), os.environ), names or (), most)
    rules = Rules(mask=os.environ.get("AUTOTUNE_REDACT", "1") != "0")
    done: list[Did] = []
    records = partial(opened, usual_path(os.environ.get(SETTING)), write=not dry_run, what="autotune skills run")
    one = running.Pass(records, known, Path.home(), Path.cwd(), rules, _improve, dry_run)
    for did in running.run(one, now_ms):
        done.append(did)
        if not as_json:
            print_lines(_told(did, dry_run=dry_run))
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "steps": [_values(did) for did in done]}, ensure_ascii=False))
    raise typer.Exit(running.failed(done))


def schedule(
    systemd: Systemd = False,
    launchd: Launchd = False,
    cron: Cron = False,
    install: Install = False,
    remove: Remove = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have your machine run `skills run`, as often as interval_minutes in skills.toml says.

    Without --install or --remove, it shows what it would write. Keys are never written: it says which file they are read from.
    """
    from autotune.skills import settings

    kind = scheduling.kind_of(systemd=systemd, launchd=launchd, cron=cron)
    known = settings.read(settings.found(), os.environ)
    variables = [*_OF_A_RUN, *(key.variable for key in settings.KEYS)]
    job = scheduling.job("skills", ("skills", "run"), known["interval_minutes"], Path.home(), variables)
    scheduling.schedule(job, kind=kind, install=install, remove=remove, dry_run=dry_run, as_json=as_json)


def _improve(skill: Skill, known: Settings, dry_run: bool) -> Improved | Skip:
    from autotune.skills import improving

    return improving.in_a_pass(skill, known, now_ms(), dry=dry_run)


def _told(did: Did, *, dry_run: bool) -> Iterator[Line]:
    from autotune.skills.running import Step

    found, name = did.found, did.skill or ""
    if did.error is not None:
        yield words.refused(did.step, did.skill, did.error.message, did.error.hint)
    elif did.step is Step.CHOOSE:
        yield from words.chosen(found["choices"])
    elif did.skip is not None:
        yield words.skipped(did.step, did.skill, did.skip)
    elif did.step is Step.SYNC:
        yield words.synced(found["sessions"], found["rows"])
    elif did.step is Step.STATUS:
        yield words.status(found["sessions"], found["skills"])
    elif did.step is Step.IMPROVE:
        one = found["improved"]
        said = {"kept": one.kept, "decided": one.decided, "why": one.why, "session": one.session, "handled": found["handled"]}
        yield words.improved(name, **said, dry_run=dry_run)
    elif did.step is Step.DEPLOY:
        yield words.deployed(name, found["session"], dry_run=dry_run)
    else:
        yield words.watched(name, found["aftermath"].fate, found["back"] and found["back"][1])


def _values(did: Did) -> dict[str, Any]:
    found = {key: as_values(value) if key == "aftermath" else encode(value) for key, value in did.found.items()}
    error = None if did.error is None else {"error": did.error.message, "hint": did.error.hint}
    return {"step": str(did.step), "skill": did.skill, "skipped": did.skip and str(did.skip), "error": error, "found": found}
