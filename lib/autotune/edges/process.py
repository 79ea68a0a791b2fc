"""Commands run, watched and measured, and ended with everything they started.

How a command starts: the caller starts a shell, which starts another and is killed by it, so that the second becomes the caller's child by
adoption (the caller is a child subreaper). The second waits for a word from the caller and then becomes `/bin/sh -c COMMAND`. The detour
is there for peak memory: the kernel counts what a process held before it began its program, in a direct child the caller's own memory.
Where there is no adoption (outside Linux) the command is a direct child, and what left its group is found by a mark in its environment.

How it ends with its caller: a guard, a shell in a session of its own, reads a pipe whose other end only the caller holds. When the caller
dies, by whatever signal, the guard reads the end of file and kills the command's group and, on Linux, whatever carries the run's mark.

The caller should have one thread: a process that another thread starts meanwhile would be taken for the command's.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Self

from autotune.core.output.marked import CONTEXT, UNSCORED, Mark, MarkedLines
from autotune.core.output.metrics import MetricReader, MetricReport, merge
from autotune.core.output.outcome import Executed
from autotune.edges.environment import filled
from autotune.edges.family import MARK, TURN, adopts, exit_descriptor, family
from autotune.edges.shell import CHUNK_BYTES, CLOCK_ERROR, LAST_WORDS_S, LOOK_S, SHORTEST_LOOK_S, Run, Shell, running, widen
from autotune.errors import AutotuneError

LOG_END_BYTES = 4 * 1024 * 1024
TAIL_BYTES = 64 * 1024
_WAIT_AND_BECOME = 'echo "$$"; read -r go || exit 125; exec /bin/sh -c "$0" </dev/null'
_WAIT_AND_READ = 'read -r go || exit 125; exec /bin/sh -c "$0" <"$1"'
_ORPHANED = f'kill -KILL "$1"; {_WAIT_AND_BECOME}'
_START_ORPHANED = '/bin/sh -c "$0" "$1" "$$"; :'
_GUARD = f"""
read -r group mark || exit 0
read -r end
for round in 1 2 3; do
    kill -s KILL -- "-$group"
    for environment in $(grep -lsF "{MARK}=$mark" /proc/[0-9]*/environ); do
        process=${{environment#/proc/}}
        kill -s KILL "${{process%/environ}}"
    done
done
"""


def execute(
    command: str,
    *,
    cwd: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    log: Path,
    kept_bytes: int = 0,
    grace_s: float = 2.0,
    stopped: Callable[[], bool] = lambda: False,
) -> Executed:
    """Run `/bin/sh -c command` to its end or to its time limit, and end whatever it leaves behind.

    The clock runs from the moment the command's shell begins until it ends, whoever still holds its output. On the time limit, or when
    `stopped` turns true, everything it started gets TERM and `grace_s` seconds later KILL. `log` receives stdout and stderr as they come,
    of much output the first and the last `LOG_END_BYTES`; of each stream the first `kept_bytes` are given back besides. Raises
    AutotuneError when the command cannot be started or `log` not be written.
    """
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(Output(log, kept_bytes))
        run = stack.enter_context(_begun(command, cwd, environment))
        return stack.enter_context(Watch(run, output, timeout_s, grace_s, stopped)).finish()


def end_all() -> None:
    """Kill every command that is running, with all its processes. For the caller's signal handlers."""
    for run in running:
        run.send(signal.SIGKILL)


@contextlib.contextmanager
def started_guarded(
    command: str, *, cwd: Path, environment: Mapping[str, str], given: Path, said: IO[bytes], complained: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """`/bin/sh -c command`, unwatched, in a process group of its own: it begins once it is certain not to outlive this process.

    It reads the file `given` and writes to `said` and `complained`. At the end of the context, or when this process dies, however it dies,
    its group is killed, and on Linux whatever it started elsewhere.
    """
    mark = TURN + os.urandom(8).hex()
    arguments = [_WAIT_AND_READ, command, str(given)]
    with _guard() as guard, Shell(arguments, cwd, {**environment, MARK: mark}, said.fileno(), complained.fileno()) as shell:
        guard.tell(f"{shell.pid} {mark}")
        shell.tell("begin")
        shell.stdin.close()
        try:
            yield shell.process
        finally:
            guard.stdin.close()
            guard.process.wait()


@contextlib.contextmanager
def _begun(command: str, cwd: Path, environment: Mapping[str, str]) -> Iterator[Run]:
    """A command that waits to begin, guarded: whatever happens to this process, it does not outlive the context."""
    mark = os.urandom(8).hex()
    ours = adopts(os.getpid())
    arguments = [_START_ORPHANED, _ORPHANED, command] if ours else [_WAIT_AND_BECOME, command]
    with _guard() as guard:
        strangers = frozenset(family(os.getpid(), ())) if ours else None
        with (
            Shell(arguments, cwd, filled({**environment, "PWD": str(cwd.absolute()), MARK: mark})) as starter,
            Run(starter, mark, strangers) as run,
        ):
            guard.tell(f"{starter.pid} {mark}")
            yield run


def _guard() -> Shell:
    """A shell that is told a group and a mark, and kills what has them when this process is gone."""
    return Shell([_GUARD], Path("/"), {"PATH": os.environ.get("PATH", os.defpath)}, subprocess.DEVNULL, subprocess.DEVNULL)


class Watch:
    """What is done while a command runs: read what it prints, look at the clock, end it when it is time."""

    def __init__(self, run: Run, output: Output, timeout_s: float, grace_s: float, stopped: Callable[[], bool]) -> None:
        self._run = run
        self._output = output
        self._timeout_s = timeout_s
        self._grace_s = grace_s
        self._stopped = stopped
        self._selector = selectors.DefaultSelector()
        self._exit = exit_descriptor(run.pid)
        self._began = self._ended = 0.0
        self._kill_at: float | None = None
        self._timed_out = self._was_stopped = False

    def __enter__(self) -> Self:
        for name, stream in (("stderr", self._run.starter.stderr), ("stdout", self._run.starter.stdout)):
            widen(stream)
            self._selector.register(stream, selectors.EVENT_READ, name)
        if self._exit is not None:
            self._selector.register(self._exit, selectors.EVENT_READ)
        return self

    def __exit__(self, *exception: object) -> None:
        self._selector.close()
        if self._exit is not None:
            os.close(self._exit)

    def finish(self) -> Executed:
        """Let the command begin, see it to its end, and end what it left."""
        self._began = look_at = time.perf_counter()
        self._run.starter.tell("begin")
        while not self._read_until(look_at):
            now = time.perf_counter()
            if now >= look_at:
                self._look(now)
                look_at = now + LOOK_S
        self._take_last_words()
        leftovers = self._end_others()
        if self._run.status is None:
            self._run.reap()
        return self._finished(leftovers)

    def _read_until(self, look_at: float) -> bool:
        """Wait for output, the end or the next look, whichever comes first, and say whether the end has come."""
        now = time.perf_counter()
        patience = max(0.0, look_at - now)
        if self._exit is None:
            patience = min(patience, max(SHORTEST_LOOK_S, (now - self._began) * CLOCK_ERROR))
        ready = self._selector.select(patience)
        ended = self._run.has_ended() if self._exit is None else any(key.fd == self._exit for key, _ in ready)
        self._ended = time.perf_counter()
        for key, _ in ready:
            if key.fd != self._exit:
                self._read(key)
        return ended

    def _read(self, key: selectors.SelectorKey) -> None:
        chunk = os.read(key.fd, CHUNK_BYTES)
        if chunk:
            self._output.take(key.data, chunk)
        else:
            self._selector.unregister(key.fileobj)

    def _look(self, now: float) -> None:
        """Do what has to be done now and then: end the command when it is time."""
        self._run.reap_orphans()
        if self._kill_at is None:
            self._was_stopped = self._stopped()
            self._timed_out = not self._was_stopped and now - self._began >= self._timeout_s
            if self._was_stopped or self._timed_out:
                self._kill_at = now + self._grace_s
                self._run.send(signal.SIGTERM)
        elif now >= self._kill_at:
            self._run.send(signal.SIGKILL)

    def _take_last_words(self) -> None:
        """Read what is still under way, at the end of a pipeline that nobody waited for, say: to the end, or not for long."""
        if self._exit is not None:
            self._selector.unregister(self._exit)
        until = time.perf_counter() + LAST_WORDS_S
        while self._selector.get_map() and (patience := until - time.perf_counter()) > 0:
            for key, _ in self._selector.select(patience):
                self._read(key)

    def _end_others(self) -> tuple[str, ...]:
        """End what outlived the command, and describe it unless the command itself was being ended.

        What the command told to end, without waiting for it, has a moment for that.
        """
        until = time.perf_counter() + LAST_WORDS_S
        while (others := self._run.others()) and self._kill_at is None and time.perf_counter() < until:
            time.sleep(SHORTEST_LOOK_S)
        described = () if self._kill_at is not None else tuple(f"{line} (process {pid})" for pid, line in others.items())
        self._run.starter.close_output()
        if others and self._kill_at is None:
            self._run.send(signal.SIGTERM)
        if others:
            self._run.end_others(self._kill_at or time.perf_counter() + self._grace_s)
        return described

    def _finished(self, leftovers: tuple[str, ...]) -> Executed:
        run = self._run
        code = os.waitstatus_to_exitcode(run.status or 0)
        return Executed(
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            wall_s=self._ended - self._began,
            user_s=run.user_s,
            system_s=run.system_s,
            peak_rss_mb=run.peak_rss_mb,
            timed_out=self._timed_out,
            stopped=self._was_stopped,
            report=self._output.report(),
            context=self._output.said(CONTEXT),
            unscored=self._output.said(UNSCORED),
            tail=self._output.tail(),
            output_bytes=self._output.total,
            leftovers=leftovers,
            printed=self._output.printed(),
        )


class Output:
    """Both streams of a run on their way into the log, the report and the tail."""

    def __init__(self, log: Path, kept_bytes: int) -> None:
        self._path = log
        self._kept_bytes = kept_bytes
        self._kept = {"stdout": bytearray(), "stderr": bytearray()} if kept_bytes else {}
        self._readers = {"stdout": MetricReader("stdout"), "stderr": MetricReader("stderr")}
        self._marked = {(mark, stream): MarkedLines(mark) for mark in (CONTEXT, UNSCORED) for stream in self._readers}
        self._recent = _Ring(LOG_END_BYTES)
        self._logged = 0
        self._chunks = 0
        self.total = 0

    def __enter__(self) -> Self:
        with self._told():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb", buffering=0)
        return self

    def __exit__(self, *exception: object) -> None:
        with self._file, self._told():
            self._write_end()

    def take(self, stream: str, chunk: bytes) -> None:
        """Take the next bytes of a stream."""
        self._chunks += 1
        self._readers[stream].feed(chunk, self._chunks)
        for mark in (CONTEXT, UNSCORED):
            self._marked[mark, stream].feed(chunk)
        self.total += len(chunk)
        self._recent.add(chunk)
        if (kept := self._kept.get(stream)) is not None:
            kept += chunk[: self._kept_bytes - len(kept)]
        if self._logged < LOG_END_BYTES:
            with self._told():
                self._write(chunk[: LOG_END_BYTES - self._logged])

    def report(self) -> MetricReport:
        """What the METRIC lines of both streams say; to be asked once, at the end."""
        return merge(self._readers["stdout"].close(), self._readers["stderr"].close())

    def said(self, mark: Mark) -> dict[str, str]:
        """What the lines of a mark say in both streams; to be asked once, at the end."""
        return {**self._marked[mark, "stderr"].close(), **self._marked[mark, "stdout"].close()}

    def printed(self) -> dict[str, bytes]:
        """The beginning of each stream, as far as it is kept."""
        return {stream: bytes(kept) for stream, kept in self._kept.items()}

    def tail(self) -> bytes:
        """The end of the output, both streams as they arrived."""
        return b"".join(self._recent.last(min(self.total, TAIL_BYTES)))

    def _write_end(self) -> None:
        missing = self.total - self._logged
        if missing > LOG_END_BYTES:
            self._file.write(f"\n[autotune: {missing - LOG_END_BYTES} bytes are left out here]\n".encode())
        for piece in self._recent.last(min(missing, LOG_END_BYTES)):
            self._write(piece)

    def _write(self, content: bytes | memoryview) -> None:
        self._logged += len(content)
        while content:
            content = content[self._file.write(content) :]

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            message = f"The output of the run cannot be written to {self._path}: {problem.strerror}."
            raise AutotuneError(message, "make room on that disk or make the folder writable, then try again") from problem


class _Ring:
    """The last bytes of a stream, in fixed memory."""

    def __init__(self, size: int) -> None:
        self._bytes = mmap.mmap(-1, size)  # takes memory as it is filled
        self._end = 0

    def add(self, chunk: bytes) -> None:
        """Add what came, not more than the ring holds."""
        room = len(self._bytes) - self._end
        self._bytes[self._end : self._end + len(chunk)] = chunk[:room]
        self._bytes[: len(chunk[room:])] = chunk[room:]
        self._end = (self._end + len(chunk)) % len(self._bytes)

    def last(self, count: int) -> tuple[memoryview, memoryview]:
        """The last `count` bytes, of as many as were added and are held, in two pieces."""
        held = memoryview(self._bytes)
        start = self._end - count
        return (held[start : self._end], held[:0]) if start >= 0 else (held[start:], held[: self._end])


def is_whole(log: bytes) -> bool:
    """Whether a log holds all of an output: one of which something was left out is longer, by the line that says so."""
    return len(log) <= 2 * LOG_END_BYTES
