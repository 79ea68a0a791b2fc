"""Ledger lines of older versions, which held sentences where there are facts now, read as today's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autotune.core.facts import Kind

_SENTENCES: Mapping[str, tuple[str, ...]] = {  # by type of line, the keys that held a sentence
    "config": ("reason",),
    "run": ("why",),
    "verdict": ("reason",),
    "result": ("reason",),
    "playbook": ("why",),
    "playbook_end": ("result",),
    "target": ("reason",),
    "claim": ("reason",),
    "look": ("reason",),
    "pause": ("reason",),
    "finish": ("reason",),
    "stop": ("reason",),
    "notice": ("text",),
}
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
    """A ledger line with its sentences made into facts; one that has none stays as it is."""
    held = {key: line[key] for key in _SENTENCES.get(line["type"], ()) if isinstance(line.get(key), str)}
    return {**line, **{_NOW.get((line["type"], key), key): from_sentence(text) for key, text in held.items()}} if held else line


_NOW = {("notice", "text"): "found"}


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
