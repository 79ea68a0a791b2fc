"""What the sessions of a repository that have ended teach, and what a new one is given of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

from autotune.core.codec import decode, encode
from autotune.core.memory.lessons import Taught, offered, taught_by
from autotune.core.model import Metric
from autotune.edges.atomic import replace_file
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.session import feed
from autotune.loop.session.folding import read_session
from autotune.loop.session.layout import Folder, folders_of

GIVEN = "lessons.json"  # in the session's folder: what it was given when it opened, so that its pages do not change with other sessions


def lessons(repository: Repository) -> tuple[Taught, ...]:
    """Give the lessons of every session of a repository that stands still; one that cannot be read teaches nothing."""
    return tuple(one for folder in folders_of(repository) for one in _of(folder, whole=True))


def give(repository: Repository, folder: Folder, metric: Metric) -> None:
    """Put into the folder of a session that opens what it gets of the others: of their latest experiments, and few."""
    others = (one for other in folders_of(repository) for one in _of(other, whole=False))
    if chosen := offered(others, metric):
        replace_file(folder.path / GIVEN, json.dumps([encode(one) for one in chosen]).encode())


def given(folder: Folder) -> tuple[Taught, ...]:
    """Give what a session got when it opened; nothing where that is gone or cannot be read."""
    with suppress(OSError, ValueError, TypeError):
        return tuple(decode(Taught, one) for one in json.loads((folder.path / GIVEN).read_bytes()))
    return ()


def _of(folder: Folder, *, whole: bool) -> Iterator[Taught]:
    with suppress(AutotuneError, OSError):
        state, _ = read_session(folder)
        if state.ended is not None:
            yield from taught_by(state, feed.rows_of(folder.ledger) if whole else state.recent.rows)
