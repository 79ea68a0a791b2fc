"""The `claude` backend: Claude Code's command line, without tools, hooks, settings or a session of its own.

What it lacks: a temperature, and a conversation, whose messages are written into one prompt. What it brings: its own environment in the
prompt, some 1,100 characters, and half a second. A failure is told by `is_error`, for `subtype` says "success" of those as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from autotune.core.asking.failing import Failure, Why, why_of
from autotune.core.asking.request import Message, Reply, Request, Role, Stop, Usage
from autotune.core.codec import read_json
from autotune.edges.client import client_command
from autotune.edges.scratch import temporary
from autotune.errors import AutotuneError
from autotune.models import programs

OWN_CALL = "AUTOTUNE_MODEL_CALL"
"""Set for every client that is started here. Where it is set already, a call would be one of a call."""

_PLAIN = ("-p", "--output-format", "json", "--no-session-persistence", "--setting-sources", "", "--strict-mcp-config")
_BARE = ("--tools", "", "--disable-slash-commands", "--settings", '{"disableAllHooks":true}')
OF_A_SESSION = ("CLAUDECODE", "CLAUDE_CODE_CHILD_SESSION", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_PID")
_NO_SYSTEM = "Answer the user."


def call(model: str, request: Request, timeout_s: float) -> Reply | Failure:
    """Ask the client, once. Raises AutotuneError where it is not on PATH, or was itself started by such a call."""
    if OWN_CALL in os.environ:
        raise AutotuneError("A model that autotune asks is asking one itself.", f"if that is meant, unset {OWN_CALL}")
    system = "\n\n".join(one.text for one in request.messages if one.role is Role.SYSTEM) or _NO_SYSTEM
    shape = () if request.schema is None else ("--json-schema", json.dumps(request.schema))
    command = [client_command(), *_PLAIN, *_BARE, "--system-prompt", system, "--model", model, *shape]
    with temporary("autotune-model-") as folder:
        ended = programs.run(command, _prompt(request), cwd=folder, environment=_environment(request), timeout_s=timeout_s)
    if ended.code is None:
        return Failure(Why.SLOW, may_cost=True)
    try:
        found = read_json(ended.said)
    except ValueError:
        return Failure(Why.FAILED, f"exit {ended.code}: {ended.last_words}", may_cost=True)
    return _read(found[-1] if isinstance(found, list) else found, request, ended)


def _environment(request: Request) -> dict[str, str]:
    """Give the client's environment: the user's without that of a session around us, and with no retries of its own."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_A_SESSION}
    own = {OWN_CALL: "1", "CLAUDE_CODE_MAX_RETRIES": "0", "CLAUDE_CODE_MAX_OUTPUT_TOKENS": str(request.max_tokens)}
    return {**kept, **own, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}


def _prompt(request: Request) -> str:
    said = [one for one in request.messages if one.role is not Role.SYSTEM]
    return said[0].text if len(said) == 1 else "\n\n".join(map(_labelled, said))


def _labelled(message: Message) -> str:
    return f"[{message.role}]\n{message.text}"


def _read(found: Mapping[str, Any], request: Request, ended: programs.Ended) -> Reply | Failure:
    usage, usd = _usage(found.get("usage")), found.get("total_cost_usd")
    said = str(found.get("result") or "; ".join(map(str, found.get("errors") or ())) or ended.last_words)
    if found.get("is_error") or ended.code != 0:
        return Failure(_why(found, said), said, found.get("api_error_status"), usage=usage, usd=usd)
    value = found.get("structured_output")
    stop = Stop.DECLINED if found.get("stop_reason") == "refusal" else Stop.END
    text = json.dumps(value) if value is not None and request.schema is not None else str(found.get("result") or "")
    return Reply(text, usage, stop, value if request.schema is not None else None, usd)


def _why(found: Mapping[str, Any], said: str) -> Why:
    status = found.get("api_error_status")
    if status is not None:
        return why_of(int(status))
    if "/login" in said:
        return Why.KEY
    by_stop = {"refusal": Why.DECLINED, "max_tokens": Why.CUT_OFF}
    if found.get("stop_reason") in by_stop:
        return by_stop[str(found["stop_reason"])]
    return Why.NETWORK if found.get("terminal_reason") == "api_error" else Why.FAILED


def _usage(found: Mapping[str, Any] | None) -> Usage | None:
    if not found or "input_tokens" not in found:
        return None
    cached, stored = found.get("cache_read_input_tokens") or 0, found.get("cache_creation_input_tokens") or 0
    return Usage(found["input_tokens"] + cached + stored, found.get("output_tokens") or 0, cached, stored)
