"""Events made into lines of the ledger, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from autotune.core.codec import Malformed, decode, encode
from autotune.core.ledger import older
from autotune.core.ledger.events import (
    Calibrated,
    CandidateTaken,
    Charged,
    Claimed,
    Decided,
    Described,
    Drawn,
    Finished,
    Formatted,
    Imported,
    Listed,
    Looked,
    Noted,
    Noticed,
    Opened,
    Paused,
    PlaybookBegun,
    PlaybookEnded,
    Ran,
    RepairAsked,
    Restored,
    Result,
    Resumed,
    SegmentOpened,
    SettingsChanged,
    Spent,
    StopAsked,
    Stopped,
    TargetChecked,
)

Event = (
    SegmentOpened
    | Ran
    | Opened
    | CandidateTaken
    | Formatted
    | Decided
    | Described
    | Result
    | PlaybookBegun
    | PlaybookEnded
    | TargetChecked
    | Claimed
    | Calibrated
    | Looked
    | SettingsChanged
    | Paused
    | Finished
    | Stopped
    | StopAsked
    | Resumed
    | RepairAsked
    | Restored
    | Noted
    | Noticed
    | Spent
    | Charged
    | Listed
    | Imported
    | Drawn
)


TYPES: Mapping[str, type[Event]] = {
    "config": SegmentOpened,
    "run": Ran,
    "opened": Opened,
    "candidate": CandidateTaken,
    "format": Formatted,
    "verdict": Decided,
    "described": Described,
    "result": Result,
    "playbook": PlaybookBegun,
    "playbook_end": PlaybookEnded,
    "target": TargetChecked,
    "claim": Claimed,
    "calibration": Calibrated,
    "look": Looked,
    "settings": SettingsChanged,
    "pause": Paused,
    "finish": Finished,
    "stop": Stopped,
    "stop_asked": StopAsked,
    "resume": Resumed,
    "repair": RepairAsked,
    "restore": Restored,
    "note": Noted,
    "notice": Noticed,
    "cost": Spent,
    "charge": Charged,
    "cases": Listed,
    "history": Imported,
    "draw": Drawn,
}


_NAMES = {kind: name for name, kind in TYPES.items()}


def to_line(event: Event, prev: str) -> bytes:
    """Give the ledger line of `event`, newline included; `prev` is the hash of the line before."""
    body = {"type": _NAMES[type(event)], **encode(event), "prev": prev}
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:  # a file name that is not UTF-8 is held with lone surrogates
        return json.dumps(body, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _refused(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refused(text)


_STRICT = json.JSONDecoder(parse_float=_finite, parse_constant=_refused)


def from_line(line: bytes) -> Event | None:
    """Read one ledger line; a type of a newer version gives None.

    Raises `Malformed` where the line is not JSON or lacks what its type needs.
    """
    try:
        body = _STRICT.decode(line.decode())
    except RecursionError:
        raise Malformed("nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise Malformed("no type")
    kind = TYPES.get(body["type"])
    return None if kind is None else decode(kind, older.as_today(body))
