"""`autotune daemon`."""

from __future__ import annotations

from autotune.commands.prompts_daemon import main

__all__ = ["main"]
