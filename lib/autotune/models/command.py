"""The `command` backend: a program of your own that reads a question as JSON on stdin and prints the answer as JSON.

In: `{"messages": [{"role", "content"}], "max_tokens", "temperature", "schema", "sample"}`.
Out: `{"text": …}` or, where a schema was given, `{"value": …}`; beside it, if known, `{"usage": {"input_tokens", "output_tokens"},
"cost_usd": …, "stop": "end" | "length" | "declined"}`. Or `{"error": …, "status": 429, "retry_after_s": …}`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autotune.core.asking.failing import Failure, Why, why_of
from autotune.core.asking.request import Reply, Request, Stop, Usage
from autotune.core.codec import mapping_in
from autotune.models import programs


def call(command: str, request: Request, timeout_s: float) -> Reply | Failure:
    """Ask a program, once, in the current folder."""
    asked = {
        "messages": [{"role": str(one.role), "content": one.text} for one in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "schema": request.schema,
        "sample": request.sample,
    }
    shell = ["/bin/sh", "-c", command]
    ended = programs.run(shell, json.dumps(asked) + "\n", cwd=Path.cwd(), environment=os.environ, timeout_s=timeout_s)
    if ended.code is None:
        return Failure(Why.SLOW, may_cost=True)
    found = mapping_in(ended.said)
    if found is not None and "error" in found:
        return _failure(found)
    if ended.code != 0:
        return Failure(Why.FAILED, f"exit {ended.code}: {ended.last_words}", may_cost=True)
    if found is None or not isinstance(found.get("text", ""), str) or not {"text", "value"} & set(found):
        return Failure(Why.GARBLED, ended.last_words, may_cost=True)
    return _reply(found)


def _reply(found: Mapping[str, Any]) -> Reply | Failure:
    try:
        used = found.get("usage")
        usage = None if used is None else Usage(int(used["input_tokens"]), int(used["output_tokens"]))
        usd = None if found.get("cost_usd") is None else float(found["cost_usd"])
        stop = Stop(found.get("stop", "end"))
    except (TypeError, KeyError, ValueError) as problem:
        return Failure(Why.GARBLED, f"{type(problem).__name__}: {problem}", may_cost=True)
    text = found.get("text", "") or (json.dumps(found["value"]) if "value" in found else "")
    return Reply(text, usage, stop, found.get("value"), usd)


def _failure(found: Mapping[str, Any]) -> Failure:
    status, after = found.get("status"), found.get("retry_after_s")
    why = why_of(status) if isinstance(status, int) and not isinstance(status, bool) else Why.FAILED
    return Failure(why, str(found["error"]), status if why is not Why.FAILED else None, after if isinstance(after, int | float) else None)
