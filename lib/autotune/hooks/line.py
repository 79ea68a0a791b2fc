"""The session in one line, for the client's status line."""

from __future__ import annotations

import time

from autotune.hooks import places, stops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def of_client(payload: Mapping[str, Any]) -> str | None:
    """Give the line for what the client tells a status line's command; None where there is no session."""
    return of_folder(str(payload.get("workspace", {}).get("current_dir") or payload["cwd"]))


def of_folder(folder: str) -> str | None:
    """Give the line for a folder's session: health, value, experiments, how long, what is left; None where there is none."""
    place = places.place_of(folder)
    session = places.session_of(place) if place is not None else None
    if session is None:
        return None
    now = session.now
    health = now["ended"]["how"] if session.stands_still else now["health"]
    parts = [f"autotune {health}", now["value"], _counted(now), _time(now, measuring=stops.is_measuring(session)), _left(now)]
    return " · ".join(part for part in parts if part) + "\n"


def _counted(now: Mapping[str, Any]) -> str:
    count = now["experiments"]
    return f"{count} experiment{'' if count == 1 else 's'}, {now['kept']} kept"


def _time(now: Mapping[str, Any], *, measuring: bool) -> str:
    if now["active_since"] is None:
        return f"ran {_duration(now['active_s'])}"
    return f"{'measuring, ' if measuring else ''}active {_duration(now['active_s'] + time.time() - now['active_since'])}"


def _left(now: Mapping[str, Any]) -> str:
    told = [] if now["left"] is None else [f"{now['left']} more"]
    told += [] if now["usd_left"] is None else [f"${now['usd_left']:.2f}"]
    told += [] if now["tokens_left"] is None else [f"{now['tokens_left']:,} tokens"]
    told += [] if now["deadline"] is None else [_duration(now["deadline"] - time.time())]
    return f"{', '.join(told)} left" if told else ""


def _duration(seconds: float) -> str:
    minutes = int(max(0.0, seconds)) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004 - minutes of an hour
