"""What a language model is asked, and what it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Schema = Mapping[str, Any]  # a JSON schema of the kind that `structured.objection` reads


class Role(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """A question for a model named `backend:model`.

    `max_tokens` bounds what the model may write, its thinking included. With `schema`, the answer has to be JSON of that shape.
    `temperature` None leaves it to the model. `sample` tells apart several answers that are wanted to the same question. `purpose` says
    what the call is for in the records of what was spent; it changes nothing of the question.
    """

    model: str
    messages: tuple[Message, ...]
    max_tokens: int = 1024
    temperature: float | None = None
    schema: Schema | None = None
    sample: int = 0
    purpose: str = ""


class Stop(StrEnum):
    """Why a model stopped writing."""

    END = "end"
    LENGTH = "length"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call. `read` are all that the model read, of which `cached` came from the provider's cache and `stored` went into it."""

    read: int = 0
    written: int = 0
    cached: int = 0
    stored: int = 0

    @property
    def total(self) -> int:
        """All tokens, read and written."""
        return self.read + self.written

    def plus(self, other: Usage) -> Usage:
        """Give the usage of two calls."""
        return Usage(self.read + other.read, self.written + other.written, self.cached + other.cached, self.stored + other.stored)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a backend gave: a text, or with a schema perhaps the value itself. `usd` is what the backend says that the call cost."""

    text: str
    usage: Usage | None = None
    stop: Stop = Stop.END
    value: Any = None
    usd: float | None = None


def contents(request: Request) -> dict[str, Any]:
    """Give all of a request that decides its answer, as JSON values, without the model's name."""
    return {
        "messages": [{"role": str(one.role), "text": one.text} for one in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "schema": request.schema,
        "sample": request.sample,
    }


def request_hash(request: Request, answering: str) -> str:
    """Give the SHA-256 of what decides an answer, in hexadecimal; `answering` names the model and where it is served."""
    return _hash({"answering": answering, **contents(request)})


def contents_hash(request: Request) -> str:
    """Give the SHA-256 of a request whichever model is asked, in hexadecimal."""
    return _hash(contents(request))


def _hash(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
