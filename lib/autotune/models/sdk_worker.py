"""The official SDKs, spoken to in lines of JSON: run as a program by the Python of an environment that has them.

A line on stdin is a call, a line on stdout its answer, in whatever order calls end. It stands alone: nothing else of this package is
imported, and the key is read here, from the variable that a call names, so that it passes through nothing else. No line holds a key.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from typing import Any

ERRORS_WITHIN_200 = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "authentication_error": 401,
    "permission_error": 403,
    "invalid_request_error": 400,
    "not_found_error": 404,
    "timeout_error": 408,
}
"""Statuses of the errors that arrive when a stream has begun, by their types."""

UNSENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol", "LocalProtocolError"}
"""Exceptions before a request has left, by their names."""

_clients: dict[tuple[Any, ...], Any] = {}


async def serve() -> None:
    """Answer calls until stdin ends."""
    lines = asyncio.StreamReader(limit=1 << 28)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    under_way = set()
    while line := await lines.readline():
        task = asyncio.create_task(answer(json.loads(line)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)


async def answer(call: dict[str, Any]) -> None:
    """Make one call within its time, and write what came of it."""
    try:
        found = imported(call["import"]) if "import" in call else await asyncio.wait_for(make(call), call["timeout_s"])
    except TimeoutError:
        found = {"why": "slow", "said": "", "may_cost": True}
    except Exception as problem:  # noqa: BLE001 - whatever an SDK makes of what a service sends
        found = failure(problem)
    sys.stdout.write(json.dumps({"id": call["id"], **found}) + "\n")
    sys.stdout.flush()


def imported(name: str) -> dict[str, Any]:
    """Import an SDK ahead of its first call."""
    importlib.import_module(name)
    return {"text": ""}


async def make(call: dict[str, Any]) -> dict[str, Any]:
    """Make a call through its SDK."""
    if call["kind"] == "messages":
        return await messages(client(call), call)
    return await chat(client(call), call)


def client(call: dict[str, Any]) -> Any:  # noqa: ANN401 - of whichever SDK
    """Give the SDK's client for a service; none tries again by itself."""
    more = call["headers"]
    where = (call["kind"], call["url"], call["key"] or "", *sorted(more.items()))
    if where not in _clients:
        key = os.environ.get(call["key"], "") if call["key"] else "none"
        if call["kind"] == "messages":
            from anthropic import AsyncAnthropic as Client  # type: ignore[import-not-found, unused-ignore]
        else:
            from openai import AsyncOpenAI as Client  # type: ignore[import-not-found, unused-ignore]
        _clients[where] = Client(api_key=key, base_url=call["url"], default_headers=more, max_retries=0)
    return _clients[where]


async def chat(service: Any, call: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - the SDK's client
    """Ask for a chat completion."""
    asked: dict[str, Any] = {
        "model": call["model"],
        "messages": [{"role": one["role"], "content": one["text"]} for one in call["messages"]],
        call["most"]: call["max_tokens"],
        "timeout": call["timeout_s"],
    }
    if call["temperature"] is not None:
        asked["temperature"] = call["temperature"]
    if call["schema"] is not None:
        asked["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": call["schema"]}}
    if not call["stream"]:
        given = await service.chat.completions.create(**asked)
        return from_chat(given.model_dump())
    text, ended, usage = [], None, None
    async for piece in await service.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
        found = piece.model_dump()
        usage = found.get("usage") or usage
        for choice in found.get("choices") or ():
            text.append((choice.get("delta") or {}).get("content") or "")
            ended = choice.get("finish_reason") or ended
    if ended is None:
        return {"why": "network", "said": "the stream ended early", "may_cost": True, "usage": chat_usage(usage)}
    return from_chat({"choices": [{"message": {"content": "".join(text)}, "finish_reason": ended}], "usage": usage})


def from_chat(given: dict[str, Any]) -> dict[str, Any]:
    """Read a chat completion; some services put an error of theirs into one that is called a success."""
    error = given.get("error")
    if error and not given.get("choices"):
        code = error.get("code") if isinstance(error, dict) else None
        return {"why": None, "status": code if isinstance(code, int) else 500, "said": json.dumps(error)}
    choice = given["choices"][0]
    message, ended = choice["message"], choice.get("finish_reason")
    declined = message.get("refusal") or ended == "content_filter"
    usage = given.get("usage") or {}
    return {
        "text": message.get("refusal") or message.get("content") or "",
        "stop": "declined" if declined else "length" if ended == "length" else "end",
        "usage": chat_usage(usage),
        "usd": usage.get("cost"),
    }


