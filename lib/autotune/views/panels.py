"""What stands beside sessions where there is any: a workshop's packs, a repository's skills; each as `core/tell/panels.py` says it."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autotune.core.records.behaviors import Behavior
from autotune.core.tell import panels
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    from autotune.skills.installed import Skill

LOOK_EVERY_S = 5.0
OLD_S = 600.0  # days go by, and with them what was spent in one and who is silent
Panel = dict[str, Any]


class Beside:
    """The panels of a repository, made again only where a file that they are made of has changed, or after a long while."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._looking = threading.Lock()
        self._looked = self._made = -math.inf
        self._stamp: frozenset[tuple[str, int, int]] | None = None
        self._found: list[Panel] = []

    def gathered(self) -> list[Panel]:
        """The panels as their files are now, or were some seconds ago."""
        with self._looking:
            moment = time.monotonic()
            if moment - self._looked >= LOOK_EVERY_S:
                self._looked = moment
                stamp = frozenset(_stamps(self.top))
                if stamp != self._stamp or moment - self._made >= OLD_S:
                    self._found, self._stamp, self._made = gathered(self.top), stamp, moment
            return self._found

    def latest(self) -> list[Panel]:
        """What is known, at once; what has changed is read meanwhile."""
        if time.monotonic() - self._looked >= LOOK_EVERY_S and not self._looking.locked():
            threading.Thread(target=self.gathered, daemon=True).start()
        return self._found


def _stamps(top: Path) -> Iterator[tuple[str, int, int]]:
    """Every file that a panel is made of, with its time and size."""
    from autotune.core.skills.package import SKILL
    from autotune.edges.folders import data_folder
    from autotune.prompts.settings import FILE
    from autotune.records.store import SETTING, usual_path
    from autotune.rollout.deploying import JOURNAL

    databases = {usual_path(os.environ.get(SETTING)), *_database_of_packs(top / FILE)}
    logs = (data_folder() / "rollouts").glob(f"*/**/{JOURNAL}")
    skills = (one.folder / SKILL for one in _skills_of(top))
    for path in (top / FILE, *databases, *(path.with_name(f"{path.name}-wal") for path in databases), *logs, *skills):
        with suppress(OSError):
            found = path.stat()
            if found.st_size:
                yield str(path), found.st_mtime_ns, found.st_size


def _database_of_packs(file: Path) -> Iterator[Path]:
    """The records that a workshop's settings name; none where they are broken, which the panel says."""
    from autotune.prompts import ingesting, settings

    if file.is_file():
        with suppress(AutotuneError):
            yield ingesting.database(settings.read(file, os.environ))


def _skills_of(top: Path) -> list[Skill]:
    """The skills that a repository holds; of a workshop, the skill that it holds a copy of."""
    from autotune.skills import suites
    from autotune.skills.installed import installed

    def belongs(one: Skill) -> bool:
        if one.folder.is_relative_to(top):
            return True
        return one.short == top.name and suites.place_of(one, Path.home()).top.resolve() == top.resolve()

    return [one for one in installed(Path.home(), top) if belongs(one)]


def gathered(top: Path) -> list[Panel]:
    """The panels of a repository, which may be a workshop of packs and hold skills; of one that cannot be made, why."""
    from autotune.prompts.settings import FILE

    found = [_made("packs", "Prompt packs", lambda: panels.packs(_standings(top)))] if (top / FILE).is_file() else []
    here = _skills_of(top)
    return [*found, *([_made("skills", "Skills", lambda: _standing_skills(here))] if here else [])]


def _standings(top: Path) -> list[Panel]:
    from autotune.prompts import ingesting, settings, standing
    from autotune.records.store import opened

    known = settings.read(top / settings.FILE, os.environ)
    with opened(ingesting.database(known)) as store:
        return [standing.in_full(store, known, behavior, now_ms()) for behavior in map(Behavior, known["behaviors"])]


def _standing_skills(here: Sequence[Skill]) -> Panel:
    from autotune.records.store import SETTING, opened, usual_path
    from autotune.skills import deploying, looking

    with opened(usual_path(os.environ.get(SETTING))) as store:
        seen = looking.seen(store)
    found = [(seen.standing(seen.called(one.name, one.folder)), seen.turns, deploying.versions(one)) for one in here]
    return panels.skills(found, seen.sessions)


def _made(name: str, title: str, make: Callable[[], Panel]) -> Panel:
    try:
        return make()
    except AutotuneError as problem:
        return panels.broken(name, title, problem.message, problem.hint)
