"""A model service on loopback, of both protocols, which does what a test wrote down; a test's own models beside it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autotune.core.asking.naming import BACKENDS, Endpoint, Kind
from autotune.core.asking.request import Message, Request, Role
from autotune.models.answers import Answers
from autotune.models.asking import Models, Terms
from autotune.models.spending import Spending

KEY = "sk-test-0123456789abcdef"
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 40}}
TOKENS = {"input_tokens": 60, "output_tokens": 20, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 0}


@dataclass(frozen=True, slots=True)
class Say:
    """An answer, after a while; in pieces that take a while each, where it is slow."""

    text: str
    stop: str = "end"
    after_s: float = 0.0
    piece_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Fail:
    """An error of the service."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "it does not work"


@dataclass(frozen=True, slots=True)
class Send:
    """A body that is no answer."""

    body: bytes
    kind: str = "application/json"


@dataclass(frozen=True, slots=True)
class Drop:
    """A connection that ends: before an answer, or in the middle of one."""

    within: bool = False


Turn = Say | Fail | Send | Drop


@dataclass
class Service:
    """What the service will do, and what it was asked."""

    turns: list[Turn]
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    at_once: int = 0
    most_at_once: int = 0
    spent_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def endpoint(self, kind: Kind) -> Endpoint:
        """Give the service's address, by protocol."""
        url, key = f"http://127.0.0.1:{self.port}", BACKENDS["openai" if kind is Kind.CHAT else "anthropic"].key
        return Endpoint(kind, url + ("/v1" if kind is Kind.CHAT else ""), key)

    def take(self, body: dict[str, Any], headers: dict[str, str]) -> Turn:
        """Give the next turn; the last one lasts."""
        with self.lock:
            self.asked.append(body)
            self.headers.append(headers)
            return self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]


class Handler(BaseHTTPRequestHandler):
    """Does what the service's turns say."""

    service: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        begun = time.monotonic()
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        service = self.service
        turn = service.take(body, {name.lower(): value for name, value in self.headers.items()})
        with service.lock:
            service.at_once += 1
            service.most_at_once = max(service.most_at_once, service.at_once)
        with suppress(BrokenPipeError, ConnectionResetError):
            self._send(turn, body)
        with service.lock:
            service.at_once -= 1
            service.spent_s += time.monotonic() - begun

    def _send(self, turn: Turn, body: dict[str, Any]) -> None:
        chat = self.path.endswith("/chat/completions")
        match turn:
            case Drop(within):
                if within:
                    self._begin(200, {"content-type": "application/json", "content-length": "1000"})
                    self.wfile.write(b'{"id": "1", ')
                self.close_connection = True
            case Fail(status, headers, message):
                error = {"type": "error", "error": {"type": "an_error", "message": message}}
                self._all(status, json.dumps(error).encode(), headers)
            case Send(content, kind):
                self._all(200, content, {"content-type": kind})
            case Say():
                time.sleep(turn.after_s)
                if body.get("stream"):
                    self._stream(turn, chat=chat)
                else:
                    self._all(200, json.dumps(_chat(turn) if chat else _message(turn)).encode(), piece_s=turn.piece_s)

    def _all(self, status: int, content: bytes, headers: Mapping[str, str] = MappingProxyType({}), piece_s: float = 0.0) -> None:
        self._begin(status, {"content-type": "application/json", "content-length": str(len(content)), **headers})
        for at in range(0, len(content), 16 if piece_s else len(content) or 1):
            self.wfile.write(content[at : at + 16] if piece_s else content)
            self.wfile.flush()
            time.sleep(piece_s)

    def _stream(self, turn: Say, *, chat: bool) -> None:
        self._begin(200, {"content-type": "text/event-stream", "connection": "close"})
        self.close_connection = True
        for line in _chat_events(turn) if chat else _message_events(turn):
            self.wfile.write(line)
            self.wfile.flush()
            time.sleep(turn.piece_s)

    def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(*turns: Turn) -> Iterator[Service]:
    """Serve turns while the context lasts."""
    service = Service(list(turns))
    handler = type("Handling", (Handler,), {"service": service})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        service.port = server.server_port
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield service
        finally:
            server.shutdown()


def _chat(turn: Say) -> dict[str, Any]:
    reason = {"end": "stop", "length": "length", "declined": "content_filter"}[turn.stop]
    choice = {"index": 0, "message": {"role": "assistant", "content": turn.text}, "finish_reason": reason}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "small", "choices": [choice], "usage": USAGE}


def _chat_events(turn: Say) -> Iterator[bytes]:
    common = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "small"}
    for letter in turn.text:
        yield _data({**common, "choices": [{"index": 0, "delta": {"content": letter}, "finish_reason": None}]})
    if turn.stop != "never":
        yield _data({**common, "choices": [{"index": 0, "delta": {}, "finish_reason": _chat(turn)["choices"][0]["finish_reason"]}]})
        yield _data({**common, "choices": [], "usage": USAGE})
        yield b"data: [DONE]\n\n"


def _message(turn: Say) -> dict[str, Any]:
    reason = {"end": "end_turn", "length": "max_tokens", "declined": "refusal"}[turn.stop]
    content = [{"type": "text", "text": turn.text}]
    common = {"id": "msg_1", "type": "message", "role": "assistant", "model": "small", "stop_sequence": None}
    return {**common, "content": content, "stop_reason": reason, "usage": TOKENS}


def _message_events(turn: Say) -> Iterator[bytes]:
    begun = {**_message(Say("")), "content": [], "stop_reason": None, "usage": {**TOKENS, "output_tokens": 1}}
    yield _event({"type": "message_start", "message": begun})
    yield _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    for letter in turn.text:
        yield _event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": letter}})
    if turn.stop == "overloaded":
        yield _event({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    elif turn.stop != "never":
        yield _event({"type": "content_block_stop", "index": 0})
        ended = {"stop_reason": _message(turn)["stop_reason"], "stop_sequence": None}
        yield _event({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 20}})
        yield _event({"type": "message_stop"})


def _data(value: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def _event(value: Mapping[str, Any]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


def models_in(folder: Path, terms: Terms) -> Models:
    """Make models whose files lie in a folder."""
    return Models(terms, Spending(folder / "models.db"), Answers(folder / "answers.db"))


def asked(model: str, text: str = "Why?", schema: Mapping[str, Any] | None = None, max_tokens: int = 50, sample: int = 0) -> Request:
    """Make a question."""
    return Request(model, (Message(Role.USER, text),), max_tokens, schema=schema, sample=sample, purpose="test")


def rows(folder: Path, columns: str) -> Sequence[tuple[Any, ...]]:
    """Read the calls that were written down."""
    spending = Spending(folder / "models.db")
    found = spending._file.execute(f"SELECT {columns} FROM calls ORDER BY id").fetchall()  # noqa: S608
    spending.close()
    return found
