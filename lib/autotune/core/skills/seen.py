"""What a host records of one session: listings, prompts, calls of skills, and what came of them.

`agent` is empty for the main conversation, else a subagent's id. `at` is the host's time as ISO 8601, empty where it records none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Shown(StrEnum):
    """How much of a skill's description its listing showed."""

    FULL = "full"
    CUT = "cut"
    NAME = "name"  # the name alone


class How(StrEnum):
    """Who had a skill run, and by what."""

    MODEL = "model"
    TYPED = "typed"
    READ = "read"  # the model read the skill's file by another tool


def digest_of(name: str, listed: str) -> str:
    """By what Claude Code tells a description: the first 16 hex digits of the SHA-256 of name and text as compact JSON."""
    said = json.dumps([name, listed], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of a listing. `digest` tells the whole description from others, None where the host records none."""

    name: str
    shown: Shown
    text: str
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Skills offered to the model: all of them where it is `whole`, else those that are new or changed. `folder` is where it works."""

    agent: str
    at: str
    offers: tuple[Offer, ...]
    whole: bool
    computed: bool = False
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A session began in a folder; `program` where no human is at the other end."""

    folder: str
    program: bool


@dataclass(frozen=True, slots=True)
class Prompt:
    """What began a turn. `human` is False for what a program, a hook or a schedule has said."""

    agent: str
    at: str
    text: str
    human: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A skill asked for by name. `id` joins it with its `Ended` and `Body`; it is empty for one that was typed."""

    agent: str
    at: str
    id: str
    name: str
    how: How


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a call. One that was denied is a trigger that did not run; an unknown name is none."""

    id: str
    ran: bool
    known: bool = True
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """The instructions that ran: the skill's folder, and the first 16 hex digits of the text's SHA-256."""

    agent: str
    id: str
    folder: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The model has answered; `skill` is to which skill the host credits that."""

    agent: str
    at: str
    skill: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model response; the last record of a response counts."""

    response: str
    input: int
    output: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A tool that failed."""

    agent: str
    at: str


Row: TypeAlias = Opened | Listing | Prompt | Call | Ended | Body | Answer | Usage | Failure
