"""What the verbs of `prompts` on rollouts share: for which behaviours, with which settings and records, and how they answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from autotune.core.records.behaviors import Behavior
from autotune.errors import AutotuneError
from autotune.prompts import ingesting, settings
from autotune.prompts.settings import Settings
from autotune.records.store import Store, opened

Which = Annotated[
    list[Behavior] | None, typer.Option("--behavior", metavar="NAME", help="Of this behaviour; can be repeated. Without it: of all.")
]
One = Annotated[Behavior | None, typer.Option("--behavior", metavar="NAME", help="Of this behaviour. Needed where there are several.")]
Adopt = Annotated[bool, typer.Option("--adopt", help="Keep what somebody changed as a version of its own.")]


@contextmanager
def known(at: Path | None) -> Iterator[tuple[Settings, Store]]:
    """Give the settings of a workshop, and the records."""
    found = settings.read(settings.found(at), os.environ)
    with opened(ingesting.database(found)) as store:
        yield found, store


def each(behaviors: Sequence[Behavior], key: str, of: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
    """Do something for each behaviour. Where there are several, a refusal of one is an answer, and the others go on."""
    found = []
    for behavior in behaviors:
        try:
            found.append(of(behavior))
        except AutotuneError as refusal:
            if len(behaviors) == 1:
                raise
            found.append({"behavior": str(behavior), key: "refused", "error": refusal.message, "hint": refusal.hint})
    return found


def chosen(found: Settings, named: Sequence[Behavior] | None) -> list[Behavior]:
    """Give the behaviours that are named, or all that have packs."""
    return list(named) if named else [Behavior(name) for name in found["behaviors"]]


def only(found: Settings, named: Behavior | None) -> Behavior:
    """Give the one behaviour that is meant. Raises AutotuneError where that is not clear."""
    if named is None and len(found["behaviors"]) != 1:
        raise AutotuneError("There are several behaviours.", f"name one with --behavior: {', '.join(found['behaviors'])}")
    return named or Behavior(found["behaviors"][0])
