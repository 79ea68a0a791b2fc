"""What stands beside sessions where there is any: a workshop's packs, a repository's skills; each as `core/tell/panels.py` says it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autotune.core.records.behaviors import Behavior
from autotune.core.tell import panels
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    from autotune.skills.installed import Skill

Panel = dict[str, Any]


def gathered(top: Path) -> list[Panel]:
    """The panels of a repository; of one that cannot be made, why."""
    return [panel for one in (_packs, _skills) for panel in one(top)]


def _packs(top: Path) -> Iterator[Panel]:
    """The prompt packs, where the repository is a workshop."""
    from autotune.prompts.settings import FILE

    if (top / FILE).is_file():
        yield _made("packs", "Prompt packs", lambda: panels.packs(_standings(top)))


def _standings(top: Path) -> list[Panel]:
    from autotune.prompts import ingesting, settings, standing
    from autotune.records.store import opened

    known = settings.read(top / settings.FILE, os.environ)
    with opened(ingesting.database(known)) as store:
        return [standing.in_full(store, known, behavior, now_ms()) for behavior in map(Behavior, known["behaviors"])]


def _skills(top: Path) -> Iterator[Panel]:
    """The skills that lie in the repository."""
    from autotune.skills.installed import installed

    here = [one for one in installed(Path.home(), top) if one.folder.is_relative_to(top)]
    if here:
        yield _made("skills", "Skills", lambda: _standing_skills(here))


def _standing_skills(here: Sequence[Skill]) -> Panel:
    from autotune.records.store import SETTING, opened, usual_path
    from autotune.skills import deploying, looking

    with opened(usual_path(os.environ.get(SETTING))) as store:
        seen = looking.seen(store)
    found = []
    for skill in here:
        deployments = [panels.Deployed(one.number, one.at_ms, one.why) for one in deploying.versions(skill)]
        found.append((seen.standing(seen.called(skill.name, skill.folder)), seen.turns, deployments))
    return panels.skills(found, seen.sessions)


def _made(name: str, title: str, make: Callable[[], Panel]) -> Panel:
    try:
        return make()
    except AutotuneError as problem:
        return panels.broken(name, title, problem.message, problem.hint)