def chat_usage(usage: dict[str, Any] | None) -> dict[str, int] | None:
    """Give the tokens of a chat completion, of which what was read holds what came from the cache."""
    if not usage or usage.get("prompt_tokens") is None:
        return None
    details = usage.get("prompt_tokens_details") or {}
    return {
        "read": usage["prompt_tokens"],
        "written": usage.get("completion_tokens") or 0,
        "cached": details.get("cached_tokens") or 0,
        "stored": details.get("cache_write_tokens") or 0,
    }


async def messages(service: Any, call: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - the SDK's client
    """Ask for a message."""
    asked: dict[str, Any] = {
        "model": call["model"],
        "messages": [{"role": one["role"], "content": one["text"]} for one in call["messages"] if one["role"] != "system"],
        "max_tokens": call["max_tokens"],
        "timeout": call["timeout_s"],
    }
    system = "\n\n".join(one["text"] for one in call["messages"] if one["role"] == "system")
    if system:
        asked["system"] = system
    if call["temperature"] is not None:
        asked["extra_body"] = {"temperature": call["temperature"]}
    if call["schema"] is not None:
        asked["output_config"] = {"format": {"type": "json_schema", "schema": call["schema"]}}
    if call["stream"]:
        async with service.messages.stream(**asked) as stream:
            given = await stream.get_final_message()
    else:
        given = await service.messages.create(**asked)
    return from_message(given.model_dump())


def from_message(given: dict[str, Any]) -> dict[str, Any]:
    """Read a message; what was read does not hold what came from the cache or went into it, so it is added."""
    usage = given["usage"]
    cached, stored = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    tokens = {"read": usage["input_tokens"] + cached + stored, "written": usage["output_tokens"], "cached": cached, "stored": stored}
    ended = given.get("stop_reason")
    if ended is None:
        return {"why": "network", "said": "the stream ended early", "may_cost": True, "usage": tokens}
    return {
        "text": "".join(block.get("text") or "" for block in given["content"] if block.get("type") == "text"),
        "stop": "declined" if ended == "refusal" else "length" if ended in {"max_tokens", "model_context_window_exceeded"} else "end",
        "usage": tokens,
    }


def failure(problem: Exception) -> dict[str, Any]:
    """Say what an SDK's exception means."""
    kinds = {one.__name__ for one in type(problem).__mro__}
    if "APIStatusError" in kinds:
        return of_status(problem)
    if "APITimeoutError" in kinds:
        return {"why": "slow", "said": "", "may_cost": type(problem.__cause__).__name__ not in UNSENT}
    if "APIConnectionError" in kinds or kinds & {"TransportError", "ConnectionError"}:
        cause = problem.__cause__ or problem
        return {"why": "network", "said": f"{type(cause).__name__}: {cause}", "may_cost": type(cause).__name__ not in UNSENT}
    if "APIError" in kinds and isinstance(getattr(problem, "body", None), dict):  # an error within a stream
        return of_status(problem)
    return {"why": "garbled", "said": f"{type(problem).__name__}: {problem}", "may_cost": True}


def of_status(problem: Any) -> dict[str, Any]:  # noqa: ANN401 - of whichever SDK
    """Say what a service's error means, with what it asks for."""
    response, body = getattr(problem, "response", None), problem.body if isinstance(problem.body, dict) else {}
    error = body.get("error")
    inner = error if isinstance(error, dict) else body
    status, headers = getattr(problem, "status_code", None) or 200, getattr(response, "headers", {})
    if status < 400:  # noqa: PLR2004 - it came within a stream that had begun well
        code = inner.get("code")
        status = ERRORS_WITHIN_200.get(str(inner.get("type")), code if isinstance(code, int) else 500)
    milliseconds = headers.get("retry-after-ms")
    return {
        "why": None,
        "status": status,
        "said": str(inner.get("message") or problem),
        "retry_after": str(float(milliseconds) / 1000) if milliseconds and milliseconds.isdecimal() else headers.get("retry-after"),
        "final": headers.get("x-should-retry") == "false",
        "may_cost": getattr(problem, "status_code", None) in {None, 200},
    }


if __name__ == "__main__":
    asyncio.run(serve())
