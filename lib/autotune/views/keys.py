"""Single keys of a terminal, each as it is pressed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

END = "\x04"
"""What is read where nothing more comes."""


@contextmanager
def pressed() -> Iterator[Callable[[], str]]:
    """Give a function that waits for a key; what was typed ahead is not lost."""
    keyboard = sys.stdin.fileno()
    with one_by_one(keyboard, drops=False):
        yield lambda: _one(keyboard)


@contextmanager
def one_by_one(keyboard: int, *, drops: bool) -> Iterator[None]:
    """Have a terminal give each key as it is pressed; it is as it was afterwards. `drops` says that what was typed ahead is dropped."""
    import termios
    import tty

    before = termios.tcgetattr(keyboard)
    try:
        tty.setcbreak(keyboard, termios.TCSAFLUSH if drops else termios.TCSADRAIN)
        yield
    finally:
        with suppress(termios.error):  # of a terminal that has gone
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def _one(keyboard: int) -> str:
    with suppress(OSError):  # of a terminal that has gone
        return os.read(keyboard, 1).decode(errors="replace") or END
    return END
