"""Which processes descend from which."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

from autotune.core.escaping import escaped
from autotune.edges.atomic import stat_of

MARK = "AUTOTUNE_RUN"
TURN = "turn-"  # what the mark of a proposer begins with, which may say what a run may not
_LONGEST_LINE = 200
_ENVIRONMENT = re.compile(r"\s[A-Za-z_][A-Za-z_0-9]*=")


_HAS_PROC = Path("/proc/self/stat").exists()


def exit_descriptor(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the system has such a thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


@cache
def adopts(caller: int) -> bool:
    """Whether orphans of this process become its children from now on; `caller` is its own id, for a fork does not inherit the setting."""
    if not Path(f"/proc/{caller}/task/{caller}/children").exists():
        return False
    import ctypes

    return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def family(pid: int, strangers: Container[int]) -> list[int]:
    """All descendants of a process, save strangers and their descendants."""
    found = []
    for child in children(pid):
        if child not in strangers:
            found += [child, *family(child, strangers)]
    return found


def children(pid: int) -> list[int]:
    """List the processes that a process has started and that are there."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  # names, not paths
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    return found


def within(pid: int | None) -> bool:
    """Whether this process is in a run, or descends from a process: as far as its variables and, on Linux, its ancestors tell."""
    return not os.environ.get(MARK, TURN).startswith(TURN) or (pid is not None and pid in _ancestors())


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
    said = stat_of(pid)
    return int(said[1]) if said else None


def _seen_by_ps(pid: int) -> tuple[int | None, bool]:
    """The id of a process's parent, None where there is no such process, and whether its variables have no run's mark.

    A run's process whose parent has ended has another one where there is no adoption: it is known by the mark.
    """
    asked = subprocess.run(["ps", "eww", "-o", "ppid=,command=", "-p", str(pid)], capture_output=True, check=False)
    parent, _, command = asked.stdout.decode(errors="replace").strip().partition(" ")
    return int(parent) if parent.isdigit() else None, re.search(rf" {MARK}=(?!{TURN})", command) is None


def command_line(pid: int) -> str | None:
    """What a living process runs, bounded and safe to show."""
    with contextlib.suppress(OSError):
        name, _, state = Path(f"/proc/{pid}/stat").read_text(errors="replace").partition("(")[2].rpartition(")")
        if state.split()[0] not in "ZX":
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            return escaped(words.decode(errors="replace").strip() or name)[:_LONGEST_LINE]
    return None


def marked(mark: str) -> dict[int, str]:
    """The living processes that carry a run's mark, for systems without adoption."""
    try:
        listing = subprocess.run(["ps", "axeww", "-o", "pid=,command="], capture_output=True, check=False).stdout.decode(errors="replace")
    except OSError:
        return {}
    lines = (line.split(None, 1) for line in listing.splitlines() if f" {MARK}={mark}" in line)
    return {int(pid): escaped(_ENVIRONMENT.split(command, maxsplit=1)[0])[:_LONGEST_LINE] for pid, command in lines}


PR_SET_CHILD_SUBREAPER = 36
