"""Single keys of a terminal, each as it is pressed; what is typed ahead is not lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

END = "\x04"
"""What is read where nothing more comes."""


@contextmanager
def pressed() -> Iterator[Callable[[], str]]:
    """Give a function that waits for a key; the terminal is as it was afterwards."""
    import termios
    import tty

    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    try:
        tty.setcbreak(keyboard, termios.TCSADRAIN)
        yield lambda: _one(keyboard)
    finally:
        with suppress(termios.error):  # of a terminal that has gone
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def _one(keyboard: int) -> str:
    with suppress(OSError):  # of a terminal that has gone
        return os.read(keyboard, 1).decode(errors="replace") or END
    return END
