"""Names of models, `backend:model`, and what each backend is without settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from autotune.errors import AutotuneError


class Kind(StrEnum):
    """How a backend is spoken to."""

    CHAT = "chat"  # OpenAI's chat completions, at any address
    MESSAGES = "messages"  # Anthropic's
    CLIENT = "client"  # Claude Code's command line
    PROGRAM = "program"  # JSON in, JSON out
    SCRIPT = "script"  # a function of ours
    CASSETTE = "cassette"  # what was recorded


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A backend's kind, and for a service its address and the environment variable that holds its key (None where it needs none).

    `completion_tokens` where the service wants the cap on what is written under OpenAI's newer name. `free` where calls cost no money.
    `headers` go with each request.
    """

    kind: Kind
    url: str | None = None
    key: str | None = None
    completion_tokens: bool = False
    free: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def is_real(self) -> bool:
        """Whether a call of it may leave this machine or cost money."""
        return self.kind not in {Kind.SCRIPT, Kind.CASSETTE}


BACKENDS: Mapping[str, Endpoint] = {
    "openai": Endpoint(Kind.CHAT, "https://api.openai.com/v1", "OPENAI_API_KEY", completion_tokens=True),
    "openrouter": Endpoint(Kind.CHAT, "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "ollama": Endpoint(Kind.CHAT, "http://127.0.0.1:11434/v1", free=True),
    "vllm": Endpoint(Kind.CHAT, "http://127.0.0.1:8000/v1", free=True),
    "lmstudio": Endpoint(Kind.CHAT, "http://127.0.0.1:1234/v1", free=True),
    "anthropic": Endpoint(Kind.MESSAGES, "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
    "claude": Endpoint(Kind.CLIENT),
    "command": Endpoint(Kind.PROGRAM),
    "script": Endpoint(Kind.SCRIPT, free=True),
    "cassette": Endpoint(Kind.CASSETTE, free=True),
}


def elsewhere(backend: str, url: str | None, key: str | None) -> Endpoint:
    """Give a backend at another address, or with its key in another variable. Raises AutotuneError for one that is no service."""
    if backend not in BACKENDS:
        raise AutotuneError(f"There is no backend `{backend}`.", f"the backends are {', '.join(BACKENDS)}")
    usual = BACKENDS[backend]
    if usual.url is None and (url is not None or key is not None):
        raise AutotuneError(f"{backend} is no service: it has no address and no key.", "leave its address and its key out")
    moved = usual if url is None else replace(usual, url=url, free=False)
    return moved if key is None else replace(moved, key=key)


@dataclass(frozen=True, slots=True)
class Name:
    """A model's name, taken apart."""

    backend: str
    model: str

    def __str__(self) -> str:
        return f"{self.backend}:{self.model}"


def parse(text: str) -> Name:
    """Take `backend:model` apart; the model's own name may hold colons. Raises AutotuneError where it is not such a name."""
    backend, colon, model = text.partition(":")
    if not colon or not model.strip():
        raise AutotuneError(f"`{text}` names no model.", "write BACKEND:MODEL, for example anthropic:claude-haiku-4-5 or ollama:llama3.2")
    if backend not in BACKENDS:
        raise AutotuneError(f"There is no backend `{backend}`, which `{text}` names.", f"the backends are {', '.join(BACKENDS)}")
    return Name(backend, model)
