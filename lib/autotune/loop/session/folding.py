"""A session's state, read from its ledger and its checkpoint."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from autotune.core.codec import Malformed, UnknownWord, decode, encode
from autotune.core.ledger import state as states
from autotune.core.ledger.events import Result, SegmentOpened
from autotune.core.ledger.fold import after, begin, follows
from autotune.core.ledger.lines import from_line
from autotune.core.ledger.state import State
from autotune.edges import ledger
from autotune.edges.atomic import replace_file
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError
from autotune.loop.session.layout import (
    CHECKPOINT,
    Folder,
)

_CHECKPOINT_EVERY = 20  # events
_COPY_HINT = "the copy in the working directory may still hold it whole"
_NEWER_HINT = "if a newer version of autotune wrote it, go on with that version; nothing was changed"


def read_session(folder: Folder) -> tuple[State, Position]:
    """Read a session's ledger, from its checkpoint on where there is one.

    Raises `AutotuneError` where it is not what earlier commands saw: that is told, not read over.
    """
    if (seen := last_seen(folder)) is not None:
        ledger.require(folder.ledger, seen)
        _verify_if_written(folder, seen)
    started = checkpoint(folder)
    state, position = started or (None, Position())
    state, position = fold(folder.ledger, state, position)
    if started is None or position.lines - started[1].lines >= _CHECKPOINT_EVERY:
        _write_checkpoint(folder, state, position)
    return state, position


def last_seen(folder: Folder, name: str = "seen.json") -> Position | None:
    """Give how far the ledger had come when autotune wrote to it last (or, by its name, when its checkpoint was written)."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return decode(Position, json.loads((folder.path / name).read_bytes())["position"])
    return None


def write_seen(folder: Folder, position: Position, stamp: list[int] | None = None) -> None:
    """Note how far the ledger has come."""
    held = {"position": encode(position), "stamp": stamp or _stamp(folder)}
    replace_file(folder.path / "seen.json", json.dumps(held, separators=(",", ":")).encode())


def _stamp(folder: Folder) -> list[int]:
    found = folder.ledger.stat()
    return [found.st_size, found.st_ctime_ns]


def _verify_if_written(folder: Folder, seen: Position) -> None:
    """Where the ledger's file was written since autotune wrote it last, look at every line of it, once."""
    stamp = _stamp(folder)
    with suppress(OSError, ValueError, KeyError):
        if json.loads((folder.path / "seen.json").read_bytes())["stamp"] == stamp:
            return
    for _ in ledger.read(folder.ledger, Position()):
        pass
    write_seen(folder, seen, stamp)


def fold(path: Path, state: State | None, position: Position) -> tuple[State, Position]:
    """Take in the ledger's lines from a position on."""
    for line, reached in ledger.read(path, position):
        position = reached
        try:
            event = from_line(line)
        except Malformed as error:
            hint = _NEWER_HINT if isinstance(error, UnknownWord) else _COPY_HINT
            raise _damaged(path, position.lines, str(error), hint) from None
        if isinstance(event, SegmentOpened) and state is None:
            state = begin(event)
        elif event is not None and state is not None:
            if isinstance(event, Result) and not follows(event, state):
                raise _damaged(
                    path, position.lines, f"it is a result of experiment {event.index}, which was not measured and decided before it"
                )
            state = after(state, event)
    if state is None:
        raise _damaged(path, 1, "it does not open a session")
    return state, position


def _damaged(path: Path, line: int, why: str, hint: str = _COPY_HINT) -> AutotuneError:
    return AutotuneError(f"Line {line} of {path} cannot be read: {why}.", hint)


def checkpoint(folder: Folder) -> tuple[State, Position] | None:
    """Read the state as it was at some line of the ledger, if that line is still there."""
    try:
        held: dict[str, Any] = json.loads((folder.path / CHECKPOINT).read_bytes())
        state, position = decode(State, held["state"]), decode(Position, held["position"])
        with folder.ledger.open("rb") as file:
            file.seek(position.offset - held["last"])
            whole = ledger.digest(file.read(held["last"])) == position.prev
    except (OSError, ValueError, KeyError, TypeError, AutotuneError):
        return None
    return (state, position) if whole and held.get("format") == _format() else None


def _write_checkpoint(folder: Folder, state: State, position: Position) -> None:
    with folder.ledger.open("rb") as file:
        start = max(0, position.offset - (1 << 20))
        file.seek(start)
        chunk = file.read(position.offset - start)
    last = len(chunk) - (chunk.rfind(b"\n", 0, len(chunk) - 1) + 1)
    held = {"format": _format(), "last": last, "position": encode(position), "state": encode(state)}
    replace_file(folder.path / CHECKPOINT, json.dumps(held, separators=(",", ":")).encode())


def _format() -> str:
    """Name what a checkpoint is made of: what another version, or a state of other parts, has written is read from the ledger anew."""
    from autotune.version import version

    kinds = (kind for kind in vars(states).values() if isinstance(kind, type) and is_dataclass(kind))
    return "; ".join([f"{version()}/3", *(f"{kind.__name__} {' '.join(one.name for one in fields(kind))}" for kind in kinds)])
