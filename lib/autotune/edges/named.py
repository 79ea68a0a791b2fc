"""A file that somebody named, read."""

from __future__ import annotations

from pathlib import Path

from autotune.errors import AutotuneError


def content(file: Path) -> bytes:
    """Give what a file holds. Raises `AutotuneError` where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as problem:
        raise AutotuneError(f"{file} cannot be read: {problem.strerror}.", "name a file that is there and that you may read") from None


def text(file: Path) -> str:
    """Give the text of a file. Raises `AutotuneError` where it cannot be read, or is no text."""
    try:
        return content(file).decode()
    except UnicodeDecodeError:
        raise AutotuneError(f"{file} is not UTF-8 text.", "save it as UTF-8, or name another file") from None
