"""What the verbs of `prompts` share: the workshop, its settings and records, and the behaviours that are meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from autotune.core.records.behaviors import Behavior
from autotune.prompts import ingesting, settings
from autotune.prompts.settings import Settings
from autotune.records.store import Store, opened

At = Annotated[
    Path | None, typer.Option("--at", metavar="FOLDER", help="The workshop; without it, the one around you, or ~/autotune-prompts.")
]
Behaviors = Annotated[list[Behavior] | None, typer.Option("--behavior", metavar="NAME", help="Only this one; can be repeated.")]


def settled(at: Path | None) -> Settings:
    """Give the settings of a workshop."""
    return settings.read(settings.found(at), os.environ)


@contextmanager
def known(at: Path | None) -> Iterator[tuple[Settings, Store]]:
    """Give the settings of a workshop, and the records."""
    found = settled(at)
    with opened(ingesting.database(found)) as store:
        yield found, store


def chosen(found: Settings, named: Sequence[Behavior] | None) -> tuple[Behavior, ...]:
    """Give the behaviours that are named, else those of the settings, each once."""
    return tuple(dict.fromkeys(named or map(Behavior, found["behaviors"])))
