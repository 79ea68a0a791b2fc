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
import fcntl
import mmap
import os
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self, cast

from autotune.core.output.metrics import MetricReader, MetricReport, merge
from autotune.core.output.outcome import Executed, escaped
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    import resource

MARK = "AUTOTUNE_RUN"
_TURN = "turn-"  # what the mark of a proposer begins with, which may say what a run may not
LOG_END_BYTES = 4 * 1024 * 1024
TAIL_BYTES = 64 * 1024

_FILLER = "AUTOTUNE_FILLER"
_FULL_BYTES = 16 * 1024
_POINTER_BYTES = 8

_CHUNK_BYTES = 256 * 1024
_PIPE_BYTES = 1024 * 1024
_LOOK_S = 0.05
_LAST_WORDS_S = 0.5
_GIVE_UP_S = 5.0
_SHORTEST_LOOK_S = 0.002
_CLOCK_ERROR = 0.002  # of the time measured, where the system does not say when a process ends and we look again and again
_LONGEST_LINE = 200
_ENVIRONMENT = re.compile(r"\s[A-Za-z_][A-Za-z_0-9]*=")
_PR_SET_CHILD_SUBREAPER = 36
_INHERITED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2)
_RSS_UNITS_PER_MIB = 1024 * 1024 if sys.platform == "darwin" else 1024

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

_VOLATILE_PREFIXES = ("AUTOTUNE", "CLAUDE", "COVERAGE_", "COV_CORE_", "GIT_")
_VOLATILE = {
    "_",
    "COLUMNS",
    "ITERM_SESSION_ID",
    "LINES",
    "OLDPWD",
    "PWD",
    "PYTEST_CURRENT_TEST",
    "PYTHONINSPECT",
    "PYTHONSAFEPATH",
    "PYTHONSTARTUP",
    "SHLVL",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "STY",
    "TERM_SESSION_ID",
    "TMUX",
    "TMUX_PANE",
    "WINDOWID",
    "XDG_SESSION_ID",
}
# Which programs run, what they load before their own, and how: never a secret.
_RECORDED = (
    "BASH_ENV",
    "CC",
    "CFLAGS",
    "CI",
    "CONDA_DEFAULT_ENV",
    "CUDA_VISIBLE_DEVICES",
    "CXX",
    "DYLD_INSERT_LIBRARIES",
    "DYLD_LIBRARY_PATH",
    "ENV",
    "GOFLAGS",
    "GOMAXPROCS",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "MAKEFLAGS",
    "MKL_NUM_THREADS",
    "NODE_ENV",
    "NODE_OPTIONS",
    "NODE_PATH",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PATH",
    "PERL5LIB",
    "PERL5OPT",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHASHSEED",
    "PYTHONHOME",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "SHELL",
    "TZ",
    "VIRTUAL_ENV",
)

_HAS_PROC = Path("/proc/self/stat").exists()
_running: list[_Run] = []


def execute(
    command: str,
    *,
    cwd: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    log: Path,
    kept_bytes: int = 0,
    grace_s: float = 2.0,
    stopped: Callable[[], bool] | None = None,
) -> Executed:
    """Run `/bin/sh -c command` to its end or to its time limit, and end whatever it leaves behind.

    The clock runs from the moment the command's shell begins until it ends, whoever still holds its output. On the time limit, or when
    `stopped` turns true, everything it started gets TERM and `grace_s` seconds later KILL. `log` receives stdout and stderr as they come,
    of much output the first and the last `LOG_END_BYTES`; of each stream the first `kept_bytes` are given back besides. Raises
    AutotuneError when the command cannot be started or `log` not be written.
    """
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(_Output(log, kept_bytes))
        run = stack.enter_context(_begun(command, cwd, environment))
        return stack.enter_context(_Watch(run, output, timeout_s, grace_s, stopped or _never)).finish()


def end_all() -> None:
    """Kill every command that is running, with all its processes. For the caller's signal handlers."""
    for run in _running:
        run.send(signal.SIGKILL)


