"""Which client session owns an autotune session: the one that a person started with the agent, or said /autotune in, last."""

from __future__ import annotations

import os
import time

from autotune.hooks import locating
from autotune.hooks.values import read_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autotune.hooks.locating import Known, WorkingTree

AGENT = "autotune:autotune"
"""How the client names the plugin's agent; an agent of the same bare name is somebody else's."""

FORGET_AFTER_S = 30 * 24 * 3600


class Client:
    """A client session at one event: whether it owns the session found there, was started with the agent, or was told /autotune."""

    __slots__ = ("agent", "asked", "identity", "owns", "prompt", "returns", "verb")

    def __init__(self, payload: Mapping[str, Any], place: WorkingTree | None, session: Known | None) -> None:
        self.identity = str(payload["session_id"])
        self.prompt = payload.get("prompt_id")
        said = read_object(_record(place, self.identity)) if place is not None else {}
        self.asked = bool(said.get("asked"))
        self.verb = said.get("verb") if self.prompt is not None and said.get("prompt") == self.prompt else None
        self.agent = payload.get("agent_type") == AGENT and "agent_id" not in payload
        self.returns = self.agent and bool(said.get("returns"))
        self.owns = False
        if session is not None:
            self._look_at(session)
        if self.returns and place is not None:
            locating.keep(_record(place, self.identity), {**said, "returns": False})

    def _look_at(self, session: Known) -> None:
        owner = read_object(os.path.join(session.folder, locating.OWNER))
        if self.returns or (not owner and (self.agent or self.asked)):
            self.take(session)
        elif owner.get("client") == self.identity:
            self.owns = True
            self.agent = self.agent or bool(owner.get("agent"))

    def take(self, session: Known) -> None:
        """Make the session this client's; the hooks fall silent for the one that had it."""
        self.owns = True
        if read_object(os.path.join(session.folder, locating.OWNER)).get("client") != self.identity:
            locating.keep(
                os.path.join(session.folder, locating.OWNER), {"client": self.identity, "agent": self.agent, "process": _process()}
            )

    def take_after_clear(self, session: Known) -> None:
        """Make the session this client's where the owner was the same process under another name, which it has after /clear."""
        owner = read_object(os.path.join(session.folder, locating.OWNER))
        if owner.get("process") is not None and owner.get("process") == _process():
            self.agent = self.agent or bool(owner.get("agent"))
            self.take(session)


def note_return(place: WorkingTree, identity: str) -> None:
    """Write down that a conversation goes on in this client; whether with the agent, the client says with the next event only."""
    path = _record(place, identity)
    locating.keep(path, {**read_object(path), "returns": True})


def note_word(place: WorkingTree, identity: str, verb: str, prompt: object, *, asks: bool) -> None:
    """Write down which of the plugin's commands a person said in a client session, with which prompt, and whether it asks for a session."""
    path, folder = _record(place, identity), os.path.join(place.sessions, locating.CLIENTS)
    held = read_object(path)
    locating.keep(path, {**held, "verb": verb, "prompt": prompt, "asked": asks or held.get("asked", False)})
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.getmtime(path) < time.time() - FORGET_AFTER_S:
            os.unlink(path)


def _record(place: WorkingTree, identity: str) -> str:
    safe = "".join(character for character in identity if character.isalnum() or character in "-_")
    return os.path.join(place.sessions, locating.CLIENTS, f"{safe}.json")


def _process() -> str | None:
    return os.environ.get("CLAUDE_PID")
