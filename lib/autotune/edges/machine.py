"""The machine that measures: what it is, what is installed on it, and how busy it is."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from autotune.core.trust.protection import LOCKS

# Files that say exactly which packages are installed, or are to be.
LOCK_FILES = ("requirements.txt", "node_modules/.package-lock.json", *LOCKS)


def fingerprint() -> dict[str, str]:
    """What has to be the same for two measurements to be comparable, by name."""
    return {
        "host": platform.node(),
        "system": platform.system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cpus": str(usable_cpus()),
        "python": platform.python_version(),
    }


def tools(programs: Iterable[str], folder: Path, path: str) -> dict[str, str]:
    """Which file each program is, looked for on `path` (or in `folder`, where it has a slash), with its size and age, by program.

    A program that is not found is left out: it may be a function of a script.
    """
    return {program: known for program in programs if (known := _tool(program, folder, path)) is not None}


def _tool(program: str, folder: Path, path: str) -> str | None:
    found = folder / program if "/" in program else shutil.which(program, path=path)
    if found is None:
        return None
    try:
        real = Path(found).resolve(strict=True)
        about = real.stat()
    except OSError:
        return None
    changed = datetime.fromtimestamp(about.st_mtime, UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
    return f"{real} ({about.st_size} bytes, of {changed})"


def lock_files(folder: Path) -> dict[str, str]:
    """A digest of each lock file of dependencies that is in a folder, by its name."""
    import hashlib

    held = {}
    for name in LOCK_FILES:
        with suppress(OSError):
            held[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]
    return held


def usable_cpus() -> int:
    """How many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_average(minutes: int = 1) -> float | None:
    """Processes that wanted to run, averaged over the last minute, or the last 5 or 15; None where the system does not say."""
    try:
        return os.getloadavg()[(1, 5, 15).index(minutes)]
    except OSError:
        return None


def busy_share(sample_s: float) -> float | None:
    """The share of all CPUs that was in use while this process slept for `sample_s` seconds, 0 to 1.

    Where the system does not count, the load of the last minute for each CPU; None where it does not say that either.
    """
    before = _cpu_times()
    if before is None:
        wanted = load_average()
        return None if wanted is None else min(1.0, wanted / (os.cpu_count() or 1))
    time.sleep(sample_s)
    after = _cpu_times() or before
    busy, whole = after[0] - before[0], after[1] - before[1]
    return min(1.0, max(0.0, busy / whole)) if whole > 0 else None


def _cpu_times() -> tuple[int, int] | None:
    """The time that all CPUs worked, and that they worked or not, since the machine began, in the kernel's ticks."""
    try:
        ticks = [int(figure) for figure in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    except (OSError, ValueError):
        return None
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)  # idle, and idle because something is read or written


def _cpu_model() -> str:
    """The processor's name, as far as the system tells it without starting a process."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model", "cpu model")))
    return next(named, "") or platform.processor() or platform.machine()
