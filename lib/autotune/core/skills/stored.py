"""A row of a session as JSON values, and back."""

from __future__ import annotations

from collections.abc import Mapping

from autotune.core.codec import Json, decode, encode
from autotune.core.skills.seen import Answer, Body, Call, Ended, Failure, Listing, Opened, Prompt, Row, Usage

KIND = "skill row"
"""By which kind the records hold them."""
_ROWS: Mapping[str, type[Row]] = {
    "opened": Opened,
    "listing": Listing,
    "prompt": Prompt,
    "call": Call,
    "ended": Ended,
    "body": Body,
    "answer": Answer,
    "usage": Usage,
    "failure": Failure,
}
_NAMES = {kind: name for name, kind in _ROWS.items()}


def to_mapping(row: Row) -> dict[str, Json]:
    """A row as JSON values; `row` says which it is."""
    return {"row": _NAMES[type(row)], **encode(row)}


def from_mapping(said: Mapping[str, Json]) -> Row:
    """The row that JSON values say. Raises `Malformed` and KeyError where they say none."""
    return decode(_ROWS[said["row"]], said)
