"""The process that speaks to model services through their official SDKs, in an environment of its own.

The environment is set up by `bin/autotune --environment requirements-models.lock` when the first call needs it, and the process started
once for all calls. It ends when this process does: its stdin is closed then.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import IO, Any

from autotune.core.asking.failing import Failure, Why, retry_after_s, why_of
from autotune.core.asking.naming import Endpoint, Kind
from autotune.core.asking.request import Reply, Request, Stop, Usage, contents
from autotune.edges.client import pipe
from autotune.edges.extra import python_of
from autotune.errors import AutotuneError
from autotune.version import PACKAGE, ROOT

LOCK = ROOT / "requirements-models.lock"
LATE_S = 2.0
"""How much later than its time limit a call may be answered before the process counts as hung."""
IMPORT_S = 120.0
_UNWANTED = ("OPENAI_LOG", "ANTHROPIC_LOG", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_PROFILE")


@cache
def environment_python() -> str:
    """Give the Python that has the SDKs; sets its environment up when it is not there. Raises AutotuneError where that fails."""
    return python_of(LOCK, "The SDKs of model services could not be installed.")


class Sdk:
    """The process, started by the first call. Threads may call at once."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[int, Future[Mapping[str, Any]]] = {}
        self._lock = threading.Lock()
        self._imported: set[Kind] = set()
        self._process: subprocess.Popen[str] | None = None

    def call(self, endpoint: Endpoint, model: str, request: Request, timeout_s: float, *, stream: bool) -> Reply | Failure:
        """Make one call, once. Raises AutotuneError where the process cannot be had."""
        self.start(endpoint.kind)
        line = {
            **contents(request),
            "kind": str(endpoint.kind),
            "url": endpoint.url,
            "key": endpoint.key,
            "headers": dict(endpoint.headers),
            "model": model,
            "most": "max_completion_tokens" if endpoint.completion_tokens else "max_tokens",
            "stream": stream,
            "timeout_s": timeout_s,
        }
        found = self._said(line, timeout_s + LATE_S)
        return Failure(Why.SLOW, may_cost=True) if found is None else _read(found)

    def start(self, kind: Kind) -> None:
        """Start the process and have it import what speaks to services of a kind: the first time takes seconds, which are no call's."""
        if kind in self._imported and self._process is not None and self._process.poll() is None:
            return
        found = self._said({"import": "anthropic" if kind is Kind.MESSAGES else "openai"}, IMPORT_S)
        if found is None or "text" not in found:
            said = "it took too long" if found is None else found["said"]
            raise AutotuneError(f"The SDKs of model services do not start: {said}.", f"delete {environment_python()} and its environment")
        self._imported.add(kind)

    def _said(self, line: Mapping[str, Any], timeout_s: float) -> Mapping[str, Any] | None:
        """Give the answer to a line; None where there is none in time."""
        number, future = next(self._numbers), Future[Mapping[str, Any]]()
        with self._lock:
            process = self._running()
            self._open[number] = future
            with suppress(OSError, ValueError):
                pipe(process.stdin).write(json.dumps({"id": number, **line}) + "\n")
                pipe(process.stdin).flush()
        try:
            return future.result(timeout_s)
        except NotInTime:
            return None
        finally:
            self._open.pop(number, None)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _end(process)

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            if self._process is not None:
                _end(self._process)
            self._imported = set()
            complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed by whoever listens
            self._process = subprocess.Popen(
                [environment_python(), "-I", str(PACKAGE / "models" / "sdk_worker.py")],
                env={name: value for name, value in os.environ.items() if name not in _UNWANTED},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                encoding="utf-8",
                start_new_session=True,
            )
            threading.Thread(target=self._listen, args=(self._process, complaints), daemon=True).start()
            atexit.register(self.close)
        return self._process

    def _listen(self, process: subprocess.Popen[str], complaints: IO[str]) -> None:
        """Hand out answers until the process has ended; what it has not answered by then has failed."""
        with complaints, pipe(process.stdout) as answers:
            for line in answers:
                found = json.loads(line)
                if (future := self._open.get(found["id"])) is not None:
                    future.set_result(found)
            complaints.seek(0)
            last = complaints.read().strip().splitlines()[-1:]
        for number in list(self._open):
            if (future := self._open.pop(number, None)) is not None and not future.done():
                future.set_result({"why": "failed", "said": "".join(last), "may_cost": True})


def _end(process: subprocess.Popen[str]) -> None:
    """End a process; whoever listens to it closes the rest."""
    with suppress(OSError):
        pipe(process.stdin).close()
    process.kill()
    process.wait()


def _read(found: Mapping[str, Any]) -> Reply | Failure:
    usage = None if found.get("usage") is None else Usage(**found["usage"])
    if "text" in found:
        return Reply(found["text"], usage, Stop(found["stop"]), usd=found.get("usd"))
    status = found.get("status")
    return Failure(
        why_of(status) if found["why"] is None and status is not None else Why(found["why"]),
        found.get("said") or "",
        status,
        retry_after_s(found.get("retry_after"), datetime.now(UTC)),
        bool(found.get("may_cost")),
        bool(found.get("final")),
        usage,
    )
