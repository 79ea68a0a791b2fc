"""A process that ends at its effect of some number, as if it had been killed."""

from __future__ import annotations

import os
import sys

EFFECTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.chmod", "os.truncate", "shutil.rmtree", "shutil.copytree"}
EFFECTS |= {"subprocess.Popen"}


def end_at(number: int) -> None:
    """Have this process end at that effect: a file opened to be written, renamed, removed, a program started."""
    left = [number]

    def end(event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if event in EFFECTS or writes:
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)

    sys.addaudithook(end)
