"""A model that speaks OpenAI's protocols on loopback, for Codex (Responses) and OpenCode (chat completions): it answers by a function."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.client.model import Call, Fail, Say, on_loopback

Turn = Say | Call | Fail
_NUMBERS = itertools.count(1)
READ, WROTE = 1000, 100


@dataclass
class Service:
    """What answers a request by its text, and all that was asked."""

    answer: Callable[[str], Turn]
    asked: list[str] = field(default_factory=list)
    port: int = 0


@contextmanager
def serving_openai(answer: Callable[[str], Turn]) -> Iterator[Service]:
    """Serve while the context lasts; a question for a title is answered apart."""
    service = Service(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            with suppress(BrokenPipeError, ConnectionResetError):
                self._answer(text)

        def do_GET(self) -> None:
            self._send(200, b'{"object": "list", "data": []}', "application/json")

        def _answer(self, text: str) -> None:
            if "itle generator" in text:
                turn: Turn = Say("A title")
            else:
                service.asked.append(text)
                turn = service.answer(text)
            if isinstance(turn, Fail):
                self._send(turn.status, json.dumps({"error": {"message": turn.message, "type": turn.kind}}).encode(), "application/json")
                return
            made = responses(turn) if "/responses" in self.path else chat(turn)
            self._send(200, b"".join(made), "text/event-stream")

        def _send(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with on_loopback(Handler) as service.port:
        yield service


def responses(turn: Say | Call) -> Iterator[bytes]:
    """A turn as the Responses API streams it."""
    number = next(_NUMBERS)
    item: dict[str, Any] = {"status": "completed"}
    if isinstance(turn, Say):
        item |= {
            "type": "message",
            "id": f"m{number}",
            "role": "assistant",
            "content": [{"type": "output_text", "text": turn.text, "annotations": []}],
        }
    else:
        item |= {
            "type": "function_call",
            "id": f"f{number}",
            "call_id": f"c{number}",
            "name": turn.tool,
            "arguments": json.dumps(dict(turn.given)),
        }
    head = {"id": f"r{number}", "object": "response"}
    yield event({"type": "response.created", "response": {**head, "status": "in_progress"}})
    yield event({"type": "response.output_item.added", "output_index": 0, "item": {**item, "status": "in_progress"}})
    yield event({"type": "response.output_item.done", "output_index": 0, "item": item})
    usage = {"input_tokens": READ, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": WROTE, "total_tokens": READ + WROTE}
    usage |= {"output_tokens_details": {"reasoning_tokens": 0}}
    yield event({"type": "response.completed", "response": {**head, "status": "completed", "output": [item], "usage": usage}})


def chat(turn: Say | Call) -> Iterator[bytes]:
    """A turn as chat completions are streamed."""
    number = next(_NUMBERS)

    def chunk(delta: Mapping[str, Any], ended: str | None = None, **more: object) -> bytes:
        choices = [{"index": 0, "delta": delta, "finish_reason": ended}]
        said = {"id": f"c{number}", "object": "chat.completion.chunk", "created": 1, "model": "scripted", "choices": choices, **more}
        return b"data: " + json.dumps(said).encode() + b"\n\n"

    yield chunk({"role": "assistant", "content": ""})
    if isinstance(turn, Say):
        yield chunk({"content": turn.text})
    else:
        function = {"name": turn.tool, "arguments": json.dumps(dict(turn.given))}
        yield chunk({"tool_calls": [{"index": 0, "id": f"call{number}", "type": "function", "function": function}]})
    usage = {"prompt_tokens": READ, "completion_tokens": WROTE, "total_tokens": READ + WROTE}
    yield chunk({}, "stop" if isinstance(turn, Say) else "tool_calls", usage=usage)
    yield b"data: [DONE]\n\n"


def event(said: Mapping[str, Any]) -> bytes:
    return f"event: {said['type']}\ndata: {json.dumps(said)}\n\n".encode()
