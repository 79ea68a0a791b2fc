"""The `script` backend: a function in a model's place, for tests and demos, whose chance depends on a seed and the question alone.

Its name is one of ours, or `FILE.py:FUNCTION`: a function of a file of yours, which takes the question and the chance.
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from autotune.core.asking.failing import Failure
from autotune.core.asking.request import Reply, Request, Schema, Usage, contents_hash
from autotune.errors import AutotuneError

Script = Callable[[Request, Random], str | Reply | Failure]
_EMPTY: Mapping[str, Any] = {"array": [], "integer": 0, "number": 0, "boolean": False, "null": None, "string": ""}


def call(name: str, request: Request, scripts: Mapping[str, Script], seed: int) -> Reply | Failure:
    """Ask a function by its name; a text that it gives counts a token for every four characters.

    Raises AutotuneError for an unknown name.
    """
    known = {"echo": echo, **scripts}
    script = known[name] if name in known else _of_a_file(name)
    if script is None:
        raise AutotuneError(f"There is no script `{name}`.", f"there are {', '.join(known)}; or name FILE.py:FUNCTION")
    found = script(request, Random(f"{seed} {contents_hash(request)}"))
    if isinstance(found, str):
        read = sum(len(one.text) for one in request.messages)
        return Reply(found, Usage(-(-read // 4), -(-len(found) // 4)))
    return found


@cache
def _of_a_file(name: str) -> Script | None:
    """Give a function by its file and name; None where there is none."""
    path, _, function = name.rpartition(":")
    if not path.endswith(".py") or not Path(path).is_file():
        return None
    return runpy.run_path(path).get(function)


def echo(request: Request, _: Random) -> str:
    """Say the last message again; with a schema, the smallest value that it allows."""
    return request.messages[-1].text if request.schema is None else json.dumps(_smallest(request.schema))


def _smallest(schema: Schema) -> Any:  # noqa: ANN401 - any JSON
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object":
        return {name: _smallest(one) for name, one in schema.get("properties", {}).items() if name in schema.get("required", ())}
    if kind == "array":
        return [_smallest(schema["items"])] * schema.get("minItems", 0) if "items" in schema else []
    if kind == "string":
        return "x" * schema.get("minLength", 0)
    return max(_EMPTY[kind], schema["minimum"]) if "minimum" in schema else _EMPTY[kind]
