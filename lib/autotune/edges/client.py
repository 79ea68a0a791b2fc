"""The client as a process: started, listened to, ended; and its transcripts."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, AnyStr, NoReturn

from autotune.core.codec import mapping_in
from autotune.core.health.supervision import (
    Usage,
    cost_state,
    usages,
)
from autotune.edges.atomic import lines_since
from autotune.errors import AutotuneError
from autotune.version import ROOT

CLIENT = "claude"


AGENT = "autotune:autotune"


ENDS_WITHIN_S = 10.0


def client_command() -> str:
    """Find the client; raises `AutotuneError` where it is not on PATH."""
    found = shutil.which(CLIENT)
    if found is None:
        raise AutotuneError(
            f"The client is not on PATH: there is no `{CLIENT}`.",
            "install Claude Code (`npm install -g @anthropic-ai/claude-code`), or let any other program propose: --proposer COMMAND",
        )
    return found


def open_client(folder: Path, goal: str, arguments: tuple[str, ...]) -> NoReturn:
    """Become the client, with the agent, in a folder."""
    command = [client_command(), "--agent", AGENT, "--plugin-dir", str(ROOT), *arguments, *([goal] if goal else [])]
    os.chdir(folder)
    os.execv(command[0], command)  # noqa: S606 - the client takes this process's place, terminal included


@dataclass(slots=True)
class Transcripts:
    """What a conversation's transcripts say of its cost, its subagents' included; each message counts once, however often it is read."""

    used: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    _seen: dict[str, Usage] = field(default_factory=dict)
    _read: dict[Path, int] = field(default_factory=dict)

    def look(self, client: str | None) -> None:
        """Read what has come to the transcripts of a conversation since."""
        for path in _transcripts(client) if client else ():
            records = self._fresh(path)
            self.cost_usd = cost_state(records) or self.cost_usd
            for identity, usage in usages(records):
                before = self._seen.get(identity, Usage())
                self._seen[identity] = before.largest(usage)
                self.used = self.used.plus(self._seen[identity].minus(before))

    def _fresh(self, path: Path) -> list[Mapping[str, Any]]:
        with suppress(OSError):
            lines, self._read[path] = lines_since(path, self._read.get(path, 0))
            return [found for line in lines if (found := mapping_in(line)) is not None]
        return []


def _transcripts(client: str) -> Iterator[Path]:
    home = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude") / "projects"
    yield from home.glob(f"*/{client}.jsonl")
    yield from home.glob(f"*/{client}/subagents/*.jsonl")


def pipe(end: IO[AnyStr] | None) -> IO[AnyStr]:
    """Give a process's pipe; raises `TypeError` where it was started without."""
    if end is None:
        raise TypeError("the process was started without a pipe")
    return end


@contextmanager
def not_outliving(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the client when this process dies, however it dies: a shell waits for the end of a pipe that this process alone holds."""
    line = ["/bin/sh", "-c", 'cat >/dev/null; kill -TERM "$1"', "sh", str(process.pid)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True) as guard:
        try:
            yield
        finally:
            os.killpg(guard.pid, signal.SIGKILL)


def lines(stream: IO[bytes]) -> queue.SimpleQueue[str | None]:
    """Read a stream in a thread, line by line; None is its end."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        with suppress(OSError, ValueError):
            for line in stream:
                lines.put(line.decode(errors="replace"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def end(process: subprocess.Popen[bytes]) -> None:
    """End the client with whatever it has started; its own clean-up comes first. A measurement's worker is not among that."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_WITHIN_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_of(complaints: bytes) -> str:
    """Give the last line of what the client complained of."""
    lines = complaints.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
