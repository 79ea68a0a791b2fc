"""When a client session begins, or loses its memory: hand over the brief; and when a person says one of the plugin's commands."""

from __future__ import annotations

from autotune.hooks import clients, locating
from autotune.hooks.clients import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autotune.hooks.locating import Known

OWNING_WORDS = frozenset({"autotune", "resume", "repair"})


def on_start(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Hand over the brief in the session's own client; None in any other."""
    place = locating.working_tree_of(str(payload["cwd"]))
    session = locating.session_of(place) if place is not None else None
    if session is None:
        return None
    client = Client(payload, place, session)
    if client.agent and not client.owns and payload["source"] in {"startup", "resume", "fork"}:
        client.take(session)
    elif payload["source"] in {"resume", "fork"} and not client.owns and place is not None:
        clients.note_return(place, client.identity)
    elif payload["source"] == "clear" and not client.owns:
        client.take_after_clear(session)
    if not client.owns or session.now["auto_resume"] == "off":
        return None
    context = _TELLS.format(session=session.name, next=session.now["next"]) if session.now["auto_resume"] == "prompt" else _handed(session)
    return {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": context}}


_TELLS = (
    "An autotune session, {session}, belongs to this client. Do not go on with it by yourself: tell the person in a sentence that it is "
    "there, and go on when they say so. `autotune brief` has all there is to know. Next would be: {next}."
)


def _handed(session: Known) -> str:
    ended = session.now["ended"]
    lead = f"autotune session {session.name} belongs to this client. This is its brief"
    if ended is None:
        return f"{lead}; go on from it. Next: {session.now['next']}.\n\n{session.now['brief']}"
    return f"{lead}. It is {ended['how']}, and only a person takes it up again: do nothing in it by yourself.\n\n{session.now['brief']}"


def on_word(payload: Mapping[str, Any]) -> None:
    """Note that a person has said one of the plugin's commands; some of them make the session this client's."""
    place = locating.working_tree_of(str(payload["cwd"]))
    plugin, _, verb = str(payload["command_name"]).partition(":")
    if place is None or plugin != "autotune":
        return
    clients.note_word(place, str(payload["session_id"]), verb, payload.get("prompt_id"), asks=verb in OWNING_WORDS)
    session = locating.session_of(place)
    if session is not None and verb in OWNING_WORDS:
        Client(payload, place, session).take(session)
