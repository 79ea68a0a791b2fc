"""The hook log: one line for each time that a hook could not do its work."""

from __future__ import annotations

import os
import time

LONGEST = 64 * 1024  # bytes; then the older half goes


def path() -> str:
    """Where the log is: in the user's cache folder, beside what else can be made again."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return os.path.join(named if os.path.isabs(named) else os.path.expanduser("~/.cache"), "autotune", "hooks.log")


def jot(event: str, problem: BaseException) -> None:
    """Add a line. It holds the event, the place in the code and the error's own words; never the payload or the environment."""
    trace, place = problem.__traceback__, ""
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    words = " ".join(f"{type(problem).__name__}: {problem}".split())[:300]
    log = path()
    os.makedirs(os.path.dirname(log), exist_ok=True)
    _shorten(log)
    with open(log, "a", encoding="utf-8", errors="replace") as file:
        file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {event}: {words} ({place})\n")


def _shorten(log: str) -> None:
    try:
        if os.path.getsize(log) <= LONGEST:
            return
        with open(log, "rb") as file:
            lines = file.read().splitlines(keepends=True)
    except OSError:
        return
    with open(log, "wb") as file:
        file.writelines(lines[len(lines) // 2 :])
