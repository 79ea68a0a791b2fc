"""A TOML file, read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autotune.core.codec import read_toml
from autotune.edges import named
from autotune.errors import AutotuneError


def read(file: Path) -> dict[str, Any]:
    """Give what a file holds. Raises `AutotuneError` where it cannot be read, or is no TOML."""
    try:
        return read_toml(named.text(file))
    except ValueError as problem:
        raise AutotuneError(f"{file} is no TOML: {problem}.", "correct that line, then run the command again") from None
