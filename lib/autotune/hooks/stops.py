"""When the agent stops: send it on, or let it go."""

from __future__ import annotations

import os

from autotune.hooks import locating, sayings
from autotune.hooks.clients import Client
from autotune.hooks.values import read_json, read_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autotune.hooks.locating import Known

COUNT = "stops.json"
GOES_ON = frozenset({"continue", "headless"})
_INTERRUPTED = b"[Request interrupted by user"
_LOOKED_AT = 1 << 20  # bytes of the transcript's end


def on_stop(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Say what to do next while the session goes on; None lets the client stop."""
    place, session = locating.found_at(str(payload["cwd"]))
    if session is None or not Client(payload, place, session).owns:
        return None
    if session.now["auto_resume"] not in GOES_ON or not _may_go_on(session) or payload.get("background_tasks"):
        return None
    if _asks(str(payload.get("last_assistant_message") or "")) or _was_interrupted(str(payload["transcript_path"]), session.now["as_of"]):
        return None
    stops, patience = _counted(session, payload), int(session.now["stop_patience"])
    if stops > patience:
        return {"systemMessage": sayings.GIVEN_UP.format(session=session.name, patience=patience)} if stops == patience + 1 else None
    said = sayings.WAIT.format(session=session.name) if is_measuring(session) else _go_on(session)
    # `"decision": "block"` would do as well, but the client shows that to people as a problem, and tells the model twice.
    return {"hookSpecificOutput": {"hookEventName": "Stop", "additionalContext": said}}


def _go_on(session: Known) -> str:
    now = session.now
    count = {"experiments": now["experiments"], "kept": now["keeps"] + now["forced"]}
    if now.get("stops_after") is not None:
        return sayings.STOP_AFTER.format(session=session.name, next=now["next"])
    return sayings.GO_ON.format(session=session.name, health=now["health"], next=now["next"], **count)


def _may_go_on(session: Known) -> bool:
    budget, since_s = session.now["budget"], session.active_since_then_s
    is_left = all(budget.get(key, 1) > 0 for key in ("experiments", "cost_usd", "tokens"))
    return not session.stands_still and is_left and ("seconds" not in budget or since_s < budget["seconds"])


def _counted(session: Known, payload: Mapping[str, Any]) -> int:
    """Count this stop, on disk: the stops of this client since the last new experiment."""
    path = os.path.join(session.folder, COUNT)
    held = read_object(path)
    begun = session.now["experiments"] + (session.now["experiment"] is not None)
    same = held.get("client") == payload["session_id"] and held.get("begun") == begun
    stops = int(held["stops"]) + 1 if same else 1
    locating.keep(path, {"client": payload["session_id"], "begun": begun, "stops": stops})
    return stops


def _asks(message: str) -> bool:
    """Whether the agent's last words are a question."""
    return message.rstrip().rstrip("*_`)”\"'").endswith(("?", "？"))  # noqa: RUF001 - a question mark of other scripts


def _was_interrupted(transcript: str, since: str) -> bool:
    """Whether a person has interrupted the agent since an ISO time in UTC."""
    try:
        with open(transcript, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LOOKED_AT))
            lines = [line for line in file if _INTERRUPTED in line]
    except OSError:
        return False
    return any(_tells_of_interrupt(read_json(line.decode("utf-8", "replace")), since) for line in lines)


def _tells_of_interrupt(record: Mapping[str, Any], since: str) -> bool:
    """Whether a record of the transcript is the client's own note of an interrupt, and not a text that quotes one."""
    message = record.get("message")
    content = message.get("content") if record.get("type") == "user" and isinstance(message, dict) else None
    texts = [content] if isinstance(content, str) else [block.get("text", "") for block in content or [] if block.get("type") == "text"]
    return str(record.get("timestamp")) > since and any(text.startswith(_INTERRUPTED.decode()) for text in texts)


def is_measuring(session: Known) -> bool:
    """Whether a worker of the loop holds the session's lock."""
    import fcntl

    try:
        descriptor = os.open(os.path.join(session.folder, "lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_object(os.path.join(session.folder, "lock")).get("worker") is True
    finally:
        os.close(descriptor)
    return False
