"""The instrument `routing-host`: a query put to the real client, to see which skill its model calls."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from autotune.core.skills.probed import One, right
from autotune.core.skills.probing import Client, Probing
from autotune.core.skills.signs import Failing, Outcome, Watched, outcome
from autotune.core.skills.suite import RoutingCase
from autotune.errors import AutotuneError
from autotune.models.asking import FORBIDDING
from autotune.skills import clients
from autotune.skills.metering import Meter
from autotune.skills.staging import Neighbourhood, Stage, claude_folder, staged, users_settings
from autotune.skills.watching import Ran, watch


@dataclass(frozen=True, slots=True)
class RoutingHost:
    """Puts queries to the client, in one staged project; `users` is what the user has set of which skills are offered."""

    settings: Probing
    around: Neighbourhood
    stage: Stage
    meter: Meter
    stopped: Event
    users: Mapping[str, object]

    def __call__(self, case: RoutingCase) -> One:
        """Probe a query once."""
        settings, program = self.settings, clients.PROGRAMS[self.settings.host]
        ticket = self.meter.begin(case.id)
        if ticket is None:
            return One(None, Outcome((), Failing.CAPPED), 0.0, 0.0)
        ran: Ran | None = None
        cost = None
        launch = program.launch(case.query, self.stage, settings, self.users)
        try:
            known = None if program.lists else self.around.names
            ran = watch(launch, program.stream(), Watched(settings.turns, self.around.name, known), settings.timeout_s, self.stopped)
        finally:
            seen = None if ran is None else ran.watched
            model = "" if seen is None or seen.listed is None else seen.listed.model
            used = None if seen is None else seen.usage if seen.usage.total else program.used(launch)
            cost = self.meter.end(ticket, used, None if seen is None else seen.usd, model)
        found = outcome(ran.watched, ran.failing, ran.said)
        return One(None if found.failing is not None else right(self.around.name, found, fits=case.fits), found, cost, ran.seconds)


@contextmanager
def measuring(settings: Probing, around: Neighbourhood, base: Path, stopped: Event) -> Iterator[RoutingHost]:
    """Lay out the project while the context lasts."""
    refuse_where_forbidden(settings)
    with staged(around, settings, base) as stage, Meter(settings, around.name) as meter:
        try:
            yield RoutingHost(settings, around, stage, meter, stopped, users_settings(settings, Path.home()))
        finally:
            _sweep(settings, stage)


def refuse_where_forbidden(settings: Probing) -> None:
    """Raise AutotuneError where the client is missing, or may not be started."""
    if os.environ.get(FORBIDDING):
        raise AutotuneError(f"{FORBIDDING} is set, so {settings.host} is not started.", "unset it")
    clients.found(settings.host)


def _sweep(settings: Probing, stage: Stage) -> None:
    """Take away the empty folders that Claude Code leaves for a project that is gone."""
    if settings.host is not Client.CLAUDE_CODE or settings.transcripts:
        return
    folder = claude_folder(settings, Path.home()) / "projects"
    slug = "".join(one if one.isascii() and one.isalnum() else "-" for one in str(stage.project))
    for path in (folder / slug / "memory", folder / slug):
        with suppress(OSError):
            path.rmdir()
