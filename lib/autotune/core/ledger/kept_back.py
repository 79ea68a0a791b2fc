"""Lines of the log as its copy in the working directory has them: without what single cases did that decide, or are held out.

A proposer reads the copy. Until the session has finished, only verdicts and counts of these cases leave the log itself.

    shown(line)            a line as the copy has it
    copied(truth, ...)     the copy of a log
    is_copy(copy, truth)   whether something is what a copy of the log was at some time
    lacks(copy)            whether something was left out of a copy
"""

from __future__ import annotations

import json

from autotune.core.model import Part

PARTS = frozenset((Part.CONFIRM, Part.HELD_OUT))
_SAID = tuple(f'"part":"{part}"'.encode() for part in PARTS)
_MARK = b'"kept_back":true'
_LEFT_OUT = ("unscored", "malformed", "earlier", "repeated")


def shown(line: bytes) -> bytes:
    """Give a line of the log as the copy has it: a run on these cases without its values, and without the reasons that name some.

    Any other line is given as it is, byte by byte, and one that cannot be read too.
    """
    if not any(said in line for said in _SAID):
        return line
    try:
        body = json.loads(line)
        if body["type"] != "run" or body["part"] not in PARTS:
            return line
        told = {"why": {"kind": body["why"]["kind"]}, "metrics": {}, "kept_back": True}
    except (ValueError, KeyError, TypeError, RecursionError):  # a damaged line, which `check` names
        return line
    last = {name: body.pop(name) for name in ("prev",) if name in body}
    made = {name: value for name, value in {**body, **told, **last}.items() if name not in _LEFT_OUT}
    return json.dumps(made, separators=(",", ":")).encode() + b"\n"


def copied(truth: bytes, *, finished: bool = False) -> bytes:
    """Give the copy of a log's whole lines; of a session that has `finished`, all of them as they are."""
    return truth if finished else b"".join(map(shown, truth.splitlines(keepends=True)))


def is_copy(copy: bytes, truth: bytes) -> bool:
    """Whether a copy is what one was at some time, before or after the session finished: the beginning of either form."""
    return truth.startswith(copy) or copied(truth).startswith(copy)


def lacks(copy: bytes) -> bool:
    """Whether something was left out of a copy, so that it cannot take the place of the log."""
    return _MARK in copy
