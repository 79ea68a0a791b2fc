"""A pass again and again, until a signal asks for the end: its lock, its health file, and how long it waits."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autotune.core.scheduling.passing import wait_s
from autotune.edges.atomic import replace_file
from autotune.edges.clock import now
from autotune.edges.locks import hold
from autotune.edges.signals import Ending
from autotune.errors import AutotuneError

_LOOK_AGAIN_S = 30.0
HEALTH, LOCK = "daemon.json", "daemon.lock"


@dataclass(slots=True)
class Health:
    """How the daemon is doing, kept in a file for whoever looks; a process that is gone holds no lock, whatever the file says."""

    path: Path
    pid: int = field(default_factory=os.getpid)
    began: str = field(default_factory=now)
    state: str = "working"
    passes: int = 0
    failures: int = 0
    last: Mapping[str, Any] | None = None
    next_in_s: int | None = None
    at: str = ""

    def write(self) -> None:
        """Write it down as it is now."""
        self.at = now()
        names = ("pid", "began", "at", "state", "passes", "failures", "next_in_s", "last")
        replace_file(self.path, json.dumps({name: getattr(self, name) for name in names}, ensure_ascii=False).encode())


def run(
    folder: Path,
    make_pass: Callable[[], Mapping[str, Any]],
    interval_s: Callable[[], float],
    ending: Ending,
    said: Callable[[Health], None],
    most: int | None = None,
) -> Health:
    """Make passes until `ending` is asked for, or `most` were made. `make_pass` gives values with `ok`, or raises AutotuneError.

    `interval_s` is asked again while it waits, so that a changed setting counts. Raises AutotuneError where another daemon runs.
    """
    with hold(folder / LOCK, "autotune prompts daemon"):
        health = Health(folder / HEALTH)
        while ending.number is None:
            _work(health, make_pass)
            if health.passes == most:
                break
            _wait(health, interval_s, ending, said)
        health.state, health.next_in_s = "ended", None
        health.write()
    return health


def _work(health: Health, make_pass: Callable[[], Mapping[str, Any]]) -> None:
    health.state, health.next_in_s = "working", None
    health.write()
    began = now()
    try:
        found = dict(make_pass())
    except AutotuneError as refusal:
        found = {"ok": False, "error": refusal.message, "hint": refusal.hint}
    except Exception as bug:  # noqa: BLE001 - a daemon outlives what fails in one pass, and says what it was
        found = {"ok": False, "error": f"{type(bug).__name__}: {bug}", "hint": ""}
    health.passes += 1
    health.failures = 0 if found["ok"] else health.failures + 1
    health.last = {"began": began, "ended": now(), **found}


def _wait(health: Health, interval_s: Callable[[], float], ending: Ending, said: Callable[[Health], None]) -> None:
    """Wait until the next pass is due, by the interval as it is then; the first look says how long that is."""
    began, coin = time.monotonic(), random.random()
    health.state = "waiting"
    known: float | None = None
    while ending.number is None:
        interval = interval_s()
        left = began + wait_s(interval, health.failures, coin) - time.monotonic()
        if left <= 0:
            return
        if interval != known:
            known, health.next_in_s = interval, round(left)
            health.write()
            said(health)
        ending.wait(min(left, _LOOK_AGAIN_S))
