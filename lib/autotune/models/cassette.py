"""The `cassette` backend: answers that were recorded, by the contents of their requests, whichever model gave them.

A cassette is a file of JSON lines, `{"hash", "asked", "model", "reply"}`. A request that was not recorded is an error that shows the
nearest one. Keys are masked before a line is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autotune.core.asking.masking import masked
from autotune.core.asking.nearest import nearest
from autotune.core.asking.request import Reply, Request, contents, contents_hash
from autotune.core.codec import decode, read_json
from autotune.edges import named
from autotune.errors import AutotuneError


def call(path: Path, request: Request) -> Reply:
    """Give the recorded answer. Raises AutotuneError where there is none, or the file cannot be read."""
    recorded = _lines(path)
    wanted = contents_hash(request)
    found = next((one for one in reversed(recorded) if one["hash"] == wanted), None)
    if found is None:
        raise _missing(path, request, recorded)
    return decode(Reply, found["reply"])


def record(path: Path, request: Request, reply: Reply, keys: Mapping[str, str]) -> None:
    """Add an answer to a cassette. Raises AutotuneError in CI, where nothing is to be recorded."""
    if os.environ.get("CI") == "true":  # a recording there would hide that one is missing
        raise AutotuneError(f"Nothing is recorded to {path} in CI.", "record it on your machine, and commit the file")
    line = {
        "hash": contents_hash(request),
        "model": request.model,
        "asked": contents(request),
        "reply": {**asdict(reply), "stop": str(reply.stop)},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(masked(json.dumps(line, ensure_ascii=False), keys) + "\n")


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate(named.content(path).splitlines(), 1):
        try:
            one = read_json(line)
            found.append({"hash": one["hash"], "asked": one["asked"], "reply": one["reply"]})
        except (ValueError, KeyError, TypeError) as problem:
            raise AutotuneError(f"Line {number} of the cassette {path} cannot be read.", "record it again") from problem
    return found


def _missing(path: Path, request: Request, recorded: list[dict[str, Any]]) -> AutotuneError:
    near = nearest(contents(request), [one["asked"] for one in recorded])
    if near is None:
        return AutotuneError(f"The cassette {path} is empty, so it has no answer.", "record one")
    place, where = near
    return AutotuneError(
        f"The cassette {path} has no answer to this request. The nearest is in line {place + 1}, and differs (recorded → asked) in {where}",
        "record it again if the request was meant to change",
    )
