"""What verbs are given: words of people and proposers, taken as they are or refused; and the cases of the run that they are in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from autotune.core.codec import read_json
from autotune.edges import named
from autotune.errors import AutotuneError

LONGEST_DESCRIPTION = 2000
LONGEST_ASI = 64 * 1024


def description(text: str) -> str:
    """Give a description of one to 2,000 characters, exactly as it came."""
    missing = "say in a sentence what was changed and why: --description TEXT"
    too_long = "shorten it; details go into --asi"
    return _worded(text, "description", missing, too_long)


def note(text: str) -> str:
    """Give a note, or an idea, as long as a description."""
    missing = "put it into quotes, as one sentence"
    return _worded(text, "text", missing, "shorten it")


def _worded(text: str, what: str, missing: str, too_long: str) -> str:
    if not text.strip():
        raise AutotuneError(f"The {what} is empty.", missing)
    if len(text) > LONGEST_DESCRIPTION:
        raise AutotuneError(f"The {what} has {len(text)} characters, {LONGEST_DESCRIPTION} at most.", too_long)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def side_information(text: str | None) -> dict[str, Any] | None:
    """Give ASI: one JSON object of at most 64 KiB."""
    if text is None:
        return None
    if len(text.encode("utf-8", "surrogateescape")) > LONGEST_ASI:
        raise AutotuneError(f"The side information is longer than {LONGEST_ASI} bytes.", "shorten it, or write it to autotune.md")
    try:
        found = read_json(text, parse_constant=_no_constant)
        json.dumps(found, allow_nan=False)  # 1e999 is read as infinity, which the log cannot hold
    except ValueError as error:
        raise AutotuneError(f"The side information is not JSON: {error}.", 'give one object: --asi \'{"hypothesis": "…"}\'') from None
    if not isinstance(found, dict):
        raise AutotuneError(f"The side information is {type(found).__name__}, not a JSON object.", '--asi \'{"hypothesis": "…"}\'')
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def cases_of_the_run() -> list[str]:
    """Give the ids of the run's cases, the group behind each left out; none where nothing names them."""
    path, alone = os.environ.get("AUTOTUNE_CASES"), os.environ.get("AUTOTUNE_CASE")
    if path is None:
        return [alone] if alone else []
    return [line.partition("\t")[0] for line in named.text(Path(path)).splitlines() if line]


def keep_with_the_run(case: str, said: object) -> None:
    """Write down what there is to say of a case, as JSON where the run keeps it; nothing where it keeps nothing."""
    folder = os.environ.get("AUTOTUNE_CASE_OUTPUT")
    if folder:
        path = Path(folder) / f"{case}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(said, ensure_ascii=False, indent=1), "utf-8")
