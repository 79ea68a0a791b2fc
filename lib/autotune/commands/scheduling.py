"""What `prompts schedule` and `skills schedule` share: a job shown as a unit, installed or removed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from autotune.commands.printing import print_lines
from autotune.core.scheduling.units import Job, Kind, Places, Unit, unit
from autotune.core.tell import scheduled as words
from autotune.edges import scheduler
from autotune.edges.folders import data_folder
from autotune.version import ROOT

Systemd = Annotated[bool, typer.Option("--systemd", help="As a service and a timer of systemd, for you alone.")]
Launchd = Annotated[bool, typer.Option("--launchd", help="As an agent of launchd, on macOS.")]
Cron = Annotated[bool, typer.Option("--cron", help="As a line of your crontab; its other lines stay.")]
Install = Annotated[bool, typer.Option("--install", help="Put it in place and begin.")]
Remove = Annotated[bool, typer.Option("--remove", help="End it and take it away.")]

_OURS = ("AUTOTUNE_HOME", "AUTOTUNE_CONFIG_PATH", "LANG", "PATH", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")


def kind_of(*, systemd: bool, launchd: bool, cron: bool) -> Kind:
    """Give the one kind that was named."""
    named = [kind for kind, given in zip(Kind, (systemd, launchd, cron), strict=True) if given]
    if len(named) != 1:
        raise typer.BadParameter("name one of them", param_hint="--systemd, --launchd, --cron")
    return named[0]


def job(name: str, words_after: Iterable[str], every_minutes: float, folder: Path, settings: Iterable[str] = ()) -> Job:
    """Make a job of `autotune WORDS`: it gets the PATH and those of the named variables that are set now, and never a key."""
    from autotune.commands import link_

    linked = link_.place()
    program = linked if linked.is_file() and link_.is_ours(linked) else ROOT / "bin" / "autotune"
    environment = {one: os.environ[one] for one in (*_OURS, *settings) if os.environ.get(one)}
    return Job(name, (str(program), *words_after), every_minutes, str(folder), environment)


def schedule(
    wanted: Job,
    *,
    kind: Kind,
    install: bool,
    remove: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Show a job's unit, install it or remove it, and say so."""
    if install and remove:
        raise typer.BadParameter("name one of them", param_hint="--install, --remove")
    made = unit(kind, wanted, _places())
    action = "install" if install else "remove" if remove else "show"
    there = scheduler.installed(made) if remove else False
    if not dry_run and install:
        scheduler.install(made)
    elif not dry_run and remove:
        scheduler.remove(made)
    found = _found(made, wanted, action, dry_run=dry_run, there=there)
    if as_json:
        typer.echo(json.dumps({**found, "contents": made.files} if action == "show" or dry_run else found, ensure_ascii=False))
        return
    if action == "show" or (install and dry_run):
        typer.echo(words.page(found, made.files))
    print_lines(words.scheduled(found))


def _found(made: Unit, wanted: Job, action: str, *, dry_run: bool, there: bool) -> Mapping[str, Any]:
    keys = Path(made.keys)
    return {
        "action": action,
        "kind": str(made.kind),
        "name": made.name,
        "files": list(made.files),
        "crontab": made.crontab,
        "commands": [" ".join(one) for one in (made.end if action == "remove" else made.begin)],
        "every_minutes": made.every_minutes,
        "wanted_minutes": wanted.every_minutes,
        "keys": made.keys,
        "keys_open": keys.is_file() and bool(keys.stat().st_mode & 0o077),
        "log": made.log,
        "was_there": there,
        "dry_run": dry_run,
    }


def _places() -> Places:
    setting = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    config = setting if setting.is_absolute() else Path.home() / ".config"
    return Places(str(Path.home()), str(config), str(data_folder()), os.getuid())
