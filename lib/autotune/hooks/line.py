"""The session in one line, for the client's status line."""

from __future__ import annotations

from autotune.hooks import locating, stops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def of_client(payload: Mapping[str, Any]) -> str | None:
    """Give the line for what the client tells a status line's command; None where there is no session."""
    return of_folder(str(payload.get("workspace", {}).get("current_dir") or payload["cwd"]))


def of_folder(folder: str) -> str | None:
    """Give the line for a folder's session: health, value, experiments, how long, what is left; None where there is none."""
    _, session = locating.found_at(folder)
    if session is None:
        return None
    now, since_s = session.now, session.active_since_then_s
    health = now["ended"]["how"] if session.stands_still else now["health"]
    active = _time(now, since_s, measuring=stops.is_measuring(session))
    parts = [f"autotune {health}", now["value"], _counted(now), active, _left(now["budget"], since_s)]
    return " · ".join(part for part in parts if part) + "\n"


def _counted(now: Mapping[str, Any]) -> str:
    count = now["experiments"]
    return f"{count} experiment{'' if count == 1 else 's'}, {now['keeps'] + now['forced']} kept"


def _time(now: Mapping[str, Any], since_s: float, *, measuring: bool) -> str:
    if now["ended"] is not None:
        return f"ran {_duration(now['active_s'])}"
    return f"{'measuring, ' if measuring else ''}active {_duration(now['active_s'] + since_s)}"


def _left(budget: Mapping[str, Any], since_s: float) -> str:
    told = [f"{budget['experiments']} more"] if "experiments" in budget else []
    told += [f"${budget['cost_usd']:.2f}"] if "cost_usd" in budget else []
    told += [f"{budget['tokens']:,} tokens"] if "tokens" in budget else []
    told += [_duration(budget["seconds"] - since_s)] if "seconds" in budget else []
    return f"{', '.join(told)} left" if told else ""


def _duration(seconds: float) -> str:
    minutes = int(max(0.0, seconds)) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004 - minutes of an hour
