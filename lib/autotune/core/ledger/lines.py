"""Events made into lines of the ledger, and back; those of older versions are read as today's."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from autotune.core.codec import Malformed, decode, encode
from autotune.core.facts import Kind
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

_OfSegments = SegmentOpened | Opened | SettingsChanged | Listed | Calibrated | Looked
_OfExperiments = CandidateTaken | Formatted | Drawn | Ran | Decided | Described | Result | Restored
_OfTheLoop = PlaybookBegun | PlaybookEnded | TargetChecked | Claimed | Paused | Finished
_OfPersons = Stopped | StopAsked | Resumed | RepairAsked | Noted | Noticed | Imported
Event = _OfSegments | _OfExperiments | _OfTheLoop | _OfPersons | Spent | Charged

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
    return as_line({"type": _NAMES[type(event)], **encode(event), "prev": prev}, allow_nan=False)


def as_line(body: Mapping[str, Any], *, allow_nan: bool) -> bytes:
    """Give the ledger line of a body, newline included."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=allow_nan, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:  # a file name that is not UTF-8 is held with lone surrogates
        return json.dumps(body, allow_nan=allow_nan, separators=(",", ":")).encode() + b"\n"


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
    return None if kind is None else decode(kind, as_today(body))


# Lines of older versions, which held sentences where there are facts now

_SENTENCE_OF: Mapping[str, str] = {  # by type of line, the key that held a sentence
    **dict.fromkeys(("config", "verdict", "result", "target", "claim", "look", "pause", "finish", "stop"), "reason"),
    **dict.fromkeys(("run", "playbook"), "why"),
    "playbook_end": "result",
    "notice": "text",
}
_NOW = {"text": "found"}
_KINDS: Mapping[str, Kind] = {  # how a sentence began that told a kind, the first that fits
    r"kept, unconfirmed: .* in a single run": Kind.BETTER_ONCE,
    r"kept, unconfirmed: .*, each side was built once": Kind.BETTER_BUILT_ONCE,
    r"kept, unconfirmed": Kind.BETTER_CALIBRATED,
    r"kept: .* repeats exactly": Kind.BETTER_EXACTLY,
    r"kept: ": Kind.BETTER,
    r"kept by force": Kind.FORCED,
    r"discarded on request": Kind.ON_REQUEST,
    r"discarded for a guardrail": Kind.GUARDRAIL_BROKEN,
    r"a guardrail stays undecided": Kind.GUARDRAIL_UNDECIDED,
    r"discarded: worse": Kind.WORSE,
    r"discarded: looks worse": Kind.LOOKS_WORSE,
    r"discarded: too small": Kind.SMALL_GAIN,
    r"discarded: not enough": Kind.LITTLE_GAIN,
    r"discarded: no gain in sight": Kind.NO_GAIN_IN_SIGHT,
    r"discarded: no gain": Kind.NO_GAIN,
    r"discarded: not clearly": Kind.NOT_WITHIN_MARGIN,
    r"inconclusive: .* more cannot bring": Kind.OUT_OF_REACH,
    r"inconclusive": Kind.RAN_OUT,
    r"does not generalise": Kind.DOES_NOT_GENERALISE,
    r"not to be trusted": Kind.TAMPERED,
    r"improved: ": Kind.IMPROVED,
    r"no measurable improvement": Kind.NO_IMPROVEMENT,
    r"no claim": Kind.NO_CLAIM,
    r".*\((?:max_\w+)\)$": Kind.LIMIT_REACHED,
}
_NOT_MEASURED = "not measured: "
_LIMIT = re.compile(r"\((max_\w+)\)$")


def as_today(line: dict[str, Any]) -> dict[str, Any]:
    """A ledger line with its sentence made into a fact; one that has none stays as it is."""
    key = _SENTENCE_OF.get(line["type"])
    if key is None or not isinstance(line.get(key), str):
        return line
    return {**line, _NOW.get(key, key): from_sentence(line[key])}


def from_sentence(sentence: str) -> dict[str, Any]:
    """An older ledger's sentence as a fact's JSON: shown as it is, with what its words told a reader."""
    if sentence.startswith(_NOT_MEASURED):
        return {"kind": Kind.NOT_MEASURED, "because": {"kind": Kind.SAID, "words": sentence.removeprefix(_NOT_MEASURED)}}
    kind = next((kind for words, kind in _KINDS.items() if re.match(words, sentence, re.DOTALL)), Kind.SAID)
    return {"kind": kind, "figures": _figures(sentence), "words": sentence}


def _figures(sentence: str) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if "worse is allowed" in sentence or "is asked for" in sentence:
        figures["asked"] = -1.0 if "worse is allowed" in sentence else 1.0
    if " (from " in sentence:
        figures["runs"] = 1
    if (limit := _LIMIT.search(sentence)) is not None:
        figures["limit"] = limit[1]
    return figures
