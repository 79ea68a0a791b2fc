"""Files that are whole or as they were before, and what was left of those that were not finished."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNFINISHED = ".autotune-*.tmp"  # what a file is called while it is written, with the process's id


def is_unfinished(name: str) -> bool:
    """Whether this is a file's name while it is written."""
    return re.fullmatch(r"\.autotune-\d+\.tmp", name) is not None


def remove_unfinished(folder: Path) -> None:
    """Delete what processes that are gone did not finish writing."""
    for path in folder.glob(UNFINISHED):
        if not lives(path.name.split("-")[-1].removesuffix(".tmp")):
            path.unlink(missing_ok=True)


def lives(pid: str) -> bool:
    """Whether there is a process of this number, and it has not ended."""
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return stat_of(pid)[:1] not in (["Z"], ["X"])  # of those, only the parent has not taken note of the end


def stat_of(pid: int | str) -> list[str]:
    """What Linux says of a process behind its name, proc_pid_stat(5): state, parent and so on; nothing where it does not say."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return []


def free_name(path: Path, what: str) -> Path:
    """Name a file beside another one that is not there yet."""
    return next(name for number in range(1, 1000) if not os.path.lexists(name := path.with_name(f"{path.name}.{what}-{number}")))


def lines_since(path: Path, start: int) -> tuple[list[str], int]:
    """Read the whole lines of a file from a byte on; gives the byte to go on from, too. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        file.seek(start)
        fresh = file.read()
    whole = fresh[: fresh.rfind(b"\n") + 1]
    return [line.decode(errors="replace") for line in whole.splitlines()], start + len(whole)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or as it was before, at any instant. Raises OSError with the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path) as fresh:
        fresh.write_bytes(content)
        with suppress(OSError):
            fresh.chmod(path.stat().st_mode & 0o777)


def replace_privately(path: Path, pieces: Iterable[bytes]) -> int:
    """Write a file in the same way, piece by piece and for this user's eyes alone; gives how many pieces there were."""
    count = 0
    with _beside(path) as fresh, os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)
            count += 1
    return count


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A file to write, which then takes the place of another."""
    fresh = path.with_name(UNFINISHED.replace("*", str(os.getpid())))
    try:
        yield fresh
        fresh.replace(path)
    except OSError as problem:
        with suppress(OSError):
            fresh.unlink()
        if problem.filename is None:  # of a write, the system does not say where
            problem.filename = str(path)
        raise


def there_for_you_alone(path: Path) -> None:
    """Have a file there, readable by its owner alone. One that is there is not opened: closing it would drop this process's locks on it."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
