"""A row of a session as JSON values, and back; and so are a session's turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autotune.core.codec import Json, decode, encode
from autotune.core.skills.seen import Answer, Body, Call, Ended, Failure, How, Listing, Offer, Opened, Prompt, Row, Shown, Usage
from autotune.core.skills.turns import Fired, Turn

KIND, TURNS = "skill row", "derived skill turns"
"""By which kinds the records hold them."""
VERSION = 2
"""Of how turns are stored: those of another are made again."""
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


def folded(turns: Sequence[Turn], rows: int) -> dict[str, Json]:
    """The turns of one session as JSON values, each listing once; `rows` is of how many rows they are made."""
    listings = list[Mapping[str, Offer]]()
    for turn in turns:
        if turn.offered not in listings:
            listings.append(turn.offered)
    return {
        "rows": rows,
        "version": VERSION,
        "listings": [[[one.name, str(one.shown), one.text, one.digest] for one in listing.values()] for listing in listings],
        "turns": [
            [
                one.session,
                one.agent,
                one.at,
                one.text,
                one.human,
                listings.index(one.offered),
                [_flat(fired) for fired in one.fired],
                one.computed,
                one.folder,
                one.tokens,
                one.failures,
            ]
            for one in turns
        ],
    }


def unfolded(said: Mapping[str, Json]) -> list[Turn]:
    """The turns that `folded` has made into JSON values."""
    listings = [{name: Offer(name, Shown(shown), text, digest) for name, shown, text, digest in listing} for listing in said["listings"]]
    return [
        Turn(session, agent, at, text, human, listings[listing], tuple(Fired(name, How(how), *rest) for name, how, *rest in fired), *seen)
        for session, agent, at, text, human, listing, fired, *seen in said["turns"]
    ]


def _flat(one: Fired) -> list[Json]:
    return [one.name, str(one.how), one.at, one.ran, one.fingerprint, one.folder]
