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
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from autotune.core.output.outcome import Executed
from autotune.edges.capture import Output
from autotune.edges.environment import filled
from autotune.edges.family import MARK, TURN, adopts, family
from autotune.edges.shell import Run, Shell, running
from autotune.edges.watch import Watch

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
    stopped: Callable[[], bool] | None = None,
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
        return stack.enter_context(Watch(run, output, timeout_s, grace_s, stopped or _never)).finish()


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


def _never() -> bool:
    return False


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
