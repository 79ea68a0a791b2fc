"""`autotune prompts schedule`."""

from __future__ import annotations

from pathlib import Path

from autotune.commands import scheduling
from autotune.commands.flags import AsJson, DryRun
from autotune.commands.scheduling import Cron, Install, Launchd, Remove, Systemd
from autotune.commands.workshop import At, settled
from autotune.prompts.keys import KEYS

NAME = "prompts"


def schedule(
    systemd: Systemd = False,
    launchd: Launchd = False,
    cron: Cron = False,
    install: Install = False,
    remove: Remove = False,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have your machine run `prompts once`, as often as interval_minutes says.

    Without --install or --remove, it shows what it would write. Keys are never written: it says which file they are read from.
    """
    kind = scheduling.kind_of(systemd=systemd, launchd=launchd, cron=cron)
    known = settled(at)
    place = Path.home() if known.file is None else known.file.parent
    words = ("prompts", "once", *(() if known.file is None else ("--at", str(place))))
    job = scheduling.job(NAME, words, known["interval_minutes"], place, (key.variable for key in KEYS if key.variable))
    scheduling.schedule(job, kind=kind, install=install, remove=remove, dry_run=dry_run, as_json=as_json)
