"""Prompt packs for an agent in Python: copy this file; it needs the standard library alone. The format is in docs/rollout.md.

packs = Packs("~/.config/dotclaw/prompts")
shown = packs.choose("response-quality", user="u-17", conversation="c-3")
system_prompt += shown.instructions if shown else ""
trace["prompt_pack_versions"] = versions(shown)     # what you record is what counts
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Mapping, Optional, Tuple, Union  # noqa: UP035 - for the Python that your agent has

_DIGITS = 13
_KINDS = ("user", "conversation", "request")


@dataclass(frozen=True)
class Shown:
    """The pack that a request gets: what it says, its version, and whether it is a canary."""

    behavior: str
    version: str
    instructions: str
    demos: Tuple[Tuple[str, str], ...]  # noqa: UP006
    canary: bool


def coin(salt: str, day: str, kind: str, name: str) -> float:
    """Where a unit falls, from 0 to below 1: `kind` is user, conversation or request; a user has a day, the others have none."""
    text = f"{salt}\n{day}\n{kind}\t{name}"
    return int(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS], 16) / 16.0**_DIGITS


class Packs:
    """The packs in a folder. Files are read again when they change."""

    def __init__(self, folder: Union[str, os.PathLike[str]]) -> None:  # noqa: UP007
        self.folder = os.path.expanduser(folder)
        self._read: dict = {}  # type: ignore[type-arg]

    def choose(
        self,
        behavior: str,
        user: Optional[str] = None,  # noqa: UP045
        conversation: Optional[str] = None,  # noqa: UP045
        request: Optional[str] = None,  # noqa: UP045
        now: Optional[datetime] = None,  # noqa: UP045
    ) -> Optional[Shown]:  # noqa: UP045
        """The pack of a behaviour for one request; None where none is active. The same user gets the same one all day."""
        active = self._pack(f"{behavior}.json", behavior)
        if active is None:
            return None
        moment = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)  # noqa: UP017
        canary = self._pack(f"{behavior}.canary.json", behavior)
        drawn = canary is not None and _gets(canary, {"user": user, "conversation": conversation, "request": request}, moment)
        return _shown(behavior, canary if canary is not None and drawn else active, canary=drawn)

    def _pack(self, name: str, behavior: str) -> Optional[Mapping[str, Any]]:  # noqa: UP045
        path = os.path.join(self.folder, name)
        try:
            found = os.stat(path)
            key = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._read.get(path, (None,))[0] != key:
                with open(path, encoding="utf-8") as file:
                    self._read[path] = (key, json.load(file))
            pack = self._read[path][1]
            fits = pack["behavior"] == behavior and isinstance(pack["instructions"], str) and pack["version"] is not None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return pack if fits else None


def _gets(canary: Mapping[str, Any], names: Mapping[str, Optional[str]], now: datetime) -> bool:  # noqa: UP045
    said = canary.get("metadata") or {}
    if said.get("expires") and now.strftime("%Y-%m-%dT%H:%M:%SZ") >= str(said["expires"]):
        return False
    kinds = _KINDS if said.get("unit", "auto") in ("auto", "user-day") else (str(said["unit"]),)
    kind = next((one for one in kinds if names.get(one) is not None), None)
    share = float(said.get("canaryPercent", 0)) / 100
    if kind is None:
        return random.random() < share
    day = now.strftime("%Y-%m-%d") if kind == "user" else ""
    return coin(str(said.get("salt", canary["version"])), day, kind, str(names[kind])) < share


def _shown(behavior: str, pack: Mapping[str, Any], *, canary: bool) -> Shown:
    demos = tuple((str(one["input"]), str(one["output"])) for one in pack.get("demos") or ())
    return Shown(behavior, str(pack["version"]), pack["instructions"], demos, canary)


def versions(*shown: Optional[Shown]) -> Mapping[str, str]:  # noqa: UP045
    """What a trace says under `prompt_pack_versions`: name the packs that really reached the prompt."""
    return {one.behavior: one.version for one in shown if one is not None}
