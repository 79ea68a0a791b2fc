"""A model that follows a script, on loopback: what a client asks it is kept, what it answers was written down beforehand."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

_NUMBERS = itertools.count(1)  # a conversation that is resumed may not meet a number again
COMPACTION = "Respond with TEXT ONLY. Do NOT call any tools"
SUMMARY = "<summary>What was said before is forgotten.</summary>"


@dataclass(frozen=True, slots=True)
class Say:
    """A turn that ends with words. `context` is how many tokens the client is told that the conversation takes.

    A turn that `lasts` is given until another conversation begins: how often a client tries before it gives up is its own affair.
    """

    text: str
    context: int = 1000
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A turn that calls a tool."""

    tool: str
    given: Mapping[str, Any]
    context: int = 1000
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """A turn in which the model refuses, without a word."""

    context: int = 1000
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Fail:
    """An error of the service instead of a turn."""

    status: int
    kind: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    lasts: bool = False


def bash(command: str, *, context: int = 1000, **more: object) -> Call:
    """A call of the shell."""
    return Call("Bash", {"command": command, **more}, context)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: what the client sent since the model's last turn, as text."""

    user: str
    reminders: str
    result: str
    refused: bool

    @property
    def ran(self) -> bool:
        """Whether the shell's command was run, whatever came of it."""
        return not self.refused or self.result.startswith("Exit code")

    @property
    def all(self) -> str:
        """Everything since the last turn."""
        return f"{self.user}\n{self.reminders}\n{self.result}"


Spoken = Say | Call | Refuse
Turn = Spoken | Fail
Line = Turn | Callable[[Asked], Turn]


def taken(line: Line, asked: Asked) -> Turn:
    """The turn that a line of a script comes to."""
    return line(asked) if callable(line) else line


def after(work: Callable[[], object], line: Line) -> Line:
    """A line that is taken once something has been done."""

    def worked(asked: Asked) -> Turn:
        work()
        return taken(line, asked)

    return worked


@dataclass
class Model:
    """A script, how far it has come, what was asked on the way, and in which conversation."""

    script: Sequence[Line]
    asked: list[Asked] = field(default_factory=list)
    conversations: list[str] = field(default_factory=list)
    compactions: list[str] = field(default_factory=list)
    port: int = 0
    place: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Mapping[str, Any], conversation: str) -> Turn:
        """Give the next turn, which is "The script is over." when there is none; a compaction is no turn of the script."""
        asked = read(request)
        if COMPACTION in asked.user:
            self.compactions.append(asked.user)
            return Say(SUMMARY)
        if not request.get("tools"):
            return Say("ok")
        with self.lock:
            if self.conversations[-1:] not in ([], [conversation]) and _lasts(self._line):
                self.place += 1
            self.asked.append(asked)
            self.conversations.append(conversation)
            line = self._line
            self.place += not _lasts(line)
        return taken(line, asked)

    @property
    def _line(self) -> Line:
        return self.script[self.place] if self.place < len(self.script) else Say("The script is over.")


def _lasts(line: Line) -> bool:
    return not callable(line) and line.lasts


def read(request: Mapping[str, Any]) -> Asked:
    """Take apart what came after the model's last turn."""
    since: list[Mapping[str, Any]] = []
    for message in reversed(request.get("messages", [])):
        if message["role"] == "assistant":
            break
        since.insert(0, message)
    blocks = [(message["role"], block) for message in since for block in _blocks(message.get("content"))]
    results = [block for _, block in blocks if block["type"] == "tool_result"]
    return Asked(
        user="\n".join(block["text"] for role, block in blocks if block["type"] == "text" and role == "user"),
        reminders="\n".join(block["text"] for role, block in blocks if block["type"] == "text" and role == "system"),
        result="\n".join(_text(block.get("content")) for block in results),
        refused=any(block.get("is_error") for block in results),
    )


def _blocks(content: object) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _text(content: object) -> str:
    return "\n".join(block["text"] for block in _blocks(content) if block["type"] == "text")


@contextmanager
def on_loopback(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serve HTTP on a port of loopback while the context lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(script: Sequence[Line]) -> Iterator[Model]:
    """Serve a model's script while the context lasts."""
    model = Model(script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or an answer in two pieces waits 40 ms for the first to be acknowledged, now and then

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            turn = model.answer(body, str(self.headers.get("x-claude-code-session-id")))
            with suppress(BrokenPipeError, ConnectionResetError):
                self._send(body, turn)

        def do_GET(self) -> None:
            self._write(404, b"{}", "application/json")

        def _send(self, body: Mapping[str, Any], turn: Turn) -> None:
            if isinstance(turn, Fail):
                error = {"type": "error", "error": {"type": turn.kind, "message": turn.message}}
                self._write(turn.status, json.dumps(error).encode(), "application/json", turn.headers)
                return
            message = as_message(turn, str(body.get("model")), next(_NUMBERS))
            if body.get("stream"):
                self._write(200, b"".join(as_events(message)), "text/event-stream")
            else:
                self._write(200, json.dumps(message).encode(), "application/json")

        def _write(self, status: int, content: bytes, kind: str, more: Mapping[str, str] = MappingProxyType({})) -> None:
            self.send_response(status)
            for name, value in {"content-type": kind, "content-length": str(len(content)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with on_loopback(Handler) as model.port:
        yield model


def as_message(turn: Spoken, name: str, number: int) -> dict[str, Any]:
    """Make a turn the message that a client expects."""
    return {
        "id": f"msg_{number:06d}",
        "type": "message",
        "role": "assistant",
        "model": name,
        "content": [] if isinstance(turn, Refuse) else [_block(turn, number)],
        "stop_reason": {Say: "end_turn", Call: "tool_use", Refuse: "refusal"}[type(turn)],
        "stop_sequence": None,
        "usage": {"input_tokens": turn.context, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 100},
    }


def _block(turn: Say | Call, number: int) -> dict[str, Any]:
    if isinstance(turn, Say):
        return {"type": "text", "text": turn.text}
    return {"type": "tool_use", "id": f"toolu_{number:06d}", "name": turn.tool, "input": dict(turn.given)}


def as_events(message: Mapping[str, Any]) -> Iterator[bytes]:
    """Make a message the events in which it is streamed."""
    begun: dict[str, Any] = {"content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield _event("message_start", message={**message, **begun})
    for block in message["content"]:
        empty: dict[str, Any]
        if block["type"] == "text":
            empty, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield _event("content_block_start", index=0, content_block=empty)
        yield _event("content_block_delta", index=0, delta=delta)
        yield _event("content_block_stop", index=0)
    yield _event("message_delta", delta={"stop_reason": message["stop_reason"], "stop_sequence": None}, usage=message["usage"])
    yield _event("message_stop")


def _event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
