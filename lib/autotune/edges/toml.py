"""A TOML file, read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autotune.core.codec import read_toml
from autotune.errors import AutotuneError


def read(file: Path) -> dict[str, Any]:
    """Give what a file holds. Raises `AutotuneError` where it cannot be read, or is no TOML."""
    try:
        return read_toml(file.read_bytes().decode())
    except OSError as problem:
        raise AutotuneError(f"{file} cannot be read: {problem.strerror}.", "name a file that is there and that you may read") from None
    except ValueError as problem:
        raise AutotuneError(f"{file} is no TOML: {problem}.", "correct that line, then run the command again") from None