@contextlib.contextmanager
def started_guarded(
    command: str, *, cwd: Path, environment: Mapping[str, str], given: Path, said: IO[bytes], complained: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """`/bin/sh -c command`, unwatched, in a process group of its own: it begins once it is certain not to outlive this process.

    It reads the file `given` and writes to `said` and `complained`. At the end of the context, or when this process dies, however it dies,
    its group is killed, and on Linux whatever it started elsewhere.
    """
    mark = _TURN + os.urandom(8).hex()
    arguments = [_WAIT_AND_READ, command, str(given)]
    with _guard() as guard, _Shell(arguments, cwd, {**environment, MARK: mark}, said.fileno(), complained.fileno()) as shell:
        guard.tell(f"{shell.pid} {mark}")
        shell.tell("begin")
        shell.stdin.close()
        try:
            yield shell.process
        finally:
            guard.stdin.close()
            guard.process.wait()


def environment_for_runs(base: Mapping[str, str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a run finds in its environment: `base` without what differs from one shell to the next, a fixed hash seed, and `extra`."""
    kept = {name: value for name, value in base.items() if name not in _VOLATILE and not name.startswith(_VOLATILE_PREFIXES)}
    return {"PYTHONHASHSEED": "0"} | kept | dict(extra or {})


def _filled(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment filled up to a multiple of 16 KiB: a variable more in somebody's shell must not shift the stack of what is measured.

    That alone can make a program some percent slower or faster (Mytkowicz and others, 2009).
    """
    taken = sum(len(os.fsencode(f"{name}={value}\0")) + _POINTER_BYTES for name, value in {**environment, _FILLER: ""}.items())
    return {**environment, _FILLER: "-" * (-taken % _FULL_BYTES)}


def recorded_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that may be written to disk, by a list of names; of all others neither name nor value is stored."""
    return {name: environment[name] for name in _RECORDED if name in environment}


def as_recorded(base: Mapping[str, str], recorded: Mapping[str, str]) -> dict[str, str]:
    """An environment with those variables as they were recorded, whichever shell a command comes from; unchanged where none were."""
    return {name: value for name, value in base.items() if name not in _RECORDED} | dict(recorded) if recorded else dict(base)


class _Output:
    """Both streams of a run on their way into the log, the report and the tail."""

    def __init__(self, log: Path, kept_bytes: int) -> None:
        self._path = log
        self._kept_bytes = kept_bytes
        self._kept = {"stdout": bytearray(), "stderr": bytearray()} if kept_bytes else {}
        self._readers = {"stdout": MetricReader("stdout"), "stderr": MetricReader("stderr")}
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
            raise AutotuneError(message, "Make room on that disk or make the folder writable, then try again.") from problem


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


class _Shell:
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
            with _nothing_ignored():
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
            raise _not_started(str(problem)) from problem
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


class _Run:
    """One command, from the shell that starts it to the end of its last process. `pid` is its own shell once it waits to begin."""

    def __init__(self, starter: _Shell, mark: str, strangers: frozenset[int] | None) -> None:
        self._mark = mark
        self._strangers = strangers
        self.starter = starter
        self.pid = 0
        self.status: int | None = None
        self.user_s = self.system_s = self.peak_rss_mb = 0.0

    def __enter__(self) -> Self:
        _running.append(self)
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
        _running.remove(self)

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
        for pid in _children(os.getpid()):
            if pid != self.pid and pid not in self._strangers:
                with contextlib.suppress(ChildProcessError):
                    reaped, _, usage = os.wait4(pid, os.WNOHANG)
                    if reaped:
                        self._count(usage)

    def others(self) -> dict[int, str]:
        """The processes of this run that are alive besides its shell, with their command lines."""
        if self._strangers is None:
            return {pid: line for pid, line in _marked(self._mark).items() if pid != self.pid}
        lines = {pid: _command_line(pid) for pid in _family(os.getpid(), self._strangers) if pid != self.pid}
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
        give_up_at = max(kill_at, time.perf_counter()) + _GIVE_UP_S
        while self.others() and (now := time.perf_counter()) < give_up_at:
            if now >= kill_at:
                self.send(signal.SIGKILL)
            time.sleep(_SHORTEST_LOOK_S)

    def _adopt(self) -> None:
        answer = self.starter.stdout.readline().strip()
        if not answer.isdigit():
            raise _not_started((answer + self.starter.stderr.read()).decode(errors="replace"))
        self.pid = int(answer)
        if self._strangers is None:
            self.starter.process.returncode = 0  # it is the command, whose status is taken by `reap`
        else:
            self.starter.process.wait()

    def _count(self, usage: resource.struct_rusage) -> None:
        self.user_s += usage.ru_utime
        self.system_s += usage.ru_stime
        self.peak_rss_mb = max(self.peak_rss_mb, usage.ru_maxrss / _RSS_UNITS_PER_MIB)


class _Watch:
    """What is done while a command runs: read what it prints, look at the clock, end it when it is time."""

    def __init__(self, run: _Run, output: _Output, timeout_s: float, grace_s: float, stopped: Callable[[], bool]) -> None:
        self._run = run
        self._output = output
        self._timeout_s = timeout_s
        self._grace_s = grace_s
        self._stopped = stopped
        self._selector = selectors.DefaultSelector()
        self._exit = _exit_descriptor(run.pid)
        self._began = self._ended = 0.0
        self._kill_at: float | None = None
        self._timed_out = self._was_stopped = False

    def __enter__(self) -> Self:
        for name, stream in (("stderr", self._run.starter.stderr), ("stdout", self._run.starter.stdout)):
            _widen(stream)
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
                look_at = now + _LOOK_S
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
            patience = min(patience, max(_SHORTEST_LOOK_S, (now - self._began) * _CLOCK_ERROR))
        ready = self._selector.select(patience)
        ended = self._run.has_ended() if self._exit is None else any(key.fd == self._exit for key, _ in ready)
        self._ended = time.perf_counter()
        for key, _ in ready:
            if key.fd != self._exit:
                self._read(key)
        return ended

    def _read(self, key: selectors.SelectorKey) -> None:
        chunk = os.read(key.fd, _CHUNK_BYTES)
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
        until = time.perf_counter() + _LAST_WORDS_S
        while self._selector.get_map() and (patience := until - time.perf_counter()) > 0:
            for key, _ in self._selector.select(patience):
                self._read(key)

    def _end_others(self) -> tuple[str, ...]:
        """End what outlived the command, and describe it unless the command itself was being ended.

        What the command told to end, without waiting for it, has a moment for that.
        """
        until = time.perf_counter() + _LAST_WORDS_S
        while (others := self._run.others()) and self._kill_at is None and time.perf_counter() < until:
            time.sleep(_SHORTEST_LOOK_S)
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
            tail=self._output.tail(),
            output_bytes=self._output.total,
            leftovers=leftovers,
            printed=self._output.printed(),
        )


def _never() -> bool:
    return False


@contextlib.contextmanager
def _begun(command: str, cwd: Path, environment: Mapping[str, str]) -> Iterator[_Run]:
    """A command that waits to begin, guarded: whatever happens to this process, it does not outlive the context."""
    mark = os.urandom(8).hex()
    adopts = _adopts(os.getpid())
    arguments = [_START_ORPHANED, _ORPHANED, command] if adopts else [_WAIT_AND_BECOME, command]
    with _guard() as guard:
        strangers = frozenset(_family(os.getpid(), ())) if adopts else None
        with (
            _Shell(arguments, cwd, _filled({**environment, "PWD": str(cwd.absolute()), MARK: mark})) as starter,
            _Run(starter, mark, strangers) as run,
        ):
            guard.tell(f"{starter.pid} {mark}")
            yield run


def _guard() -> _Shell:
    """A shell that is told a group and a mark, and kills what has them when this process is gone."""
    return _Shell([_GUARD], Path("/"), {"PATH": os.environ.get("PATH", os.defpath)}, subprocess.DEVNULL, subprocess.DEVNULL)


@contextlib.contextmanager
def _nothing_ignored() -> Iterator[None]:
    """Handle for a moment what this process ignores: a program inherits that a signal is ignored, and not that it is handled."""
    main = threading.current_thread() is threading.main_thread()
    ignored = [number for number in _INHERITED if main and signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


def _not_started(problem: str) -> AutotuneError:
    message = f"The command could not be started: {escaped(problem.strip()) or 'the shell ended at once'}."
    hint = "Check that its folder exists, that the command is shorter than 100 KB and that processes can be started."
    return AutotuneError(message, hint)


def _exit_descriptor(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the system has such a thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold more, where that can be had, so that a benchmark that prints a lot seldom waits for its reader."""
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


@cache
def _adopts(caller: int) -> bool:
    """Whether orphans of this process become its children from now on; `caller` is its own id, for a fork does not inherit the setting."""
    if not Path(f"/proc/{caller}/task/{caller}/children").exists():
        return False
    import ctypes

    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def _family(pid: int, strangers: Container[int]) -> list[int]:
    """All descendants of a process, save strangers and their descendants."""
    found = []
    for child in _children(pid):
        if child not in strangers:
            found += [child, *_family(child, strangers)]
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  # names, not paths
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    return found


def is_whole(log: bytes) -> bool:
    """Whether a log holds all of an output: one of which something was left out is longer, by the line that says so."""
    return len(log) <= 2 * LOG_END_BYTES


def within(pid: int | None) -> bool:
    """Whether this process is in a run, or descends from a process: as far as its variables and, on Linux, its ancestors tell."""
    return not os.environ.get(MARK, _TURN).startswith(_TURN) or (pid is not None and pid in _ancestors())


def is_outside(pid: int) -> bool:
    """Whether a living process neither is this one nor descends from it, as a run does; false where that cannot be told."""
    here: int | None = pid
    while here and here != os.getpid():
        here = _parent(here)
    return pid > 0 and here == 0 and (_HAS_PROC or _seen_by_ps(pid)[1])


def _ancestors() -> Iterator[int]:
    """The ids of a process's parent, its parent's parent and so on."""
    pid: int | None = os.getppid()
    while pid:
        yield pid
        pid = _parent(pid)


def _parent(pid: int) -> int | None:
    """The id of a process's parent, 0 where it has none; None where there is no such process."""
    if not _HAS_PROC:
        return _seen_by_ps(pid)[0]
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return None


def _seen_by_ps(pid: int) -> tuple[int | None, bool]:
    """The id of a process's parent, None where there is no such process, and whether its variables have no run's mark.

    A run's process whose parent has ended has another one where there is no adoption: it is known by the mark.
    """
    asked = subprocess.run(["ps", "eww", "-o", "ppid=,command=", "-p", str(pid)], capture_output=True, check=False)
    parent, _, command = asked.stdout.decode(errors="replace").strip().partition(" ")
    return int(parent) if parent.isdigit() else None, re.search(rf" {MARK}=(?!{_TURN})", command) is None


def _command_line(pid: int) -> str | None:
    """What a living process runs, bounded and safe to show."""
    with contextlib.suppress(OSError):
        name, _, state = Path(f"/proc/{pid}/stat").read_text(errors="replace").partition("(")[2].rpartition(")")
        if state.split()[0] not in "ZX":
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            return escaped(words.decode(errors="replace").strip() or name)[:_LONGEST_LINE]
    return None


def _marked(mark: str) -> dict[int, str]:
    """The living processes that carry a run's mark, for systems without adoption."""
    try:
        listing = subprocess.run(["ps", "axeww", "-o", "pid=,command="], capture_output=True, check=False).stdout.decode(errors="replace")
    except OSError:
        return {}
    lines = (line.split(None, 1) for line in listing.splitlines() if f" {MARK}={mark}" in line)
    return {int(pid): escaped(_ENVIRONMENT.split(command, maxsplit=1)[0])[:_LONGEST_LINE] for pid, command in lines}
