"""A command that waits to begin, and what is left of it when it has ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self, cast

from autotune.core.escaping import escaped
from autotune.edges.family import children, command_line, family, marked
from autotune.edges.signals import handled
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    import resource


CHUNK_BYTES = 256 * 1024
LOOK_S = 0.05
LAST_WORDS_S = 0.5
SHORTEST_LOOK_S = 0.002
CLOCK_ERROR = 0.002  # of the time measured, where the system does not say when a process ends and we look again and again


class Shell:
    """A shell in a session of its own, its first argument a script, with unbuffered pipes; killed when the context ends."""

    def __init__(
        self,
        arguments: list[str],
        cwd: Path,
        environment: Mapping[str, str],
        output: int = subprocess.PIPE,
        errors: int | None = subprocess.PIPE,
    ) -> None:
        try:
            with nothing_ignored():
                self.process = subprocess.Popen(
                    ["/bin/sh", "-c", *arguments],
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=errors,
                    cwd=cwd,
                    env=dict(environment),
                    start_new_session=True,
                )
        except (OSError, ValueError) as problem:
            raise not_started(str(problem)) from problem
        self.pid = self.process.pid
        self.stdin = cast("IO[bytes]", self.process.stdin)
        self.stdout = cast("IO[bytes]", self.process.stdout)
        self.stderr = cast("IO[bytes]", self.process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.kill()
        for pipe in filter(None, (self.process.stdin, self.process.stdout, self.process.stderr)):
            pipe.close()
        self.process.wait()

    def close_output(self) -> None:
        """Close the reading ends, so that nobody waits for a reader any more."""
        self.stdout.close()
        self.stderr.close()

    def tell(self, line: str) -> None:
        """Write it a line; one that has ended need not know."""
        with contextlib.suppress(BrokenPipeError):
            self.stdin.write(f"{line}\n".encode())


class Run:
    """One command, from the shell that starts it to the end of its last process. `pid` is its own shell once it waits to begin."""

    def __init__(self, starter: Shell, mark: str, strangers: frozenset[int] | None) -> None:
        self._mark = mark
        self._strangers = strangers
        self.starter = starter
        self.pid = 0
        self.status: int | None = None
        self.user_s = self.system_s = self.peak_rss_mb = 0.0

    def __enter__(self) -> Self:
        running.append(self)
        try:
            self._adopt()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave nothing behind, whatever happened."""
        if self.status is None:
            self.send(signal.SIGKILL)
            if self.pid:
                self.reap()
            self.end_others(0.0)
        running.remove(self)

    def has_ended(self) -> bool:
        """Whether the command's shell has ended, looked at without waiting."""
        return self.status is not None or self.reap(os.WNOHANG)

    def reap(self, options: int = 0) -> bool:
        """Take exit status and usage; false when the shell has not ended and `options` says not to wait for it."""
        pid, status, usage = os.wait4(self.pid, options)
        if pid:
            self.status = status
            self._count(usage)
        return bool(pid)

    def reap_orphans(self) -> None:
        """Take leave of processes of this run whose own parents ended before them."""
        if self._strangers is None:
            return
        for pid in children(os.getpid()):
            if pid != self.pid and pid not in self._strangers:
                with contextlib.suppress(ChildProcessError):
                    reaped, _, usage = os.wait4(pid, os.WNOHANG)
                    if reaped:
                        self._count(usage)

    def others(self) -> dict[int, str]:
        """The processes of this run that are alive besides its shell, with their command lines."""
        if self._strangers is None:
            return {pid: line for pid, line in marked(self._mark).items() if pid != self.pid}
        lines = {pid: command_line(pid) for pid in family(os.getpid(), self._strangers) if pid != self.pid}
        self.reap_orphans()  # after the look, so that whoever was seen dead is gone
        return {pid: line for pid, line in lines.items() if line is not None}

    def send(self, number: int) -> None:
        """Send a signal to the group and to what has left it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.starter.pid, number)
        for pid in self.others():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def end_others(self, kill_at: float) -> None:
        """Wait until only the shell is left, from `kill_at` (on the clock of time.perf_counter) on killing the others."""
        give_up_at = max(kill_at, time.perf_counter()) + GIVE_UP_S
        while self.others() and (now := time.perf_counter()) < give_up_at:
            if now >= kill_at:
                self.send(signal.SIGKILL)
            time.sleep(SHORTEST_LOOK_S)

    def _adopt(self) -> None:
        answer = self.starter.stdout.readline().strip()
        if not answer.isdigit():
            raise not_started((answer + self.starter.stderr.read()).decode(errors="replace"))
        self.pid = int(answer)
        if self._strangers is None:
            self.starter.process.returncode = 0  # it is the command, whose status is taken by `reap`
        else:
            self.starter.process.wait()

    def _count(self, usage: resource.struct_rusage) -> None:
        self.user_s += usage.ru_utime
        self.system_s += usage.ru_stime
        self.peak_rss_mb = max(self.peak_rss_mb, usage.ru_maxrss / RSS_UNITS_PER_MIB)


def widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold more, where that can be had, so that a benchmark that prints a lot seldom waits for its reader."""
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


PIPE_BYTES = 1024 * 1024
GIVE_UP_S = 5.0
_INHERITED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2)


RSS_UNITS_PER_MIB = 1024 * 1024 if sys.platform == "darwin" else 1024


running: list[Run] = []


def nothing_ignored() -> AbstractContextManager[None]:
    """Handle for a moment what this process ignores: a program inherits that a signal is ignored, and not that it is handled."""
    main = threading.current_thread() is threading.main_thread()
    return handled({number: lambda *_: None for number in _INHERITED if main and signal.getsignal(number) is signal.SIG_IGN})


def not_started(problem: str) -> AutotuneError:
    """Make the error of a command that could not be started."""
    message = f"The command could not be started: {escaped(problem.strip()) or 'the shell ended at once'}."
    hint = "Check that its folder exists, that the command is shorter than 100 KB and that processes can be started."
    return AutotuneError(message, hint)
