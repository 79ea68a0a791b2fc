"""When a client session begins, or loses its memory: hand over the brief; and when a person says one of the plugin's commands."""

from __future__ import annotations

from autotune.hooks import clients, locating, sayings
from autotune.hooks.clients import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autotune.hooks.locating import Known

OWNING_WORDS = frozenset({"autotune", "resume", "repair"})


def on_start(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Hand over the brief in the session's own client; None in any other."""
    place, session = locating.found_at(str(payload["cwd"]))
    if place is None or session is None:
        return None
    client = Client(payload, place, session)
    if client.agent and not client.owns and payload["source"] in {"startup", "resume", "fork"}:
        client.take(session)
    elif payload["source"] in {"resume", "fork"} and not client.owns:
        clients.note_return(place, client.identity)
    elif payload["source"] == "clear" and not client.owns:
        client.take_after_clear(session)
    if not client.owns or session.now["auto_resume"] == "off":
        return None
    context = _told(session) if session.now["auto_resume"] == "prompt" else _handed(session)
    return {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": context}}


def _told(session: Known) -> str:
    return sayings.TELL_THE_PERSON.format(session=session.name, next=session.now["next"])


def _handed(session: Known) -> str:
    now, ended = session.now, session.now["ended"]
    if ended is None:
        return sayings.BRIEF.format(session=session.name, next=now["next"], brief=now["brief"])
    return sayings.BRIEF_AT_REST.format(session=session.name, how=ended["how"], brief=now["brief"])


def on_word(payload: Mapping[str, Any]) -> None:
    """Note that a person has said one of the plugin's commands; some of them make the session this client's."""
    place, session = locating.found_at(str(payload["cwd"]))
    plugin, _, verb = str(payload["command_name"]).partition(":")
    if place is None or plugin != "autotune":
        return
    clients.note_word(place, str(payload["session_id"]), verb, payload.get("prompt_id"), asks=verb in OWNING_WORDS)
    if session is not None and verb in OWNING_WORDS:
        Client(payload, place, session).take(session)
