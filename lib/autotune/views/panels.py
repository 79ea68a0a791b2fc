"""What stands beside sessions where there is any: the packs of a workshop. Each panel is what `core/tell/panels.py` says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autotune.core.records.behaviors import Behavior
from autotune.core.tell import panels
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError

Panel = dict[str, Any]


def gathered(top: Path) -> list[Panel]:
    """The panels of a repository; of one that cannot be made, why."""
    return [panel for one in (_packs,) for panel in one(top)]


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


def _made(name: str, title: str, make: Callable[[], Panel]) -> Panel:
    try:
        return make()
    except AutotuneError as problem:
        return panels.broken(name, title, problem.message, problem.hint)
