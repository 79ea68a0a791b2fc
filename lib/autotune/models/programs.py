"""A program that answers one call: given its question on stdin, ended with all that it started when its time is over."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autotune.edges.client import not_outliving


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit code (None where its time was over), and what it said."""

    code: int | None
    said: str
    complained: str

    @property
    def last_words(self) -> str:
        """The last line of what it complained of, else of what it said."""
        lines = (self.complained.strip() or self.said.strip()).splitlines()
        return lines[-1][:500] if lines else ""


def run(command: Sequence[str], given: str, *, cwd: Path, environment: Mapping[str, str], timeout_s: float) -> Ended:
    """Run a program to its end or to its time limit. Raises OSError where it cannot be started."""
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, cwd=cwd, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as process,
        not_outliving(process),
    ):
        try:
            said, complained = process.communicate(given.encode(), timeout_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            return Ended(None, "", "")
        except BaseException:
            _kill(process)
            raise
        _kill(process)
    return Ended(process.returncode, said.decode(errors="replace"), complained.decode(errors="replace"))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program's whole group: also what it left running."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
